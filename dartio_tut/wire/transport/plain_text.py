"""
Requests without TLS on a port with TLS: answered with what to do instead.

The first byte tells them apart. A TLS connection begins with a handshake record, whose
first byte is 22 (RFC 8446 section 5.1); what people and programs type is printable
ASCII, or a line end. OpenSSL itself knows a few methods only, and waits for five bytes.
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
from .epoll import CONNECTION_DONE

LINGER_SECONDS = 2
"""Time in which a client that speaks no TLS may read why it was refused."""

_PLAIN = frozenset(b"\t\r\n") | frozenset(range(0x20, 0x7F))


def is_plain_text(data: bytes) -> bool:
    """Whether a connection that begins with *data* is not meant to be TLS."""
    return data[0] in _PLAIN


class RefusingTLS(BufferingTLSTransport):
    """Twisted's TLS, which tells a client without TLS what to do."""

    factory: RefusingTLSFactory
    transport: Any
    deadline = NEVER
    _has_begun = False
    _is_refused = False

    def dataReceived(self, data: bytes) -> None:
        """Encrypted bytes have come, or plain ones."""
        if self._is_refused:
            return
        if not self._has_begun:
            self._has_begun = True
            site = self.factory.site
            answer = site.answer_without_tls
            if answer is not None and is_plain_text(data):
                self._refuse(site, answer)
                return
        super().dataReceived(data)

    def _refuse(self, site: ITLSSite, answer: Callable[[], bytes]) -> None:
        self._is_refused = True
        site.log_refusal(self.getPeer(), "a request without TLS")
        transport = self.transport
        transport.write(answer())
        if ITCPTransport.providedBy(transport):  # it would be reset if it sent more
            transport.loseWriteConnection()
            site.deadlines.add(self, LINGER_SECONDS)
        else:
            transport.loseConnection()

    def expired(self) -> None:
        """The client has had its time to read."""
        self.deadline = NEVER
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = CONNECTION_DONE) -> None:
        """The connection has ended."""
        if self._is_refused:
            self.factory.site.deadlines.discard(self)
        super().connectionLost(reason)


class RefusingTLSFactory(TLSMemoryBIOFactory):
    """
    Has connections of another transport speak TLS, by Twisted's own.

    :param creator: makes OpenSSL's connections.
    :param factory: builds the protocols for *site*.
    """

    protocol = RefusingTLS

    def __init__(
        self, creator: IOpenSSLServerConnectionCreator, factory: Factory, site: ITLSSite
    ) -> None:
        super().__init__(creator, False, factory)
        self.site = site
