"""
A TCP connection, which sends and closes at little cost.

It is a `tcp.Server` to everybody else. What it does otherwise: an `EpollMultiplexer`
watches it; data is sent at once when none waits; and with nothing left to send it is
closed at once.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet import address, error, main, tcp
from twisted.internet.interfaces import IHalfCloseableProtocol, IProducer
from twisted.python.failure import Failure

from ..connection_limit import Admission
from ..twisted_private import (
    SocketAddress,
    buffered_bytes,
)
from .epoll import CONNECTION_DONE, IN, OUT
from .file_senders import SendfileSender
from .progress import acknowledged_bytes, has_unread

if TYPE_CHECKING:
    from .port import Port

READ_BYTES = 64 * 1024
"""The most that one read gives, as in Twisted."""

ConnectionEnd = Any
"""
``None``, or the error that ends the connection: ``ConnectionDone``, ``ConnectionLost``.

There is no type for it, because Twisted's own classes disagree about what ``doRead``
and ``doWrite`` return.
"""

TCPAddress = address.IPv4Address | address.IPv6Address


class Server(tcp.Server):
    """
    One accepted connection; see `interface.ResponseTransport`.

    :ivar interest: which events it waits for: `epoll.IN`, `epoll.OUT`, both or none.
    :ivar sending: the file that is on its way to the client, if there is one.
    :ivar file_sender: sends files on connections of this kind.
    :ivar on_aborted: called when somebody aborts the connection.
    :ivar on_closed: called once when the connection has ended, whatever protocol it
        has by then.
    """

    sending: SendfileSender | None = None
    admission: Admission | None = None
    on_aborted: Callable[[], None] | None = None
    on_closed: Callable[[], None] | None = None
    can_half_close = True
    dropped_bytes = 0
    can_send_files = True
    file_sender: type[SendfileSender] = SendfileSender

    logstr = "HTTP"
    _when_sent: Callable[[], None] | None = None
    _host: TCPAddress | None = None
    server: Port

    def __init__(
        self, sock: socket.socket, client: SocketAddress, port: Port, number: int
    ) -> None:
        # Not the __init__ of tcp.Server, which sets the same and much that can be
        # derived from it.
        self.reactor = port.reactor
        self._tempDataBuffer = []
        self._tempDataLen = 0
        # Python 3.11 finds these faster here than in the class, and each write looks.
        self.dataBuffer, self.TLS, self._writeDisconnected = b"", False, False
        self.producer, self.disconnecting = None, False
        self.socket = sock
        self.fileno = sock.fileno
        self.client = client
        self.server = port
        self.sessionno = number
        self.connected = 1
        if len(client) != 2:
            self._addressType = address.IPv6Address
        self.interest = IN

    @property
    def hostname(self) -> str:  # type: ignore[override]
        """The client's address."""
        return str(self.client[0])

    @property
    def repstr(self) -> str:  # type: ignore[override]
        """How the connection is shown."""
        name = type(self.protocol).__name__
        return f"<{name} #{self.sessionno} on {self.server._realPortNumber}>"

    def getHost(self) -> TCPAddress:
        """Our address, also after the end of the connection."""
        if self._host is None:
            self._host = self.server.local_address or super().getHost()
        return self._host

    # Which events the multiplexer reports.

    def _watch(self, interest: int) -> None:
        if interest != self.interest and self.connected:
            self.interest = interest
            self.server.multiplexer.watch(self, self.socket.fileno(), interest)

    def startReading(self) -> None:
        """Call ``doRead`` when bytes have come."""
        self._watch(self.interest | IN)

    def stopReading(self) -> None:
        """Leave what comes in the kernel."""
        self._watch(self.interest & ~IN)

    def startWriting(self) -> None:
        """Call ``doWrite`` when the socket takes more."""
        self._watch(self.interest | OUT)

    def stopWriting(self) -> None:
        """Stop calling ``doWrite``."""
        self._watch(self.interest & ~OUT)

    # Reading and writing.

    def doRead(self) -> ConnectionEnd:
        """Hand what has come to the protocol."""
        try:
            data = self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return main.CONNECTION_LOST
        if not data:
            return main.CONNECTION_DONE
        self.protocol.dataReceived(data)
        return None

    def write(self, data: bytes) -> None:
        """
        Send *data*, at once if nothing waits before it.

        Twisted's own ``write`` waits for the next turn of the reactor, which costs more
        than the sending itself. A ``memoryview`` will do, too; the bytes in it may
        change as soon as this returns.
        """
        if (
            self.connected
            and not self._tempDataLen
            and not self.dataBuffer
            and not self.TLS
            and not self._writeDisconnected
        ):
            try:
                sent = self.socket.send(data)
            except OSError:
                sent = 0  # not now, or never: doWrite will find out which
            if sent == len(data):
                return
            data = data[sent:]
        super().write(bytes(data))

    def doWrite(self) -> ConnectionEnd:
        """Send what is buffered, then more of the file that is on its way."""
        why = None
        if self.sending is None or self.dataBuffer or self._tempDataLen:
            why = super().doWrite()
        else:
            self.sending.resumeProducing()
        if self._when_sent is not None and not buffered_bytes(self):
            when_sent, self._when_sent = self._when_sent, None
            when_sent()
        return why

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """As of Twisted's ``IConsumer``, in one step for the producer of a channel."""
        if streaming and self.connected and self.producer is None and not self.TLS:
            self.producer, self.streamingProducer = producer, True
        else:
            super().registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """As of Twisted's ``IConsumer``, likewise."""
        if self.disconnecting or self.TLS:
            super().unregisterProducer()
        else:
            self.producer = None

    @property
    def has_ended(self) -> bool:
        """Whether the connection is lost, whatever protocol it has by now."""
        return bool(self.disconnected)

    @property
    def is_closing(self) -> bool:
        """Whether somebody on this side has asked to close it, or to abort."""
        return bool(self.disconnecting)

    @property
    def has_sent_all(self) -> bool:
        """Whether it is known that nothing is buffered in this process."""
        return not buffered_bytes(self)

    def buffered(self) -> int:
        """How many bytes wait for the socket to take them."""
        return buffered_bytes(self)

    def when_sent(self, call: Callable[[], None]) -> bool:
        """
        Call *call* when nothing is buffered any more, unless the connection is lost.

        :return: false when nothing is buffered now; then it is not called.
        """
        if self._tempDataLen or self.dataBuffer:
            self._when_sent = call
            return True
        return False

    def client_progress(self) -> int:
        """A number that changes whenever the client has taken bytes."""
        return acknowledged_bytes(self.socket) if self.connected else 0

    def has_unread(self) -> bool:
        """Whether the client has sent something that was not read yet."""
        return bool(self.connected) and has_unread(self.socket)

    def send_file(
        self,
        head: bytes,
        descriptor: int,
        offset: int,
        length: int,
        ended: Callable[[bool], None],
    ) -> SendfileSender:
        """Send *head* and a part of a file; see `interface.ResponseTransport`."""

        def file_ended(is_whole: bool) -> None:
            self.sending = None
            ended(is_whole)

        sender = self.file_sender(self, descriptor, offset, length, file_ended)
        self.sending = sender
        sender.start(head)
        return sender

    def taken_over(self) -> None:
        """Another protocol than HTTP drives the connection from now on."""

    # The end.

    def close_now(self) -> None:
        """Close, within this call when all is sent; ``connectionLost`` is called."""
        if self._tempDataLen or self.dataBuffer or self.TLS or not self.connected:
            self.loseConnection()
        else:
            self.connectionLost(CONNECTION_DONE)

    def abortConnection(self) -> None:
        """Close without sending what is left, or what is still written in this turn."""
        super().abortConnection()
        self.disconnecting = self._writeDisconnected = True
        on_aborted, self.on_aborted = self.on_aborted, None
        if on_aborted is not None:
            on_aborted()

    def readConnectionLost(self, reason: Failure) -> None:
        """The client has closed its half of the connection."""
        if IHalfCloseableProtocol.providedBy(self.protocol):
            self.protocol.readConnectionLost()
        else:
            self.connectionLost(reason)

    def connectionLost(self, reason: Failure) -> None:
        """The connection has ended: close the socket, tell the protocol."""
        if self.disconnected:
            return
        if self.server.local_address is None:
            self._host = self.getHost()  # not to be had any more afterwards
        self.disconnected = 1
        self.connected = 0
        producer, self.producer = self.producer, None
        sending, self.sending = self.sending, None
        if sending is not None:
            sending.close()
        protocol = self.protocol
        try:
            if producer is not None:
                producer.stopProducing()
        finally:
            self.server.multiplexer.forget(self.socket.fileno())
            if reason is not CONNECTION_DONE and reason.check(error.ConnectionAborted):
                self._closeSocket(False)
            else:
                self.socket.close()  # no other process holds it: needs no shutdown
            del self.protocol, self.socket, self.fileno
            self.on_aborted = None
            on_closed, self.on_closed = self.on_closed, None
            if on_closed is not None:
                on_closed()
            protocol.connectionLost(reason)
