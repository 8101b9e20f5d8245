"""
The half of a channel that sends: at once where it may, no faster than the client reads.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from dartio_tut.wire import Deadlines, Limits
from dartio_tut.wire.deadlines import NEVER
from dartio_tut.wire.sending import COLLECTED, Sender, pending, write_now


class Socket:
    """
    One that takes *room* bytes.

    :param quota: less than none: it fails.
    """

    def __init__(self, quota: int) -> None:
        self.quota = quota
        self.taken = b""

    def send(self, data: bytes) -> int:
        """Take what fits."""
        if self.quota < 0:
            raise ConnectionResetError
        if not self.quota:
            raise BlockingIOError
        taken = data[: self.quota]
        self.quota -= len(taken)
        self.taken += taken
        return len(taken)


class Transport:
    """As much of a `tcp.Connection` as is needed to write past it."""

    dataBuffer = b""
    offset = 0
    TLS = False
    connected = 1
    _writeDisconnected = False
    _tempDataLen = 0

    def __init__(self, quota: int) -> None:
        self.socket = Socket(quota)
        self.buffered = b""

    def write(self, data: bytes) -> None:
        """Buffer it."""
        self.buffered += data
        self._tempDataLen += len(data)


class WriteNowTests(SynchronousTestCase):
    """`write_now`."""

    def sent(self, transport: Any, data: bytes = b"data") -> tuple[bytes, bytes]:
        """What went to the socket, and to the buffer, of *data*."""
        write_now(transport, data)
        return transport.socket.taken, transport.buffered

    def test_all_goes_at_once(self) -> None:
        self.assertEqual(self.sent(Transport(9)), (b"data", b""))

    def test_what_does_not_fit_is_buffered(self) -> None:
        transport = Transport(3)
        self.assertEqual(self.sent(transport), (b"dat", b"a"))
        transport.socket.quota = 9
        self.assertEqual(self.sent(transport, b"+"), (b"dat", b"a+"))

    def test_what_fails_is_left_to_the_reactor(self) -> None:
        for quota in (0, -1):
            self.assertEqual(self.sent(Transport(quota)), (b"", b"data"))

    def test_nothing_overtakes(self) -> None:
        for name, value in [
            ("dataBuffer", b"x"),
            ("_tempDataLen", 1),
            ("TLS", True),
            ("connected", 0),
            ("_writeDisconnected", True),
        ]:
            transport = Transport(9)
            setattr(transport, name, value)
            self.assertEqual(self.sent(transport), (b"", b"data"), name)


class PendingTests(SynchronousTestCase):
    """`pending`."""

    def test_what_is_left(self) -> None:
        transport = Transport(0)
        transport.dataBuffer, transport.offset = b"12345", 2
        transport.write(b"678")
        self.assertEqual(pending(transport), 6)

    def test_beneath_tls(self) -> None:
        outer, inner = StringTransport(), Transport(0)
        inner.write(b"12")
        outer.transport = inner  # type: ignore[attr-defined]
        self.assertEqual(pending(outer), 2)

    def test_one_that_does_not_tell(self) -> None:
        self.assertEqual(pending(StringTransport()), 0)


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


class SenderTests(SynchronousTestCase):
    """`Sender`."""

    def setUp(self) -> None:
        self.sender = Sender()
        self.sender.limits = Limits()
        self.sender.deadlines = Deadlines(Clock())
        self.sender.transport = self.transport = StringTransport()
        self.sender._send_through(self.transport)

    def test_writes_go_on_at_once(self) -> None:
        self.sender.write(b"a")
        self.sender.writeSequence([b"b", b"c"])
        self.assertEqual(self.transport.value(), b"abc")

    def test_writes_made_while_taking_in_go_together(self) -> None:
        self.sender._collecting = True
        self.sender.write(b"a")
        self.sender.write(b"b")
        self.assertEqual(self.transport.value(), b"")
        self.sender.flush()
        self.sender.flush()
        self.assertEqual(self.transport.value(), b"ab")

    def test_no_more_than_so_much_is_collected(self) -> None:
        self.sender._collecting = True
        self.sender.write(b"x" * COLLECTED)
        self.assertEqual(self.transport.value(), b"")
        self.sender.write(b"y")
        self.assertEqual(len(self.transport.value()), COLLECTED + 1)

    def test_the_producer_is_paused_and_resumed(self) -> None:
        producer = Producer()
        self.sender.registerProducer(producer, True)
        self.sender.pauseProducing()
        self.assertEqual(self.sender.deadline, Limits().write_time)
        self.sender.resumeProducing()
        self.sender.stopProducing()
        self.assertEqual(producer.told, ["pause", "resume", "stop"])
        self.sender.unregisterProducer()
        self.sender.pauseProducing()
        self.assertEqual(len(producer.told), 3)

    def test_one_that_comes_while_the_client_does_not_read_waits(self) -> None:
        producer = Producer()
        self.sender.pauseProducing()
        self.sender.registerProducer(producer, True)
        self.assertEqual(producer.told, ["pause"])

    def test_one_at_a_time(self) -> None:
        self.sender.registerProducer(Producer(), True)
        self.assertRaises(RuntimeError, self.sender.registerProducer, Producer(), True)

    def test_what_was_collected_goes_before_the_producer(self) -> None:
        self.sender._collecting = True
        self.sender.write(b"head")
        self.sender.registerProducer(Producer(), True)
        self.assertEqual(self.transport.value(), b"head")

    def test_progress_puts_the_deadline_off(self) -> None:
        self.sender.begin_sending()
        self.assertEqual(self.sender.deadline, Limits().write_time)
        self.sender.deadlines.now = 5
        self.sender.progressed()
        self.assertEqual(self.sender.deadline, 5 + Limits().write_time)
        self.sender.end_sending()
        self.assertEqual(self.sender.deadline, NEVER)

    def test_heads_of_twisteds_own_requests(self) -> None:
        self.sender.writeHeaders(
            b"HTTP/1.1", b"200", b"OK", [(b"a", b"1"), (b"a", b"2")]
        )
        self.assertEqual(
            self.transport.value(), b"HTTP/1.1 200 OK\r\nA: 1\r\nA: 2\r\n\r\n"
        )

    def test_an_old_client_without_a_length_needs_the_end(self) -> None:
        self.sender.old = True
        self.sender.writeHeaders(b"HTTP/1.0", b"200", b"OK", Headers())
        self.assertFalse(self.sender.persistent)
        self.assertIn(b"Connection: close\r\n", self.transport.value())

    def test_a_resource_may_end_the_connection(self) -> None:
        self.sender.check_persistent(Headers({b"Connection": [b"keep-alive, Close"]}))
        self.assertFalse(self.sender.persistent)
