"""
TLS over another transport by Twisted's own, which tells clients why they are refused.

Requests without TLS are answered with what to do instead. The first byte tells them
apart. A TLS connection begins with a handshake record, whose first byte is 22 (RFC 8446
section 5.1); what people and programs type is printable ASCII, or a line end. OpenSSL
itself knows a few methods only, and waits for five bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, ITCPTransport
from twisted.internet.protocol import Factory
from twisted.protocols.tls import BufferingTLSTransport, TLSMemoryBIOFactory
from twisted.python.failure import Failure

from ..deadlines import NEVER
from ..interfaces import ITLSSite
from ..twisted_private import write_delayed
from .epoll import CONNECTION_DONE
from .handshake_faults import (
    GONE,
    TOO_LATE,
    TOO_MANY,
    WITHOUT_TLS,
    HandshakeFault,
    handshake_fault,
)

LINGER_SECONDS = 2
"""Time in which a client that was refused may read why."""

MAX_HANDSHAKES = 1024
"""
Handshakes under way at a time at one port. For one more, the oldest is given up, and so
it is where there may be no more connections. Each holds some 35 KB, which a client can
have for a few bytes.
"""

_PLAIN = frozenset(b"\t\r\n") | frozenset(range(0x20, 0x7F))


def is_plain_text(data: bytes) -> bool:
    """Whether a connection that begins with *data* is not meant to be TLS."""
    return data[0] in _PLAIN


class RefusingTLS(BufferingTLSTransport):
    """Twisted's TLS, which tells a client that it refuses why, and its site as well."""

    factory: RefusingTLSFactory
    transport: Any
    deadline = NEVER
    _has_begun = False
    _is_lost = False
    _is_refused = False

    def makeConnection(self, transport: Any) -> None:
        """The connection begins, and with it the handshake."""
        self.factory.handshake_begins(self)
        super().makeConnection(transport)

    def _checkHandshakeStatus(self) -> None:
        super()._checkHandshakeStatus()
        if self._handshakeDone:
            self.factory.handshakes.pop(self, None)

    def give_up(self, why: str) -> None:
        """End the handshake now."""
        if not self._is_refused:
            self._tell(HandshakeFault(why))
        self.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        """Encrypted bytes have come, or plain ones."""
        if self._is_refused:
            return
        if not self._has_begun:
            self._has_begun = True
            answer = self.factory.site.answer_without_tls
            if answer is not None and is_plain_text(data):
                self._refuse_plain_text(answer)
                return
        super().dataReceived(data)

    def _refuse_plain_text(self, answer: Callable[[], bytes]) -> None:
        self._tell(HandshakeFault(WITHOUT_TLS))
        self.transport.write(answer())
        self._linger()

    def _shutdownTLS(self) -> None:
        """
        End TLS. A client that closes its half right behind its request is sent the
        response that there is already: Twisted's TLS holds it for a moment.
        """
        write_delayed(self)
        super()._shutdownTLS()

    def _tlsShutdownFinished(self, reason: Failure | None) -> None:
        """
        TLS has ended. If it never began, the alert that says why is lost when the
        connection is closed while something of the client's is unread.
        """
        if self._handshakeDone or reason is None:
            super()._tlsShutdownFinished(reason)
        elif self._is_lost:
            if self._has_begun and not self._is_refused:
                self._tell(HandshakeFault(GONE))
            super()._tlsShutdownFinished(reason)
        else:
            self._reason, self._lostTLSConnection = reason, True
            self._flushSendBIO()
            self._tell(handshake_fault(reason.value, self.getHandle()))
            self._linger()

    def _tell(self, fault: HandshakeFault) -> None:
        self.factory.site.handshake_failed(self.getPeer(), *fault)

    def _linger(self) -> None:
        """Send no more, and drop what comes, for a while."""
        self._is_refused = True
        transport = self.transport
        if ITCPTransport.providedBy(transport):
            transport.loseWriteConnection()
            self.factory.site.deadlines.add(self, LINGER_SECONDS)
        else:
            transport.loseConnection()

    def expired(self) -> None:
        """The client has had its time to read."""
        self.deadline = NEVER
        self.transport.abortConnection()

    def loseConnection(self) -> None:
        """Close; before the handshake has ended, because it takes too long."""
        site = self.factory.site
        if not (self._handshakeDone or self.disconnecting or site.is_draining):
            self._tell(HandshakeFault(TOO_LATE))
        super().loseConnection()

    def connectionLost(self, reason: Failure = CONNECTION_DONE) -> None:
        """The connection has ended."""
        self._is_lost = True
        self.factory.handshakes.pop(self, None)
        if self._is_refused:
            self.factory.site.deadlines.discard(self)
        super().connectionLost(reason)


class RefusingTLSFactory(TLSMemoryBIOFactory):
    """
    Has connections of another transport speak TLS, by Twisted's own.

    :param creator: makes OpenSSL's connections.
    :param factory: builds the protocols for *site*.
    :ivar handshakes: those that are under way, or whose clients may read why they
        failed; the oldest first.
    """

    protocol = RefusingTLS

    def __init__(
        self, creator: IOpenSSLServerConnectionCreator, factory: Factory, site: ITLSSite
    ) -> None:
        super().__init__(creator, False, factory)
        self.site = site
        self.handshakes: dict[RefusingTLS, None] = {}

    def handshake_begins(self, connection: RefusingTLS) -> None:
        """A client has connected."""
        is_full = len(self.handshakes) >= MAX_HANDSHAKES
        if self.handshakes and (is_full or not self.site.connection_limit.has_room()):
            oldest = next(iter(self.handshakes))
            del self.handshakes[oldest]
            oldest.give_up(TOO_MANY)
        self.handshakes[connection] = None
