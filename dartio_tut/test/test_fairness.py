"""
No connection keeps the others waiting: pipelined requests are answered some at a time.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import Site
from dartio_tut.testing import Connection, connect
from dartio_tut.wire import Limits
from dartio_tut.wire.http1.request_intake import REQUESTS_PER_TURN

from .support.function_resource import FunctionResource

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class PipeliningTests(SynchronousTestCase):
    """Many requests in one piece."""

    def setUp(self) -> None:
        self.connection = connect(FunctionResource(lambda request: b"hello"))
        self.protocol = self.connection.protocol

    def answered(self) -> int:
        """How many responses there are so far."""
        sent: bytes = self.connection.transport.value()
        return sent.count(b"hello")

    def test_a_turn_answers_some_and_the_next_turns_the_rest(self) -> None:
        count = 3 * REQUESTS_PER_TURN + 1
        self.protocol.dataReceived(count * GET)
        self.assertEqual(self.answered(), REQUESTS_PER_TURN)
        self.connection.clock.advance(0)
        self.assertEqual(self.answered(), count)

    def test_what_comes_meanwhile_waits_and_reading_pauses_beyond_a_bound(self) -> None:
        self.protocol.dataReceived((REQUESTS_PER_TURN + 1) * GET)
        self.protocol.dataReceived(GET)
        self.assertEqual(self.answered(), REQUESTS_PER_TURN)
        self.protocol.dataReceived(3000 * GET)
        self.assertEqual(self.connection.transport.producerState, "paused")
        self.connection.clock.advance(0)
        self.assertEqual(self.answered(), REQUESTS_PER_TURN + 3002)
        self.assertEqual(self.connection.transport.producerState, "producing")

    def test_no_more_waits_than_the_bound_and_one_read(self) -> None:
        transport, clock, piece = self.connection.transport, self.connection.clock, 0
        waiting: list[int] = []

        def read() -> None:
            nonlocal piece
            if transport.producerState == "producing" and piece < 6:
                piece += 1
                self.protocol.dataReceived(1000 * GET)
                clock.callLater(0, read)
            waiting.append(len(self.protocol.intake.waiting))

        resume = transport.resumeProducing

        def resume_and_read() -> None:
            resume()
            clock.callLater(0, read)

        self.patch(transport, "resumeProducing", resume_and_read)
        read()
        clock.advance(0)
        self.assertEqual(self.answered(), 6 * 1000)
        self.assertLess(max(waiting), Limits().pipelined + 1000 * len(GET))

    def test_a_client_that_has_ended_gets_all_its_answers_then_the_end(self) -> None:
        self.protocol.dataReceived((2 * REQUESTS_PER_TURN) * GET)
        self.protocol.readConnectionLost()
        self.assertFalse(self.connection.closed)
        self.connection.clock.advance(0)
        self.assertEqual(self.answered(), 2 * REQUESTS_PER_TURN)
        self.assertTrue(self.connection.closed)

    def test_a_connection_that_is_lost_meanwhile_is_over(self) -> None:
        self.protocol.dataReceived((2 * REQUESTS_PER_TURN) * GET)
        self.connection.leave()
        self.connection.clock.advance(0)
        self.assertEqual(self.answered(), REQUESTS_PER_TURN)

    def test_fault_in_a_later_turn_ends_the_connection_at_once(self) -> None:
        self.protocol.dataReceived((2 * REQUESTS_PER_TURN) * GET)
        self.patch(self.protocol.intake, "go_on", lambda: 1 / 0)
        self.connection.clock.advance(0)
        self.assertTrue(self.connection.closed)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_a_head_larger_than_what_may_wait_is_read_to_its_end(self) -> None:
        site = Site(
            FunctionResource(lambda request: b"hello"),
            reactor=self.connection.clock,
            limits=Limits(pipelined=10),
        )
        connection = Connection(site.buildProtocol(None), self.connection.clock)
        connection.protocol.dataReceived(GET + GET[:20])
        connection.protocol.pauseProducing()
        connection.protocol.resumeProducing()
        self.assertEqual(connection.transport.producerState, "producing")
        self.assertIn(b"hello", connection.send(GET[20:]))
