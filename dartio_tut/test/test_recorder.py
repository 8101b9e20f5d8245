"""
`dartio_tut.resources.Recorder`: what it keeps of exchanges, and what it does not.
"""

from __future__ import annotations

import gc
import json
import tracemalloc
from typing import Any

from twisted.internet.protocol import Protocol

from dartio_tut.daemon import Limits
from dartio_tut.resources import exchange_json
from dartio_tut.resources.wire_view import recorder as recorder_module
from dartio_tut.resources.wire_view.kept_body import KEPT_BODY_BYTES
from dartio_tut.resources.wire_view.kept_message import KEPT_HEAD_BYTES, MAX_ARRIVALS
from dartio_tut.resources.wire_view.recorder import (
    KEPT_BYTES,
    KEPT_EXCHANGES,
    WAITING_EXCHANGES,
)

from .support.watched import WatchedCase

GET = b"GET /a?b=c HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


class RecorderTests(WatchedCase):
    """What is kept of exchanges."""

    def test_an_exchange_is_kept_with_both_messages_and_what_the_program_saw(
        self,
    ) -> None:
        said = self.connect().send(GET)
        exchange = self.only()
        self.assertEqual(exchange.request.kept, GET)
        self.assertEqual(exchange.response.kept, said)
        found = exchange_json(exchange)
        self.assertEqual(found["server"], "hello")
        self.assertEqual(found["peer"], "127.0.0.1:50000")
        self.assertEqual((found["ending"], found["reason"]), ("complete", ""))
        self.assertEqual(
            found["program"],
            {
                "method": "GET",
                "uri": "/a?b=c",
                "args": {"b": ["c"]},
                "status": 200,
                "resource": "FunctionResource",
            },
        )
        self.assertIsNone(found["tls"])
        self.assertTrue(found["request"]["complete"])
        self.assertTrue(found["response"]["complete"])
        self.assertIn("curl", found["copies"])
        json.dumps(found)

    def test_each_of_pipelined_requests_has_its_own_bytes(self) -> None:
        self.render = lambda request: b"to " + request.method
        connection = self.connect()
        connection.send(GET + POST % 3 + b"abc" + GET)
        connection.send(GET)
        kept = [one.request.kept for one in self.exchanges]
        self.assertEqual(kept, [GET, POST % 3 + b"abc", GET, GET])
        bodies = [one.response.kept.rpartition(b"\r\n")[2] for one in self.exchanges]
        self.assertEqual(bodies, [b"to GET", b"to POST", b"to GET", b"to GET"])
        self.assertEqual(len(self.recorder.connections()), 1)

    def test_two_clients_at_once_are_kept_apart(self) -> None:
        self.render = self.hold
        first, second = self.connect(), self.connect(self.new_site("notes"))
        first.send(GET[:9])
        second.send(POST % 3 + b"a")
        first.send(GET[9:])
        second.send(b"bc")
        for request, body in zip(self.held, (b"one", b"two"), strict=True):
            request.write(body)
        self.held[1].finish()
        self.held[0].finish()
        one, two = self.exchanges
        self.assertEqual(one.request.kept, GET)
        self.assertEqual(two.request.kept, POST % 3 + b"abc")
        self.assertIn(b"one", one.response.kept)
        self.assertIn(b"two", two.response.kept)
        self.assertEqual(one.connection.server, "hello")
        self.assertEqual(two.connection.server, "notes")

    def test_times_are_those_at_which_the_bytes_came(self) -> None:
        connection = self.connect()
        self.clock.advance(1)
        connection.send(GET[:5])
        self.clock.advance(2)
        connection.send(GET[5:] + GET[:7])
        self.clock.advance(1)
        connection.send(GET[7:])
        first, second = (exchange_json(one) for one in self.exchanges)
        self.assertEqual(first["request"]["arrivals"], [[0, 5], [2, len(GET) - 5]])
        self.assertEqual(second["request"]["arrivals"], [[0, 7], [1, len(GET) - 7]])
        self.assertEqual((first["started"], second["started"]), (1, 3))
        (sent,) = first["response"]["arrivals"]
        self.assertEqual(sent, [2, first["response"]["total"]])

    def test_an_exchange_is_shown_when_it_begins_to_be_answered(self) -> None:
        self.render = self.hold
        self.connect().send(GET)
        self.assertEqual(self.exchanges, [])
        self.held[0].write(b"first")
        found = exchange_json(self.only())
        self.assertEqual((found["ending"], found["ended"]), ("open", None))
        self.assertEqual(found["program"]["status"], 200)
        self.assertFalse(found["response"]["complete"])
        self.held[0].finish()
        self.assertTrue(exchange_json(self.only())["response"]["complete"])

    def test_a_chunked_body_is_kept_with_its_framing(self) -> None:
        body = b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n"
        for cut in range(1, len(body)):
            connection = self.connect()
            connection.send(CHUNKED + body[:cut])
            connection.send(body[cut:])
            self.assertEqual(self.exchanges[-1].request.kept, CHUNKED + body)

    def test_an_interim_response_belongs_to_the_exchange(self) -> None:
        head = (POST % 3).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
        connection = self.connect()
        connection.send(head)
        self.assertEqual(exchange_json(self.only())["ending"], "open")
        connection.send(b"abc")
        kept = self.only().response.kept
        self.assertTrue(kept.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"))
        self.assertTrue(exchange_json(self.only())["response"]["complete"])

    def test_form_fields_are_among_what_the_program_saw(self) -> None:
        form = b"number=5&name=a%20b"
        fields = b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        head = (POST % len(form)).replace(b"\r\n\r\n", b"\r\n") + fields
        self.connect().send(head.replace(b"POST /", b"POST /?q=1") + form)
        program = exchange_json(self.only())["program"]
        self.assertEqual(
            program["args"], {"q": ["1"], "number": ["5"], "name": ["a b"]}
        )

    # What does not come to its end.

    def test_a_refused_request_is_kept_with_its_reason_and_clause(self) -> None:
        for request, reason, clause in [
            (b"GET / HTTP/1.1\r\n\r\n", "Host missing", "RFC 9112 section 3.2"),
            (b"nonsense\r\n\r\n", "malformed request line", "RFC 9112 section 3"),
            (b"GET / HTTP/1.1\nHost: a\n\n", "bare CR or LF", "RFC 9112 section 2.2"),
            (POST % 10_001, "body too large", "RFC 9110 section 15.5.14"),
            (CHUNKED + b"x\r\n", "malformed chunk size", "RFC 9112 section 7.1"),
        ]:
            self.connect().send(request)
            exchange = self.exchanges[-1]
            self.assertEqual(exchange.request.kept, request)
            found = exchange_json(exchange)
            self.assertEqual(found["ending"], "refused")
            self.assertEqual((found["reason"], found["clause"]), (reason, clause))
            self.assertIsNone(found["program"])
            self.assertEqual(found["response"]["sent_by"], "server")

    def test_a_request_that_is_cut_is_kept_as_far_as_it_came(self) -> None:
        for sent in (GET[:12], POST % 5 + b"abc"):
            for pieces in ([sent], [bytes([byte]) for byte in sent]):
                connection = self.connect()
                for piece in pieces:
                    self.clock.advance(0.01)
                    connection.send(piece)
                connection.leave()
                exchange = self.exchanges[-1]
                self.assertEqual(exchange.request.kept, sent)
                found = exchange_json(exchange)
                self.assertEqual(found["ending"], "client gone")
                self.assertFalse(found["request"]["complete"])
                self.assertIsNone(found["response"])
                self.assertEqual(len(found["request"]["arrivals"]), len(pieces))

    def test_a_head_whose_client_sends_no_more_is_kept_as_far_as_it_came(self) -> None:
        connection = self.connect()
        connection.send(GET[:12])
        connection.protocol.readConnectionLost()
        connection.leave()
        self.assertEqual(self.only().request.kept, GET[:12])
        self.assertEqual(exchange_json(self.only())["ending"], "client gone")

    def test_a_head_is_kept_when_the_server_closes_the_connection(self) -> None:
        for end in ("loseConnection", "abortConnection"):
            connection = self.connect()
            connection.send(GET[:12])
            getattr(connection.protocol, end)()
            connection.leave()
            self.assertEqual(self.exchanges[-1].request.kept, GET[:12])
            self.assertEqual(exchange_json(self.exchanges[-1])["ending"], "cut off")

    def test_a_client_that_leaves_while_it_waits_is_shown(self) -> None:
        self.render = self.hold
        connection = self.connect()
        connection.send(GET)
        connection.leave()
        self.assertEqual(exchange_json(self.only())["ending"], "client gone")
        (known,) = self.recorder.connections()
        self.assertIsNotNone(known.closed)

    def test_a_client_that_is_too_slow_is_shown(self) -> None:
        connection = self.connect()
        connection.send(GET[:9])
        for _ in range(7):
            self.clock.advance(1)
        found = exchange_json(self.only())
        self.assertEqual(found["ending"], "timed out")
        self.assertIn(b"408", self.only().response.kept)

    def test_a_response_that_is_cut_off_is_kept_as_far_as_it_was_sent(self) -> None:
        def render(request: Any) -> int:
            request.write(b"x" * 10)
            raise RuntimeError("on purpose")

        self.render = render
        connection = self.connect()
        connection.send(GET)
        connection.leave()
        self.flushLoggedErrors(RuntimeError)
        exchange = self.only()
        self.assertEqual(exchange_json(exchange)["ending"], "cut off")
        self.assertEqual(exchange.response.total, 0)  # it was collected, and dropped

    # How much is kept.

    def test_of_large_bodies_the_first_bytes_are_kept(self) -> None:
        size = 10 * 1024 * 1024
        self.render = lambda request: b"y" * size
        connection = self.connect(self.new_site("big", Limits(body=size)))
        connection.send(POST % size)
        for _ in range(size // 65536):
            connection.send(b"x" * 65536)
        exchange = self.only()
        for message, letter in ((exchange.request, b"x"), (exchange.response, b"y")):
            head, _, body = message.kept.partition(b"\r\n\r\n")
            self.assertEqual(body, letter * KEPT_BODY_BYTES)
            self.assertEqual(message.total, len(head) + 4 + size)
            self.assertLessEqual(len(message.arrivals), MAX_ARRIVALS)
            self.assertEqual(sum(count for _, count in message.arrivals), message.total)
        found = exchange_json(exchange)
        self.assertTrue(found["request"]["complete"])
        self.assertLess(found["request"]["kept"], found["request"]["total"])

    def test_of_a_large_head_the_first_bytes_are_kept(self) -> None:
        head = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"x" * 20_000 + b"\r\n\r\n"
        self.connect().send(head)
        self.assertEqual(self.only().request.kept, head[:KEPT_HEAD_BYTES])
        self.assertEqual(self.only().request.total, len(head))

    def test_the_last_exchanges_are_kept_and_the_others_counted(self) -> None:
        connection = self.connect()
        sent = KEPT_EXCHANGES + 20
        for _ in range(sent):
            connection.send(GET)
        self.assertEqual(len(self.exchanges), KEPT_EXCHANGES)
        self.assertEqual(self.recorder.dropped, 20)
        self.assertEqual(self.exchanges[-1].number, sent)
        self.assertIsNone(self.recorder.exchange(20))
        self.assertIsNotNone(self.recorder.exchange(21))
        self.assertIsNotNone(self.recorder.exchange(sent))

    def test_fewer_are_kept_when_they_are_large(self) -> None:
        head = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 15_000 + b"\r\n\r\n"
        self.render = lambda request: b"y" * 5000
        connection = self.connect()
        fewer = KEPT_BYTES // 4
        self.patch(recorder_module, "KEPT_BYTES", fewer)
        for _ in range(fewer // len(head)):
            connection.send(head)
        kept = sum(
            len(one.request.kept) + len(one.response.kept) for one in self.exchanges
        )
        self.assertLessEqual(kept, fewer)
        self.assertGreater(kept, fewer * 0.9)
        self.assertGreater(self.recorder.dropped, 0)

    def test_memory_does_not_grow_with_the_number_of_exchanges(self) -> None:
        def many(count: int) -> int:
            for _ in range(count // 10):
                connection = self.connect()
                for _ in range(10):
                    connection.send(GET)
                connection.leave()
            self.events.clear()
            gc.collect()
            return tracemalloc.get_traced_memory()[0]

        kept = 20  # tracemalloc makes each exchange ten times as slow
        self.patch(recorder_module, "KEPT_EXCHANGES", kept)
        gc.freeze()  # or each collection looks at what all the other tests have left
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        before = many(2 * kept)
        grown = many(6 * kept) - before
        self.assertLess(grown, 10_000)
        self.assertLessEqual(len(self.recorder.connections()), kept)

    def test_exchanges_that_wait_for_their_answer_are_bounded(self) -> None:
        self.render = self.hold
        fewer = WAITING_EXCHANGES // 5
        self.patch(recorder_module, "WAITING_EXCHANGES", fewer)
        body = b"x" * KEPT_BODY_BYTES
        for _ in range(fewer + 10):
            self.connect().send(POST % len(body) + body)
        self.assertEqual(self.recorder.dropped, 10)
        for request in self.held:
            request.finish()
        self.assertEqual(len(self.exchanges), fewer)

    def test_an_exchange_that_is_dropped_keeps_nothing_more(self) -> None:
        self.render = self.hold
        self.connect().send(GET)
        self.held[0].write(b"begun")
        exchange = self.only()
        self.render = lambda request: b"hello"
        connection = self.connect()
        fewer = KEPT_EXCHANGES // 10
        self.patch(recorder_module, "KEPT_EXCHANGES", fewer)
        for _ in range(fewer):
            connection.send(GET)
        self.held[0].write(b"more")
        self.held[0].finish()
        self.assertEqual(exchange.request.kept + exchange.response.kept, b"")
        self.assertNotIn(exchange, self.exchanges)

    def test_a_head_that_comes_byte_by_byte_has_a_bounded_number_of_times(self) -> None:
        head = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 1000 + b"\r\n\r\n"
        connection = self.connect()
        for byte in head:
            connection.send(bytes([byte]))
        arrivals = self.only().request.arrivals
        self.assertLessEqual(len(arrivals), MAX_ARRIVALS)
        self.assertEqual(sum(count for _, count in arrivals), len(head))

    # What is never shown.

    def test_the_pages_own_exchanges_are_not_shown(self) -> None:
        for target in (
            b"/wire/", b"/wire", b"/wire/events", b"/wire?x", b"/try/send", b"/try",
            b"http://a/wire/list", b"/%77ire/", b"//wire/", b"/wire#x",
        ):  # fmt: skip
            connection = self.connect()
            connection.send(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
            connection.send(b"GET " + target + b" HTTP/1.1\nHost: a\n\n")  # refused
            connection.leave()
        self.assertEqual(self.exchanges, [])
        self.assertEqual(self.recorder.connections(), [])
        self.assertEqual(self.recorder.dropped, 0)

    def test_other_paths_and_other_exchanges_of_the_connection_are_shown(self) -> None:
        connection = self.connect()
        for target in (b"/wireless", b"/wire/", b"/a/wire/", b"/?/wire/"):
            connection.send(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        targets = [one.request.kept.split()[1] for one in self.exchanges]
        self.assertEqual(targets, [b"/wireless", b"/a/wire/", b"/?/wire/"])

    def test_what_another_protocol_sends_is_not_kept(self) -> None:
        def take_over(request: Any) -> int:
            channel = request.channel
            channel.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
            channel._protocolUpgradeForWebsockets(Protocol())
            return self.hold(request)

        self.render = take_over
        connection = self.connect()
        connection.send(GET)
        connection.send(b"frames")
        connection.transport.disconnected = True
        for _ in range(3):
            self.clock.advance(1)
        exchange = self.only()
        self.assertEqual(exchange.request.kept, GET)
        self.assertIn(b"101", exchange.response.kept)
        found = exchange_json(exchange)
        self.assertEqual(found["reason"], "taken over by another protocol")
