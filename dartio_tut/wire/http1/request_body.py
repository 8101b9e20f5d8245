"""
A request's body on its way in: how long it is, and whether it comes fast enough.
"""

from __future__ import annotations

from ..limits import Limits
from . import protocol_error as errors
from .chunked import ChunkedDecoder
from .protocol_error import ProtocolError


class BodyReader:
    """
    Reads one body.

    :param length: bytes of the body; -1 when it is chunked.
    :param max_bytes: a body with more bytes is refused.
    :raise ProtocolError: when its length is more than that.
    """

    __slots__ = ("_chunked", "_left", "_max_bytes")

    def __init__(self, length: int, max_bytes: int) -> None:
        if length > max_bytes:
            raise ProtocolError(*errors.BODY_TOO_LARGE)
        self._chunked = ChunkedDecoder() if length < 0 else None
        self._left = length
        self._max_bytes = max_bytes

    def feed(self, data: bytes) -> tuple[bytes, bytes, bool]:
        """
        Read *data*.

        :raise ProtocolError: when it is malformed or too long.
        :return: what it has of the body; what could not be used yet, to be fed again
            with what follows, or lies behind the body; whether the body has ended.
        """
        if self._chunked is None:
            piece, rest = data[: self._left], data[self._left :]
            self._left -= len(piece)
            return piece, rest, self._left == 0
        pieces, rest, has_ended = self._chunked.feed(data)
        if self._chunked.announced > self._max_bytes:
            raise ProtocolError(*errors.BODY_TOO_LARGE)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces), rest, has_ended


class BodyPace:
    """
    Whether a body comes fast enough.

    :param now: when its first byte was awaited.
    """

    __slots__ = ("_began", "_limits", "_received")

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._began = now
        self._received = 0

    def received(self, count: int) -> None:
        """*count* bytes have come."""
        self._received += count

    def restart(self, now: float) -> None:
        """Reading goes on after a pause that was ours: measure anew."""
        self._began = now
        self._received = 0

    def check(self, now: float) -> None:
        """
        See how fast it has come so far.

        :raise ProtocolError: when it has been coming in a trickle.
        """
        took = now - self._began
        limits = self._limits
        if took > limits.body_time and self._received < took * limits.body_rate:
            raise ProtocolError(*errors.BODY_TOO_SLOW)
