"""
A connection in memory: bytes to a protocol, and what it writes.

Rule: time is a fake clock's. Whatever is due at once has happened when a method
returns.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.resource import IResource

from dartio_tut.daemon import Site
from dartio_tut.wire import cooperating_by

from .response import UnexpectedResponse

CLIENT_ADDRESS = IPv4Address("TCP", "127.0.0.1", 50000)
"""Where requests come from; the port is one that systems give to clients."""

SERVER_ADDRESS = IPv4Address("TCP", "127.0.0.1", 80)

MAX_PIECES = 10_000
"""
Pieces that a pull producer may write while a test waits. One that goes on has no end;
with pieces of 64 KiB, as Twisted's are, it has filled 640 MB by then.
"""


class MemoryTransport(StringTransport):
    """
    A transport that also tells when its writing side was closed.

    :ivar dataBuffer: what the client has not read; declared only, so that nothing is
        known of it unless a test sets it.
    """

    dataBuffer: bytes
    has_ended = False

    def __init__(
        self,
        hostAddress: IAddress = SERVER_ADDRESS,
        peerAddress: IAddress = CLIENT_ADDRESS,
    ) -> None:
        super().__init__(hostAddress, peerAddress)

    def loseWriteConnection(self) -> None:
        """Note that nothing more may be written."""
        self.has_ended = True

    def resumeProducing(self) -> None:
        """Do nothing once closed, as a socket's transport does."""
        if not self.disconnecting:
            super().resumeProducing()

    def pauseProducing(self) -> None:
        """Do nothing once closed, as a socket's transport does."""
        if not self.disconnecting:
            super().pauseProducing()


class Connection:
    """
    A client's connection to *protocol*.

    :param clock: the clock of the protocol, and of the resource behind it.
    """

    def __init__(self, protocol: Any, clock: Clock) -> None:
        self.clock = clock
        self.transport = MemoryTransport()
        self.protocol = protocol
        protocol.makeConnection(self.transport)

    def send(self, data: bytes) -> bytes:
        """Deliver *data* to the server; return what it has written since."""
        deliver(data, self.protocol, self.clock)
        return self.read()

    def wait(self, seconds: float) -> bytes:
        """Let so many seconds pass; return what the server has written since."""
        with cooperating_by(_Turns(self.clock)):
            _let_pass(seconds, self.clock)
        return self.read()

    def read(self) -> bytes:
        """What the server has written since it was last read."""
        written: bytes = self.transport.value()
        self.transport.clear()
        return written

    def leave(self) -> None:
        """Lose the connection, whoever closed it."""
        self.protocol.connectionLost(Failure(ConnectionDone()))

    @property
    def closed(self) -> bool:
        """Whether the server has closed the connection, or its side of it."""
        transport = self.transport
        return transport.disconnecting or transport.disconnected or transport.has_ended


def connect(
    resource: IResource, clock: Clock | None = None, *, streaming: bool = False
) -> Connection:
    """A connection to a site that serves *resource*, with a clock of its own."""
    clock = clock or Clock()
    site = Site(resource, reactor=clock, streaming=streaming)
    return Connection(site.buildProtocol(CLIENT_ADDRESS), clock)


def deliver(data: bytes, protocol: Any, clock: Clock) -> None:
    """
    Hand *data* to *protocol*, then make the calls that are due at once.

    Pull producers are asked by Twisted's global cooperator, which waits for the global
    reactor; meanwhile it is replaced by one that waits for *clock*.
    """
    with cooperating_by(_Turns(clock)):
        protocol.dataReceived(data)
        _let_pass(0, clock)


def _let_pass(seconds: float, clock: Clock) -> None:
    """
    Let so many *seconds* of *clock* pass: each call is made when it is due, so that it
    may ask for others that are due within that time.
    """
    until = clock.seconds() + seconds
    while (due := _next_due(clock)) <= until:
        clock.advance(max(0.0, due - clock.seconds()))
    if (left := until - clock.seconds()) > 0:
        clock.advance(left)


def _next_due(clock: Clock) -> float:
    """When the next call is due."""
    return min((call.getTime() for call in clock.getDelayedCalls()), default=inf)


class _Turns:
    """
    Has a pull producer called by *clock* for each piece, but not for ever.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left = MAX_PIECES

    def callLater(self, delay: float, call: Callable[[], None]) -> IDelayedCall:
        """
        Have *call* made in *delay* seconds.

        :raise UnexpectedResponse: when there were too many.
        """
        self._left -= 1
        if self._left < 0:
            raise UnexpectedResponse(
                f"A producer has written {MAX_PIECES:,} pieces, and goes on. Has it no "
                "end?"
            )
        return self._clock.callLater(delay, call)
