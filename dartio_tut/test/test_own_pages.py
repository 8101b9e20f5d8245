"""
`dartio_tut.resources.OwnPagesOnly`, `Branches` and `ServerList`: who may see what.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource

from dartio_tut.daemon import Site
from dartio_tut.resources import Branches, OwnPagesOnly, ServerList
from dartio_tut.testing import Connection, Response, read_response
from dartio_tut.testing.connection import MemoryTransport, deliver

from .support.function_resource import FunctionResource
from .support.memory_client import ask

HERE = IPv4Address("TCP", "127.0.0.1", 8080)
PEER = IPv4Address("TCP", "127.0.0.1", 50000)
HOST = "Host: localhost:8080"

STRICT = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class LocalConnection(Connection):
    """A connection between two addresses."""

    def __init__(self, resource: IResource, here: Any, peer: Any) -> None:
        self.clock = Clock()
        self.transport = MemoryTransport(hostAddress=here, peerAddress=peer)
        self.protocol = Site(resource, reactor=self.clock).buildProtocol(peer)
        self.protocol.makeConnection(self.transport)


def answer(
    resource: IResource,
    *lines: str,
    start: str = "GET / HTTP/1.1",
    here: Any = HERE,
    peer: Any = PEER,
) -> Response:
    """The response to a request from *peer* to *here*."""
    connection = LocalConnection(resource, here, peer)
    head = "\r\n".join([start, *lines, "", ""]).encode("latin-1")
    deliver(head, connection.protocol, connection.clock)
    written: bytes = connection.transport.value()
    return read_response(written, start.partition(" ")[0], closed=connection.closed)


class OwnPagesTests(SynchronousTestCase):
    """Pages for a person at this machine."""

    def setUp(self) -> None:
        self.listening: Sequence[Any] = [HERE]
        inner = FunctionResource(lambda request: b"a secret")
        self.tree = OwnPagesOnly(inner, lambda: self.listening)

    def assert_refused(self, code: int, text: str, *lines: str, **more: Any) -> None:
        """It is refused, with a text that says why, and nothing of the page."""
        response = answer(self.tree, *lines, **more)
        self.assertEqual(response.code, code, lines)
        self.assertIn(text, response.body.decode())
        self.assertNotIn(b"a secret", response.body)
        for name, value in STRICT.items():
            self.assertEqual(response.fields[name], value)

    def test_a_person_at_this_machine_sees_them(self) -> None:
        for host in ("localhost", "127.0.0.1", "[::1]", "LOCALHOST"):
            for more in ([], ["Sec-Fetch-Site: none"], ["Sec-Fetch-Site: same-origin"]):
                response = answer(self.tree, f"Host: {host}:8080", *more)
                self.assertEqual((response.code, response.body), (200, b"a secret"))
        self.assertEqual(
            answer(self.tree, HOST, "Origin: http://localhost:8080").code, 200
        )

    def test_responses_may_not_be_used_elsewhere(self) -> None:
        response = answer(self.tree, HOST)
        for name, value in STRICT.items():
            self.assertEqual(response.fields[name], value)
        policy = response.fields["Content-Security-Policy"]
        for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'",
                     "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'",
                     "require-trusted-types-for 'script'"):  # fmt: skip
            self.assertIn(part, policy)
        self.assertNotIn("unsafe", policy)
        self.assertNotIn("Access-Control-Allow-Origin", response.fields)

    def test_other_hosts_are_refused_so_that_no_name_can_be_rebound(self) -> None:
        for host in (
            "evil.example:8080", "localhost", "localhost:80", "localhost:4040",
            "localhost.:8080", "localhost.evil.example:8080", "a.localhost:8080",
            "127.0.0.2:8080", "127.1:8080", "[::ffff:127.0.0.1]:8080",
            "0.0.0.0:8080", "2130706433:8080",
        ):  # fmt: skip
            self.assert_refused(421, "localhost:8080", f"Host: {host}")
        self.assert_refused(421, "localhost:8080", start="GET / HTTP/1.0")

    def test_the_usual_port_need_not_be_said(self) -> None:
        here = IPv4Address("TCP", "127.0.0.1", 80)
        self.listening = [here]
        self.assertEqual(answer(self.tree, "Host: localhost", here=here).code, 200)
        self.assert_refused(421, "localhost,", "Host: localhost:8080", here=here)

    def test_other_sites_are_refused(self) -> None:
        for site in ("cross-site", "same-site", "Same-Origin", "", "none, cross-site"):
            self.assert_refused(
                403, "type its address", HOST, f"Sec-Fetch-Site: {site}"
            )
        for origin in ("http://evil.example", "null", "https://localhost:8080",
                       "http://localhost", "http://localhost:4040",
                       "http://127.0.0.1:8080"):  # fmt: skip
            self.assert_refused(403, "Origin", HOST, f"Origin: {origin}")

    def test_other_machines_are_refused(self) -> None:
        for peer in (
            IPv4Address("TCP", "192.0.2.1", 5),
            IPv6Address("TCP", "2001:db8::1", 5),
            IPv6Address("TCP", "::ffff:192.0.2.1", 5),
            UNIXAddress("/run/x"),
        ):
            self.assert_refused(403, "at the machine", HOST, peer=peer)
        self.assert_refused(
            403, "at the machine", HOST, here=IPv4Address("TCP", "192.0.2.7", 8080)
        )

    def test_what_a_proxy_has_passed_on_is_refused(self) -> None:
        for field in (
            "Forwarded: for=127.0.0.1", "Via: 1.1 a", "X-Forwarded-For: 203.0.113.9",
            "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: https", "X-Real-IP: ::1",
            "x-forwarded-host: a.example", "X-Forwarded-For: ",
        ):  # fmt: skip
            self.assert_refused(403, "through no proxy", HOST, field)
        self.assert_refused(403, "through no proxy", HOST, start="GET / HTTP/1.0")

    def test_ipv6_is_as_good(self) -> None:
        here = IPv6Address("TCP", "::1", 8080)
        peer = IPv6Address("TCP", "::1", 50000)
        self.listening = [here]
        found = answer(self.tree, "Host: [::1]:8080", here=here, peer=peer)
        self.assertEqual(found.code, 200)

    def test_a_server_that_others_can_reach_refuses_everybody(self) -> None:
        for host in ("0.0.0.0", "192.0.2.7"):
            self.listening = [HERE, IPv4Address("TCP", host, 8080)]
            self.assert_refused(403, "loopback", HOST)
        self.listening = [IPv6Address("TCP", "::", 8080)]
        self.assert_refused(403, "loopback", HOST)
        self.listening = [HERE, IPv4Address("TCP", "192.0.2.7", 9090)]
        self.assertEqual(answer(self.tree, HOST).code, 200)

    def test_what_changes_something_must_come_from_our_page_as_json(self) -> None:
        post = {"start": "POST / HTTP/1.1"}
        ours, kind = "Origin: http://localhost:8080", "Content-Type: application/json"
        none = "Content-Length: 0"
        self.assertEqual(answer(self.tree, HOST, ours, kind, none, **post).code, 200)
        self.assert_refused(403, "Origin", HOST, kind, none, **post)
        self.assert_refused(403, "Origin", HOST, kind, none, "Origin: null", **post)
        for other in ("text/plain", "application/x-www-form-urlencoded", "x/json", ""):
            wrong = f"Content-Type: {other}"
            self.assert_refused(
                415, "application/json", HOST, ours, wrong, none, **post
            )


class BranchesTests(SynchronousTestCase):
    """Resources beside a tree."""

    def setUp(self) -> None:
        def saw(name: str) -> FunctionResource:
            return FunctionResource(
                lambda request: f"{name}: {request.prepath} {request.postpath}".encode()
            )

        self.tree = Branches(saw("pages"), {b"wire": saw("wire")})

    def test_a_branch_has_what_is_below_its_name(self) -> None:
        for target, wanted in (
            ("/wire", "wire: [b'wire'] []"),
            ("/wire/", "wire: [b'wire'] [b'']"),
            ("/wire/list?x", "wire: [b'wire'] [b'list']"),
            ("/", "pages: [] [b'']"),
            ("/wires/x", "pages: [] [b'wires', b'x']"),
            ("/x/wire", "pages: [] [b'x', b'wire']"),
        ):
            self.assertEqual(ask(self.tree, "GET", target).body.decode(), wanted)


class ServerListTests(SynchronousTestCase):
    """The list of the servers."""

    def setUp(self) -> None:
        def servers(host: str) -> list[dict[str, Any]]:
            return [{"name": "a", "url": f"http://{host}:4040/", "store": "/var/x"}]

        self.resource = ServerList(servers, lambda: [HERE])

    def listed(self, *lines: str, **more: Any) -> Any:
        """What is listed."""
        (server,) = json.loads(answer(self.resource, *lines, **more).body)
        return server

    def test_addresses_follow_the_host_that_was_asked_for(self) -> None:
        for host, wanted in (
            ("localhost:8080", "localhost"),
            ("127.0.0.1:8080", "127.0.0.1"),
            ("[::1]:8080", "[::1]"),
            ("box.example", "box.example"),
        ):
            url = self.listed(f"Host: {host}")["url"]
            self.assertEqual(url, f"http://{wanted}:4040/")

    def test_where_things_are_kept_is_told_to_a_person_at_this_machine_only(
        self,
    ) -> None:
        self.assertEqual(self.listed(HOST)["store"], "/var/x")
        self.assertIsNone(self.listed("Host: box.example:8080")["store"])
        self.assertIsNone(self.listed(HOST, "Sec-Fetch-Site: same-site")["store"])
        peer = IPv4Address("TCP", "192.0.2.1", 5)
        self.assertIsNone(self.listed(HOST, peer=peer)["store"])

    def test_it_is_only_read(self) -> None:
        response = answer(self.resource, HOST, start="DELETE / HTTP/1.1")
        self.assertEqual(response.code, 405)
        response = answer(self.resource, HOST)
        self.assertEqual(response.fields["Cross-Origin-Resource-Policy"], "same-origin")
