"""
Which version of HTTP a connection speaks, where only its first bytes tell.

With TLS straight on the socket the protocol is built after the handshake, when it is
known. Twisted's own TLS builds one before; and on a port without TLS a client that
knows that this server speaks HTTP/2 simply begins with it (RFC 9113 section 3.3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.interfaces import IAddress, INegotiated, IProtocol, ITransport
from twisted.internet.protocol import Factory
from twisted.protocols.tls import TLSMemoryBIOProtocol

from .first_bytes import FirstBytesProtocol
from .http2.frames import PREFACE
from .interfaces import ISite
from .transport.tcp import Server

HTTP1, HTTP2 = b"http/1.1", b"h2"
"""As ALPN names them."""

Choice = Callable[[ITransport, bytes], bytes | None]
"""Tells the protocol by the transport and the first bytes; ``None``: it takes more."""


def by_negotiation(transport: ITransport, data: bytes) -> bytes | None:
    """The protocol that was negotiated before the first byte."""
    return HTTP2 if INegotiated(transport).negotiatedProtocol == HTTP2 else HTTP1


def by_preface(transport: ITransport, data: bytes) -> bytes | None:
    """HTTP/2 for a client that begins with its preface."""
    if data.startswith(PREFACE):
        return HTTP2
    return None if PREFACE.startswith(data) else HTTP1


class ChoosingSite(ISite, Protocol):
    """What choosing the protocol of a connection asks of its site."""

    def doStart(self) -> None:
        """A port that serves this site starts to listen."""

    def doStop(self) -> None:
        """A port that serves this site has stopped."""

    def build_negotiated(
        self, protocol: bytes | None, addr: IAddress
    ) -> IProtocol | None:
        """A protocol for a connection that speaks *protocol*."""


class ChoosingFactory(Factory):
    """Builds protocols for *site*, where *choose* tells the version of HTTP."""

    noisy = False

    def __init__(self, site: ChoosingSite, choose: Choice) -> None:
        self._site = site
        self._choose = choose

    def doStart(self) -> None:
        """A port that uses this factory starts to listen."""
        self._site.doStart()

    def doStop(self) -> None:
        """A port that uses this factory has stopped."""
        self._site.doStop()

    # Twisted's type asks for a protocol that has a factory; this one needs none.
    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A protocol for a new connection."""
        return ChoosingProtocol(self._site, self._choose)


class ChoosingProtocol(FirstBytesProtocol):
    """
    Waits for the first bytes of a connection, and hands it to the protocol that they
    ask for.
    """

    _site: ChoosingSite

    def __init__(self, site: ChoosingSite, choose: Choice) -> None:
        super().__init__(site)
        self._choose = choose

    def makeConnection(self, transport: ITransport) -> None:
        """The connection begins."""
        super().makeConnection(transport)
        if isinstance(transport, Server):
            transport.admission = self._admission

    def dataReceived(self, data: bytes) -> None:
        """Bytes have come."""
        self._data += data
        chosen = self._choose(self._transport, self._data)
        if chosen is not None:
            self._hand_over(chosen)

    def _hand_over(self, chosen: bytes) -> None:
        """From here on the connection is that of another protocol."""
        transport = self._transport
        self._site.deadlines.discard(self)
        protocol = self._site.build_negotiated(chosen, transport.getPeer())
        if protocol is None:
            self.abortConnection()
            return
        if not isinstance(transport, Server):
            self._admission.release()  # the protocol counts it
        if isinstance(transport, TLSMemoryBIOProtocol):
            transport.wrappedProtocol = protocol
        else:
            transport.protocol = protocol
        self.dataReceived = protocol.dataReceived  # type: ignore[method-assign]
        self.connectionLost = protocol.connectionLost  # type: ignore[method-assign]
        protocol.makeConnection(transport)
        protocol.dataReceived(self._data)
