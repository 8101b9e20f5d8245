"""
HTTP/2 by Twisted, for a client that has negotiated ``h2``.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Factory

from .deadlines import NEVER
from .twisted_private import H2Connection


def http2_protocol(site: Any) -> Any:
    """A protocol that serves *site* by HTTP/2."""
    protocol: Any = H2Connection()
    protocol.requestFactory = site.requestFactory
    protocol.site = protocol.factory = site
    idle = site.limits.idle_time
    protocol.timeOut = None if idle == NEVER else idle
    protocol.callLater = site.reactor.callLater
    return protocol


class NegotiatingFactory(Factory):
    """
    Builds protocols of *site* for connections that may negotiate HTTP/2.

    For Twisted's own TLS, which builds a protocol before its handshake has ended.
    """

    noisy = False

    def __init__(self, site: Any) -> None:
        self._site = site

    def doStart(self) -> None:
        """A port that uses this factory starts to listen."""
        self._site.doStart()

    def doStop(self) -> None:
        """A port that uses this factory has stopped."""
        self._site.doStop()

    def buildProtocol(self, addr: Any) -> Any:
        """A protocol for a new connection."""
        return NegotiatingProtocol(self._site, self._site.buildProtocol(addr))


class NegotiatingProtocol:
    """
    Serves by HTTP/1.1 or HTTP/2, whichever was negotiated before the first byte.

    :param channel: the protocol to begin with: it bounds the time of the handshake.
    """

    def __init__(self, site: Any, channel: Any) -> None:
        self._site = site
        self._channel = channel
        self.connectionLost = channel.connectionLost

    def makeConnection(self, transport: Any) -> None:
        """The connection begins."""
        self._transport = transport
        self._channel.makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        """The first bytes tell that the handshake has ended."""
        channel, protocol = self._channel, self._channel
        if self._transport.negotiatedProtocol == b"h2":
            protocol = http2_protocol(self._site)
            channel.hand_over(protocol)
            protocol.makeConnection(self._transport)
        self.dataReceived = channel.dataReceived  # type: ignore[method-assign]
        self.connectionLost = channel.connectionLost
        channel.dataReceived(data)
