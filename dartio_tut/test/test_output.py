"""
How a channel sends: at once where it may, no faster than the client reads.
"""

from __future__ import annotations

from typing import Any

from twisted.internet import tcp
from twisted.internet.interfaces import IPushProducer
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers
from zope.interface import implementer

from dartio_tut.daemon import Site
from dartio_tut.testing import connect
from dartio_tut.wire import Channel
from dartio_tut.wire.http1.output import COLLECTED_BYTES, Output
from dartio_tut.wire.http1.response_head import apply_connection_close
from dartio_tut.wire.transport.foreign import StockTCPTransport, adapted
from dartio_tut.wire.twisted_private import buffered_bytes


class Socket:
    """
    A socket that takes so many bytes.

    :param space: below zero it fails.
    """

    def __init__(self, space: int) -> None:
        self.space = space
        self.taken = b""

    def send(self, data: bytes) -> int:
        """Take what fits."""
        if self.space < 0:
            raise ConnectionResetError
        if not self.space:
            raise BlockingIOError
        taken = data[: self.space]
        self.space -= len(taken)
        self.taken += taken
        return len(taken)


class StockConnection(tcp.Server):
    """As much of a `tcp.Server` as is needed to write past its buffer."""

    def __init__(self, space: int) -> None:
        self.socket: Any = Socket(space)
        self.connected = 1
        self._tempDataBuffer = []
        self._tempDataLen = 0

    def startWriting(self) -> None:
        """There is no reactor."""

    @property
    def waiting(self) -> bytes:
        """What is buffered."""
        return bytes(self.dataBuffer) + b"".join(self._tempDataBuffer)


class WriteAtOnceTests(SynchronousTestCase):
    """`StockTCPTransport`."""

    def sent(self, transport: Any, data: bytes = b"data") -> tuple[bytes, bytes]:
        """What of *data* went to the socket, and what to the buffer."""
        StockTCPTransport(transport).write(data)
        return transport.socket.taken, transport.waiting

    def test_data_that_fits_goes_to_the_socket_at_once(self) -> None:
        self.assertEqual(self.sent(StockConnection(9)), (b"data", b""))

    def test_data_that_does_not_fit_is_buffered(self) -> None:
        transport = StockConnection(3)
        self.assertEqual(self.sent(transport), (b"dat", b"a"))
        transport.socket.space = 9
        self.assertEqual(self.sent(transport, b"+"), (b"dat", b"a+"))

    def test_a_failing_socket_is_left_to_the_reactor(self) -> None:
        for space in (0, -1):
            self.assertEqual(self.sent(StockConnection(space)), (b"", b"data"))

    def test_nothing_overtakes_what_is_buffered(self) -> None:
        for name, value in [("dataBuffer", b"x"), ("_tempDataLen", 1)]:
            transport = StockConnection(9)
            setattr(transport, name, value)
            taken, waiting = self.sent(transport)
            self.assertEqual((taken, waiting[-4:]), (b"", b"data"), name)

    def test_nothing_is_written_to_a_closed_connection(self) -> None:
        for name, value in [("connected", 0), ("_writeDisconnected", True)]:
            transport = StockConnection(9)
            setattr(transport, name, value)
            self.assertEqual(self.sent(transport), (b"", b""), name)


class BufferedTests(SynchronousTestCase):
    """`buffered_bytes`, and what is beneath TLS."""

    def test_both_buffers_of_a_connection_count(self) -> None:
        transport = StockConnection(0)
        transport.dataBuffer, transport.offset = b"12345", 2
        transport._tempDataLen = 3
        self.assertEqual(buffered_bytes(transport), 6)

    def test_beneath_tls_the_tcp_connection_counts(self) -> None:
        outer, inner = StringTransport(), StockConnection(0)
        inner._tempDataLen = 2
        outer.transport = inner  # type: ignore[attr-defined]
        self.assertEqual(adapted(outer).buffered(), 2)

    def test_a_transport_that_does_not_tell_has_nothing_buffered(self) -> None:
        self.assertEqual(adapted(StringTransport()).buffered(), 0)


@implementer(IPushProducer)
class Producer:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        """Note it."""
        self.told.append("pause")

    def resumeProducing(self) -> None:
        """Note it."""
        self.told.append("resume")

    def stopProducing(self) -> None:
        """Note it."""
        self.told.append("stop")


class OutputTests(SynchronousTestCase):
    """`Output`."""

    def setUp(self) -> None:
        self.transport = StringTransport()
        self.told: list[str] = []
        self.output = Output(
            adapted(self.transport),
            Producer(),
            lambda: self.told.append("paused"),
            lambda: self.told.append("resumed"),
        )

    def test_writes_go_to_the_transport_at_once(self) -> None:
        self.output.write(b"a")
        self.output.write(b"b")
        self.assertEqual(self.transport.value(), b"ab")

    def test_collected_writes_go_together_when_they_are_flushed(self) -> None:
        self.output.is_collecting = True
        self.output.write(b"a")
        self.output.write(b"b")
        self.assertEqual(self.transport.value(), b"")
        self.assertEqual(self.output.unsent(), 2)
        self.output.flush()
        self.output.flush()
        self.assertEqual(self.transport.value(), b"ab")
        self.assertEqual(self.output.unsent(), 0)

    def test_no_more_than_a_bound_is_collected(self) -> None:
        self.output.is_collecting = True
        self.output.write(b"x" * COLLECTED_BYTES)
        self.assertEqual(self.transport.value(), b"")
        self.output.write(b"y")
        self.assertEqual(len(self.transport.value()), COLLECTED_BYTES + 1)

    def test_a_producer_is_paused_and_resumed_with_the_transport(self) -> None:
        producer = Producer()
        self.output.register_producer(producer, True)
        self.output.pause()
        self.assertTrue(self.output.is_blocked)
        self.output.pause()
        self.output.resume()
        self.output.stop()
        self.assertEqual(producer.told, ["pause", "resume", "stop"])
        self.assertEqual(self.told, ["paused", "resumed"])
        self.output.unregister_producer()
        self.output.pause()
        self.assertEqual(len(producer.told), 3)

    def test_a_producer_that_comes_while_the_client_does_not_read_is_paused(
        self,
    ) -> None:
        producer = Producer()
        self.output.pause()
        self.output.register_producer(producer, True)
        self.assertEqual(producer.told, ["pause"])

    def test_a_second_producer_is_an_error(self) -> None:
        self.output.register_producer(Producer(), True)
        self.assertRaises(RuntimeError, self.output.register_producer, Producer(), True)

    def test_collected_writes_go_before_what_a_producer_writes(self) -> None:
        self.output.is_collecting = True
        self.output.write(b"head")
        self.output.register_producer(Producer(), True)
        self.assertEqual(self.transport.value(), b"head")


class HTTPChannelAPITests(SynchronousTestCase):
    """What requests of Twisted's own call."""

    def setUp(self) -> None:
        self.connection = connect(object())  # type: ignore[arg-type]
        self.channel: Channel = self.connection.protocol

    @property
    def sent(self) -> bytes:
        """What was sent."""
        said: bytes = self.connection.transport.value()
        return said

    def test_the_head_of_a_response_has_all_lines_of_its_headers(self) -> None:
        self.channel.writeHeaders(
            b"HTTP/1.1", b"200", b"OK", [(b"a", b"1"), (b"a", b"2")]
        )
        self.assertEqual(self.sent, b"HTTP/1.1 200 OK\r\nA: 1\r\nA: 2\r\n\r\n")

    def test_writes_and_sequences_go_to_the_transport(self) -> None:
        self.channel.write(b"a")
        self.channel.writeSequence([b"b", b"c"])
        self.assertEqual(self.sent, b"abc")

    def test_without_a_length_an_http10_response_ends_with_the_connection(self) -> None:
        self.channel.is_http10 = True
        self.channel.writeHeaders(b"HTTP/1.0", b"200", b"OK", Headers())
        self.assertFalse(self.channel.persistent)
        self.assertIn(b"Connection: close\r\n", self.sent)

    def test_a_resource_may_end_the_connection(self) -> None:
        apply_connection_close(
            Headers({b"Connection": [b"keep-alive, Close"]}), self.channel
        )
        self.assertFalse(self.channel.persistent)

    def test_timeouts_of_twisteds_channel_are_there(self) -> None:
        clock = self.connection.clock
        self.channel.setTimeout(5)
        clock.pump([1] * 3)
        self.channel.resetTimeout()
        clock.pump([1] * 4)
        self.assertFalse(self.connection.transport.disconnecting)
        self.channel.setTimeout(None)
        clock.pump([1] * 1000)
        self.assertFalse(self.connection.transport.disconnecting)
        self.channel._networkProducer.resumeProducing()
        self.channel.setTimeout(1)
        clock.pump([1] * 3)
        self.assertTrue(self.connection.transport.disconnecting)
        self.channel.forceAbortClient()
        self.assertTrue(self.connection.transport.disconnected)


class LoneChannelTests(SynchronousTestCase):
    """A channel that a site has made."""

    def test_it_is_the_sites(self) -> None:
        site = Site(object(), reactor=connect(object()).clock)  # type: ignore[arg-type]
        channel = site.buildProtocol(None)
        self.assertIs(channel.site, site)
        self.assertIs(channel.factory, site)
        self.assertEqual(channel.requests, [])
