"""
Deadlines of a connection: what it may take its time for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import NOT_DONE_YET
from twisted.web.static import Data

from dartio_tut.testing import CLIENT_ADDRESS, Connection, connect
from dartio_tut.testing.connection import MemoryTransport
from dartio_tut.wire import Limits

from .support.function_resource import FunctionResource

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class TimeTests(SynchronousTestCase):
    """A channel and the clock."""

    def setUp(self) -> None:
        self.connection = connect(Data(b"hello", "text/plain"))
        self.clock = self.connection.clock
        self.limits = Limits()

    def after(self, seconds: float, connection: Connection | None = None) -> bytes:
        """What is said within *seconds*."""
        connection = connection or self.connection
        connection.transport.clear()
        self.clock.pump([1.0] * int(seconds))
        said: bytes = connection.transport.value()
        return said

    @property
    def closed(self) -> bool:
        """Whether the server has closed."""
        return bool(self.connection.transport.disconnecting)

    def test_a_silent_connection_is_closed_without_a_response(self) -> None:
        self.after(self.limits.header_time - 1)
        self.assertFalse(self.closed)
        self.assertEqual(self.after(2), b"")
        self.assertTrue(self.closed)

    def test_a_head_that_trickles_is_refused_after_header_time(self) -> None:
        self.connection.send(b"GET / HTTP/1.1\r\n")
        for _ in range(int(self.limits.header_time) - 2):
            self.assertEqual(self.after(1), b"")
            self.connection.send(b"X: 1\r\n")
        self.assertEqual(self.after(3)[:13], b"HTTP/1.1 408 ")
        self.assertTrue(self.closed)

    def test_a_body_that_stalls_is_refused_after_body_time(self) -> None:
        self.connection.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        self.assertEqual(self.after(self.limits.body_time - 1), b"")
        self.assertEqual(self.after(2)[:13], b"HTTP/1.1 408 ")

    def test_a_body_that_trickles_is_refused(self) -> None:
        self.connection.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n"
        )
        said = b""
        for _ in range(int(self.limits.body_time) // 5 + 2):
            said += self.after(5) + self.connection.send(b"x")
        self.assertEqual(said[:13], b"HTTP/1.1 408 ")

    def test_an_idle_connection_is_closed_after_idle_time(self) -> None:
        self.connection.send(GET)
        self.after(self.limits.idle_time - 1)
        self.assertFalse(self.closed)
        self.assertEqual(self.after(2), b"")
        self.assertTrue(self.closed)

    def test_the_first_connection_after_a_quiet_hour_has_all_its_time(self) -> None:
        self.connection.protocol.connectionLost(Failure(ConnectionDone()))
        self.after(3600)
        channel = self.connection.protocol.site.buildProtocol(CLIENT_ADDRESS)
        self.connection.transport = MemoryTransport()
        channel.makeConnection(self.connection.transport)
        self.after(self.limits.header_time - 2)
        self.assertFalse(self.closed)

    def test_a_client_that_does_not_read_is_cut_after_write_time(self) -> None:
        self.connection.send(GET)
        self.connection.protocol.output.pause()
        self.after(self.limits.write_time + 1)
        self.assertTrue(self.connection.transport.disconnected)

    def test_a_resource_that_pauses_its_response_is_not_a_client_that_does_not_read(
        self,
    ) -> None:
        held: list[Any] = []

        def hold(request: Any) -> int:
            held.append(request)
            request.write(b"first, ")
            request.channel.pauseProducing()
            return NOT_DONE_YET

        for method in (b"GET", b"POST"):
            connection = connect(FunctionResource(hold))
            connection.transport.dataBuffer = b""  # all is with the kernel
            head = b"%b / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" % method
            connection.send(head)
            connection.clock.pump([1.0] * int(3 * self.limits.write_time))
            self.assertFalse(connection.transport.disconnected)
            held[-1].channel.resumeProducing()
            held[-1].write(b"second")
            held[-1].finish()
            self.assertIn(b"second", connection.transport.value())
            connection.clock.pump([1.0] * int(self.limits.idle_time + 2))
            self.assertTrue(connection.transport.disconnecting)

    def test_a_paused_response_is_ended_with_a_client_that_has_closed_its_half(
        self,
    ) -> None:
        connection = connect(FunctionResource(lambda request: NOT_DONE_YET))
        connection.transport.dataBuffer = b""
        connection.send(GET)
        connection.protocol.pauseProducing()
        connection.protocol.readConnectionLost()
        wait = self.limits.write_time + self.limits.idle_time
        connection.clock.pump([1.0] * int(wait + 2))
        self.assertTrue(connection.transport.disconnected)

    def test_a_response_to_a_client_that_has_closed_its_half_is_waited_for_so_long(
        self,
    ) -> None:
        tree = FunctionResource(lambda request: NOT_DONE_YET)
        for is_paused in (False, True):
            connection = connect(tree)
            connection.protocol.limits = replace(self.limits, half_close=True)
            connection.send(GET)
            connection.protocol.readConnectionLost()
            if is_paused:  # for as long as the client reads what there is of it
                connection.protocol.pauseProducing()
                connection.protocol.resumeProducing()
            connection.clock.pump([1.0] * int(self.limits.idle_time - 2))
            self.assertFalse(connection.transport.disconnected)
            connection.clock.pump([1.0] * 4)
            self.assertTrue(connection.transport.disconnected)

    def test_a_body_that_the_resources_pause_keeps_from_coming_has_its_time(
        self,
    ) -> None:
        connection = connect(Data(b"hello", "text/plain"))
        connection.transport.dataBuffer = b""
        body = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
        connection.send(body)
        connection.protocol.pauseProducing()
        connection.clock.pump([1.0] * int(2 * self.limits.write_time))
        self.assertEqual(connection.transport.value(), b"")
        connection.protocol.resumeProducing()
        connection.clock.pump([1.0] * int(self.limits.body_time + 2))
        self.assertIn(b" 408 ", connection.transport.value())

    def test_the_times_are_those_of_the_sites_limits(self) -> None:
        site = self.connection.protocol.site
        site.limits = replace(self.limits, header_time=2)
        channel = site.buildProtocol(CLIENT_ADDRESS)
        self.connection.transport = MemoryTransport()
        channel.makeConnection(self.connection.transport)
        self.after(4)
        self.assertTrue(self.closed)
