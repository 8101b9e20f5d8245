"""
TLS straight on the socket: OpenSSL reads and writes the non-blocking descriptor.

Twisted passes every byte through two memory buffers, which costs more than the
encryption. Until the handshake has ended there is no protocol: it is built afterwards,
when it is known which one was negotiated. Then plain bytes go both ways; what OpenSSL
wants of the socket meanwhile becomes what the transport waits for.

| phase     | the socket has bytes      | the socket takes bytes                    |
|-----------|---------------------------|-------------------------------------------|
| handshake | go on with the handshake  | go on with the handshake                  |
| open      | read; first what a write  | write; first what a read waited for       |
|           | waited for                |                                           |
| refused   | read and drop             | nothing                                   |
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from OpenSSL import SSL, crypto
from twisted.internet import main
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    INegotiated,
    IProtocol,
    ISSLTransport,
)
from twisted.internet.protocol import Protocol
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from ..connection_limit import Admission
from ..deadlines import NEVER
from ..twisted_private import (
    TLS_RECORD_BYTES,
    SocketAddress,
    TLSMessageRead,
    read_one_by_one,
    tls_read,
    tls_write,
    tls_write_records,
)
from .epoll import CONNECTION_DONE, IN
from .file_senders import TLSFileSender
from .handshake_faults import (
    GONE,
    TOO_LATE,
    WITHOUT_TLS,
    HandshakeFault,
    handshake_fault,
)
from .plain_text import LINGER_SECONDS, is_plain_text
from .tcp import READ_BYTES, ConnectionEnd, Server

if TYPE_CHECKING:
    from .tls_port import TLSPort

DRAINED_HANDSHAKE_SECONDS = 1
"""Time for a handshake while the server is about to stop."""

MESSAGES_PER_SWEEP = 32
"""
Messages to TLS itself, such as KeyUpdate, that a client may send between two sweeps of
the deadlines, which is a second. A client needs one in millions of records (RFC 8446
section 5.5); OpenSSL takes as many empty records in a row.
"""


class _NoProtocol(Protocol):
    """Stands for the protocol of a connection that has none yet, or never will."""


@implementer(ISSLTransport, INegotiated)
class TLSServer(Server):
    """
    One accepted TLS connection.

    :ivar admission: its place among the connections of the site, handshake included.
    """

    admission: Admission
    server: TLSPort

    deadline = NEVER
    negotiatedProtocol: bytes | None = None
    file_sender = TLSFileSender
    _has_begun = False
    _in_handshake = True
    _is_refused = False
    _read_waits = False
    _write_waits = False
    _messages, _messages_since = 0, NEVER

    def __init__(
        self, sock: socket.socket, client: SocketAddress, port: TLSPort, number: int
    ) -> None:
        super().__init__(sock, client, port, number)
        self.protocol = _NoProtocol()
        self._tls = SSL.Connection(port.context, sock)
        self._tls.set_accept_state()
        port.multiplexer.watch(self, sock.fileno(), IN)

    def taken_over(self) -> None:
        """Another protocol than HTTP drives the connection from now on."""
        self.__class__ = TakenOverTLSServer

    def getHandle(self) -> Any:
        """pyOpenSSL's connection; the class that this derives from has a socket."""
        return self._tls

    def getPeerCertificate(self) -> crypto.X509 | None:
        """The client's certificate, if it sent one."""
        return self._tls.get_peer_certificate()

    # The handshake.

    def expired(self) -> None:
        """The handshake, or reading why it was refused, took too long."""
        self.give_up(TOO_LATE)

    def give_up(self, why: str) -> None:
        """End the handshake, or the time to read why it was refused."""
        self.deadline = NEVER
        if self._in_handshake and not self.server.site.is_draining:
            self._tell(HandshakeFault(why))
        self.connectionLost(Failure(main.CONNECTION_LOST))

    def drain(self) -> None:
        """The server is about to stop: the handshake has a moment."""
        soon = self.server.site.deadlines.now + DRAINED_HANDSHAKE_SECONDS
        self.deadline = min(self.deadline, soon)

    def retire(self) -> None:
        """Another process goes on: the protocol will see to it."""

    def _handshake(self) -> ConnectionEnd:
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            self.stopWriting()
            return None
        except SSL.WantWriteError:
            self.startWriting()
            return None
        except SSL.Error as error:
            return self._handshake_failed(error)
        self.stopWriting()
        self._in_handshake = False
        read_one_by_one(self._tls)
        self.server.handshake_ended(self)
        self.negotiatedProtocol = self._tls.get_alpn_proto_negotiated() or None
        protocol = self.server.site.build_negotiated(
            self.negotiatedProtocol, self.getPeer()
        )
        if protocol is None:
            return main.CONNECTION_LOST
        self.protocol = protocol
        protocol.makeConnection(self)
        return None if self.disconnected else self.doRead()

    def _handshake_failed(self, error: SSL.Error) -> ConnectionEnd:
        """
        Let the client read the alert that OpenSSL has sent. By TLS 1.3, most have sent
        their request by then: to close the connection while that is unread would reset
        it, and the alert would be lost.
        """
        fault = handshake_fault(error, self._tls)
        self._tell(fault)
        if fault.reason == GONE:
            return main.CONNECTION_LOST
        self.stopWriting()
        self._linger()
        return None

    def _tell(self, fault: HandshakeFault) -> None:
        self.server.site.handshake_failed(self.getPeer(), *fault)

    def _linger(self) -> None:
        """Send no more, and drop what comes, for a while."""
        self._in_handshake, self._is_refused = False, True
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
        self.deadline = self.server.site.deadlines.now + LINGER_SECONDS

    def _begin(self) -> ConnectionEnd:
        """The first byte has come: begin with the handshake, if that is one."""
        try:
            first = self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return None
        except OSError:
            return main.CONNECTION_LOST
        if not first:
            return main.CONNECTION_LOST
        answer = self.server.site.answer_without_tls
        if answer is not None and is_plain_text(first):
            return self._refuse_plain_text(answer)
        self._has_begun = True
        return self._handshake()

    def _refuse_plain_text(self, answer: Callable[[], bytes]) -> None:
        """Tell a client that has sent a request without TLS what to do."""
        with suppress(OSError):
            self.socket.send(answer())
        self._tell(HandshakeFault(WITHOUT_TLS))
        self._linger()

    def _drop_what_comes(self) -> ConnectionEnd:
        try:
            data = self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return main.CONNECTION_LOST
        return None if data else main.CONNECTION_LOST

    # Reading.

    def doRead(self) -> ConnectionEnd:
        """Hand what has come to the protocol."""
        if self._in_handshake:
            return self._handshake() if self._has_begun else self._begin()
        if self._is_refused:
            return self._drop_what_comes()
        if self._write_waits:
            self._write_waits = False
            self.startWriting()
        tls = self._tls
        while True:
            try:
                data = tls_read(tls)
            except TLSMessageRead:
                return self._count_message()  # the kernel reports what else has come
            except SSL.WantReadError:
                return None
            except SSL.WantWriteError:
                self._read_waits = True
                self.startWriting()
                return None
            except SSL.ZeroReturnError:
                return main.CONNECTION_DONE
            except SSL.Error:
                return main.CONNECTION_LOST
            self.protocol.dataReceived(data)
            # The kernel reports more, but not the rest of a record that OpenSSL has
            # read already. There is one only if the record did not fit into this read.
            if self.disconnected or len(data) < TLS_RECORD_BYTES or not tls.pending():
                return None
            if not self.interest & IN:
                return None  # see startReading

    def _count_message(self) -> None:
        """Abort the connection of a client that keeps TLS itself busy."""
        now = self.server.site.deadlines.now
        if now != self._messages_since:
            self._messages, self._messages_since = 0, now
        self._messages += 1
        if self._messages > MESSAGES_PER_SWEEP:
            self.abortConnection()

    def startReading(self) -> None:
        """Call ``doRead`` when bytes have come, and for those that OpenSSL has kept."""
        super().startReading()
        if not self._in_handshake and self.connected and self._tls.pending():
            self.server.site.deadlines.call_soon(self, self._read_kept)

    def _read_kept(self) -> None:
        if self.connected and self.interest & IN:
            why = self.doRead()
            if why:
                self.connectionLost(Failure(why))

    # Writing.

    def write(self, data: bytes | memoryview) -> None:
        """See `Server.write`."""
        if not (self._tempDataLen or self.dataBuffer or self.disconnecting):
            data = self._send_some(data) if self.connected else data
        if data:
            super(Server, self).write(bytes(data))

    def _send_some(self, data: bytes | memoryview) -> bytes | memoryview:
        """Have OpenSSL encrypt and send what the socket takes: the rest."""
        sent = 0
        try:
            if len(data) <= TLS_RECORD_BYTES:
                sent = tls_write(self._tls, data)
            else:
                sent = self._send_records(data)
        except SSL.WantReadError:
            self._write_waits = True
        except SSL.Error:
            pass  # not now, or never: doWrite will find out which
        return data[sent:]

    def _send_records(self, data: bytes | memoryview) -> int:
        """Send record by record until the socket takes no more: bytes sent."""
        sent, has_to_read = tls_write_records(self._tls, data)
        self._write_waits |= has_to_read
        return sent

    def writeSomeData(self, data: bytes) -> int | ConnectionLost:
        """Send some of what was buffered."""
        try:
            sent = self._send_records(data)
        except SSL.Error:
            return main.CONNECTION_LOST
        if self._write_waits:
            self.stopWriting()
        return sent

    def doWrite(self) -> ConnectionEnd:
        """Send what is buffered, then more of the file that is on its way."""
        if self._in_handshake:
            return self._handshake()
        if self._read_waits:
            self._read_waits = False
            why = None if self.disconnecting else self.doRead()
            if why or self.disconnected:
                return why
        return super().doWrite()

    # The end.

    def close_now(self) -> None:
        """Close, within this call when all is sent."""
        if self.connected and not (self._tempDataLen or self.dataBuffer):
            self._send_close_notify()
        super().close_now()

    def _postLoseConnection(self) -> ConnectionEnd:
        self._send_close_notify()
        return main.CONNECTION_DONE

    def _send_close_notify(self) -> None:
        """Tell the client that nothing was cut off (RFC 8446 section 6.1)."""
        with suppress(SSL.Error):  # the client may be gone already
            self._tls.shutdown()

    def _closeWriteConnection(self) -> None:
        self._send_close_notify()
        super()._closeWriteConnection()

    def connectionLost(self, reason: Failure = CONNECTION_DONE) -> None:
        """The connection has ended."""
        if self.disconnected:
            return
        self._in_handshake = False
        self.server.handshake_ended(self)
        super().connectionLost(reason)

    def readConnectionLost(self, reason: Failure) -> None:
        """The client has closed its half of the connection."""
        if not IHalfCloseableProtocol.providedBy(self.protocol):
            self._send_close_notify()
            self.connectionLost(CONNECTION_DONE)
        else:
            super().readConnectionLost(reason)


class TakenOverTLSServer(TLSServer, TLSMemoryBIOProtocol):
    """
    A TLS connection that another protocol has taken over.

    It is a `TLSMemoryBIOProtocol` only by name: libraries such as Autobahn look for
    that class before they ask a connection for its TLS, and hand it their protocol as
    ``wrappedProtocol``. Connections of ours are not of this class before, because it
    has a ``__getattr__``, which makes the look-up of every attribute slower.
    """

    def loseWriteConnection(self) -> None:
        """Close: for Twisted, TLS has no half that is closed alone."""
        self.loseConnection()

    @property
    def wrappedProtocol(self) -> IProtocol:
        """The protocol that has the plain bytes."""
        return self.protocol

    @wrappedProtocol.setter
    def wrappedProtocol(self, protocol: IProtocol) -> None:
        self.protocol = protocol
