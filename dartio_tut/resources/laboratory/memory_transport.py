"""
A connection without a socket: what the server writes is counted, and no more is taken
than there is room for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import (
    IAddress,
    IConsumer,
    IProducer,
    IPushProducer,
    ITransport,
)
from zope.interface import implementer

CLIENT = IPv4Address("TCP", "127.0.0.1", 50000)
"""Where requests seem to come from; the port is one that systems give to clients."""

SERVER_ADDRESS = IPv4Address("TCP", "127.0.0.1", 80)


@implementer(ITransport, IConsumer, IPushProducer)
class MemoryTransport:
    """
    The server's end of a connection whose client reads at once.

    :param max_bytes: that may be written; then *overflow* is called, once.
    :ivar has_closed: whether the server has closed the connection.
    """

    disconnecting = False

    def __init__(self, max_bytes: int, overflow: Callable[[], None]) -> None:
        self._left = max_bytes
        self._overflow = overflow
        self._producer: IProducer | None = None
        self.has_closed = False

    def write(self, data: bytes) -> None:
        """Count *data*."""
        if self.has_closed:
            return
        self._left -= len(data)
        if self._left < 0:
            self.has_closed = True
            self._overflow()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Count all of *data*."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """Close."""
        self.has_closed = True

    abortConnection = loseWriteConnection = loseConnection

    def getPeer(self) -> IAddress:
        """The client."""
        return CLIENT

    def getHost(self) -> IAddress:
        """The server."""
        return SERVER_ADDRESS

    # The client reads at once: producers are never paused.

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Take what *producer* writes as it comes."""
        self._producer = producer

    def unregisterProducer(self) -> None:
        """Nobody writes any more."""
        self._producer = None

    def stop_producer(self) -> None:
        """The connection is lost: whoever writes need not go on."""
        if self._producer is not None:
            self._producer.stopProducing()

    def pauseProducing(self) -> None:
        """All bytes that there are have been delivered already."""

    def resumeProducing(self) -> None:
        """As `pauseProducing`."""

    def stopProducing(self) -> None:
        """As `pauseProducing`."""
