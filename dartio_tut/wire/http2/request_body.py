"""
A request body on its way from a stream to a request: how much, how fast, and whether a
resource has paused it.

What a resource does not take yet is kept here, and not acknowledged: the window of the
stream closes, and the client stops.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from ..http1 import protocol_error as errors
from ..http1.protocol_error import ProtocolError
from ..http1.request_body import BodyPace
from ..limits import Limits


class BodyTaker(Protocol):
    """What takes the pieces of a body: a stream."""

    def take_piece(self, piece: bytes) -> None:
        """
        A piece of the body.

        :raise ProtocolError: when it cannot be held.
        """

    def body_ended(self) -> None:
        """The body is whole."""

    def credit(self, count: int) -> None:
        """So many bytes were taken."""


class RequestBody:
    """
    One body.

    :param max_bytes: a body with more bytes is refused.
    :param now: the time.
    :ivar received: bytes that have come.
    :ivar is_whole: whether all of it has come.
    """

    __slots__ = (
        "_deadline",
        "_is_held",
        "_kept",
        "_limits",
        "_max_bytes",
        "_pace",
        "_partial",
        "_taker",
        "is_whole",
        "received",
    )

    def __init__(
        self, taker: BodyTaker, limits: Limits, max_bytes: int, now: float
    ) -> None:
        self._taker = taker
        self._limits = limits
        self._max_bytes = max_bytes
        self._pace = BodyPace(limits, now)
        self._deadline = now + limits.body_time
        self._kept: deque[bytes] = deque()
        self._is_held = False
        self._partial = 0
        self.received = 0
        self.is_whole = False

    def came(self, data: bytes, is_ended: bool, now: float) -> None:
        """
        A piece has come.

        :raise ProtocolError: when there is too much of it, or it comes too slowly.
        """
        self.received += len(data)
        is_too_long = self.received > self._max_bytes
        if is_too_long or not self._is_held:
            self._taker.credit(len(data))  # whatever becomes of it
        if is_too_long:
            raise ProtocolError(*errors.BODY_TOO_LARGE)
        self._pace.received(max(0, len(data) - self._partial))
        self._partial = 0
        self.is_whole = is_ended
        if self._is_held:
            if data:
                self._kept.append(data)
            return
        if not is_ended:
            self._pace.check(now)
        self._deadline = now + self._limits.body_time
        if data:
            self._taker.take_piece(data)
        if is_ended and not self._is_held:
            self._taker.body_ended()

    def partial_came(self, count: int, now: float) -> None:
        """*count* bytes of a frame have come, which is not whole yet."""
        if count > self._partial:
            self._pace.received(count - self._partial)
            self._partial = count
            self._deadline = now + self._limits.body_time

    def hold(self, stop: bool, now: float) -> None:
        """Keep what comes, or go on handing it over."""
        was_held, self._is_held = self._is_held, stop
        if stop or not was_held:
            return
        self._pace.restart(now)
        self._deadline = now + self._limits.body_time
        while self._kept and not self._is_held:
            piece = self._kept.popleft()
            self._taker.credit(len(piece))
            self._taker.take_piece(piece)
        if self.is_whole and not self._is_held:
            self._taker.body_ended()

    def drop(self) -> int:
        """Nobody wants it any more: bytes that were kept."""
        kept = sum(map(len, self._kept))
        self._kept.clear()
        return kept

    def check(self, now: float) -> None:
        """
        See whether it comes fast enough.

        :raise ProtocolError: when it does not.
        """
        if self._is_held or self.is_whole:
            return
        if now >= self._deadline:
            raise ProtocolError(*errors.BODY_TOO_SLOW)
        self._pace.check(now)
