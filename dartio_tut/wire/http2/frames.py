"""
The frames of HTTP/2 (RFC 9113 section 4), as far as they are looked at before an engine
has them.

`FrameScanner` reads the nine bytes before each frame's payload and nothing else. It
refuses what no engine shall see, and counts what costs more than it is worth: a flood
ends before the work that it asks for is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from struct import Struct

from .engine import FRAME_BYTES, ConnectionFault, ErrorCode
from .flood_budget import FloodBudget

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client begins with (RFC 9113 section 3.4)."""

FRAME_HEAD_BYTES = 9
"""Bytes of a frame before its payload (RFC 9113 section 4.1)."""

_frame_head = Struct(">IBI").unpack_from
"""Length (24 bits) and kind (8); flags; a bit that is ignored, and the stream (31)."""


class Kind(IntEnum):
    """The types of frames."""

    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 5, 6, 7, 8, 9
"""Plain numbers: comparing with these costs a third of comparing with an enum."""

END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
WHOLE_REQUEST = END_STREAM | END_HEADERS

SMALL_DATA_BYTES = 128
"""A DATA frame with less is counted, a little: its frame costs more than its bytes."""

REMEMBERED_STREAMS = 1000
"""
Streams that were reset here while the client was still sending, and of which it is
remembered that what still comes is no fault.
"""

REQUESTS_PER_TURN = 32
"""Requests that are taken in, in one turn of the reactor; then others have theirs."""


def frame(kind: int, stream_id: int, payload: bytes, flags: int = 0) -> bytes:
    """The bytes of a frame."""
    head = len(payload).to_bytes(3, "big") + bytes((kind, flags))
    return head + stream_id.to_bytes(4, "big") + payload


def settings_frame(settings: Iterable[tuple[int, int]]) -> bytes:
    """A SETTINGS frame with these identifiers and values."""
    payload = b"".join(
        name.to_bytes(2, "big") + value.to_bytes(4, "big") for name, value in settings
    )
    return frame(Kind.SETTINGS, 0, payload)


def goaway_frame(last_stream_id: int, code: int, reason: str = "") -> bytes:
    """A GOAWAY frame: requests up to *last_stream_id* were, or will be, answered."""
    payload = last_stream_id.to_bytes(4, "big") + code.to_bytes(4, "big")
    return frame(Kind.GOAWAY, 0, payload + reason.encode("ascii"))


class FrameScanner:
    """
    Looks at the frames of one connection.

    :param budget: pays for frames that are worth little.
    :param max_block: bytes of a compressed header section, all its frames together.
    :param max_continuations: CONTINUATION frames of one.
    :ivar count: frames so far; a header section counts as one. A `FrameReader` counts
        no requests of one frame: `highest` tells of these.
    :ivar highest: the highest stream identifier of a request so far.
    :param open_streams: those that are not closed yet.
    :ivar sending: streams on which the client may send more.
    :ivar is_turn_over: whether a turn's worth of requests has come; who reads it sets
        it to false.
    :ivar late: a stream on which DATA came all the same; whoever reads it sets it to 0.
    :ivar is_within: whether the bytes so far end in the middle of something.
    :ivar partial: the stream of a DATA frame of which a part has come, and how much.
    """

    __slots__ = (
        "_block",
        "_block_bytes",
        "_block_frames",
        "_budget",
        "_dropped",
        "_held",
        "_kind",
        "_left",
        "_max_block",
        "_max_continuations",
        "_open",
        "_payload",
        "_preface",
        "_stream_id",
        "count",
        "highest",
        "is_turn_over",
        "late",
        "sending",
    )

    def __init__(
        self,
        budget: FloodBudget,
        max_block: int,
        max_continuations: int,
        open_streams: Mapping[int, object],
    ) -> None:
        self._budget = budget
        self._max_block = max_block
        self._max_continuations = max_continuations
        self._preface = PREFACE
        self._held = b""
        self._left = self._dropped = self._payload = 0
        self._kind = self._stream_id = -1
        self._block = self._block_bytes = self._block_frames = 0
        self.highest = self.late = self.count = 0
        self.is_turn_over = False
        self.sending: set[int] = set()
        self._open = open_streams

    @property
    def is_within(self) -> bool:
        """See the class."""
        return bool(
            self._held or self._left or self._dropped or self._block or self._preface
        )

    @property
    def partial(self) -> tuple[int, int]:
        """See the class."""
        if self._kind != DATA or not self._left:
            return 0, 0
        return self._stream_id, self._payload - self._left

    def scan(self, data: bytes) -> tuple[bytes, bytes]:
        """
        Look at *data*.

        :raise ConnectionFault: when it must not reach an engine.
        :return: the bytes for the engine, and those that are to be scanned then.
        """
        if self._held:
            data = self._held + data
            self._held = b""
        if self._preface:
            return self._scan_preface(data)
        if self._dropped:
            dropped = min(self._dropped, len(data))
            self._dropped -= dropped
            return b"", data[dropped:]
        left, self._left = self._left, 0
        if left >= len(data):
            self._left = left - len(data)
            return data, b""
        return self._walk(data, left)

    def _walk(self, data: bytes, at: int) -> tuple[bytes, bytes]:
        """Look at the frames of *data*, the first of which begins at *at*."""
        size = len(data)
        requests = 0
        while size - at >= FRAME_HEAD_BYTES:
            start = at
            length_and_kind, flags, stream_id = _frame_head(data, at)
            length, kind = length_and_kind >> 8, length_and_kind & 0xFF
            stream_id &= 0x7FFFFFFF
            at += FRAME_HEAD_BYTES + length
            if length > FRAME_BYTES or self._block or self._kind < 0:
                self._expect(kind, flags, stream_id, length)
            if not self._block:
                self.count += 1
            if kind == HEADERS and stream_id > self.highest:
                if requests == REQUESTS_PER_TURN:
                    self.is_turn_over = True
                    return data[:start], data[start:]
                requests += 1
                self.highest = stream_id
                if flags & WHOLE_REQUEST != WHOLE_REQUEST:
                    self._begin_message(stream_id, flags, length)
            elif kind in (DATA, HEADERS):
                if stream_id not in self.sending:
                    if start:
                        return data[:start], data[start:]
                    self._refuse(kind, stream_id)
                    self._dropped = max(0, at - size)
                    return b"", data[at:]
                if kind == HEADERS:
                    self._begin_message(stream_id, flags, length)
                else:
                    self._judge_data(length, flags, stream_id)
            else:
                self._judge(kind, flags, stream_id, length)
            self._kind = kind
        if at > size:
            self._stream_id, self._payload, self._left = stream_id, length, at - size
            return data, b""
        self._held = data[at:]
        return data[:at], b""

    def _scan_preface(self, data: bytes) -> tuple[bytes, bytes]:
        missing = self._preface
        if data[: len(missing)] != missing[: len(data)]:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "not the client preface")
        self._preface = missing[len(data) :]
        return data[: len(missing)], data[len(missing) :]

    def _expect(self, kind: int, flags: int, stream_id: int, length: int) -> None:
        """See that a frame may come where not every one may."""
        if length > FRAME_BYTES:
            raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "frame too large")
        if self._block:
            if kind != CONTINUATION or stream_id != self._block:
                raise ConnectionFault(
                    ErrorCode.PROTOCOL_ERROR, "a header section was interrupted"
                )
        elif self._kind < 0 and (kind != SETTINGS or flags & ACK):
            raise ConnectionFault(
                ErrorCode.PROTOCOL_ERROR, "the first frame is not SETTINGS"
            )

    def _begin_message(self, stream_id: int, flags: int, length: int) -> None:
        """More is to come: of a header section, or behind it."""
        if flags & END_STREAM:
            self.sending.discard(stream_id)
        else:
            if len(self.sending) >= REMEMBERED_STREAMS:
                self.sending.intersection_update(self._open)
            self.sending.add(stream_id)
        if not flags & END_HEADERS:
            self._block, self._block_bytes, self._block_frames = stream_id, length, 0

    def _refuse(self, kind: int, stream_id: int) -> None:
        """
        DATA or HEADERS have come where none may (RFC 9113 section 5.1).

        :raise ConnectionFault: unless it is DATA behind the end of a request, which is
            left out.
        """
        if not stream_id or stream_id > self.highest:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "DATA on an idle stream")
        if kind == HEADERS and stream_id in self._open:
            raise ConnectionFault(
                ErrorCode.STREAM_CLOSED, "HEADERS behind the end of a request"
            )
        if kind == HEADERS:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a stream comes again")
        self._budget.spend_on_junk()
        self.late = stream_id

    def _judge_data(self, length: int, flags: int, stream_id: int) -> None:
        if flags & END_STREAM:
            self.sending.discard(stream_id)
        elif not length:
            self._budget.spend_on_junk()
        elif length < SMALL_DATA_BYTES:
            self._budget.spend_on_small_data()

    def _judge(self, kind: int, flags: int, stream_id: int, length: int) -> None:
        """Judge a frame that is neither HEADERS nor DATA."""
        if kind == CONTINUATION:
            if not self._block:
                raise ConnectionFault(
                    ErrorCode.PROTOCOL_ERROR, "CONTINUATION without HEADERS"
                )
            self._block_bytes += length
            self._block_frames += 1
            if (
                self._block_bytes > self._max_block
                or self._block_frames > self._max_continuations
            ):
                raise ConnectionFault(
                    ErrorCode.ENHANCE_YOUR_CALM, "a header section without an end"
                )
            if flags & END_HEADERS:
                self._block = 0
        elif kind == PUSH_PROMISE:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a client cannot push")
        elif kind == RST_STREAM:
            if not stream_id or stream_id > self.highest:
                raise ConnectionFault(
                    ErrorCode.PROTOCOL_ERROR, "reset of an idle stream"
                )
            self.sending.discard(stream_id)
        elif kind == SETTINGS and flags & ACK:
            if length:
                raise ConnectionFault(
                    ErrorCode.FRAME_SIZE_ERROR, "SETTINGS with ACK and more"
                )
        elif (kind == PRIORITY and not stream_id) or (kind == GOAWAY and stream_id):
            raise ConnectionFault(
                ErrorCode.PROTOCOL_ERROR, "a frame on a stream that has none such"
            )
        elif kind == WINDOW_UPDATE and stream_id > self.highest:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "window of an idle stream")
        self._budget.spend_on_junk()
