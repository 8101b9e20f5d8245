"""
The view of the wire at a running tutorial: what it shows of real connections, and to
whom.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import time
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import WatchedSite
from dartio_tut.resources import Recorder as WireRecorder
from dartio_tut.servers.lessons import LESSONS
from dartio_tut.test.support.conformance import Row
from dartio_tut.test.support.leaks import SECRET, leaked
from dartio_tut.test.support.recording import RecordedConnection, Recorder
from dartio_tut.test.support.three_ways import SINGLE_BYTES_LIMIT, judge

from .support.certificates import Signer
from .support.exchange import connect, exchange
from .support.harness import IN_FULL, PATIENCE, Case, ask
from .test_conformance import MEMORY, faults, rows

GET = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

LARGE_BYTES = 10 * 1024 * 1024

FEW_BYTES = 1000
"""Rows that are longer do not go byte by byte: `test_conformance` sends them so to a
site that nobody watches."""


class WatchedConformanceTests(SynchronousTestCase):
    """The table of raw requests."""

    def test_a_watched_site_answers_every_row_as_any_other(self) -> None:
        def connect_watched() -> RecordedConnection:
            clock = Clock()
            seen = Recorder(clock.callLater)
            watcher = WireRecorder().watcher("table")
            site = WatchedSite(seen, reactor=clock, watcher=watcher)
            channel = site.buildProtocol(IPv4Address("TCP", "127.0.0.1", 50000))
            return RecordedConnection(channel, clock, seen.seen)

        def judge_watched(row: Row) -> None:
            judge(row, connect_watched, SINGLE_BYTES_LIMIT if IN_FULL else FEW_BYTES)

        self.assertEqual(faults(rows(MEMORY), judge_watched), {})


class TutorialCase(Case):
    """A running tutorial."""

    options: tuple[str, ...] = ()

    def setUp(self) -> None:
        super().setUp()
        (self.here / "www").mkdir()
        self.tutorial = self.daemon(
            "tutorial", "--port", "0", "--store", "data", "--root", "www", *self.options
        )
        ports = [self.tutorial.ready().port for _ in LESSONS]
        names = [lesson.name for lesson in LESSONS]
        self.ports = dict(zip(names, ports, strict=True))
        self.pages = self.ports["pages"]

    def kept(self) -> dict[str, Any]:
        """What the view has, as JSON."""
        response = ask(self.pages, target="/wire/exchanges.json")
        self.assertEqual(response.code, 200)
        found: dict[str, Any] = json.loads(response.body)
        return found

    def until(self, true: Callable[[list[Any]], object]) -> list[Any]:
        """The exchanges that are kept, once they are as *true* says."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found: list[Any] = self.kept()["exchanges"]
            if true(found):
                return found
        self.fail(f"still only {[one['ending'] for one in found]}")

    def raw(self, message: dict[str, Any]) -> bytes:
        """The bytes of a message that are kept."""
        return b64decode(message["base64"])


class WireViewTests(TutorialCase):
    """What is shown."""

    def test_every_server_is_shown_with_what_was_sent(self) -> None:
        secure = ssl.create_default_context()
        secure.check_hostname, secure.verify_mode = False, ssl.CERT_NONE
        for name, port in self.ports.items():
            tls = secure if name == "hello-secure" else None
            ask(port, target="/" + name, tls=tls)
        found = self.until(lambda found: len(found) == len(LESSONS))
        self.assertEqual([one["server"] for one in found], list(self.ports))
        for one in found:
            request = self.raw(one["request"])
            self.assertTrue(request.startswith(b"GET /" + one["server"].encode()))
            self.assertTrue(self.raw(one["response"]).startswith(b"HTTP/1.1 "))
            self.assertEqual(one["ending"], "complete")
            self.assertEqual(one["program"]["uri"], "/" + one["server"])
            self.assertTrue(one["request"]["complete"] and one["response"]["complete"])
        (over_tls,) = [one["tls"] for one in found if one["tls"]]
        self.assertTrue(over_tls["version"].startswith("TLSv1."))
        self.assertIn("TLS_", over_tls["cipher"])
        self.assertIn("CN=localhost, valid until 20", over_tls["certificate"])

    def test_two_clients_that_take_turns_are_kept_apart(self) -> None:
        port = self.ports["hello"]
        with connect(port) as first, connect(port) as second:
            for number in range(3):
                for who, client in ((b"one", first), (b"two", second)):
                    request = GET % (who + b"%d" % number)
                    client.sendall(request[:9])
                    client.sendall(request[9:])
                    self.assertIn(b"Hello", client.recv(4096))
        found = self.kept()
        self.assertEqual(len(found["exchanges"]), 6)
        by_connection = {
            connection["id"]: [
                one["program"]["uri"]
                for one in found["exchanges"]
                if one["id"] in connection["exchanges"]
            ]
            for connection in found["connections"]
        }
        self.assertEqual(
            sorted(by_connection.values()),
            [["/one0", "/one1", "/one2"], ["/two0", "/two1", "/two2"]],
        )

    def test_pipelined_requests_are_told_apart(self) -> None:
        stream = (
            GET % b"a"
            + b"POST /b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
        )
        exchange(self.ports["hello"], stream + LAST)
        found = self.until(lambda found: len(found) == 3)
        self.assertEqual(
            b"".join(self.raw(one["request"]) for one in found), stream + LAST
        )
        self.assertEqual(
            [one["program"]["uri"] for one in found], ["/a", "/b", "/last"]
        )
        self.assertEqual(len({one["connection"] for one in found}), 1)
        for one in found:
            self.assertEqual(self.raw(one["response"]).count(b"HTTP/1.1 "), 1)

    def test_a_connection_that_is_cut_is_shown_as_far_as_it_came(self) -> None:
        with connect(self.ports["notes"]) as client:
            client.sendall(
                b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
            )
        (one,) = self.until(len)
        self.assertEqual((one["ending"], one["response"]), ("client gone", None))
        self.assertTrue(self.raw(one["request"]).endswith(b"\r\n\r\n{"))
        self.assertFalse(one["request"]["complete"])
        (connection,) = self.kept()["connections"]
        self.assertIsNotNone(connection["closed"])

    def test_refused_requests_are_shown_with_the_clause(self) -> None:
        exchange(self.ports["hello"], b"GET / HTTP/1.1\nHost: a\n\n")
        (one,) = self.until(len)
        self.assertEqual((one["ending"], one["reason"]), ("refused", "bare CR or LF"))
        self.assertEqual(one["clause"], "RFC 9112 section 2.2")
        self.assertIsNone(one["program"])

    def test_files_of_ten_mib_arrive_whole_and_their_beginning_is_shown(self) -> None:
        content = os.urandom(LARGE_BYTES)
        (self.here / "www" / "large").write_bytes(content)
        response = ask(self.ports["static"], target="/large")
        self.assertEqual(response.body, content)
        (one,) = self.until(lambda found: found and found[0]["ending"] == "complete")
        message = one["response"]
        self.assertGreater(message["total"], LARGE_BYTES)
        self.assertLess(message["kept"], 8192)
        kept = self.raw(message).partition(b"\r\n\r\n")[2]
        self.assertEqual(content[: len(kept)], kept)
        self.assertGreater(len(kept), 4000)
        self.assertEqual(
            sum(count for _, count in message["arrivals"]), message["total"]
        )

    def test_a_thousand_exchanges_leave_the_last_ones_and_are_counted(self) -> None:
        port = self.ports["hello"]
        with connect(port) as client:
            for _ in range(10):
                talk_many(client, 100)
        found = self.kept()
        self.assertEqual(found["dropped"] + len(found["exchanges"]), 1000)
        self.assertEqual(found["exchanges"][-1]["id"], 1000)
        listed = ask(self.pages, target="/wire/list").body.decode()
        self.assertIn(f"{found['dropped']:,} older ones", listed)

    def test_no_secret_comes_out_again(self) -> None:
        port, secret = self.ports["hello"], SECRET.decode()
        fields = {"Authorization": f"Basic {secret}", "Cookie": secret}
        ask(port, target=f"/?token={secret}", fields=fields)
        ask(self.ports["notes"], "POST", "/", "{}", {"Idempotency-Key": secret})
        exchange(
            port, b"GET /?sig=" + SECRET + b" HTTP/1.1\nCookie: " + SECRET + b"\n\n"
        )
        with connect(port) as client:
            client.sendall(b"GET http://me:" + SECRET)
        (self.here / "www" / "folder").mkdir()
        for name in ("thinker", "notes", "mini-file", "static", "writer", "pages"):
            for path in ("/", "/folder", "/folder/", "/none", "//", "/*"):
                ask(self.ports[name], target=f"{path}?token={secret}&q=5")
        self.until(lambda found: len(found) == 40)
        for page in (
            "exchanges.json",
            "list",
            *(f"exchanges/{n}" for n in range(1, 41)),
        ):
            body = ask(self.pages, target=f"/wire/{page}").body
            self.assertEqual(leaked(body), [], page)
        for one in self.kept()["exchanges"]:
            for message in filter(None, (one["request"], one["response"])):
                self.assertEqual(leaked(self.raw(message)), [], one["program"])

    def test_events_come_while_exchanges_go_by(self) -> None:
        with connect(self.pages) as follower:
            follower.sendall(
                b"GET /wire/events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % self.pages
            )
            said = b""
            while b"exchanges as they go by" not in said:
                said += follower.recv(65536)
            ask(self.ports["hello"], target="/seen")
            while b"event: exchange" not in said or not said.endswith(b"\n\n\r\n"):
                said += follower.recv(65536)
        self.assertIn(b"text/event-stream", said)
        self.assertIn(b'"uri": "/seen"', said)
        self.assertNotIn(b"/wire/events", said)

    def test_a_tutorial_that_is_followed_ends_at_once_when_it_is_told_to(self) -> None:
        with connect(self.pages) as follower:
            follower.sendall(
                b"GET /wire/events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % self.pages
            )
            self.assertIn(b"200 OK", follower.recv(65536))
            asked = time.monotonic()
            self.tutorial.stop()
            self.assertLess(time.monotonic() - asked, 10)  # it waits 30 s for others
        self.assertEqual(self.tutorial.errors(), "")

    def test_it_never_shows_itself(self) -> None:
        for target in ("/wire/", "/wire/list", "/wire/exchanges.json", "/wire/x"):
            ask(self.pages, target=target)
        ask(self.ports["hello"], target="/wire/")
        found = self.kept()
        self.assertEqual((found["exchanges"], found["connections"]), ([], []))

    def test_servers_are_listed_with_where_they_are(self) -> None:
        servers = json.loads(ask(self.pages, target="/servers.json").body)
        self.assertEqual([one["name"] for one in servers], list(self.ports))
        for one in servers:
            scheme = "https" if one["name"] == "hello-secure" else "http"
            port = self.ports[one["name"]]
            self.assertEqual(one["url"], f"{scheme}://127.0.0.1:{port}/")
            self.assertTrue(one["running"])
        (notes,) = [one for one in servers if one["name"] == "notes"]
        self.assertEqual(notes["store"], str(self.here / "data" / "notes"))
        again = json.loads(ask(self.pages, target="/wire/servers.json").body)
        self.assertEqual(again, servers)


def talk_many(client: socket.socket, count: int) -> None:
    """Have *count* requests answered on one connection."""
    client.sendall(GET % b"x" * count)
    said = b""
    while said.count(b"Hello, world!") < count:
        said += client.recv(65536)


class AccessTests(TutorialCase):
    """Who sees it."""

    def test_pages_of_other_sites_and_rebound_names_see_nothing(self) -> None:
        ask(self.ports["hello"], target="/private")
        port = str(self.pages)
        for fields, code in (
            ({"Host": "evil.example"}, 421),
            ({"Host": "evil.example:" + port}, 421),
            ({"Host": "localhost:1"}, 421),
            ({"Host": "127.0.0.1"}, 421),
            ({"Host": "127.0.0.2:" + port}, 421),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "null"}, 403),
        ):
            for page in ("", "list", "exchanges.json", "exchanges/1.json", "events"):
                response = ask(self.pages, target=f"/wire/{page}", fields=fields)
                self.assertEqual(response.code, code, (fields, page))
                self.assertNotIn(b"private", response.body)
                self.assertNotIn("Access-Control-Allow-Origin", response.fields)

    def test_the_browser_is_told_to_give_it_to_nobody(self) -> None:
        for page in ("", "list", "exchanges.json", "assets/list.css", "none"):
            fields = ask(self.pages, target=f"/wire/{page}").fields
            self.assertEqual(fields["Cross-Origin-Resource-Policy"], "same-origin")
            self.assertEqual(fields["Cache-Control"], "no-store")
            self.assertIn("default-src 'none'", fields["Content-Security-Policy"])


class ReachableTests(TutorialCase):
    """A tutorial that the network can reach."""

    options = ("--interface", "any-v4")

    def test_it_is_for_nobody(self) -> None:
        response = ask(self.pages, target="/wire/list")
        self.assertEqual(response.code, 403)
        self.assertIn(b"loopback", response.body)
        servers = json.loads(ask(self.pages, target="/servers.json").body)
        self.assertEqual({one["store"] for one in servers}, {None})


def unchecked(*protocols: str) -> ssl.SSLContext:
    """A client that takes any certificate, and offers *protocols*."""
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    tls.set_alpn_protocols(protocols)
    return tls


class TLSTests(Case):
    """Pages over TLS, and HTTP/2, which is not shown."""

    def negotiated(self, port: int) -> str | None:
        """The protocol that a server chooses of HTTP/2 and HTTP/1.1."""
        with (
            connect(port) as plain,
            unchecked("h2", "http/1.1").wrap_socket(plain) as secure,
        ):
            return secure.selected_alpn_protocol()

    def test_watched_servers_offer_no_http2_at_any_endpoint(self) -> None:
        signer = Signer(self.here)
        pem = f"cert={signer.path}:key={signer.path.with_suffix('.key')}:http2=yes"
        tutorial = self.daemon(
            "tutorial", "--port", "0", "--store", "data",
            "--listen", f"https:0:{pem}",
            "--listen", rf"https:over=tcp\:0\:interface=127.0.0.1:{pem}",
        )  # fmt: skip
        ports = [tutorial.ready().port for _ in range(len(LESSONS) + 2)]
        on_socket, over_another, _ = ports[-3:]
        tls = unchecked("http/1.1")
        for number, port in enumerate((on_socket, over_another), start=1):
            self.assertEqual(self.negotiated(port), "http/1.1")
            ask(port, target="/seen", tls=tls)
            response = ask(port, target=f"/wire/exchanges/{number}.json", tls=tls)
            one = json.loads(response.body)
            self.assertEqual(one["program"]["uri"], "/seen")
            self.assertEqual(one["tls"]["version"], "TLSv1.3")
            self.assertIn("SHA-256", one["tls"]["certificate"])
            wrong = ask(port, target="/wire/", fields={"Host": "localhost"}, tls=tls)
            self.assertEqual(wrong.code, 421)

    def test_hello_secure_offers_http2_when_it_is_not_watched(self) -> None:
        names = [lesson.name for lesson in LESSONS]
        for options, offered in ((), "http/1.1"), (("--no-wire",), "h2"):
            line = ("tutorial", "--port", "0", "--store", "data", *options)
            tutorial = self.daemon(*line)
            ports = {name: tutorial.ready().port for name in names}
            self.assertEqual(self.negotiated(ports["hello-secure"]), offered)
            tutorial.stop()


class NoWireTests(TutorialCase):
    """``tutorial --no-wire``."""

    options = ("--no-wire",)

    def test_there_is_no_view(self) -> None:
        for page in ("/wire/", "/wire/list", "/wire/exchanges.json"):
            self.assertEqual(ask(self.pages, target=page).code, 404)
        self.assertEqual(ask(self.pages, target="/servers.json").code, 200)
        self.assertEqual(ask(self.pages).code, 200)
