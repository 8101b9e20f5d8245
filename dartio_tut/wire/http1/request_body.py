"""
A request's content on its way in: how long it is, and whether it comes fast enough.
"""

from __future__ import annotations

from twisted.web.http import BAD_REQUEST, REQUEST_ENTITY_TOO_LARGE, REQUEST_TIMEOUT

from ..limits import Limits
from .chunked import BadChunk, Chunked
from .request_head import ProtocolError


class Content:
    """
    The content of one request.

    :param length: bytes; -1 when it is chunked.
    :param limit: more bytes than that are refused.
    :param now: when its first byte was awaited.
    """

    __slots__ = ("_began", "_chunked", "_left", "_limit", "_limits", "_received")

    def __init__(self, length: int, limit: int, limits: Limits, now: float) -> None:
        self._chunked = Chunked() if length < 0 else None
        self._left = length
        self._limit = limit
        self._limits = limits
        self._began = now
        self._received = 0

    def feed(self, data: bytes) -> tuple[list[bytes], bytes, bool]:
        """
        Take *data*: the pieces of content in it, what is behind them, and whether the
        content ended. What is behind is to be fed again if it did not.

        :raise Refused: when it is malformed or too long.
        """
        if self._chunked is None:
            pieces, rest = [data[: self._left]] if data else [], data[self._left :]
            self._left -= len(data)
            ended = self._left <= 0
        else:
            try:
                pieces, rest, ended = self._chunked.feed(data)
            except BadChunk:
                raise ProtocolError(BAD_REQUEST) from None
            if self._chunked.announced > self._limit:
                raise ProtocolError(REQUEST_ENTITY_TOO_LARGE)
        if len(pieces) > 1:
            pieces = [b"".join(pieces)]
        self._received += sum(map(len, pieces))
        return pieces, rest, ended

    def go_on(self, now: float) -> None:
        """Reading goes on after a pause that was ours: count the rate anew."""
        self._began = now
        self._received = 0

    def deadline(self, now: float) -> float:
        """
        When more of it must have come.

        :raise Refused: when it has been coming in a trickle.
        """
        took = now - self._began
        limits = self._limits
        if took > limits.body_time and self._received < took * limits.body_rate:
            raise ProtocolError(REQUEST_TIMEOUT)
        return now + limits.body_time
