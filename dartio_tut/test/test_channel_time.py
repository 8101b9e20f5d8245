"""
Deadlines of a connection: what it may take its time for.
"""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.static import Data

from dartio_tut.wire import Limits

from .support.memory_client import CLIENT_ADDRESS, Connection, MemoryTransport, connect

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

    def test_silence_is_ended_without_a_word(self) -> None:
        self.after(self.limits.header_time - 1)
        self.assertFalse(self.closed)
        self.assertEqual(self.after(2), b"")
        self.assertTrue(self.closed)

    def test_a_head_has_its_time_in_all(self) -> None:
        self.connection.send(b"GET / HTTP/1.1\r\n")
        for _ in range(int(self.limits.header_time) - 2):
            self.assertEqual(self.after(1), b"")
            self.connection.send(b"X: 1\r\n")
        self.assertEqual(self.after(3)[:13], b"HTTP/1.1 408 ")
        self.assertTrue(self.closed)

    def test_content_has_its_time(self) -> None:
        self.connection.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        self.assertEqual(self.after(self.limits.body_time - 1), b"")
        self.assertEqual(self.after(2)[:13], b"HTTP/1.1 408 ")

    def test_a_trickle_of_content_is_ended(self) -> None:
        self.connection.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n"
        )
        said = b""
        for _ in range(int(self.limits.body_time) // 5 + 2):
            said += self.after(5) + self.connection.send(b"x")
        self.assertEqual(said[:13], b"HTTP/1.1 408 ")

    def test_between_requests_it_may_be_idle(self) -> None:
        self.connection.send(GET)
        self.after(self.limits.idle_time - 1)
        self.assertFalse(self.closed)
        self.assertEqual(self.after(2), b"")
        self.assertTrue(self.closed)

    def test_the_first_after_a_quiet_time_has_its_time_too(self) -> None:
        self.connection.protocol.connectionLost(Failure(ConnectionDone()))
        self.after(3600)
        channel = self.connection.protocol.site.buildProtocol(CLIENT_ADDRESS)
        self.connection.transport = MemoryTransport()
        channel.makeConnection(self.connection.transport)
        self.after(self.limits.header_time - 2)
        self.assertFalse(self.closed)

    def test_one_that_does_not_read_is_cut(self) -> None:
        self.connection.send(GET)
        self.connection.protocol.pauseProducing()
        self.after(self.limits.write_time + 1)
        self.assertTrue(self.connection.transport.disconnected)

    def test_times_are_the_sites(self) -> None:
        site = self.connection.protocol.site
        site.limits = replace(self.limits, header_time=2)
        channel = site.buildProtocol(CLIENT_ADDRESS)
        self.connection.transport = MemoryTransport()
        channel.makeConnection(self.connection.transport)
        self.after(4)
        self.assertTrue(self.closed)
