"""
A request body that is handed to a resource while it arrives.

A resource asks for it by saying how much it takes (``streams_up_to``). It is then asked
to render as soon as the head is there, and calls `Request.deliver_body` with a
protocol, as a client does with a response: ``dataReceived`` for each piece,
``connectionLost`` at the end. Its reason is `ConnectionDone` when all of the body has
come, and `IncompleteBody` whenever it has not, whoever ended it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IProtocol, IPushProducer
from twisted.python.failure import Failure
from zope.interface import implementer

DELIVERED_BYTES = 64 * 1024
"""Bytes of a piece of a body that was held until it was whole."""


class IncompleteBody(ConnectionLost):
    """
    The request body broke off before its end: do not take it for whole.

    :ivar received: how many bytes of it had come.
    """

    def __init__(self, received: int) -> None:
        super().__init__(f"the request body broke off after {received} bytes")
        self.received = received


@implementer(IPushProducer)
class StreamedBody:
    """
    The body of one request on its way to a protocol, whose transport this is.

    :param wanted: called once, when somebody wants the body.
    :param hold: stops reading it, or goes on.
    """

    def __init__(
        self, wanted: Callable[[], None], hold: Callable[[bool], None]
    ) -> None:
        self._wanted = wanted
        self._hold = hold
        self._protocol: IProtocol | None = None
        self._kept: list[bytes] = []
        self._received = 0
        self._is_dropped = False
        self._end: Failure | None = None

    def deliver(self, protocol: IProtocol) -> None:
        """
        Hand the body to *protocol*.

        :raise RuntimeError: when it was handed to another.
        """
        if self._protocol is not None:
            raise RuntimeError("the body of this request was delivered already")
        self._protocol = protocol
        protocol.makeConnection(self)  # type: ignore[arg-type]
        self._wanted()
        kept, self._kept = self._kept, []
        for piece in kept:
            self._deliver(piece)
        if self._end is not None:
            protocol.connectionLost(self._end)
        elif kept and not self._is_dropped:
            self._hold(False)

    def _deliver(self, piece: bytes) -> None:
        if self._protocol is not None and not self._is_dropped:
            self._received += len(piece)
            self._protocol.dataReceived(piece)

    def received(self, piece: bytes) -> None:
        """A piece has come."""
        if self._protocol is None and not self._is_dropped:
            self._kept.append(piece)
            self._hold(True)
        else:
            self._deliver(piece)

    def ended(self, lost: Failure | None = None) -> None:
        """
        All of the body has come.

        :param lost: why no more of it will come, when that is so.
        """
        if self._end is not None:
            return
        if lost is None and not self._is_dropped:
            self._end = Failure(ConnectionDone())
        else:
            received = self._received + sum(map(len, self._kept))
            self._end = Failure(IncompleteBody(received))
        if self._protocol is not None:
            self._protocol.connectionLost(self._end)

    def pauseProducing(self) -> None:
        """Deliver nothing for a while."""
        self._hold(True)

    def resumeProducing(self) -> None:
        """Go on delivering."""
        self._hold(False)

    def stopProducing(self) -> None:
        """
        Deliver nothing more: the rest is read and dropped. The protocol is told at the
        end that its body is incomplete.
        """
        self._is_dropped = True
        self._hold(False)

    loseConnection = stopProducing


class HeldBody:
    """
    The transport of a protocol that is given a body which has come as a whole.
    """

    def __init__(self) -> None:
        self._is_dropped = False

    def deliver(self, content: IO[bytes], protocol: IProtocol) -> None:
        """Hand *protocol* all of *content* at once."""
        protocol.makeConnection(self)  # type: ignore[arg-type]
        content.seek(0)
        received = 0
        while not self._is_dropped and (piece := content.read(DELIVERED_BYTES)):
            received += len(piece)
            protocol.dataReceived(piece)
        error = IncompleteBody(received) if self._is_dropped else ConnectionDone()
        protocol.connectionLost(Failure(error))

    def pauseProducing(self) -> None:
        """All of it is there already: it cannot be paused."""

    def resumeProducing(self) -> None:
        """All of it is there already."""

    def stopProducing(self) -> None:
        """Deliver nothing more."""
        self._is_dropped = True

    loseConnection = stopProducing
