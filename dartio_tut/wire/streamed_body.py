"""
Content that is handed to a resource while it arrives.

A resource asks for it by saying how much it takes (``streams_up_to``). It is then asked
to render as soon as the head is there, and calls `Request.deliver_body` with a
protocol, as a client does with a response: ``dataReceived`` for each piece,
``connectionLost`` at the end, with `ConnectionDone` when all of it has come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from zope.interface import implementer


@implementer(IPushProducer)
class Body:
    """
    The content of one request, on its way to a protocol, which has it as transport.

    :param wanted: called once, when somebody wants the content.
    :param hold: stops reading it, or goes on.
    """

    def __init__(
        self, wanted: Callable[[], None], hold: Callable[[bool], None]
    ) -> None:
        self._wanted = wanted
        self._hold = hold
        self._protocol: Any = None
        self._kept: list[bytes] = []
        self._end: Failure | None = None

    def deliver(self, protocol: Any) -> None:
        """
        Hand the content to *protocol*.

        :raise RuntimeError: when it was handed to another.
        """
        if self._protocol is not None:
            raise RuntimeError("the content of this request was delivered already")
        self._protocol = protocol
        protocol.makeConnection(self)
        self._wanted()
        kept, self._kept = self._kept, []
        for piece in kept:
            protocol.dataReceived(piece)
        if self._end is not None:
            protocol.connectionLost(self._end)
        elif kept:
            self._hold(False)

    def received(self, piece: bytes) -> None:
        """A piece has come."""
        if self._protocol is None:
            self._kept.append(piece)
            self._hold(True)
        else:
            self._protocol.dataReceived(piece)

    def ended(self, reason: Failure | None = None) -> None:
        """All of it has come; or, with a *reason*, no more will."""
        if self._end is None:
            self._end = reason or Failure(ConnectionDone())
            if self._protocol is not None:
                self._protocol.connectionLost(self._end)

    def pauseProducing(self) -> None:
        """Wait."""
        self._hold(True)

    def resumeProducing(self) -> None:
        """Go on."""
        self._hold(False)

    def stopProducing(self) -> None:
        """Nobody wants the rest: it is read, and dropped."""
        self._protocol = _Nobody()
        self._hold(False)

    loseConnection = stopProducing


def begin_stream(channel: Any, expects: bool) -> None:
    """
    Have the request of *channel* answered while its content comes.

    :param expects: the client waits for a 100 before it sends any.
    """
    request = channel.request

    def wanted() -> None:
        if expects and not request.startedWriting:
            channel.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    request.body = Body(wanted, channel.hold)
    request.requestReceived(*channel._line)


class _Nobody:
    """Takes what nobody wants."""

    def dataReceived(self, data: bytes) -> None:
        """It is dropped."""

    def connectionLost(self, reason: Failure) -> None:
        """It is over."""
