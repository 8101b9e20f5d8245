"""
`dartio_tut.wire.http2`: what one stream does, or its program, is felt by no other; and
clients that are unusual, but right, are served.
"""

from __future__ import annotations

from typing import Any

from twisted.web import server

from dartio_tut.daemon import Limits, Site
from dartio_tut.wire import IncompleteBody, Request
from dartio_tut.wire.http2.engine import STREAM_WINDOW, ErrorCode
from dartio_tut.wire.http2.flow_control import ReceivingWindows

from .support.function_resource import FunctionResource
from .support.http2_client import (
    END_HEADERS,
    HTTP2Client,
    data_frame,
    engines,
    reset_frame,
    window_frame,
)
from .test_http2_streams import HTTP2Case, Taker


class Early(Taker):
    """Has *request* answered as soon as a piece of its body has come."""

    def __init__(self, request: Any) -> None:
        super().__init__()
        self.request = request

    def dataReceived(self, data: bytes) -> None:
        """See the class."""
        super().dataReceived(data)
        self.request.write(b"early")
        self.request.finish()


class UnusualClientTests(HTTP2Case):
    """They keep to RFC 9113."""

    def cookies(self, count: int) -> list[tuple[bytes, bytes]]:
        return [(b"cookie", b"c%d=1" % number) for number in range(count)]

    def test_cookies_in_fields_of_their_own_are_one_field(self) -> None:
        """RFC 9113 section 8.2.3; a browser sends up to 180 like this."""
        seen: list[bytes] = []

        def render(request: Any) -> bytes:
            seen.append(request.getHeader(b"cookie"))
            return b""

        for engine in engines():
            client = self.client(engine, render)
            client.send(client.head(1, *self.cookies(180)))
            self.assertEqual(client.answer(1).status, 200)
            self.assertEqual(seen.pop(), b"; ".join(c for _, c in self.cookies(180)))
            others = [(b"x-%d" % number, b"") for number in range(101)]
            client.send(client.head(3, *others))
            self.assertEqual(client.answer(3).status, 431)

    def test_size_of_cookies_is_that_of_one_field(self) -> None:
        size = sum(len(c) + 2 for _, c in self.cookies(50))
        for room, status in [(size + 200, 200), (size, 431)]:
            for engine in engines():
                client = self.client(engine, limits=Limits(header_size=room))
                client.send(client.head(1, *self.cookies(50)))
                self.assertEqual(client.answer(1).status, status)

    def test_one_that_reads_slowly_is_heard_in_the_middle_of_a_download(self) -> None:
        def render(request: Any) -> bytes:
            return b"x" * 1_000_000 if request.path == b"/large" else b"small"

        for engine in engines():
            client = self.client(engine, render)
            client.send(window_frame(0, 10**6))
            write = client.transport.write

            def write_and_block(data: bytes, write: Any = write) -> None:
                write(data)
                client.protocol.pauseProducing()  # noqa: B023

            self.patch(client.transport, "write", write_and_block)
            client.send(client.head(1, path=b"/large"), window_frame(1, 10**6))
            for stream in (3, 5, 7):
                client.protocol.resumeProducing()
                self.assertEqual(client.transport.producerState, "producing")
                client.send(client.head(stream))
                self.assertEqual(client.transport.producerState, "paused")
            client.protocol.resumeProducing()
            client.send(reset_frame(1))
            for _ in range(10):
                client.protocol.resumeProducing()
                client.wait(1)
            self.assertEqual([client.answer(n).body for n in (3, 5, 7)], [b"small"] * 3)
            self.assertLess(len(client.answer(1).body), 1_000_000)

    def test_streams_share_the_window_of_the_connection(self) -> None:
        def render(request: Any) -> bytes:
            return b"x" * 1_000_000 if request.path == b"/large" else b"small"

        for engine in engines():
            client = self.client(
                engine, render, settings={"INITIAL_WINDOW_SIZE": 2**30}
            )
            client.send(client.head(1, path=b"/large"), client.head(3, path=b"/large"))
            client.send(*(client.head(number) for number in (5, 7)))
            for _ in range(20):
                client.send(window_frame(0, 1000))
            for number in (5, 7):
                self.assertEqual(client.answer(number).body, b"small")
            first, second = (len(client.answer(number).body) for number in (1, 3))
            self.assertEqual(first + second, 65_535 + 20_000 - 2 * len(b"small"))
            self.assertGreater(min(first, second), 9_000)

    def test_bodies_that_wait_leave_room_for_those_before_them(self) -> None:
        windows = ReceivingWindows(100 * STREAM_WINDOW)
        for _ in range(92):  # beyond the first, which may be large
            windows.came(STREAM_WINDOW)
        for number in range(1, 17, 2):
            windows.begin(number)
        told = b""
        for _ in range(500):
            for number in range(1, 17, 2):
                windows.came(16_384)  # a fault, if the client was not let send it
                told += windows.credit(number, 16_384)
        self.assertIn(b"\0\0\4\x08\0\0\0\0\0", told)  # of the whole connection

    def test_a_body_that_is_wanted_late_has_its_time_from_then_on(self) -> None:
        expects = (b"expect", b"100-continue")
        for engine in engines():
            resource = FunctionResource(self.hold)
            resource.streams_up_to = 100  # type: ignore[attr-defined]
            client = HTTP2Client(resource, engine, streaming=True)
            client.send(client.head(1, expects, method=b"POST", flags=END_HEADERS))
            client.wait(2 * Limits().body_time)
            self.assertEqual(client.answer(1).interim, [])
            taker = Taker()
            self.held.pop().deliver_body(taker)
            client.wait(Limits().body_time - 2)
            self.assertEqual(client.answer(1).interim, [100])
            client.send(data_frame(1, b"ab", 0))
            self.assertEqual(taker.taken, b"ab")
            client.wait(2 * Limits().body_time)
            self.assertEqual(client.answer(1).status, 408)

    def test_windows_may_be_opened_for_each_little_piece(self) -> None:
        for engine in engines():
            client = self.client(engine, self.hold)
            client.send(client.head(1))
            request = self.held.pop()
            for _ in range(3000):
                request.write(b"x")
                client.read().send(window_frame(1, 1), window_frame(0, 1))
            self.assertIsNone(client.goaway)
            self.assertEqual(client.answer(1).body, b"x" * 3000)
            request.finish()

    def test_a_window_that_is_opened_by_little_pieces_is_a_flood(self) -> None:
        for engine in engines():
            client = self.client(
                engine,
                lambda request: b"x" * 200_000,
                settings={"INITIAL_WINDOW_SIZE": 0},
            )
            client.send(client.head(1))
            for _ in range(3000):
                client.send(window_frame(1, 1))
                if client.goaway is not None:
                    break
            assert client.goaway is not None
            self.assertEqual(client.goaway[0], ErrorCode.ENHANCE_YOUR_CALM)

    def test_control_characters_in_a_field_become_spaces(self) -> None:
        def render(request: Any) -> bytes:
            request.setHeader(b"X-A", b"a\x01\x7fb\tc\x1b")
            return b""

        for engine in engines():
            client = self.client(engine, render)
            client.send(client.head(1))
            self.assertEqual(client.answer(1).fields["x-a"], "a  b\tc")

    def test_length_in_a_304_of_another_factory_is_not_that_of_a_body(self) -> None:
        def render(request: Any) -> int:
            request.setResponseCode(304)
            request.setHeader(b"Content-Length", b"5")
            request.finish()
            return server.NOT_DONE_YET

        for engine in engines():
            client = HTTP2Client(FunctionResource(render), engine)
            client.site.requestFactory = server.Request
            again = HTTP2Client(FunctionResource(render), engine, site=client.site)
            again.send(again.head(1))
            answer = again.answer(1)
            self.assertEqual((answer.status, answer.reset), (304, None))
            self.assertTrue(answer.is_ended)

    def test_body_of_an_answered_request_is_told_as_incomplete(self) -> None:
        takers: list[Early] = []

        def render(request: Any) -> int:
            takers.append(Early(request))
            request.deliver_body(takers[-1])
            return server.NOT_DONE_YET

        for engine in engines():
            resource = FunctionResource(render)
            resource.streams_up_to = 1000  # type: ignore[attr-defined]
            client = HTTP2Client(resource, engine, streaming=True)
            head = client.head(1, method=b"POST", flags=END_HEADERS)
            client.send(head, data_frame(1, b"abc", 0))
            self.assertEqual(client.answer(1).body, b"early")
            reason = takers.pop().reason
            assert reason is not None
            self.assertTrue(reason.check(IncompleteBody))


class FailingRequest(Request):
    """What the program overrides raises, for one path."""

    def process(self) -> None:
        """See the class."""
        if self.uri == b"/process":
            raise ValueError
        super().process()

    def handleContentChunk(self, data: bytes) -> None:
        """See the class."""
        if data == b"bad":
            raise ValueError
        super().handleContentChunk(data)

    def connectionLost(self, reason: Any) -> None:
        """See the class."""
        super().connectionLost(reason)
        if self.uri == b"/lost":
            raise ValueError


class FailingProgramTests(HTTP2Case):
    """A request class whose methods raise, beside a request that is under way."""

    def begun(self, engine: Any) -> HTTP2Client:
        """A connection on which a request waits, on stream 1."""
        site: Any = HTTP2Client(FunctionResource(self.hold), engine).site
        site.requestFactory = FailingRequest
        client = HTTP2Client(site.resource, engine, site=site)
        return client.send(client.head(1))

    def test_the_others_are_answered(self) -> None:
        for engine in engines():
            client = self.begun(engine)
            client.send(client.head(3, path=b"/process"))
            client.send(client.head(5, method=b"POST", flags=END_HEADERS))
            client.send(data_frame(5, b"bad"))
            client.send(client.head(7, path=b"/lost"), reset_frame(7))
            for stream_id in (3, 5):
                reset = client.wait(1).answer(stream_id).reset
                self.assertEqual(reset, ErrorCode.INTERNAL_ERROR)
            self.held[0].write(b"still here")
            self.held[0].finish()
            self.assertEqual(client.read().answer(1).body, b"still here")
            self.assertEqual(len(self.flushLoggedErrors(ValueError)), 3)
            self.held.clear()

    def test_the_others_hear_of_the_end_and_the_place_is_free(self) -> None:
        for engine in engines():
            client = self.begun(engine)
            site: Site = client.site
            client.send(client.head(3, path=b"/lost"), client.head(5))
            self.errors.clear()
            open_before = site.connection_limit.count
            client.leave()
            self.assertEqual(len(self.errors), 3)
            self.assertEqual(site.connection_limit.count, open_before - 1)
            self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
            self.held.clear()
