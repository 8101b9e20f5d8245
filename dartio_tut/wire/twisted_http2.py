"""
HTTP/2 by Twisted, for a client that has negotiated ``h2``.
"""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.interfaces import IAddress, IProtocol, IReactorTime
from twisted.internet.protocol import Factory
from twisted.protocols.tls import TLSMemoryBIOProtocol

from .deadlines import NEVER
from .http1.channel import Channel
from .interfaces import ISite
from .twisted_private import H2Connection


class NegotiatingSite(ISite, Protocol):
    """
    What serving a site by HTTP/2, and by the protocol that is negotiated, asks of it.

    :ivar reactor: the one that the site uses.
    """

    reactor: IReactorTime

    def doStart(self) -> None:
        """A port that serves this site starts to listen."""

    def doStop(self) -> None:
        """A port that serves this site has stopped."""

    def buildProtocol(self, addr: IAddress | None) -> Channel:
        """A channel for a new connection."""


def http2_protocol(site: NegotiatingSite) -> IProtocol:
    """A protocol that serves *site* by HTTP/2."""
    # Twisted declares attributes as None that whoever makes a protocol has to set.
    protocol: Any = H2Connection()
    protocol.requestFactory = site.requestFactory
    protocol.site = protocol.factory = site
    idle = site.limits.idle_time
    protocol.timeOut = None if idle == NEVER else idle
    protocol.callLater = site.reactor.callLater
    made: IProtocol = protocol
    return made


class NegotiatingFactory(Factory):
    """
    Builds protocols of *site* for connections that may negotiate HTTP/2.

    For Twisted's own TLS, which builds a protocol before its handshake has ended.
    """

    noisy = False

    def __init__(self, site: NegotiatingSite) -> None:
        self._site = site

    def doStart(self) -> None:
        """A port that uses this factory starts to listen."""
        self._site.doStart()

    def doStop(self) -> None:
        """A port that uses this factory has stopped."""
        self._site.doStop()

    # Twisted's type asks for a protocol that has a factory; this one needs none.
    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A protocol for a new connection."""
        return NegotiatingProtocol(self._site, self._site.buildProtocol(addr))


class NegotiatingProtocol:
    """
    Serves by HTTP/1.1 or HTTP/2, whichever was negotiated before the first byte.

    :param channel: the protocol to begin with: it bounds the time of the handshake.
    """

    def __init__(self, site: NegotiatingSite, channel: Channel) -> None:
        self._site = site
        self._channel = channel
        self.connectionLost = channel.connectionLost

    def makeConnection(self, transport: TLSMemoryBIOProtocol) -> None:
        """The connection begins."""
        self._transport = transport
        self._channel.makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        """The first bytes tell that the handshake has ended."""
        channel = self._channel
        protocol: IProtocol = channel
        if self._transport.negotiatedProtocol == b"h2":
            protocol = http2_protocol(self._site)
            channel.hand_over(protocol)
            protocol.makeConnection(self._transport)
        self.dataReceived = channel.dataReceived  # type: ignore[method-assign]
        self.connectionLost = channel.connectionLost
        channel.dataReceived(data)
