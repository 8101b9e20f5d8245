"""
`dartio_tut.wire.http2`: requests and responses, with each engine.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web import server
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import Limits, Site
from dartio_tut.wire import (
    Ending,
    Event,
    EventBatch,
    ExchangeDone,
    IncompleteBody,
    Noted,
    exchanges_done,
)
from dartio_tut.wire.http2.engine import ErrorCode
from dartio_tut.wire.http2.engines import EngineChoice

from .support.function_resource import FunctionResource
from .support.http2_client import (
    END_HEADERS,
    HTTP2Client,
    data_frame,
    engines,
    reset_frame,
    settings_frame,
    window_frame,
)

KIB = 1024


class HTTP2Case(SynchronousTestCase):
    """
    Tests that run once with each engine.

    :cvar in_batches: whether events are told many at a time, and exchanges in short.
    """

    in_batches = False
    limits = Limits()

    def setUp(self) -> None:
        self.held: list[Any] = []
        self.errors: list[Failure] = []
        self.events: list[Event] = []
        self._batches: list[EventBatch] = []

    def hold(self, request: Any) -> int:
        """Keep *request* for later."""
        self.held.append(request)
        request.notifyFinish().addErrback(self.errors.append)
        return NOT_DONE_YET

    def client(
        self,
        engine: EngineChoice,
        render: Callable[[Any], Any] = lambda request: b"hello",
        **more: Any,
    ) -> HTTP2Client:
        """A connection to a site whose resource is *render*."""
        more.setdefault("limits", self.limits)
        settings = more.pop("settings", {})
        client = HTTP2Client(FunctionResource(render), engine, settings=None, **more)
        if self.in_batches:
            client.site.add_batch_observer(self._note)
            self._batches.append(client.site.event_batch)
        else:
            client.site.add_observer(self.events.append)
        client.protocol._reports = None
        again = HTTP2Client(
            FunctionResource(render), engine, settings=settings, site=client.site
        )
        return again

    def _note(self, noted: list[Noted]) -> None:
        self.events += exchanges_done(noted)

    def exchanges(self) -> list[ExchangeDone]:
        """The exchanges that are done; they are told once."""
        for batch in self._batches:
            batch.tell()
        found = [event for event in self.events if isinstance(event, ExchangeDone)]
        self.events.clear()
        return found


class ResponseTests(HTTP2Case):
    """What a resource gives is what the client gets."""

    def test_response_has_its_body_and_ends_the_stream(self) -> None:
        for engine in engines():
            client = self.client(engine)
            answer = client.send(client.head(1)).answer(1)
            self.assertEqual((answer.status, answer.body), (200, b"hello"))
            self.assertTrue(answer.is_ended)
            self.assertEqual(answer.fields["content-length"], "5")
            self.assertEqual(answer.fields["content-type"], "text/html")
            (done,) = self.exchanges()
            self.assertEqual(done.ending, Ending.COMPLETE)
            self.assertEqual((done.method, done.version), (b"GET", b"HTTP/2"))
            self.assertEqual(done.response_body_bytes, 5)

    def test_section_that_tells_of_a_body_that_never_comes_is_malformed_always(
        self,
    ) -> None:
        """Also when the same bytes have come before, and were a right beginning."""
        for engine in engines():
            client = self.client(engine)
            length = b"content-length", b"5"
            client.send(client.head(1, length))  # fills the table
            right = client.head(3, length, method=b"POST", flags=END_HEADERS)
            client.send(right, data_frame(3, b"12345"))
            for stream_id in (5, 7):
                client.send(client.head(stream_id, length, method=b"POST"))
                reset = client.answer(stream_id).reset
                self.assertEqual(reset, ErrorCode.PROTOCOL_ERROR)
            client.send(client.head(9, method=b"POST"))
            self.assertEqual(client.answer(9).status, 200)
            self.assertEqual(client.answer(3).status, 200)

    def test_request_looks_like_any_other(self) -> None:
        def render(request: Any) -> bytes:
            cookies = request.received_cookies
            said = (
                request.method,
                request.uri,
                request.path,
                request.args[b"c"],
                request.getHeader(b"host"),
                request.getHeader("user-agent"),
                cookies[b"a"] + cookies[b"b"],
                request.clientproto,
            )
            return repr(said).encode()

        for engine in engines():
            client = self.client(engine, render)
            fields = (b"user-agent", b"test"), (b"cookie", b"a=1"), (b"cookie", b"b=2")
            answer = client.send(client.head(1, *fields, path=b"/x?c=d")).answer(1)
            self.assertEqual(
                answer.body.decode(),
                repr(
                    (b"GET", b"/x?c=d", b"/x", [b"d"], b"a", "test", b"12", b"HTTP/2")
                ),
            )

    def test_head_and_codes_without_a_body_have_none(self) -> None:
        def render(request: Any) -> bytes:
            request.setResponseCode(int(request.path[1:]))
            return b"body" if request.path == b"/200" else b""

        for engine in engines():
            client = self.client(engine, render)
            for stream_id, method, path, length in (
                (1, b"HEAD", b"/200", "4"),
                (3, b"GET", b"/204", None),
                (5, b"GET", b"/304", None),
            ):
                answer = client.send(
                    client.head(stream_id, method=method, path=path)
                ).answer(stream_id)
                self.assertTrue(answer.is_ended)
                self.assertEqual(answer.data_frames, [])
                self.assertEqual(answer.fields.get("content-length"), length)

    def test_fields_that_speak_of_a_connection_are_not_sent(self) -> None:
        def render(request: Any) -> bytes:
            for name in ("Connection", "Keep-Alive", "Upgrade", "Transfer-Encoding"):
                request.setHeader(name, "x")
            request.setHeader("X-Other", "y")
            return b""

        for engine in engines():
            client = self.client(engine, render)
            fields = client.send(client.head(1)).answer(1).fields
            self.assertEqual(fields["x-other"], "y")
            self.assertFalse({"connection", "keep-alive", "upgrade"} & set(fields))

    def test_response_of_unknown_length_ends_with_the_stream(self) -> None:
        for engine in engines():
            client = self.client(engine, self.hold)
            client.send(client.head(1))
            request = self.held.pop()
            request.write(b"one")
            self.assertEqual(client.read().answer(1).body, b"one")
            self.assertFalse(client.answer(1).is_ended)
            request.write(b"two")
            request.finish()
            answer = client.read().answer(1)
            self.assertEqual((answer.body, answer.is_ended), (b"onetwo", True))

    def test_responses_come_in_the_order_in_which_they_are_ready(self) -> None:
        for engine in engines():
            client = self.client(engine, self.hold)
            client.send(client.head(1), client.head(3))
            first, second = self.held
            self.held.clear()
            for request in (second, first):
                request.write(request.uri)
                request.finish()
            self.assertEqual(client.read().order[0], 3)
            self.assertEqual(len(self.exchanges()), 2)

    def test_requests_of_another_factory_are_answered(self) -> None:
        def render(request: Any) -> bytes:
            data: bytes = request.content.read()
            return b"got " + data

        for engine in engines():
            client = self.client(engine, render, requestFactory=server.Request)
            post = client.head(1, method=b"POST", flags=END_HEADERS)
            answer = client.send(post, data_frame(1, b"abc")).answer(1)
            self.assertEqual((answer.body, answer.is_ended), (b"got abc", True))

    def test_resource_that_fails_is_answered_500(self) -> None:
        def render(request: Any) -> bytes:
            raise RuntimeError("fault")

        for engine in engines():
            client = self.client(engine, render)
            self.assertEqual(client.send(client.head(1)).answer(1).status, 500)
            self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_resource_that_fails_in_its_response_resets_the_stream(self) -> None:
        def render(request: Any) -> bytes:
            request.write(b"some")
            raise RuntimeError("fault")

        for engine in engines():
            client = self.client(engine, render)
            answer = client.send(client.head(1), client.head(3)).answer(1)
            self.assertEqual(answer.reset, ErrorCode.INTERNAL_ERROR)
            self.assertIsNone(client.goaway)
            self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)
            self.assertEqual(
                [done.ending for done in self.exchanges()], [Ending.CUT_OFF] * 2
            )

    def test_text_that_is_written_as_bytes_is_a_500(self) -> None:
        def render(request: Any) -> int:
            request.write("text")
            return NOT_DONE_YET

        for engine in engines():
            client = self.client(engine, render)
            with capturedLogs() as logged:
                client.send(client.head(1))
            answer = client.answer(1)
            self.assertEqual((answer.status, answer.reset), (500, None))
            self.assertNotIn(b"text", answer.body)
            self.assertTrue(answer.is_ended)
            (said,) = map(formatEvent, logged)
            self.assertIn("request.write takes bytes", said)

    def test_response_shorter_than_it_said_resets_the_stream(self) -> None:
        def render(request: Any) -> int:
            request.setHeader("Content-Length", "10")
            request.write(b"short")
            request.finish()
            return NOT_DONE_YET

        for engine in engines():
            client = self.client(engine, render)
            answer = client.send(client.head(1)).answer(1)
            self.assertEqual(answer.reset, ErrorCode.INTERNAL_ERROR)
            self.assertFalse(answer.is_ended)


class RequestBodyTests(HTTP2Case):
    """Request bodies, held or streamed."""

    limits = Limits(body=1000, body_time=5, linger_time=2)

    def echo(self, request: Any) -> bytes:
        """The body of *request*."""
        data: bytes = request.content.read()
        return data

    def post(self, client: HTTP2Client, stream_id: int, *fields: Any) -> bytes:
        """The head of a request with a body."""
        return client.head(stream_id, *fields, method=b"POST", flags=END_HEADERS)

    def test_body_arrives_whole(self) -> None:
        for engine in engines():
            client = self.client(engine, self.echo)
            pieces = [data_frame(1, b"ab", 0), data_frame(1, b"cd")]
            answer = client.send(self.post(client, 1), *pieces).answer(1)
            self.assertEqual(answer.body, b"abcd")
            (done,) = self.exchanges()
            self.assertEqual(done.request_body_bytes, 4)

    def test_body_may_come_in_any_pieces(self) -> None:
        for engine in engines():
            client = self.client(engine, self.echo)
            data = self.post(client, 1) + data_frame(1, b"abcd")
            for at in range(len(data)):
                client.send(data[at : at + 1])
            self.assertEqual(client.answer(1).body, b"abcd")

    def test_body_may_end_with_trailers(self) -> None:
        def render(request: Any) -> bytes:
            return repr((request.content.read(), request.trailers)).encode()

        for engine in engines():
            client = self.client(engine, render)
            trailers = client.headers(1, [(b"x-sum", b"9")])
            answer = client.send(
                self.post(client, 1), data_frame(1, b"ab", 0), trailers
            ).answer(1)
            self.assertEqual(answer.body, repr((b"ab", ((b"x-sum", b"9"),))).encode())

    def test_too_long_a_body_is_refused_before_it_is_read(self) -> None:
        for engine in engines():
            client = self.client(engine, self.echo)
            head = self.post(client, 1, (b"content-length", b"1001"))
            answer = client.send(head).answer(1)
            self.assertEqual((answer.status, answer.is_ended), (413, True))
            self.assertIsNone(answer.reset)
            (done,) = self.exchanges()
            self.assertEqual((done.ending, done.status), (Ending.REFUSED, 413))
            client.wait(4)
            self.assertEqual(answer.reset, ErrorCode.NO_ERROR)

    def test_too_long_a_body_of_unknown_length_is_refused(self) -> None:
        for engine in engines():
            client = self.client(engine, self.echo)
            head = self.post(client, 1)
            answer = client.send(head, data_frame(1, bytes(1001), 0)).answer(1)
            self.assertEqual((answer.status, answer.is_ended), (413, True))
            self.assertIsNone(answer.reset)
            client.send(data_frame(1, bytes(500), 0))
            self.assertIsNone(answer.reset)
            self.assertIsNone(client.goaway)
            client.wait(4)
            self.assertEqual(answer.reset, ErrorCode.NO_ERROR)
            client.send(data_frame(1, bytes(500)), client.head(3, method=b"POST"))
            self.assertEqual(client.answer(3).status, 200)

    def test_expectation_is_met_when_the_body_is_allowed(self) -> None:
        expects = (b"expect", b"100-continue")
        for engine in engines():
            client = self.client(engine, self.echo)
            client.send(
                self.post(client, 1, expects, (b"content-length", b"3")),
                self.post(client, 3, expects, (b"content-length", b"3000")),
                self.post(client, 5, (b"expect", b"a-miracle")),
            )
            self.assertEqual(client.answer(1).interim, [100])
            self.assertEqual(client.answer(1).status, 0)
            client.send(data_frame(1, b"abc"))
            self.assertEqual(client.answer(1).body, b"abc")
            self.assertEqual(client.answer(3).interim, [])
            self.assertEqual(client.answer(3).status, 413)
            self.assertEqual(client.answer(5).status, 417)

    def test_cancel_after_an_expectation_harms_nobody(self) -> None:
        for engine in engines():
            client = self.client(engine, self.echo)
            head = self.post(client, 1, (b"expect", b"100-continue"))
            client.send(head).send(reset_frame(1), client.head(3))
            self.assertEqual(client.answer(3).status, 200)
            self.assertIsNone(client.goaway)

    def test_body_that_stalls_is_answered_408(self) -> None:
        for engine in engines():
            client = self.client(engine, self.echo)
            client.send(self.post(client, 1), data_frame(1, b"a", 0), client.head(3))
            client.wait(4)
            self.assertEqual(client.answer(1).status, 0)
            client.wait(3)
            self.assertEqual(client.answer(1).status, 408)
            done = self.exchanges()[-1]
            self.assertEqual((done.ending, done.status), (Ending.TIMED_OUT, 408))

    def test_body_in_a_trickle_is_answered_408(self) -> None:
        for engine in engines():
            client = self.client(engine, self.echo)
            client.send(self.post(client, 1))
            data = data_frame(1, bytes(900), 0)
            for at in range(12):
                client.send(data[at : at + 1]).wait(1)
            self.assertEqual(client.answer(1).status, 408)

    def test_body_that_breaks_off_is_told_as_incomplete(self) -> None:
        for engine in engines():
            for leave in (
                lambda client: client.send(reset_frame(1)),
                lambda client: client.leave(),
                lambda client: client.send(b"\0\0\1\7\0\0\0\0\0x"),
            ):
                taker = Taker()
                client = self.streaming(engine, taker)
                client.send(self.post(client, 1), data_frame(1, b"abc", 0))
                self.assertEqual(taker.taken, b"abc")
                leave(client)
                assert taker.reason is not None
                self.assertTrue(taker.reason.check(IncompleteBody))

    def streaming(self, engine: EngineChoice, taker: Protocol) -> HTTP2Client:
        """A connection to a resource that has its body delivered to *taker*."""

        def render(request: Any) -> int:
            request.deliver_body(taker)
            self.held.append(request)
            return NOT_DONE_YET

        resource = FunctionResource(render)
        resource.streams_up_to = 1_000_000  # type: ignore[attr-defined]
        return HTTP2Client(resource, engine, limits=self.limits, streaming=True)

    def test_streamed_body_is_handed_over_while_it_arrives(self) -> None:
        for engine in engines():
            taker = Taker()
            client = self.streaming(engine, taker)
            client.send(self.post(client, 1, (b"expect", b"100-continue")))
            self.assertEqual(client.answer(1).interim, [100])
            client.send(data_frame(1, b"abc", 0))
            self.assertEqual(taker.taken, b"abc")
            client.send(data_frame(1, b"def"))
            assert taker.reason is not None
            self.assertTrue(taker.reason.check(ConnectionDone))

    def test_streamed_body_that_is_paused_closes_its_own_window_only(self) -> None:
        for engine, by_transport in product(engines(), (False, True)):
            taker = Taker()
            client = self.streaming(engine, taker)
            client.send(self.post(client, 1), data_frame(1, b"a", 0))
            transport = self.held[-1].transport
            if by_transport:
                transport.pauseProducing()
            else:
                taker.pause()
            before = dict(client.windows)
            for _ in range(3):
                client.send(data_frame(1, bytes(16 * KIB), 0))
            self.assertEqual(taker.taken, b"a")
            self.assertEqual(client.windows.get(1), before.get(1))
            client.wait(10)
            self.assertIsNone(client.answer(1).reset)
            if by_transport:
                transport.resumeProducing()
            else:
                taker.resume()
            self.assertEqual(len(taker.taken), 1 + 48 * KIB)
            self.assertGreater(client.read().windows.get(1, 0), 0)

    def test_empty_body_is_delivered(self) -> None:
        for engine in engines():
            taker = Taker()

            def render(request: Any, taker: Taker = taker) -> bytes:
                request.deliver_body(taker)
                return b"done"

            client = self.client(engine, render)
            self.assertEqual(client.send(client.head(1)).answer(1).body, b"done")
            assert taker.reason is not None
            self.assertTrue(taker.reason.check(ConnectionDone))


class Taker(Protocol):
    """Takes a body."""

    def __init__(self) -> None:
        self.taken = b""
        self.reason: Failure | None = None

    def dataReceived(self, data: bytes) -> None:
        """Keep *data*."""
        self.taken += data

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """Keep the *reason*."""
        self.reason = reason

    def pause(self) -> None:
        """Take nothing for a while."""
        self.transport.pauseProducing()  # type: ignore[union-attr]

    def resume(self) -> None:
        """Go on."""
        self.transport.resumeProducing()  # type: ignore[union-attr]


class SendingTests(HTTP2Case):
    """Bodies of responses, files, windows and fairness."""

    limits = Limits(write_time=10)

    def setUp(self) -> None:
        super().setUp()
        self.path = Path(self.mktemp())
        self.path.write_bytes(os.urandom(300 * KIB))

    def send_file(self, request: Any) -> int:
        """Send the file."""
        self.descriptor = os.open(self.path, os.O_RDONLY)
        request.send_file(self.descriptor, 0, self.path.stat().st_size)
        return NOT_DONE_YET

    def is_closed(self) -> bool:
        """Whether the file is closed."""
        try:
            os.fstat(self.descriptor)
        except OSError:
            return True
        return False

    def test_file_is_sent_as_the_windows_allow(self) -> None:
        for engine in engines():
            client = self.client(engine, self.send_file)
            client.send(client.head(1))
            self.assertEqual(len(client.answer(1).body), 64 * KIB - 1)
            self.assertFalse(self.is_closed())
            client.send(window_frame(1, 1_000_000))
            self.assertEqual(len(client.answer(1).body), 64 * KIB - 1)
            client.send(window_frame(0, 1_000_000))
            answer = client.answer(1)
            self.assertEqual(answer.body, self.path.read_bytes())
            self.assertTrue(answer.is_ended)
            self.assertTrue(self.is_closed())
            (done,) = self.exchanges()
            self.assertEqual(done.ending, Ending.COMPLETE)
            self.assertEqual(done.response_body_bytes, 300 * KIB)

    def test_cancelled_download_closes_its_file(self) -> None:
        for engine in engines():
            client = self.client(engine, self.send_file)
            client.send(client.head(1)).send(reset_frame(1))
            self.assertTrue(self.is_closed())
            (done,) = self.exchanges()
            self.assertEqual(done.ending, Ending.CLIENT_GONE)
            self.assertEqual(done.response_body_bytes, 64 * KIB - 1)

    def test_file_for_a_stream_that_was_cut_off_is_closed_and_not_sent(self) -> None:
        def render(request: Any) -> int:
            request.channel.abortConnection()
            return self.send_file(request)

        for engine in engines():
            client = self.client(engine, render)
            client.send(client.head(1))
            self.assertEqual(client.answer(1).reset, ErrorCode.INTERNAL_ERROR)
            self.assertEqual(client.answer(1).status, 0)
            self.assertTrue(self.is_closed())

    def test_lost_connection_closes_files(self) -> None:
        for engine in engines():
            client = self.client(engine, self.send_file)
            client.send(client.head(1)).leave()
            self.assertTrue(self.is_closed())
            self.assertEqual(self.exchanges()[0].ending, Ending.CLIENT_GONE)

    def test_closed_window_costs_nothing_and_ends_in_a_reset(self) -> None:
        for engine in engines():
            client = self.client(
                engine, self.send_file, settings={"INITIAL_WINDOW_SIZE": 0}
            )
            client.send(client.head(1))
            self.assertEqual(client.answer(1).status, 200)
            self.assertEqual(client.answer(1).data_frames, [])
            soon = [c for c in client.clock.getDelayedCalls() if c.getTime() <= 0]
            self.assertEqual(soon, [])
            client.wait(9)
            self.assertIsNone(client.answer(1).reset)
            client.wait(3)
            self.assertEqual(client.answer(1).reset, ErrorCode.CANCEL)
            self.assertTrue(self.is_closed())
            self.assertEqual(self.exchanges()[0].ending, Ending.TIMED_OUT)

    def test_response_that_comes_late_has_all_of_its_time(self) -> None:
        for engine in engines():
            client = self.client(
                engine, self.hold, settings={"INITIAL_WINDOW_SIZE": 10}
            )
            client.send(client.head(1))
            request = self.held.pop()
            request.write(b"0123456789")
            client.wait(50)
            request.write(b"more")
            client.wait(9)
            self.assertIsNone(client.answer(1).reset)
            client.wait(3)
            self.assertEqual(client.answer(1).reset, ErrorCode.CANCEL)
            self.errors.clear()

    def test_stream_waits_for_a_slow_transport_without_being_cut(self) -> None:
        for engine in engines():
            client = self.client(engine, self.send_file)
            client.send(window_frame(0, 10**6))
            client.protocol.pauseProducing()
            client.protocol.transport.sender.client_progress = iter(range(99)).__next__
            client.protocol.dataReceived(client.head(1) + window_frame(1, 10**6))
            client.wait(50)
            client.protocol.resumeProducing()
            client.wait(2)
            self.assertEqual(len(client.answer(1).body), 300 * KIB)

    def test_slow_but_steady_reader_is_not_cut(self) -> None:
        for engine in engines():
            client = self.client(
                engine, self.send_file, settings={"INITIAL_WINDOW_SIZE": 0}
            )
            client.send(client.head(1))
            for _ in range(10):
                client.wait(5).send(window_frame(1, 1000))
            self.assertIsNone(client.answer(1).reset)
            self.assertEqual(len(client.answer(1).body), 10_000)

    def test_shorter_file_resets_the_stream(self) -> None:
        def render(request: Any) -> int:
            descriptor = os.open(self.path, os.O_RDONLY)
            request.send_file(descriptor, 0, 400 * KIB)
            return NOT_DONE_YET

        for engine in engines():
            client = self.client(engine, render)
            client.send(client.head(1), window_frame(0, 10**6), window_frame(1, 10**6))
            self.assertEqual(client.answer(1).reset, ErrorCode.INTERNAL_ERROR)
            self.assertFalse(client.answer(1).is_ended)
            self.assertIsNone(client.goaway)

    def test_smaller_window_by_settings_is_kept(self) -> None:
        for engine in engines():
            client = self.client(engine, self.send_file)
            client.send(client.head(1), settings_frame(INITIAL_WINDOW_SIZE=0))
            client.send(window_frame(0, 10**6), window_frame(1, 1000))
            client.send(window_frame(1, 64 * KIB))
            self.assertEqual(len(client.answer(1).body), 64 * KIB + 1000)
            self.assertIsNone(client.goaway)

    def test_small_response_does_not_wait_for_a_download(self) -> None:
        def render(request: Any) -> Any:
            return self.send_file(request) if request.path == b"/file" else b"small"

        for engine in engines():
            client = self.client(engine, render)
            client.protocol.pauseProducing()
            client.send(
                window_frame(0, 10**6),
                settings_frame(INITIAL_WINDOW_SIZE=10**6),
                client.head(1, path=b"/file"),
                client.head(3, path=b"/file"),
                client.head(5),
            )
            client.protocol.resumeProducing()
            client.read()
            place = client.order.index(5)
            self.assertLess(sum(client.answer(5).data_frames), 10)
            self.assertLess(place, 12, client.order)
            self.assertGreater(len(client.order), 30)

    def test_producer_is_paused_while_the_client_does_not_read(self) -> None:
        for engine in engines():
            client = self.client(engine, self.hold)
            client.send(client.head(1))
            request = self.held.pop()
            producer = Counting()
            request.registerProducer(producer, True)
            request.write(bytes(200 * KIB))
            self.assertEqual(producer.calls, ["pause"])
            client.send(window_frame(0, 10**6), window_frame(1, 10**6))
            self.assertEqual(producer.calls, ["pause", "resume"])
            request.unregisterProducer()
            request.finish()
            self.assertEqual(len(client.read().answer(1).body), 200 * KIB)
            self.assertTrue(client.answer(1).is_ended)

    def test_producer_is_stopped_when_the_stream_is_reset(self) -> None:
        for engine in engines():
            client = self.client(engine, self.hold)
            client.send(client.head(1))
            producer = Counting()
            self.held.pop().registerProducer(producer, True)
            client.send(reset_frame(1))
            self.assertEqual(producer.calls, ["stop"])


class Counting:
    """A producer that notes what it is told."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        """Note it."""
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        """Note it."""
        self.calls.append("resume")

    def stopProducing(self) -> None:
        """Note it."""
        self.calls.append("stop")


class ResetTests(HTTP2Case):
    """Streams that a client resets."""

    def test_request_hears_of_a_reset(self) -> None:
        for engine in engines():
            client = self.client(engine, self.hold)
            client.send(client.head(1), client.head(3)).send(reset_frame(1))
            self.assertEqual(len(self.errors), 1)
            self.assertEqual(self.exchanges()[0].ending, Ending.CLIENT_GONE)
            self.held[1].write(b"other")
            self.held[1].finish()
            self.held[0].write(b"too late")
            self.assertEqual(client.read().answer(3).body, b"other")
            self.assertEqual(client.answer(1).body, b"")
            self.held.clear()
            self.errors.clear()
            self.events.clear()

    def test_reset_in_the_packet_of_the_next_request(self) -> None:
        for engine in engines():
            client = self.client(engine, self.hold)
            client.send(client.head(1))
            client.send(reset_frame(1), client.head(3), reset_frame(3), client.head(5))
            self.assertEqual(len(self.errors), 2)
            self.assertIsNone(client.goaway)
            self.held[-1].finish()
            self.assertEqual(client.read().answer(5).status, 200)
            self.held.clear()
            self.errors.clear()

    def test_writes_after_a_reset_are_dropped(self) -> None:
        for engine in engines():
            client = self.client(engine, self.hold)
            client.send(client.head(1)).send(reset_frame(1))
            request = self.held.pop()
            request.write(b"late")
            self.assertRaises(RuntimeError, request.finish)
            self.assertEqual(client.read().answer(1).body, b"")


class TreeTests(HTTP2Case):
    """Any tree of twisted.web is served."""

    def test_children_are_found(self) -> None:
        class Leaf(Resource):
            isLeaf = True

            def render_GET(self, request: Any) -> bytes:
                return b"/".join(request.prepath + [b":"] + request.postpath)

        for engine in engines():
            root = Resource()
            root.putChild(b"a", Leaf())
            client = HTTP2Client(root, engine)
            answer = client.send(client.head(1, path=b"/a/b%20c")).answer(1)
            self.assertEqual(answer.body, b"a/:/b c")
            answer = client.send(client.head(3, path=b"/x")).answer(3)
            self.assertEqual(answer.status, 404)
            post = client.head(5, path=b"/a", method=b"POST")
            self.assertEqual(client.send(post).answer(5).status, 405)

    def test_site_is_a_site_of_twisteds(self) -> None:
        self.assertTrue(issubclass(Site, server.Site))
