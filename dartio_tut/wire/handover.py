"""
Where others take over: their requests, HTTP/2, websockets.
"""

from __future__ import annotations

from typing import Any

from twisted.web._http2 import H2Connection
from twisted.web.iweb import INonQueuedRequestFactory

from .deadlines import NEVER


def foreign_request(channel: Any, values: dict[bytes, list[bytes]]) -> Any:
    """A request of a factory that is not ours, with its fields, as Twisted makes it."""
    factory = channel.requestFactory
    if INonQueuedRequestFactory.providedBy(factory):
        request = factory(channel)
    else:
        request = factory(channel, False)
    for name, lines in values.items():
        request.requestHeaders.setRawHeaders(name, lines)
    request.parseCookies()
    return request


def become_h2(channel: Any, data: bytes) -> None:
    """
    Let Twisted's HTTP/2 take over *channel*, whose client negotiated ``h2``.

    :param data: the first bytes the client sent.
    """
    h2: Any = H2Connection()
    h2.requestFactory = channel.requestFactory
    h2.site = channel.site
    h2.factory = channel.factory
    idle = channel.limits.idle_time
    h2.timeOut = None if idle == NEVER else idle
    h2.callLater = channel.callLater
    channel._network.unregisterProducer()
    hand_over(channel, h2)
    h2.makeConnection(channel.transport)
    channel._network.registerProducer(h2, True)
    h2.dataReceived(data)


def hand_over(channel: Any, protocol: Any) -> None:
    """
    From here on the transport's bytes are *protocol*'s.

    The transport may be wrapped, so that it goes on calling *channel*; its methods
    become those of *protocol*.
    """
    leave = channel.crowd.leave

    def connection_lost(reason: Any) -> None:
        leave(channel.transport)
        protocol.connectionLost(reason)

    channel.deadlines.discard(channel)
    channel.deadline = NEVER
    channel.dataReceived = protocol.dataReceived
    channel.connectionLost = connection_lost
    channel.readConnectionLost = channel.transport.loseConnection
