"""
Content that is handed over while it comes.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.error import (
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
)
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import Limits, Site
from dartio_tut.wire import IncompleteBody
from dartio_tut.wire.streamed_body import DELIVERED_BYTES

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n%b\r\n"
NEXT = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Taking(Protocol):
    """Notes what comes, and answers at the end."""

    transport: Any

    def __init__(self, request: Any) -> None:
        self.request = request
        self.came: list[bytes] = []
        self.reason: Any = None

    def dataReceived(self, data: bytes) -> None:
        self.came.append(data)

    def connectionLost(self, reason: Any = None) -> None:
        self.reason = reason
        if reason.check(ConnectionDone):
            self.request.write(b"took %d" % len(b"".join(self.came)))
            self.request.finish()


class OneAtATime(Taking):
    """Pauses at each piece."""

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        self.transport.pauseProducing()


class Streamed(Resource):
    """Takes up to 100 bytes as a stream."""

    isLeaf = True
    streams_up_to = 100

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Any] = []
        self.taking: list[Taking] = []
        self.at_once = True
        self.protocol: type[Taking] = Taking

    def render_POST(self, request: Any) -> int:
        self.asked.append(request)
        if self.at_once:
            self.take(request)
        return NOT_DONE_YET

    def render_GET(self, request: Any) -> bytes:
        return b"next"

    def take(self, request: Any) -> Taking:
        taking = self.protocol(request)
        self.taking.append(taking)
        request.deliver_body(taking)
        return taking


class StreamingTests(SynchronousTestCase):
    """A site that streams."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.resource = Streamed()
        limits = Limits(body_time=5, body_rate=1)
        site = Site(self.resource, reactor=self.clock, streaming=True, limits=limits)
        self.transport = StringTransport()
        self.channel = site.buildProtocol(None)
        self.channel.makeConnection(self.transport)

    def send(self, data: bytes) -> bytes:
        self.channel.dataReceived(data)
        said: bytes = self.transport.value()
        self.transport.clear()
        return said

    def test_pieces_are_delivered_as_they_come(self) -> None:
        self.assertEqual(self.send(HEAD % (5, b"") + b"ab"), b"")
        (taking,) = self.resource.taking
        self.assertEqual(taking.came, [b"ab"])
        said = self.send(b"cde" + NEXT)
        self.assertEqual(taking.came, [b"ab", b"cde"])
        self.assertIn(b"took 5", said)
        self.assertTrue(said.endswith(b"next"))

    def test_a_chunked_body_is_delivered(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        said = self.send(head + b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n" + NEXT)
        self.assertIn(b"took 5", said)
        self.assertTrue(said.endswith(b"next"))

    def test_a_body_beyond_the_resources_own_limit_is_refused(self) -> None:
        self.assertIn(b" 413 ", self.send(HEAD % (101, b"")))
        self.assertEqual(self.resource.asked, [])

    def test_response_that_does_not_wait_for_the_body_is_said_to_be_the_last(
        self,
    ) -> None:
        def with_fields(request: Any) -> bytes:
            request.responseHeaders.setRawHeaders(b"X-A", [b"b"])
            return b"early"

        def without_content(request: Any) -> bytes:
            request.setResponseCode(204)
            return b""

        for early in (lambda _: b"early", with_fields, without_content):
            for more in (b"", b"Expect: 100-continue\r\n"):
                self.setUp()
                self.patch(Streamed, "render_POST", lambda _, request: early(request))  # noqa: B023
                self.assertIn(b"\r\nConnection: close\r\n", self.send(HEAD % (5, more)))
                self.assertEqual(self.send(b"abcde" + NEXT), b"")

    def test_response_that_waits_for_the_body_is_not_the_last(self) -> None:
        self.resource.at_once = False
        self.assertEqual(self.send(HEAD % (5, b"")), b"")
        (request,) = self.resource.asked
        request.write(b"begun")
        self.assertNotIn(b"Connection:", self.transport.value())
        self.resource.take(request)
        self.assertTrue(self.send(b"abcde" + NEXT).endswith(b"next"))

    def test_100_is_sent_when_the_body_is_wanted_not_before(self) -> None:
        self.resource.at_once = False
        self.assertEqual(self.send(HEAD % (5, b"Expect: 100-continue\r\n")), b"")
        self.resource.take(self.resource.asked[0])
        self.assertEqual(self.transport.value(), b"HTTP/1.1 100 Continue\r\n\r\n")
        self.assertIn(b"took 5", self.send(b"abcde"))

    def test_a_body_that_is_wanted_late_has_its_time_from_then_on(self) -> None:
        self.resource.at_once = False
        wait = int(2 * self.channel.limits.body_time)
        self.assertEqual(self.send(HEAD % (5, b"Expect: 100-continue\r\n")), b"")
        self.clock.pump([1] * wait)
        self.assertEqual(self.transport.value(), b"")
        self.resource.take(self.resource.asked[0])
        self.assertEqual(self.transport.value(), b"HTTP/1.1 100 Continue\r\n\r\n")
        self.clock.pump([1] * (wait // 2 - 2))
        self.assertEqual(self.send(b"ab"), b"HTTP/1.1 100 Continue\r\n\r\n")
        self.clock.pump([1] * wait)
        self.assertIn(b" 408 ", self.transport.value())

    def test_a_body_that_came_without_waiting_for_the_100_is_taken_late(self) -> None:
        self.resource.at_once = False
        said = self.send(HEAD % (2, b"Expect: 100-continue\r\n") + b"ab" + NEXT)
        self.assertEqual(said, b"")
        taking = self.resource.take(self.resource.asked[0])
        self.assertEqual(taking.came, [b"ab"])
        said = self.transport.value()
        self.assertIn(b"took 2", said)
        self.assertTrue(said.endswith(b"next"), said)

    def test_a_body_that_is_wanted_behind_a_part_of_the_response_has_its_time(
        self,
    ) -> None:
        self.resource.at_once = False
        self.send(HEAD % (5, b"Expect: 100-continue\r\n"))
        (request,) = self.resource.asked
        request.write(b"progress")
        self.resource.take(request)
        self.send(b"ab")
        self.assertNotIn(b"100 Continue", self.transport.value())
        self.clock.pump([1] * int(2 * self.channel.limits.body_time))
        self.assertTrue(self.transport.disconnected)

    def test_reading_stops_until_the_body_is_wanted(self) -> None:
        self.resource.at_once = False
        self.send(HEAD % (5, b"") + b"ab")
        self.assertEqual(self.transport.producerState, "paused")
        self.clock.pump([1] * 60)  # our own pause is no fault of the client's
        self.assertEqual(self.transport.value(), b"")
        taking = self.resource.take(self.resource.asked[0])
        self.assertEqual(taking.came, [b"ab"])
        self.assertEqual(self.transport.producerState, "producing")
        self.assertIn(b"took 5", self.send(b"cde"))

    def test_a_body_is_delivered_once(self) -> None:
        self.send(HEAD % (5, b"") + b"ab")
        (request,) = self.resource.asked
        self.assertRaises(RuntimeError, request.deliver_body, Taking(request))

    def test_a_paused_body_is_not_read_until_it_is_resumed(self) -> None:
        self.send(HEAD % (5, b""))
        (taking,) = self.resource.taking
        taking.transport.pauseProducing()
        self.assertEqual(self.transport.producerState, "paused")
        taking.transport.resumeProducing()
        self.assertEqual(self.transport.producerState, "producing")

    def test_a_paused_body_is_not_cut_off_though_the_client_reads_slowly(self) -> None:
        limits = self.channel.limits
        for blocked_first in (True, False):
            self.setUp()
            self.send(HEAD % (5, b"") + b"ab")
            (taking,) = self.resource.taking
            hold, block = taking.transport.pauseProducing, self.channel.pauseProducing
            for call in (block, hold) if blocked_first else (hold, block):
                call()
            self.clock.pump([1] * int(limits.write_time / 2))
            self.channel.resumeProducing()  # the client has read all of a response
            self.clock.pump([1] * int(2 * (limits.write_time + limits.body_time)))
            taking.transport.resumeProducing()
            self.assertIn(b"took 5", self.send(b"cde"))

    def test_a_client_that_does_not_read_is_cut_off_though_its_body_is_paused(
        self,
    ) -> None:
        self.send(HEAD % (5, b"") + b"ab")
        (taking,) = self.resource.taking
        self.channel.pauseProducing()
        taking.transport.pauseProducing()
        self.clock.pump([1] * int(3 * self.channel.limits.write_time))
        self.assertTrue(self.transport.disconnected)

    def test_a_pause_at_the_last_piece_does_not_hold_the_next_request(
        self,
    ) -> None:
        class Pausing(Taking):
            def dataReceived(self, data: bytes) -> None:
                super().dataReceived(data)
                self.transport.pauseProducing()

        self.patch(self.resource, "protocol", Pausing)
        self.assertIn(b"took 5", self.send(HEAD % (5, b"") + b"abcde"))
        self.assertEqual(self.transport.producerState, "producing")
        self.assertTrue(self.send(NEXT).endswith(b"next"))

    def test_kept_pieces_wait_while_the_protocol_pauses(self) -> None:
        """The body was kept in three pieces, because it was wanted late."""
        self.resource.at_once = False
        self.patch(self.resource, "protocol", OneAtATime)
        self.send(HEAD % (9, b"") + b"abc")
        self.channel.dataReceived(b"def")  # as a TLS transport that had read it
        taking = self.resource.take(self.resource.asked[0])
        self.assertEqual(taking.came, [b"abc"])
        self.assertEqual(self.transport.producerState, "paused")
        self.channel.dataReceived(b"ghi")
        self.assertEqual((taking.came, taking.reason), ([b"abc"], None))
        taking.transport.resumeProducing()
        self.assertEqual(taking.came, [b"abc", b"def"])
        taking.transport.resumeProducing()
        self.assertEqual(taking.came, [b"abc", b"def", b"ghi"])
        self.assertIn(b"took 9", self.transport.value())
        self.assertEqual(self.transport.producerState, "producing")

    def test_pieces_that_come_in_a_pause_wait_too(self) -> None:
        self.patch(self.resource, "protocol", OneAtATime)
        self.send(HEAD % (4, b"") + b"ab")
        (taking,) = self.resource.taking
        said = self.send(b"cd" + NEXT)
        self.assertEqual((taking.came, taking.reason, said), ([b"ab"], None, b""))
        taking.transport.resumeProducing()
        self.assertEqual(taking.came, [b"ab", b"cd"])
        said = self.transport.value()
        self.assertIn(b"took 4", said)
        self.assertTrue(said.endswith(b"next"))

    def test_resuming_within_data_received_delivers_in_order(self) -> None:
        class Eager(OneAtATime):
            def dataReceived(self, data: bytes) -> None:
                self.came.append(b"<")
                super().dataReceived(data)
                self.transport.resumeProducing()
                self.came.append(b">")

        self.resource.at_once = False
        self.patch(self.resource, "protocol", Eager)
        self.send(HEAD % (4, b"") + b"ab")
        self.channel.dataReceived(b"cd")
        taking = self.resource.take(self.resource.asked[0])
        self.assertEqual(b"".join(taking.came), b"<ab><cd>")
        self.assertEqual(self.transport.producerState, "producing")

    def test_pausing_at_the_beginning_holds_the_first_piece(self) -> None:
        class Reluctant(Taking):
            def connectionMade(self) -> None:
                self.transport.pauseProducing()

        for streams_up_to in (100, 0):
            self.setUp()
            self.patch(self.resource, "protocol", Reluctant)
            self.resource.streams_up_to = streams_up_to
            self.assertEqual(self.send(HEAD % (2, b"") + b"ab"), b"")
            (taking,) = self.resource.taking
            self.assertEqual((taking.came, taking.reason), ([], None))
            taking.transport.resumeProducing()
            self.assertIn(b"took 2", self.transport.value())

    def test_a_client_that_leaves_in_a_pause_has_broken_off(self) -> None:
        self.patch(self.resource, "protocol", OneAtATime)
        self.send(HEAD % (9, b"") + b"ab")
        self.channel.dataReceived(b"cd")
        self.channel.connectionLost(Failure(ConnectionLost()))
        (taking,) = self.resource.taking
        self.assertTrue(taking.reason.check(IncompleteBody))
        self.assertEqual((taking.came, taking.reason.value.received), ([b"ab"], 4))

    def test_a_held_body_waits_while_the_protocol_pauses(self) -> None:
        self.resource.streams_up_to = 0
        self.patch(self.resource, "protocol", OneAtATime)
        size = 2 * DELIVERED_BYTES + 1
        self.send(HEAD % (size, b"") + b"x" * size)
        (taking,) = self.resource.taking
        for count in (1, 2, 3):
            self.assertEqual((len(taking.came), taking.reason), (count, None))
            taking.transport.resumeProducing()
        self.assertIn(b"took %d" % size, self.transport.value())

    def test_a_held_body_is_incomplete_when_its_request_ends_in_a_pause(self) -> None:
        def finish(request: Any) -> None:
            request.write(b"enough")
            request.finish()
            self.resource.taking[0].transport.resumeProducing()

        def leave(request: Any) -> None:
            self.channel.connectionLost(Failure(ConnectionLost()))

        for end in (finish, leave):
            self.setUp()
            self.resource.streams_up_to = 0
            self.resource.protocol = OneAtATime
            size = 2 * DELIVERED_BYTES
            self.send(HEAD % (size, b"") + b"x" * size)
            end(self.resource.asked[0])
            (taking,) = self.resource.taking
            self.assertTrue(taking.reason.check(IncompleteBody), end)
            self.assertEqual(len(taking.came), 1)

    def test_a_body_whose_request_is_over_is_not_delivered_as_empty(self) -> None:
        self.resource.streams_up_to = 0
        self.resource.at_once = False
        self.send(HEAD % (2, b"") + b"ab")
        (request,) = self.resource.asked
        request.finish()
        self.assertRaises(RuntimeError, request.deliver_body, Taking(request))

    def test_an_upload_whose_response_is_finished_is_told_that_it_broke_off(
        self,
    ) -> None:
        self.send(HEAD % (50, b"") + b"abc")
        self.resource.asked[0].finish()
        (taking,) = self.resource.taking
        self.assertTrue(taking.reason.check(IncompleteBody))

    def test_a_protocol_that_fails_at_the_end_hides_it_from_nobody(self) -> None:
        self.send(HEAD % (5, b"") + b"ab")
        (taking,) = self.resource.taking
        self.patch(taking, "connectionLost", lambda reason: 1 // 0)
        told: list[Any] = []
        self.resource.asked[0].notifyFinish().addErrback(told.append)
        self.channel.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(len(told), 1)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_a_body_that_stalls_is_refused_and_incomplete(self) -> None:
        self.send(HEAD % (5, b"") + b"a")
        self.clock.pump([1] * 7)
        self.assertIn(b" 408 ", self.transport.value())
        self.assertTrue(self.resource.taking[0].reason.check(ConnectionLost))

    def test_a_body_whose_client_leaves_is_incomplete(self) -> None:
        self.send(HEAD % (5, b"") + b"a")
        self.channel.connectionLost(Failure(ConnectionLost()))
        self.assertTrue(self.resource.taking[0].reason.check(ConnectionLost))

    def test_whoever_ends_it_an_incomplete_body_is_a_failure(self) -> None:
        def client_closes() -> None:
            self.channel.readConnectionLost()
            self.channel.connectionLost(Failure(ConnectionDone()))

        def connection_ends_cleanly() -> None:
            self.channel.connectionLost(Failure(ConnectionDone()))

        def resource_closes() -> None:
            self.resource.asked[-1].loseConnection()
            self.channel.connectionLost(Failure(ConnectionDone()))

        def malformed() -> None:
            self.send(b"")
            self.channel.abortConnection()
            self.channel.connectionLost(Failure(ConnectionAborted()))

        for end in (
            client_closes, connection_ends_cleanly, resource_closes, malformed
        ):  # fmt: skip
            self.setUp()
            self.send(HEAD % (50, b"") + b"abc")
            (taking,) = self.resource.taking
            end()
            self.assertTrue(taking.reason.check(IncompleteBody), end)
            self.assertFalse(taking.reason.check(ConnectionDone), end)
            self.assertEqual(taking.reason.value.received, 3)

    def test_a_chunked_body_without_its_last_chunk_is_incomplete(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        for sent in (b"3\r\nabc\r\n", b"3\r\nab", b"3\r\nabc\r\n0\r\n"):
            self.setUp()
            self.send(head + sent)
            self.channel.connectionLost(Failure(ConnectionDone()))
            self.assertTrue(self.resource.taking[0].reason.check(IncompleteBody), sent)

    def test_a_protocol_that_stops_its_body_is_told_that_it_is_incomplete(self) -> None:
        self.send(HEAD % (5, b"") + b"ab")
        (taking,) = self.resource.taking
        taking.transport.loseConnection()
        self.send(b"cde")
        self.assertEqual(taking.came, [b"ab"])
        self.assertTrue(taking.reason.check(IncompleteBody))

    def test_an_empty_body_is_delivered_and_complete(self) -> None:
        said = self.send(HEAD % (0, b""))
        (taking,) = self.resource.taking
        self.assertEqual(taking.came, [])
        self.assertTrue(taking.reason.check(ConnectionDone))
        self.assertIn(b"took 0", said)

    def test_a_response_before_the_end_of_the_body_ends_the_connection(self) -> None:
        self.send(HEAD % (50, b"") + b"a")
        (request,) = self.resource.asked
        request.write(b"enough")
        request.finish()
        self.assertIn(b"enough", self.transport.value())
        self.transport.clear()
        self.assertEqual(self.send(b"x" * 49 + NEXT), b"")
        self.assertTrue(self.transport.disconnecting)

    def test_a_malformed_body_after_the_response_began_cuts_the_connection(
        self,
    ) -> None:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.send(head + b"2\r\nab\r\n")
        self.resource.asked[0].write(b"begun")
        self.transport.clear()
        self.assertEqual(self.send(b"oops\r\n"), b"")
        self.assertTrue(self.transport.disconnected)

    def test_a_resource_that_does_not_stream_has_the_body_whole(self) -> None:
        self.resource.streams_up_to = 0
        self.resource.at_once = False
        self.send(HEAD % (5, b"") + b"ab")
        self.assertEqual(self.resource.asked, [])
        self.send(b"cde")
        (request,) = self.resource.asked
        self.assertEqual(request.content.read(), b"abcde")
        taking = self.resource.take(request)
        self.assertEqual(taking.came, [b"abcde"])
        self.assertTrue(taking.reason.check(ConnectionDone))
