"""
TLS straight on the socket: OpenSSL reads and writes the non-blocking descriptor.

Twisted passes every byte through two memory buffers, which costs more than the
encryption. Until the handshake is over there is no protocol: it is built afterwards,
when it is known which was negotiated. Then plain bytes go both ways; what OpenSSL wants
of the socket meanwhile becomes what the transport waits for.

| phase    | the socket has bytes       | the socket takes bytes                   |
|----------|----------------------------|------------------------------------------|
| shaking  | go on shaking hands        | go on shaking hands                      |
| open     | read; first what a write   | write; first what a read waited for      |
|          | waited for                 |                                          |
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

from OpenSSL import SSL
from twisted.internet import main
from twisted.internet.interfaces import INegotiated, ISSLTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from ..deadlines import NEVER
from .epoll import DONE, IN
from .tcp import Port, Server

RECORD = 16 * 1024
"""Bytes of a TLS record (RFC 8446 section 5.1): what one read can give."""

HANDSHAKE_TIME = 10
"""Seconds for a handshake; nginx allows 60, browsers take less than one."""

HANDSHAKES = 1024
"""Handshakes under way at a time; one more, and the oldest is given up."""


_ffi: Any = getattr(SSL, "_ffi", None)
_lib: Any = getattr(SSL, "_lib", None)
_landing: Any = _ffi and _ffi.new("char[]", RECORD)


def read(tls: Any) -> bytes:
    """
    Read a record's worth of plain bytes; errors are those of ``Connection.recv``.

    That makes a new buffer for every call and asks for errors when there are none,
    which is a third of all that TLS costs. Its private way to OpenSSL is taken where
    it is as it was in pyOpenSSL 25 and 26.
    """
    if _landing is None or not hasattr(tls, "_ssl"):
        received: bytes = tls.recv(RECORD)
        return received
    length = _lib.SSL_read(tls._ssl, _landing, RECORD)
    if length <= 0:
        tls._raise_ssl_error(tls._ssl, length)
    plain: bytes = _ffi.buffer(_landing, length)[:]
    return plain


def write(tls: Any, data: bytes) -> int:
    """Encrypt and send; how many bytes were taken. Errors as of `read`."""
    if _landing is None or not hasattr(tls, "_ssl"):
        return int(tls.send(data))
    length = int(_lib.SSL_write(tls._ssl, data, len(data)))
    if length <= 0:
        tls._raise_ssl_error(tls._ssl, length)
    return length


class _Nobody:
    """The protocol of a connection that has none yet."""

    def connectionLost(self, reason: Failure) -> None:
        """Nobody is told."""


@implementer(ISSLTransport, INegotiated)
class TLSServer(Server):
    """One accepted TLS connection."""

    deadline = NEVER
    negotiatedProtocol: bytes | None = None
    _shaking = True
    _read_waits = False
    _write_waits = False

    def __init__(self, sock: socket.socket, client: Any, port: TLSPort, number: int):
        super().__init__(sock, client, port, number)
        self.protocol = _Nobody()
        self._tls = SSL.Connection(port.context, sock)
        self._tls.set_accept_state()

    def getHandle(self) -> Any:
        """pyOpenSSL's connection."""
        return self._tls

    def getPeerCertificate(self) -> Any:
        """The client's certificate, if it showed one."""
        return self._tls.get_peer_certificate()

    # The handshake.

    def expired(self) -> None:
        """The handshake took too long."""
        self.deadline = NEVER
        self.abortConnection()

    def _handshake(self) -> Any:
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            self.stopWriting()
            return None
        except SSL.WantWriteError:
            self.startWriting()
            return None
        except SSL.Error:
            return main.CONNECTION_LOST
        self.stopWriting()
        self._shaking = False
        self.server.shaken(self)
        self.negotiatedProtocol = self._tls.get_alpn_proto_negotiated() or None
        protocol = self.server.factory.buildProtocol(self.getPeer())
        if protocol is None:
            return main.CONNECTION_LOST
        self.protocol = protocol
        protocol.makeConnection(self)
        return None if self.disconnected else self.doRead()

    # Reading.

    def doRead(self) -> Any:
        """Take what has come."""
        if self._shaking:
            return self._handshake()
        if self._write_waits:
            self._write_waits = False
            self.startWriting()
        tls = self._tls
        while True:
            try:
                data = read(tls)
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
            # The kernel tells of more, but not of what OpenSSL has read already.
            if self.disconnected or not tls.pending():
                return None
            if not self._interest & IN:
                return None  # see startReading

    def startReading(self) -> None:
        """Tell of bytes that come, and of those that OpenSSL has kept."""
        super().startReading()
        if not self._shaking and self.connected and self._tls.pending():
            self.server.factory.reactor.callLater(0, self._read_kept)

    def _read_kept(self) -> None:
        if self.connected and self._interest & IN:
            why = self.doRead()
            if why:
                self.connectionLost(Failure(why))

    # Writing.

    def write(self, data: bytes) -> None:
        """Send *data*, at once if nothing waits before it."""
        if not (self._tempDataLen or self.dataBuffer or self.disconnecting):
            data = self._send_some(data) if self.connected else data
        if data:
            super().write(data)

    def _send_some(self, data: bytes) -> bytes:
        """Send what the socket takes; the rest."""
        try:
            sent = self._send(data) if len(data) <= RECORD else self._send_records(data)
        except SSL.Error:
            sent = 0  # the reactor will find out
        return data[sent:]

    def _send_records(self, data: Any) -> int:
        """Send record by record until the socket takes no more; bytes sent."""
        view, sent = memoryview(data), 0
        while sent < len(view):
            record = bytes(view[sent : sent + RECORD])
            taken = self._send(record)
            sent += taken
            if taken < len(record):
                break
        return sent

    def _send(self, data: bytes) -> int:
        """Have OpenSSL encrypt and send *data*; how many bytes it took."""
        try:
            return write(self._tls, data)
        except SSL.WantWriteError:
            return 0
        except SSL.WantReadError:
            self._write_waits = True
            return 0

    def writeSomeData(self, data: bytes) -> Any:
        """Send some of what was buffered."""
        try:
            sent = self._send_records(data)
        except SSL.Error:
            return main.CONNECTION_LOST
        if self._write_waits:
            self.stopWriting()
        return sent

    def doWrite(self) -> Any:
        """The socket takes more."""
        if self._shaking:
            return self._handshake()
        if self._read_waits:
            self._read_waits = False
            why = self.doRead()
            if why or self.disconnected:
                return why
        return super().doWrite()

    # Ends.

    def close_now(self) -> None:
        """Close, within this call when all is sent."""
        if self.connected and not (self._tempDataLen or self.dataBuffer):
            self._say_goodbye()
        super().close_now()

    def _postLoseConnection(self) -> Any:
        self._say_goodbye()
        return main.CONNECTION_DONE

    def _say_goodbye(self) -> None:
        """Tell the client that nothing was cut off (RFC 8446 section 6.1)."""
        with suppress(SSL.Error):  # it may be gone already
            self._tls.shutdown()

    def loseWriteConnection(self) -> None:
        """TLS knows no half that is closed."""
        self.loseConnection()

    def connectionLost(self, reason: Failure) -> None:
        """The connection is over."""
        if self.disconnected:
            return
        if self._shaking:
            self._shaking = False
            self.server.shaken(self)
        super().connectionLost(reason)

    def readConnectionLost(self, reason: Failure) -> None:
        """The client says no more."""
        if isinstance(self.protocol, _Nobody):
            self.connectionLost(DONE)
        else:
            super().readConnectionLost(reason)


class TLSPort(Port):
    """
    Accepts into `TLSServer`.

    :ivar context: the settings of the secure connections, `OpenSSL.SSL.Context`.
    """

    _type = "TLS"
    context: SSL.Context

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._shaking: dict[TLSServer, None] = {}

    def connect(self, sock: socket.socket, client: Any) -> None:
        """Begin the handshake; the protocol comes after it."""
        if len(self._shaking) >= HANDSHAKES:
            next(iter(self._shaking)).abortConnection()
        transport = TLSServer(sock, client, self, self.sessionno)
        self._shaking[transport] = None
        self.factory.deadlines.add(transport, HANDSHAKE_TIME)

    def shaken(self, transport: TLSServer) -> None:
        """A handshake is over, whichever way."""
        self._shaking.pop(transport, None)
        self.factory.deadlines.discard(transport)


def listen_tls(
    reactor: Any, port: int, factory: Any, backlog: int, interface: str, context: Any
) -> TLSPort:
    """Listen with TLS on *port*, for a *factory* that is one of our sites."""
    listening = TLSPort(port, factory, backlog, interface, reactor)
    listening.context = context
    listening.startListening()
    return listening


def set_alpn(context: SSL.Context, protocols: list[bytes]) -> None:
    """Have *context* choose the first of *protocols* that is offered (RFC 7301)."""

    def choose(_: SSL.Connection, offered: list[bytes]) -> Any:
        for protocol in protocols:
            if protocol in offered:
                return protocol
        return SSL.NO_OVERLAPPING_PROTOCOLS

    context.set_alpn_select_callback(choose)
