"""
`dartio_tut.wire.http2`: limits, and what costs more than it is worth.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import Limits
from dartio_tut.wire import Ending
from dartio_tut.wire.http2.engine import ConnectionFault, ErrorCode
from dartio_tut.wire.http2.flood_budget import FloodBudget
from dartio_tut.wire.http2.frames import Kind, frame
from dartio_tut.wire.http2.large_bodies import MAX_LARGE_BODIES

from .support.full_file import LateFullFile
from .support.http2_client import (
    END_HEADERS,
    HTTP2Client,
    data_frame,
    engines,
    ping_frame,
    reset_frame,
    settings_frame,
    window_frame,
)
from .test_http2_streams import HTTP2Case

PRIORITY = frame(Kind.PRIORITY, 1, bytes(5))
UNKNOWN = frame(77, 0, b"what?")


class FloodTests(HTTP2Case):
    """Floods end in GOAWAY with the code that says so."""

    def flood(self, client: HTTP2Client, piece: bytes, at_once: int = 100) -> int:
        """Send *piece* until the connection ends: how often."""
        for count in range(200):
            client.send(piece * at_once)
            if client.goaway is not None:
                return count * at_once
        self.fail(f"{at_once * 200} frames, and no GOAWAY: {piece!r}")
        return 0

    def test_frames_that_ask_for_nothing_end_the_connection(self) -> None:
        for engine in engines():
            for name, piece in {
                "PING": ping_frame(),
                "SETTINGS": settings_frame(INITIAL_WINDOW_SIZE=65535),
                "empty DATA": data_frame(1, b"", 0),
                "PRIORITY": PRIORITY,
                "WINDOW_UPDATE": window_frame(0, 1),
                "WINDOW_UPDATE of a stream": window_frame(1, 1),
                "unknown": UNKNOWN,
                "RST_STREAM": reset_frame(1),
            }.items():
                client = self.client(engine, self.hold)
                client.send(client.head(1, method=b"POST", flags=END_HEADERS))
                self.flood(client, piece)
                assert client.goaway is not None
                code, last = client.goaway
                self.assertEqual(code, ErrorCode.ENHANCE_YOUR_CALM, name)
                self.assertEqual(last, 1)
                client.wait(3)
                self.assertTrue(client.closed, name)

    def test_a_few_of_them_are_no_flood(self) -> None:
        for engine in engines():
            client = self.client(engine)
            for _ in range(10):
                client.send(ping_frame() * 100, PRIORITY * 50)
                client.wait(2)
            self.assertIsNone(client.goaway)
            self.assertEqual(len(client.pongs), 1000)

    def test_rapid_reset_ends_the_connection(self) -> None:
        for engine in engines():
            client = self.client(engine, self.hold)
            for number in range(1, 4001, 2):
                client.send(client.head(number), reset_frame(number))
                if client.goaway is not None:
                    break
            assert client.goaway is not None
            self.assertEqual(client.goaway[0], ErrorCode.ENHANCE_YOUR_CALM)
            self.assertLess(number, 420)
            self.held.clear()
            self.errors.clear()

    def test_resets_that_are_provoked_count_too(self) -> None:
        def upper(client: HTTP2Client, number: int) -> bytes:
            return client.head(number, (b"Upper", b"x"))

        def late_data(client: HTTP2Client, number: int) -> bytes:
            return client.head(number) + data_frame(number, b"x", 0)

        for engine in engines():
            for provoke in (upper, late_data):
                client = self.client(engine, self.hold)
                for number in range(1, 4001, 2):
                    client.send(provoke(client, number))
                    if client.goaway is not None:
                        break
                assert client.goaway is not None
                self.assertEqual(client.goaway[0], ErrorCode.ENHANCE_YOUR_CALM)
                self.held.clear()
                self.errors.clear()

    def test_header_section_without_an_end_ends_the_connection(self) -> None:
        for engine in engines():
            for size in (0, 1, 16000):
                client = self.client(engine)
                client.send(client.head(1, flags=0))
                more = frame(Kind.CONTINUATION, 1, b"\0" * size)
                for _ in range(100):
                    client.send(more)
                    if client.goaway is not None:
                        break
                assert client.goaway is not None
                self.assertEqual(client.goaway[0], ErrorCode.ENHANCE_YOUR_CALM)

    def test_header_bomb_ends_the_connection(self) -> None:
        for engine in engines():
            client = self.client(engine)
            client.send(client.head(1, (b"x", b"y" * 3900)))
            bomb = client.block([(b":method", b"GET")]) + b"\xbe" * 5000
            client.send(frame(Kind.HEADERS, 3, bomb, 5))
            assert client.goaway is not None
            self.assertEqual(client.goaway[0], ErrorCode.ENHANCE_YOUR_CALM)

    def test_window_opened_byte_by_byte_ends_the_connection(self) -> None:
        def render(request: Any) -> bytes:
            return bytes(100_000)

        for engine in engines():
            client = self.client(engine, render, settings={"INITIAL_WINDOW_SIZE": 0})
            client.send(client.head(1))
            self.flood(client, window_frame(1, 1), 50)
            assert client.goaway is not None
            self.assertEqual(client.goaway[0], ErrorCode.ENHANCE_YOUR_CALM)

    def test_reading_a_long_response_is_no_flood(self) -> None:
        def render(request: Any) -> bytes:
            return bytes(500_000)

        for engine in engines():
            client = self.client(engine, render)
            client.send(client.head(1))
            while not client.answer(1).is_ended:
                got = len(client.answer(1).body)
                # More frames, in all, than a flood has.
                client.send(window_frame(1, 1024), window_frame(0, 1024))
                self.assertGreater(len(client.answer(1).body), got)
            self.assertIsNone(client.goaway)

    def test_many_requests_are_no_flood(self) -> None:
        for engine in engines():
            client = self.client(engine)
            for number in range(1, 1201, 2):  # more than the burst
                client.send(client.head(number), window_frame(number, 65535))
            self.assertEqual(client.answer(1199).status, 200)
            self.assertIsNone(client.goaway)

    def test_a_turn_takes_in_so_many_requests(self) -> None:
        for engine in engines():
            seen: list[int] = []
            client = self.client(engine, self.hold)
            heads = [client.head(number) for number in range(1, 161, 2)]
            client.protocol.dataReceived(b"".join(heads))
            seen.append(len(self.held))
            self.assertEqual(client.transport.producerState, "paused")
            client.clock.advance(0)
            seen.append(len(self.held))
            self.assertEqual(seen, [32, 80])
            self.held.clear()

    def test_requests_wait_while_the_client_does_not_read(self) -> None:
        for engine in engines():
            client = self.client(engine, self.hold)
            heads = [client.head(number) for number in range(1, 81, 2)]
            client.protocol.dataReceived(b"".join(heads))
            client.protocol.pauseProducing()
            client.clock.advance(0)
            self.assertEqual(len(self.held), 32)
            client.protocol.resumeProducing()
            self.assertEqual(len(self.held), 40)
            self.assertEqual(client.transport.producerState, "producing")
            self.held.clear()

    def test_nothing_is_read_while_the_client_does_not_read(self) -> None:
        for engine in engines():
            client = self.client(engine)
            client.protocol.pauseProducing()
            self.assertEqual(client.transport.producerState, "paused")
            client.protocol.resumeProducing()
            self.assertEqual(client.transport.producerState, "producing")


class LimitTests(HTTP2Case):
    """The limits of HTTP/1.1 hold."""

    limits = Limits(
        header_time=5,
        body_time=5,
        idle_time=20,
        write_time=10,
        streams=3,
        connections=2,
        linger_time=2,
    )

    def test_an_upload_may_take_longer_than_a_connection_may_be_idle(self) -> None:
        def count(request: Any) -> bytes:
            return b"%d" % len(request.content.read())

        for engine in engines():
            client = self.client(engine, count)
            client.send(client.head(1, method=b"POST", flags=END_HEADERS))
            for _ in range(20):
                client.send(data_frame(1, b"x" * 5000, 0)).wait(4)
            client.send(data_frame(1, b""))
            self.assertEqual(client.answer(1).body, b"100000")

    def test_limits_of_the_head_are_answered(self) -> None:
        for engine in engines():
            client = self.client(engine)
            many = [(b"x-%d" % number, b"1") for number in range(100)]
            large = [(b"x-%d" % number, b"v" * 1000) for number in range(35)]
            client.send(client.head(1, path=b"/" + b"p" * 9000))
            client.send(client.head(3, *many))
            block = client.block([*request(), *large])
            client.send(frame(Kind.HEADERS, 5, block[:16384], 1))
            for at in range(16384, len(block), 16384):
                is_last = at + 16384 >= len(block)
                part = block[at : at + 16384]
                client.send(frame(Kind.CONTINUATION, 5, part, 4 * is_last))
            client.send(client.head(7))
            found = [client.answer(number).status for number in (1, 3, 5, 7)]
            self.assertEqual(found, [414, 431, 431, 200])
            reasons = [done.reason for done in self.exchanges()]
            self.assertEqual(reasons[0], "request line too long")

    def test_few_bodies_of_a_connection_are_held_in_files(self) -> None:
        files: list[Any] = []

        def render(request: Any) -> bytes:
            return b"%d" % len(request.content.read())

        limits = Limits(body_in_memory=100, body_time=1000)
        for engine in engines():
            client = self.client(engine, render, limits=limits)
            hold = client.site.getContentFile

            def held(length: int | None, hold: Any = hold) -> Any:
                files.append(hold(length))
                return files[-1]

            client.site.getContentFile = held  # type: ignore[method-assign]
            numbers = range(1, 41, 2)
            for number in numbers:
                client.send(client.head(number, method=b"POST", flags=END_HEADERS))
                client.send(data_frame(number, bytes(90), 0))
                client.send(data_frame(number, bytes(90), 0))
            large = [file for file in files if file.tell() > 100]
            self.assertEqual(len(large), MAX_LARGE_BODIES)
            client.send(reset_frame(3), reset_frame(39))
            for number in numbers:
                if number not in (3, 39):
                    client.send(data_frame(number, bytes(20)))
                    self.assertEqual(client.answer(number).body, b"200", number)
            files.clear()

    def test_however_many_bodies_that_wait_are_whole_all_are_answered(self) -> None:
        limits = Limits(body_in_memory=100, streams=1000)
        for engine in engines():
            client = self.client(engine, limits=limits)
            first = range(1, 2 * MAX_LARGE_BODIES, 2)
            others = range(2 * MAX_LARGE_BODIES + 1, 1200, 2)
            for number in (*first, *others):
                client.send(client.head(number, method=b"POST", flags=END_HEADERS))
                client.send(data_frame(number, bytes(200), int(number in others)))
            for number in first:
                client.send(data_frame(number, b""))
            client.wait(2)
            unanswered = [
                n for n in (*first, *others) if client.answer(n).status != 200
            ]
            self.assertEqual(unanswered, [])

    def test_body_whose_end_finds_no_room_is_refused(self) -> None:
        for engine in engines():
            client = self.client(engine)
            hold = client.site.getContentFile
            client.site.getContentFile = lambda length: LateFullFile()  # type: ignore[method-assign]
            client.send(client.head(1, method=b"POST", flags=END_HEADERS))
            client.send(data_frame(1, bytes(90)))
            self.assertEqual(client.answer(1).status, 507)
            client.site.getContentFile = hold  # type: ignore[method-assign]
            client.send(client.head(3, method=b"POST", flags=END_HEADERS))
            client.send(data_frame(3, bytes(90)))
            self.assertEqual(client.answer(3).status, 200)

    def test_refused_bodies_let_others_become_large(self) -> None:
        limits = Limits(body_in_memory=100, body=500)
        for engine in engines():
            client = self.client(engine, limits=limits)
            for number in range(1, 41, 2):
                client.send(client.head(number, method=b"POST", flags=END_HEADERS))
                client.send(data_frame(number, bytes(501), 0))
                self.assertEqual(client.answer(number).status, 413)
            client.send(client.head(41, method=b"POST", flags=END_HEADERS))
            client.send(data_frame(41, bytes(400)))
            self.assertEqual(client.answer(41).status, 200)

    def test_one_stream_too_many_is_refused(self) -> None:
        for engine in engines():
            client = self.client(engine, self.hold)
            assert client.settings is not None
            self.assertEqual(client.settings[3], 3)
            client.send(*(client.head(number) for number in (1, 3, 5, 7)))
            client.send(frame(Kind.SETTINGS, 0, b"", 1), client.head(9))
            for number in (7, 9):
                self.assertEqual(client.answer(number).reset, ErrorCode.REFUSED_STREAM)
            self.assertIsNone(client.goaway)
            self.held[0].finish()
            client.read().send(client.head(11))
            self.held[-1].finish()
            self.assertEqual(client.read().answer(11).status, 200)
            self.held.clear()

    def test_idle_connection_is_closed_with_a_goaway(self) -> None:
        for engine in engines():
            client = self.client(engine)
            client.send(client.head(1)).wait(15)
            client.send(ping_frame())
            self.assertIsNone(client.goaway)
            client.wait(7)
            self.assertEqual(client.goaway, (ErrorCode.NO_ERROR, 1))
            self.assertTrue(client.closed)

    def test_connection_with_an_open_stream_is_not_idle(self) -> None:
        for engine in engines():
            client = self.client(engine, self.hold)
            client.send(client.head(1)).wait(100)
            self.assertIsNone(client.goaway)
            self.held.pop().finish()
            self.assertEqual(client.read().answer(1).status, 200)

    def test_frame_in_a_trickle_ends_the_connection(self) -> None:
        for engine in engines():
            client = self.client(engine)
            client.send(client.head(1)).wait(7)
            self.assertFalse(client.closed)
            head = client.head(3)
            for at in range(8):
                client.send(head[at : at + 1]).wait(1)
            client.wait(3)
            self.assertTrue(client.closed)

    def test_preface_that_does_not_come_ends_the_connection(self) -> None:
        for engine in engines():
            client = HTTP2Client(self.resource(), engine, self.limits, settings=None)
            client.send(b"PRI * HTTP").wait(9)
            self.assertTrue(client.closed)

    def resource(self) -> Any:
        """Any resource."""
        from .support.function_resource import FunctionResource

        return FunctionResource(lambda request: b"")

    def test_one_connection_too_many_is_answered_503(self) -> None:
        for engine in engines():
            client = self.client(engine)  # which is the second
            third = HTTP2Client(self.resource(), engine, site=client.site)
            answer = third.send(third.head(1)).answer(1)
            self.assertEqual(answer.status, 503)
            self.assertTrue(third.closed)

    def test_place_of_a_connection_is_given_back(self) -> None:
        for engine in engines():
            client = self.client(engine)
            before = client.site.connection_limit.count
            client.leave()
            self.assertEqual(client.site.connection_limit.count, before - 1)
            self.assertNotIn(client.protocol, client.site.deadlines.members)

    def test_closing_waits_for_the_responses(self) -> None:
        for engine in engines():
            client = self.client(engine, self.hold)
            client.send(client.head(1))
            client.protocol.close()
            self.assertEqual(client.read().goaway, (ErrorCode.NO_ERROR, 1))
            client.send(client.head(3))
            self.assertEqual(client.answer(3).reset, ErrorCode.REFUSED_STREAM)
            self.assertFalse(client.closed)
            self.held.pop().finish()
            self.assertEqual(client.read().answer(1).status, 200)
            self.assertTrue(client.closed)

    def test_client_that_leaves_gets_its_responses(self) -> None:
        goaway = frame(Kind.GOAWAY, 0, bytes(8))
        for engine in engines():
            client = self.client(engine, self.hold)
            client.send(client.head(1), goaway)
            self.assertFalse(client.closed)
            self.held.pop().finish()
            self.assertEqual(client.read().answer(1).status, 200)
            self.assertTrue(client.closed)

    def test_malformed_request_is_reported(self) -> None:
        for engine in engines():
            client = self.client(engine)
            client.send(client.head(1, (b"Upper", b"x")), client.head(3))
            first, second = self.exchanges()
            self.assertEqual(first.ending, Ending.REFUSED)
            self.assertIn("8.1.1", first.clause)
            self.assertEqual(second.ending, Ending.COMPLETE)

    def test_data_behind_the_end_resets_its_stream_only(self) -> None:
        for engine in engines():
            client = self.client(engine, self.hold)
            client.send(client.head(1), client.head(3))
            client.send(data_frame(1, b"x" * 300))
            self.assertEqual(client.answer(1).reset, ErrorCode.STREAM_CLOSED)
            self.held[1].finish()
            self.assertEqual(client.read().answer(3).status, 200)
            self.assertIsNone(client.goaway)
            self.held.clear()
            self.errors.clear()

    def test_connect_is_answered_501(self) -> None:
        for engine in engines():
            client = self.client(engine)
            fields = [(b":method", b"CONNECT"), (b":authority", b"a:1")]
            self.assertEqual(
                client.send(client.headers(1, fields)).answer(1).status, 501
            )


def request() -> list[tuple[bytes, bytes]]:
    """The pseudo-header fields of a request."""
    return [
        (b":method", b"GET"),
        (b":scheme", b"https"),
        (b":authority", b"a"),
        (b":path", b"/"),
    ]


class BudgetTests(SynchronousTestCase):
    """What a connection may spend."""

    def test_what_was_spent_comes_back_with_time(self) -> None:
        budget = FloodBudget(0)
        for _ in range(500):
            budget.spend_on_junk()
        self.assertRaises(ConnectionFault, budget.spend_on_junk)
        budget.passed(4)
        for _ in range(390):
            budget.spend_on_junk()

    def test_it_never_has_more_than_the_burst(self) -> None:
        budget = FloodBudget(0)
        budget.passed(10_000)
        budget.earn(10_000)
        for _ in range(200):
            budget.spend_on_reset()
        self.assertRaises(ConnectionFault, budget.spend_on_reset)
        for _ in range(5000):
            budget.spend_on_small_data()
        self.assertRaises(ConnectionFault, budget.spend_on_small_data)
