"""
`dartio_tut.resources.WireView`: lists, JSON and events of what a recorder keeps.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from dartio_tut.resources import WireView
from dartio_tut.resources.wire_view import recorder as recorder_module
from dartio_tut.resources.wire_view.recorder import KEPT_EXCHANGES
from dartio_tut.resources.wire_view.wire_stream import (
    BATCH,
    HEARTBEAT_SECONDS,
    PAUSE_SECONDS,
)
from dartio_tut.resources.wire_view.wire_view import MAX_STREAMS
from dartio_tut.testing import Connection, Response, connect

from .support.memory_client import ask
from .support.watched import WatchedCase

GET = b"GET /a?b=c HTTP/1.1\r\nHost: a\r\n\r\n"
FOLLOW = b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n"


class ViewCase(WatchedCase):
    """A view of what is recorded."""

    def setUp(self) -> None:
        super().setUp()
        self.view = WireView(self.recorder, self.clock)

    def get(self, target: str, method: str = "GET") -> Response:
        """Ask the view for *target*."""
        return ask(self.view, method, target)

    def json(self, target: str) -> Any:
        """What the view gives for *target*, in JSON."""
        response = self.get(target)
        self.assertEqual(response.code, 200)
        self.assertEqual(response.fields["Content-Type"], "application/json")
        return json.loads(response.body)


class PagesTests(ViewCase):
    """Pages, and JSON."""

    def test_json_has_the_exchanges_and_their_connections(self) -> None:
        connection = self.connect()
        connection.send(GET + GET)
        found = self.json("/exchanges.json")
        self.assertEqual([one["id"] for one in found["exchanges"]], [1, 2])
        (known,) = found["connections"]
        self.assertEqual((known["exchanges"], known["closed"]), ([1, 2], None))
        self.assertEqual(found["dropped"], 0)
        request = found["exchanges"][0]["request"]
        self.assertEqual(b64decode(request["base64"]), GET)
        parts = request["parts"]
        self.assertEqual([parts[0]["start"], parts[-1]["end"]], [0, len(GET)])

    def test_after_leaves_out_what_is_known(self) -> None:
        self.connect().send(GET + GET + GET)
        found = self.json("/exchanges.json?after=2")
        self.assertEqual([one["id"] for one in found["exchanges"]], [3])
        self.assertEqual(self.json("/exchanges.json?after=99")["exchanges"], [])
        self.assertEqual(self.get("/exchanges.json?after=x").code, 400)
        self.assertEqual(self.get("/exchanges.json?after=-1").code, 400)

    def test_one_exchange_at_a_time_is_taken_apart(self) -> None:
        self.connect().send(GET * 3)
        connection = connect(self.view)
        connection.protocol.dataReceived(
            b"GET /exchanges.json HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        self.assertNotIn(b'"id": 2', connection.transport.value())
        producer = connection.protocol.output.producer._producer
        for number in (1, 2, 3):
            connection.transport.clear()
            producer.resumeProducing()
            text = connection.transport.value()
            self.assertEqual(text.count(b'"ending"'), 1)
            self.assertIn(b'{"id": %d' % number, text)
        connection.leave()

    def test_exchanges_that_are_dropped_meanwhile_are_left_out(self) -> None:
        client = self.connect()
        client.send(GET * 3)
        connection = connect(self.view)
        connection.protocol.dataReceived(
            b"GET /exchanges.json HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        for _ in range(KEPT_EXCHANGES + 3):
            client.send(GET)
        connection.transport.clear()
        connection.protocol.output.producer._producer.resumeProducing()
        self.assertIn(b"]}", connection.transport.value())

    def test_one_exchange_is_there_as_json_and_as_a_page(self) -> None:
        self.connect().send(GET)
        self.assertEqual(
            self.json("/exchanges/1.json"), self.json("/exchanges.json")["exchanges"][0]
        )
        page = self.get("/exchanges/1")
        self.assertEqual(page.fields["Content-Type"], "text/html; charset=utf-8")
        text = page.body.decode()
        for part in ("Exchange 1 with hello", "/a?b=c", "FunctionResource", "␍␊"):
            self.assertIn(part, text)
        self.assertIn("RFC 9112", text)
        self.assertIn("curl", text)

    def test_an_exchange_that_is_not_kept_is_404(self) -> None:
        self.connect().send(GET)
        for name in ("2", "2.json", "0", "x", "1.html", "-1", "1/", "9" * 30, "%001"):
            response = self.get(f"/exchanges/{name}")
            self.assertEqual(response.code, 404, name)

    def test_the_list_has_the_newest_first_and_says_what_is_left_out(self) -> None:
        self.assertIn(b"There are none yet", self.get("/list").body)
        connection = self.connect()
        for number in range(KEPT_EXCHANGES + 3):
            connection.send(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number)
        text = self.get("/list").body.decode()
        self.assertLess(text.index("GET /202<"), text.index("GET /201<"))
        self.assertIn("3 older ones are not kept any more", text)
        self.assertIn('<a href="exchanges/203">', text)

    def test_what_was_sent_is_text_in_pages_and_never_markup(self) -> None:
        attack = b"<script>alert(1)</script>\"'&\xff\x01\xe2\x80\xae"
        self.connect().send(b"GET /?" + attack + b"\r\n\r\n")
        self.connect().send(b"<b>" + attack + b" / HTTP/1.1\r\n\r\n")
        for target in ("/list", "/exchanges/1", "/exchanges/2"):
            body = self.get(target).body
            for part in (b"<script", b"<b>", b"\x01", b"\xe2\x80\xae"):
                self.assertNotIn(part, body)
            self.assertIn(b"&lt;script&gt;", body)

    def test_exchanges_of_every_kind_have_a_page(self) -> None:
        self.connect().send(b"nonsense\r\n\r\n")
        self.connect().send(GET.replace(b"GET", b"HEAD"))
        cut = self.connect()
        cut.send(GET[:9])
        cut.leave()
        self.render = self.hold
        self.connect().send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        self.held[0].write(b"begun")
        for number in range(1, 5):
            self.assertEqual(self.get(f"/exchanges/{number}").code, 200)
        self.assertIn(b"malformed request line", self.get("/exchanges/1").body)
        self.assertIn(b"client gone", self.get("/exchanges/3").body)
        self.assertIn(b"under way", self.get("/list").body)

    def test_the_page_and_its_files_are_served(self) -> None:
        self.assertIn(b"<!DOCTYPE html>", self.get("/").body)
        style = self.get("/assets/list.css")
        self.assertEqual(style.fields["Content-Type"], "text/css; charset=utf-8")
        for name in ("", "x.css", "..%2Fwire_view.py", "%2e%2e/wire_view.py"):
            self.assertEqual(self.get(f"/assets/{name}").code, 404)

    def test_other_paths_are_404_and_other_methods_405(self) -> None:
        for target in ("/x", "/list/", "/exchanges", "/exchanges/", "/list/1"):
            self.assertEqual(self.get(target).code, 404, target)
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            response = ask(self.view, method, "/list", b"x")
            self.assertEqual(response.code, 405)
            self.assertEqual(response.fields["Allow"], "GET, HEAD")
        for target in ("/", "/list", "/exchanges.json", "/events"):
            self.assertEqual(self.get(target, "HEAD").body, b"")


class StreamTests(ViewCase):
    """Server-sent events."""

    def follow(self) -> Connection:
        """A client that follows."""
        connection = connect(self.view)
        connection.clock = self.clock
        connection.said = connection.send(FOLLOW)  # type: ignore[attr-defined]
        return connection

    def heard(self, follower: Connection, seconds: float = PAUSE_SECONDS) -> list[Any]:
        """The events that *follower* gets within *seconds*."""
        follower.transport.clear()
        self.clock.pump([PAUSE_SECONDS] * round(seconds / PAUSE_SECONDS))
        events = []
        for block in follower.transport.value().decode().split("\n\n"):
            lines = dict(
                line.split(": ", 1) for line in block.split("\n") if ": " in line
            )
            if "event" in lines:
                events.append((lines["event"], json.loads(lines["data"])))
        return events

    def test_events_tell_of_connections_and_exchanges(self) -> None:
        follower = self.follow()
        self.assertIn(b"text/event-stream", follower.said)  # type: ignore[attr-defined]
        connection = self.connect()
        connection.send(GET)
        (first, known), (second, exchange) = self.heard(follower)
        self.assertEqual((first, second), ("connection", "exchange"))
        self.assertEqual((known["id"], known["exchanges"]), (1, [1]))
        self.assertEqual(exchange, self.json("/exchanges/1.json"))
        connection.leave()
        ((name, known),) = self.heard(follower)
        self.assertEqual(name, "connection")
        self.assertIsNotNone(known["closed"])

    def test_an_exchange_comes_again_when_it_ends(self) -> None:
        follower = self.follow()
        self.render = self.hold
        self.connect().send(GET)
        self.assertEqual(self.heard(follower), [])
        self.held[0].write(b"begun")
        self.assertEqual(self.heard(follower)[-1][1]["ending"], "open")
        self.held[0].finish()
        ((name, exchange),) = self.heard(follower)
        self.assertEqual((name, exchange["id"]), ("exchange", 1))
        self.assertEqual(exchange["ending"], "complete")

    def test_too_many_a_second_are_left_out_and_counted(self) -> None:
        follower = self.follow()
        connection = self.connect()
        self.patch(recorder_module, "KEPT_EXCHANGES", 40)
        sent = 40 + 50
        for _ in range(sent):
            connection.send(GET)
        events = self.heard(follower, 3)
        exchanges = [what["id"] for name, what in events if name == "exchange"]
        dropped = [what["dropped"] for name, what in events if name == "dropped"]
        self.assertEqual(len(exchanges) + dropped[-1], sent)
        self.assertEqual(exchanges[-1], sent)
        self.assertEqual(exchanges, sorted(set(exchanges)))
        self.assertEqual(dropped[-1], 50)

    def test_a_batch_is_bounded(self) -> None:
        follower = self.follow()
        self.connect().send(GET * 30)
        names = [name for name, _ in self.heard(follower)]
        self.assertEqual(names.count("exchange"), BATCH)

    def test_nothing_is_kept_for_a_client_that_does_not_read(self) -> None:
        follower = self.follow()
        connection = self.connect()
        follower.protocol.pauseProducing()
        connection.send(GET)
        self.assertEqual(self.heard(follower, 1), [])
        self.patch(recorder_module, "KEPT_EXCHANGES", 40)
        for _ in range(40):
            connection.send(GET)
        self.assertEqual(self.heard(follower, 1), [])
        follower.protocol.resumeProducing()
        events = self.heard(follower, 2)
        self.assertEqual(
            [what["id"] for name, what in events if name == "exchange"],
            list(range(2, 40 + 2)),
        )
        self.assertIn(("dropped", {"dropped": 1}), events)

    def test_what_is_due_waits_when_the_client_stops_reading(self) -> None:
        follower = self.follow()
        self.connect().send(GET)
        follower.protocol.pauseProducing()
        self.assertEqual(self.heard(follower), [])
        follower.protocol.resumeProducing()
        names = [name for name, _ in self.heard(follower)]
        self.assertEqual(names, ["connection", "exchange"])

    def test_a_batch_ends_when_the_client_stops_reading(self) -> None:
        follower = self.follow()
        self.connect().send(GET * 5)
        write = follower.protocol.output.send

        def write_and_stop(data: bytes) -> None:
            write(data)
            if b"event: exchange" in data:
                follower.protocol.pauseProducing()

        follower.protocol.output.send = write_and_stop
        names = [name for name, _ in self.heard(follower)]
        self.assertEqual(names, ["connection", "exchange"])
        follower.protocol.output.send = write
        follower.protocol.resumeProducing()
        numbers = [what["id"] for _, what in self.heard(follower)]
        self.assertEqual(numbers, [2, 3, 4, 5])

    def test_a_silent_stream_has_a_comment_now_and_then(self) -> None:
        follower = self.follow()
        follower.transport.clear()
        self.clock.advance(HEARTBEAT_SECONDS)
        self.assertIn(b":\n\n", follower.transport.value())

    def test_a_client_that_leaves_is_let_go(self) -> None:
        follower = self.follow()
        self.connect().send(GET)
        follower.leave()
        self.assertEqual(self.recorder.followers, set())
        calls: list[Any] = [*self.clock.getDelayedCalls()]
        ours = [call for call in calls if "wire_stream" in call.func.__module__]
        self.assertEqual(ours, [])

    def test_few_may_follow_at_a_time(self) -> None:
        followers = [self.follow() for _ in range(MAX_STREAMS)]
        response = self.get("/events")
        self.assertEqual(response.code, 503)
        self.assertIn(b"close one", response.body)
        followers[0].leave()
        self.assertIn(b"200", self.follow().said)  # type: ignore[attr-defined]
