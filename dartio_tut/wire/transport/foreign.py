"""
What Twisted's own transports lack of `interface.ResponseTransport`.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet import tcp
from twisted.internet.interfaces import IAddress, IProducer, ISSLTransport, ITransport

from ..twisted_private import buffered_bytes, has_nothing_buffered, is_aborting
from .file_senders import SendfileSender
from .interface import FileTransfer, ResponseTransport
from .progress import acknowledged_bytes, has_unread
from .tcp import Server


def adapted(
    transport: ITransport, on_closing: Callable[[], None] = lambda: None
) -> ResponseTransport:
    """
    *transport* with all that `ResponseTransport` offers.

    :param on_closing: called when somebody has asked a TLS connection to close.
    """
    if isinstance(transport, Server):
        return transport
    if ISSLTransport.providedBy(transport):
        return ForeignTLSTransport(transport, on_closing)
    if isinstance(transport, tcp.Connection):
        return StockTCPTransport(transport)
    return ForeignTransport(transport)


class ForeignTransport:
    """
    A transport of Twisted's: a TLS connection, a UNIX socket, a string in a test.
    """

    can_half_close = False
    can_send_files = False

    def __init__(self, transport: ITransport) -> None:
        # Each kind has methods that ITransport has not.
        self._transport: Any = transport
        self.write: Callable[[bytes], None] = self._write
        self.dropped_bytes = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def _write(self, data: bytes) -> None:
        transport = self._transport
        if getattr(transport, "disconnected", False) or is_aborting(self._beneath()):
            self.dropped_bytes += len(data)
        else:
            transport.write(data)

    @property
    def has_ended(self) -> bool:
        """Whether the connection is lost, whatever protocol it has by now."""
        return bool(getattr(self._beneath(), "disconnected", False))

    @property
    def is_closing(self) -> bool:
        """Whether somebody on this side has asked to close it, or to abort."""
        # Equal to 1, not only true: stand-ins in tests have a method of that name.
        is_closing = getattr(self._transport, "disconnecting", False) == 1
        return is_closing or is_aborting(self._beneath())

    @property
    def has_sent_all(self) -> bool:
        """Whether it is known that nothing is buffered in this process."""
        beneath = self._beneath()
        return hasattr(beneath, "dataBuffer") and not buffered_bytes(beneath)

    def buffered(self) -> int:
        """
        How many bytes wait in this process, as far as the transport tells, or came too
        late to be sent.
        """
        return buffered_bytes(self._beneath()) + self.dropped_bytes

    def when_sent(self, call: Callable[[], None]) -> bool:
        """
        What becomes of buffered bytes is not told here: they count as sent. When bytes
        were dropped, *call* is never called.
        """
        return bool(self.dropped_bytes)

    def client_progress(self) -> int:
        """A number that changes whenever the client has taken bytes."""
        beneath = self._beneath()
        sock = getattr(beneath, "socket", None)
        if isinstance(sock, socket.socket):
            return acknowledged_bytes(sock)
        return -buffered_bytes(beneath)

    def has_unread(self) -> bool:
        """Whether the client has sent something that was not read yet."""
        sock = getattr(self._beneath(), "socket", None)
        return isinstance(sock, socket.socket) and has_unread(sock)

    def send_file(
        self,
        head: bytes,
        descriptor: int,
        offset: int,
        length: int,
        ended: Callable[[bool], None],
    ) -> FileTransfer:
        """
        Not here.

        :raise NotImplementedError: always.
        """
        raise NotImplementedError("this transport cannot send files")

    def taken_over(self) -> None:
        """Another protocol than HTTP drives the connection from now on."""

    def close_now(self) -> None:
        """Close once all is sent."""
        self._transport.loseConnection()

    # Declared here for those who look: all of them are the transport's own.

    def loseConnection(self) -> None:
        """Close once all is sent."""
        self._transport.loseConnection()

    def loseWriteConnection(self) -> None:
        """Close our half of the connection."""
        self._transport.loseWriteConnection()

    def abortConnection(self) -> None:
        """Close without sending what is left."""
        self._transport.abortConnection()

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Register *producer* with the transport, where it has producers."""
        register = getattr(self._transport, "registerProducer", None)
        if register is not None:
            register(producer, streaming)

    def unregisterProducer(self) -> None:
        """Unregister the producer, where the transport has producers."""
        unregister = getattr(self._transport, "unregisterProducer", None)
        if unregister is not None:
            unregister()

    def getPeer(self) -> IAddress:
        """The client's address."""
        peer: IAddress = self._transport.getPeer()
        return peer

    def getHost(self) -> IAddress:
        """Our address."""
        host: IAddress = self._transport.getHost()
        return host

    def _beneath(self) -> object:
        """The transport that has the socket: the one beneath Twisted's TLS."""
        return getattr(self._transport, "transport", None) or self._transport


class ForeignTLSTransport(ForeignTransport):
    """
    A TLS connection of Twisted's.

    It does not close as long as it has a producer, and it waits for a client that does
    not answer to its close_notify. Where nobody reads, because a response had to wait
    for its client, the answer would never be seen: so reading goes on. A resource may
    ask the connection itself to close, so its method is replaced by one that tells of
    it, as long as HTTP is spoken.
    """

    def __init__(self, transport: ITransport, on_closing: Callable[[], None]) -> None:
        super().__init__(transport)
        close = transport.loseConnection
        read_on = getattr(transport, "resumeProducing", lambda: None)
        is_told = False

        def close_and_tell() -> None:
            nonlocal is_told
            close()
            read_on()
            if not is_told:
                is_told = True
                on_closing()

        self._transport.loseConnection = close_and_tell

    def taken_over(self) -> None:
        """From now on, or from the end on, nobody is told when it is to be closed."""
        vars(self._transport).pop("loseConnection", None)


class StockTCPTransport(ForeignTransport):
    """A plain TCP connection of Twisted's own: sends at once, and sends files."""

    can_half_close = True
    can_send_files = True

    def __init__(self, transport: tcp.Connection) -> None:
        super().__init__(transport)
        if type(transport).write is tcp.Server.write:
            self.write = self._write_at_once

    def _write_at_once(self, data: bytes) -> None:
        """Send *data* on the socket itself when nothing is buffered before it."""
        transport = self._transport
        if has_nothing_buffered(transport):
            try:
                sent = transport.socket.send(data)
            except OSError:
                sent = 0  # not now, or never: the reactor will find out which
            if sent == len(data):
                return
            data = data[sent:]
        transport.write(data)

    def send_file(
        self,
        head: bytes,
        descriptor: int,
        offset: int,
        length: int,
        ended: Callable[[bool], None],
    ) -> FileTransfer:
        """Send *head* and a part of a file."""
        sender = SendfileSender(self._transport, descriptor, offset, length, ended)
        sender.start(head)
        return sender
