"""
The flow-control windows of one connection (RFC 9113 section 5.2), in both directions.
"""

from __future__ import annotations

from collections.abc import Container

from .engine import FRAME_BYTES, STREAM_WINDOW, ConnectionFault, ErrorCode
from .frames import WINDOW_UPDATE, frame

MAX_WINDOW = 2**31 - 1
"""The largest window there is (RFC 9113 section 6.9.1)."""


class SendingWindows:
    """
    What the client takes.

    :ivar initial: the window of a stream on which nothing was sent, and for which none
        was opened.
    :ivar most_at_once: what can be sent on such a stream in one frame.
    :ivar all: that of the connection.
    :ivar streams: by how much the windows of streams differ from `initial`, where they
        do.
    """

    __slots__ = ("all", "initial", "most_at_once", "streams")

    def __init__(self) -> None:
        self.initial = self.all = STREAM_WINDOW
        self.most_at_once = FRAME_BYTES
        self.streams: dict[int, int] = {}

    def left(self, stream_id: int) -> int:
        """How many bytes may be sent on a stream."""
        of_stream = self.initial + self.streams.get(stream_id, 0)
        return of_stream if of_stream < self.all else self.all

    def used(self, stream_id: int, count: int) -> None:
        """So many bytes are sent."""
        self.all -= count
        self.streams[stream_id] = self.streams.get(stream_id, 0) - count

    def end(self, stream_id: int) -> None:
        """Nothing more is sent on a stream."""
        self.streams.pop(stream_id, None)

    def keep(self, streams: Container[int]) -> None:
        """Forget all but *streams*."""
        kept = {key: value for key, value in self.streams.items() if key in streams}
        self.streams = kept

    def opened(self, stream_id: int, increment: int) -> ErrorCode | None:
        """
        The client takes *increment* bytes more.

        :param stream_id: on which stream; 0: on all of them together.
        :return: an error code, when it cannot.
        """
        if not increment:
            return ErrorCode.PROTOCOL_ERROR
        if stream_id:
            changed = self.streams.get(stream_id, 0) + increment
            if self.initial + changed > MAX_WINDOW:
                return ErrorCode.FLOW_CONTROL_ERROR
            self.streams[stream_id] = changed
        else:
            if self.all + increment > MAX_WINDOW:
                return ErrorCode.FLOW_CONTROL_ERROR
            self.all += increment
        return None

    def resize(self, initial: int) -> bool:
        """
        The client has another initial window, for all streams that are open, too.

        :return: false when a window would become larger than any may be.
        """
        if initial + max(0, max(self.streams.values(), default=0)) > MAX_WINDOW:
            return False
        self.initial = initial
        self.most_at_once = min(initial, FRAME_BYTES)
        return True


class ReceivingWindows:
    """
    What this side takes.

    The client is told of more room when half a window was used: a frame for each piece
    would cost as much as the piece. Where bodies that wait for others have used half of
    the connection's, it is told sooner: the rest must be enough for those others.

    :param all_bytes: of all streams together, at a time.
    :ivar streams: how many bytes may still come on the streams whose requests have not
        ended.
    """

    __slots__ = ("_all", "_all_credit", "_credit", "_left", "streams")

    def __init__(self, all_bytes: int) -> None:
        self._all = self._left = max(STREAM_WINDOW, all_bytes)
        self._all_credit = 0
        self._credit: dict[int, int] = {}
        self.streams: dict[int, int] = {}

    def opening(self) -> bytes:
        """What tells a client that the window of the connection is not the usual."""
        more = self._all - STREAM_WINDOW
        return frame(WINDOW_UPDATE, 0, more.to_bytes(4, "big")) if more else b""

    def begin(self, stream_id: int) -> None:
        """A body is to come."""
        self.streams[stream_id] = STREAM_WINDOW

    def end(self, stream_id: int) -> None:
        """No body comes any more."""
        self.streams.pop(stream_id, None)
        self._credit.pop(stream_id, None)

    def came(self, count: int) -> None:
        """
        So many bytes have come, on whichever stream.

        :raise ConnectionFault: when they are too many.
        """
        self._left -= count
        if self._left < 0:
            raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "more than the window")

    def came_on(self, stream_id: int, count: int) -> bool:
        """
        So many bytes have come on a stream.

        :return: whether they may.
        """
        left = self.streams.get(stream_id)
        if left is None or left < count:
            return False
        self.streams[stream_id] = left - count
        return True

    def credit(self, stream_id: int, count: int) -> bytes:
        """
        So many bytes are taken: what tells the client, if it is worth it.

        :param stream_id: where they came; 0: on a stream that has ended.
        """
        said = b""
        self._all_credit += count
        half = self._all // 2
        worth = half if self._left > half else STREAM_WINDOW // 2
        if self._all_credit >= worth:
            said = frame(WINDOW_UPDATE, 0, self._all_credit.to_bytes(4, "big"))
            self._left += self._all_credit
            self._all_credit = 0
        if stream_id in self.streams:
            credit = self._credit.get(stream_id, 0) + count
            if credit >= STREAM_WINDOW // 2:
                said += frame(WINDOW_UPDATE, stream_id, credit.to_bytes(4, "big"))
                self.streams[stream_id] += credit
                credit = 0
            self._credit[stream_id] = credit
        return said
