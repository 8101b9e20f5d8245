"""
A request body that is handed to a resource while it arrives.

A resource asks for it by saying how much it takes (``streams_up_to``). It is then asked
to render as soon as the head is there, and calls `Request.deliver_body` with a
protocol, as a client does with a response: ``dataReceived`` for each piece,
``connectionLost`` at the end. Its reason is `ConnectionDone` when all of the body has
come, and `IncompleteBody` whenever it has not, whoever ended it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
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

    What comes while nobody wants it, or while the protocol has paused, is kept, and no
    more is read. An error that the protocol raises ends the delivery: it is told that
    the body is incomplete, and whoever has called `deliver` is told of the error.

    :param wanted: called once, when somebody wants the body.
    :param hold: stops reading it, or goes on.
    :ivar is_whole: whether all of it has come, though not all may be delivered yet.
    """

    def __init__(
        self, wanted: Callable[[], None], hold: Callable[[bool], None]
    ) -> None:
        self._wanted = wanted
        self._hold = hold
        self.is_whole = False
        self._failed: Callable[[Failure], object] | None = None
        self._protocol: IProtocol | None = None
        self._kept: deque[bytes] = deque()
        self._received = 0
        self._is_paused = False
        self._is_held = False
        self._is_dropped = False
        self._is_delivering = False
        self._end: Failure | None = None

    @property
    def is_dropped(self) -> bool:
        """Whether the protocol wants no more of it, or has failed."""
        return self._is_dropped

    @property
    def has_ended(self) -> bool:
        """Whether no more of it will come."""
        return self._end is not None

    def deliver(self, protocol: IProtocol, failed: Callable[[Failure], object]) -> None:
        """
        Hand the body to *protocol*.

        :param failed: called with what the protocol raises, if it does.
        :raise RuntimeError: when it was handed to another.
        """
        if self._protocol is not None:
            raise RuntimeError("the body of this request was delivered already")
        self._protocol, self._failed = protocol, failed
        self._is_delivering = True  # what the protocol asks for has to wait
        try:
            protocol.makeConnection(self)  # type: ignore[arg-type]
        except Exception:  # noqa: BLE001  (the client is answered)
            self._fail(protocol, Failure())
        finally:
            self._is_delivering = False
        if self._end is None:
            self._wanted()
        self._go_on()

    def received(self, piece: bytes) -> None:
        """A piece has come."""
        if not self._is_dropped:
            self._kept.append(piece)
            self._go_on()

    def ended(self, lost: Failure | None = None) -> None:
        """
        All of the body has come.

        :param lost: why no more of it will come, when that is so.
        """
        if self._end is not None:
            return
        if lost is None:
            self.is_whole = True
        if lost is None and not self._is_dropped:
            self._end = Failure(ConnectionDone())
        else:
            self._break_off()
        self._go_on()

    def _break_off(self) -> Failure:
        """Nothing more of it is delivered."""
        received = self._received + sum(map(len, self._kept))
        self._kept.clear()
        self._is_dropped = True
        self._end = Failure(IncompleteBody(received))
        return self._end

    def _go_on(self) -> None:
        """Deliver what has come, as far as the protocol wants it."""
        if self._is_delivering:
            return
        if self._protocol is not None:
            self._is_delivering = True
            try:
                self._deliver(self._protocol)
            except Exception:  # noqa: BLE001  (the client is answered)
                self._fail(self._protocol, Failure())
            finally:
                self._is_delivering = False
        is_held = not self._is_dropped and (self._is_paused or bool(self._kept))
        if is_held is not self._is_held:
            self._is_held = is_held
            self._hold(is_held)

    def _deliver(self, protocol: IProtocol) -> None:
        while self._kept and not self._is_paused:
            piece = self._kept.popleft()
            self._received += len(piece)
            protocol.dataReceived(piece)
        failed = self._failed
        if self._end is None or self._kept or failed is None:
            return
        self._failed = None  # there is one end
        try:
            protocol.connectionLost(self._end)
        except Exception:  # noqa: BLE001  (the client is answered)
            failed(Failure())

    def _fail(self, protocol: IProtocol, failure: Failure) -> None:
        """The protocol has failed: tell of it, then tell the protocol of the end."""
        end = self._break_off()
        failed, self._failed = self._failed, None
        if failed is not None:
            failed(failure)
            with suppress(Exception):  # the first failure is the cause of others
                protocol.connectionLost(end)

    def pauseProducing(self) -> None:
        """Deliver nothing for a while."""
        self._is_paused = True
        self._go_on()

    def resumeProducing(self) -> None:
        """Go on delivering."""
        self._is_paused = False
        self._go_on()

    def stopProducing(self) -> None:
        """
        Deliver nothing more: the rest is read and dropped. The protocol is told at the
        end that its body is incomplete.
        """
        self._is_dropped = True
        self._received += sum(map(len, self._kept))
        self._kept.clear()
        self._go_on()

    loseConnection = stopProducing


class HeldBody:
    """
    Has a body that has come as a whole delivered, as if it came just now.

    :param content: the body.
    :ivar body: what delivers it.
    """

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self._offset = 0
        self._is_held = False
        self._is_reading = False
        self.body = StreamedBody(self._read, self._hold)
        self.body.is_whole = True

    def _hold(self, stop: bool) -> None:
        self._is_held = stop
        self._read()

    def _read(self) -> None:
        """Read and deliver until the protocol wants no more, or there is no more."""
        if self._is_reading:
            return
        self._is_reading = True
        while not self._is_held and not self.body.has_ended:
            if self._content.closed or self.body.is_dropped:
                self.body.ended(Failure(ConnectionLost()))
                break
            self._content.seek(self._offset)
            piece = self._content.read(DELIVERED_BYTES)
            self._offset += len(piece)
            if piece:
                self.body.received(piece)
            else:
                self.body.ended()
        self._is_reading = False
