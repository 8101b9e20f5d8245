"""Clients that come without TLS, and what those with TLS are told to remember."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from dartio_tut.daemon import AllowedHosts, Limits, ServerOptions, Site, StartupError
from dartio_tut.daemon.hsts import StrictTransportSecurity
from dartio_tut.daemon.https_redirect import (
    MAX_CHALLENGE_BYTES,
    HTTPSRedirect,
    RedirectToHTTPS,
    first_port,
)
from dartio_tut.daemon.service import Daemon
from dartio_tut.testing import Response, connect, read_response

from .support.startup_case import StartupCase


def ask(
    tree: object, target: str = "/", host: str = "a.example", method: str = "GET"
) -> Response:
    """The response of *tree*."""
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"
    return read_response(connect(cast("IResource", tree)).send(head.encode()), method)


class RedirectTests(SynchronousTestCase):
    """`RedirectToHTTPS` without challenges."""

    def location(self, target: str, host: str, port: int = 4443) -> str:
        response = ask(RedirectToHTTPS(lambda: port), target, host)
        self.assertEqual(response.code, 308)
        return response.fields["Location"]

    def test_url_stays_the_same_but_for_scheme_and_port(self) -> None:
        for target, host, url in [
            ("/", "a.example", "https://a.example:4443/"),
            ("/a%20b?c=d&e", "a.example:80", "https://a.example:4443/a%20b?c=d&e"),
            ("/", "[::1]:8080", "https://[::1]:4443/"),
            ("//evil.example/", "A.Example", "https://a.example:4443//evil.example/"),
            ("http://a.example/x?y", "a.example", "https://a.example:4443/x?y"),
        ]:
            self.assertEqual(self.location(target, host), url)

    def test_port_of_https_is_not_named(self) -> None:
        self.assertEqual(self.location("/x", "a.example", 443), "https://a.example/x")

    def test_every_method_is_redirected(self) -> None:
        for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"):
            response = ask(RedirectToHTTPS(lambda: 443), "/x", method=method)
            self.assertEqual((method, response.code), (method, 308))

    def test_client_of_http_1_0_is_sent_to_the_address_that_it_came_to(self) -> None:
        tree = cast("IResource", RedirectToHTTPS(lambda: 443))
        response = read_response(connect(tree).send(b"GET /x HTTP/1.0\r\n\r\n"), "GET")
        self.assertRegex(response.fields["Location"], r"^https://[0-9.]+/x$")

    def test_host_that_is_none_is_an_error(self) -> None:
        for host in ("a..b", "-", "a" * 300):
            response = ask(RedirectToHTTPS(lambda: 443), "/", host)
            self.assertEqual((host, response.code), (host, 400))

    def test_challenges_are_redirected_where_no_folder_has_them(self) -> None:
        target = "/.well-known/acme-challenge/abc"
        self.assertTrue(self.location(target, "a.example").endswith(target))

    def test_port_is_that_of_the_first_address_which_has_one(self) -> None:
        address = IPv4Address("TCP", "127.0.0.1", 4040)
        self.assertEqual(first_port([UNIXAddress("/run/x"), address]), 4040)
        self.assertEqual(first_port([UNIXAddress("/run/x")]), 443)


class ChallengeTests(SynchronousTestCase):
    """Challenges of ACME."""

    def setUp(self) -> None:
        self.root = Path(self.mktemp())
        self.folder = self.root / ".well-known" / "acme-challenge"
        self.folder.mkdir(parents=True)
        (self.folder / "to-ken_1").write_bytes(b"to-ken_1.digest")
        self.redirect = RedirectToHTTPS(lambda: 443, str(self.root))

    def ask(self, token: str, method: str = "GET") -> Response:
        target = f"/.well-known/acme-challenge/{token}"
        return ask(self.redirect, target, method=method)

    def test_challenge_is_answered_from_the_folder(self) -> None:
        response = self.ask("to-ken_1")
        self.assertEqual((response.code, response.body), (200, b"to-ken_1.digest"))
        self.assertEqual(response.fields["Content-Type"], "application/octet-stream")
        self.assertEqual(self.ask("to-ken_1", "HEAD").body, b"")

    def test_query_does_not_matter(self) -> None:
        self.assertEqual(self.ask("to-ken_1?x").code, 200)

    def test_all_else_is_redirected(self) -> None:
        for target in ("/", "/.well-known/", "/.well-known/acme-challenge"):
            self.assertEqual((target, ask(self.redirect, target).code), (target, 308))

    def test_nothing_else_is_read(self) -> None:
        (self.root / "secret").write_bytes(b"secret")
        (self.folder / "folder").mkdir()
        os.mkfifo(self.folder / "fifo")
        (self.folder / "long").write_bytes(b"x" * (MAX_CHALLENGE_BYTES + 1))
        (self.folder / "dot.txt").write_bytes(b"secret")
        for token in (
            "", "none", "../../secret", "..%2f..%2fsecret", "folder", "folder/", "fifo",
            "long", "dot.txt", "to-ken_1/", "to-ken_1%00", "%74o-ken_1", "x" * 300,
        ):  # fmt: skip
            response = self.ask(token)
            self.assertEqual((token, response.code), (token, 404))
            self.assertNotIn(b"secret", response.body)

    def test_challenge_is_only_read(self) -> None:
        response = self.ask("to-ken_1", "DELETE")
        self.assertEqual((response.code, response.fields["Allow"]), (405, "GET, HEAD"))

    def test_what_is_wrong_with_a_file_is_logged(self) -> None:
        events: list[Any] = []
        observer: Any = events.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        os.mkfifo(self.folder / "fifo")
        self.ask("none")
        self.ask("fifo")
        reasons = [event["reason"] for event in events if "reason" in event]
        self.assertEqual(len(reasons), 1)
        self.assertIn("Not a regular file", reasons[0])


class ServiceTests(StartupCase):
    """`HTTPSRedirect`, the child of a daemon."""

    def test_it_starts_and_stops_with_its_daemon_and_knows_its_port(self) -> None:
        reactor = MemoryReactorClock()
        daemon = Daemon(Site(Resource()), ["tcp:4443"], reactor)
        endpoints = ["tcp:80:interface=127.0.0.1"]
        redirect = HTTPSRedirect(endpoints, Limits(), 0, reactor=reactor)
        redirect.setServiceParent(daemon)
        daemon.privilegedStartService()
        self.assertEqual([port for port, *_ in reactor.tcpServers], [4443, 80])
        daemon.startService()
        self.assertEqual(len(reactor.tcpServers), 2)
        self.successResultOf(daemon.stopService())

    def test_it_takes_a_part_of_the_connections_only(self) -> None:
        for most, own in ((4000, 1000), (1, 1), (0, 0)):
            redirect = HTTPSRedirect([], Limits(connections=most), 0)
            self.assertEqual(redirect.site.limits.connections, own)

    def test_port_of_clients_comes_before_the_one_that_is_listened_on(self) -> None:
        self.assertEqual(HTTPSRedirect([], Limits(), 0, 8443).https_port(), 8443)

    def test_only_allowed_hosts_are_redirected(self) -> None:
        redirect = HTTPSRedirect(
            [], Limits(), 0, wrap=lambda tree: AllowedHosts(tree, ["a.example"])
        )
        self.assertEqual(ask(redirect.site.resource).code, 308)
        self.assertEqual(ask(redirect.site.resource, host="b.example").code, 421)


class Answer(Resource):
    """Answers, or fails."""

    isLeaf = True

    def render(self, request: Request) -> bytes:
        if request.path == b"/failure":
            raise RuntimeError("a test's")
        return b"hello"


class StrictTransportTests(SynchronousTestCase):
    """`StrictTransportSecurity`."""

    def setUp(self) -> None:
        self.tree = StrictTransportSecurity(cast("IResource", Answer()), 3600)

    def test_field_is_on_every_response(self) -> None:
        for target, code in [("/", 200), ("/x/y", 200), ("/failure", 500)]:
            response = ask(self.tree, target)
            self.assertEqual(response.code, code)
            field = response.fields["Strict-Transport-Security"]
            self.assertEqual(field, "max-age=3600")
        self.flushLoggedErrors(RuntimeError)

    def test_field_is_on_refusals_of_the_wire(self) -> None:
        response = ask(self.tree, "/", "a b")
        self.assertEqual(response.code, 400)
        self.assertIn("Strict-Transport-Security", response.fields)

    def test_client_without_tls_is_not_told(self) -> None:
        said = Site(cast("IResource", self.tree)).answer_without_tls()
        self.assertIn(b"400 Bad Request", said)
        self.assertNotIn(b"Strict-Transport-Security", said)

    def test_tree_is_asked_as_if_it_were_the_root(self) -> None:
        root = Resource()
        root.putChild(b"child", cast("IResource", Answer()))
        tree = StrictTransportSecurity(root, 1)
        self.assertEqual(ask(tree, "/child").code, 200)
        self.assertEqual(ask(tree, "/other").code, 404)


class OptionTests(StartupCase):
    """The options."""

    def test_options_that_do_not_go_together_are_refused(self) -> None:
        tls = ("--cert", "c", "--key", "k")
        for line, said in [
            (("--redirect-http", "80"), "--redirect-http goes with --cert and --key"),
            (("--hsts", "60"), "--hsts goes with --cert and --key"),
            ((*tls, "--https-port", "443"), "--https-port goes with --redirect-http"),
            ((*tls, "--acme-folder", "."), "--acme-folder goes with --redirect-http"),
            ((*tls, "--redirect-http", "http"), "'http' is no port"),
            ((*tls, "--hsts", "-1"), "'-1' is not a whole number"),
            (
                (*tls, "--redirect-http", "80", "--https-port", "0"),
                "--https-port: clients need the number of a port",
            ),
            (
                (*tls, "--redirect-http", "80", "--acme-folder", "none"),
                "none: no such folder",
            ),
        ]:
            error = self.assertRaises(
                StartupError, ServerOptions().parseOptions, list(line)
            )
            self.assertIn(said, error.line)
            self.assertEqual(error.code, 78)

    def test_redirect_listens_on_the_same_interface_without_tls(self) -> None:
        options = ServerOptions()
        line = ["--cert", "c", "--key", "k", "--redirect-http", "80"]
        options.parseOptions([*line, "--interface", "any-v4"])
        (endpoint,) = options.redirect_endpoints()
        self.assertRegex(endpoint, r"^tcp:80:interface=0\.0\.0\.0:backlog=\d+$")
