"""
Frames for an engine that takes them whole, and not as bytes.

What is looked at is the same as in `frames`; each frame is then handed over at once,
and nobody has to find its ends a second time. Nearly all frames of most clients are
requests without a body, each in one HEADERS frame: these have the shortest way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import Struct
from typing import Protocol

from .engine import FRAME_BYTES, ConnectionFault, ErrorCode
from .flood_budget import FloodBudget
from .frames import (
    DATA,
    FRAME_HEAD_BYTES,
    HEADERS,
    PADDED,
    REQUESTS_PER_TURN,
    WHOLE_REQUEST,
    FrameScanner,
)
from .request_head import RequestHead

_frame_head = Struct(">BHHI").unpack_from
"""Length (8 bits and 16); kind and flags (8 bits each); a bit and the stream (31)."""

WHOLE_REQUEST_HEADERS = HEADERS << 8 | WHOLE_REQUEST
"""Kind and flags of the most usual frame."""


class FrameTaker(Protocol):
    """
    An engine that takes whole frames.

    :ivar kept: what was read of header sections, by their bytes, as long as these mean
        the same.
    :ivar request_came: takes requests without a body of which there is such a head,
        unless that tells of a body.
    """

    @property
    def kept(self) -> Mapping[bytes, RequestHead]:
        """See the class."""

    @property
    def request_came(self) -> Callable[[int, RequestHead, bool], None]:
        """See the class."""

    def take_request(self, stream_id: int, block: bytes) -> None:
        """A request without a body, in one frame without padding or priority."""

    def take(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        """Any other frame that is not refused."""

    def take_late(self, count: int) -> None:
        """So many bytes of DATA have come where none may, and are dropped."""


class FrameReader(FrameScanner):
    """
    Looks at the frames of one connection likewise, and hands over those that are whole.

    A frame that is not whole is held meanwhile. It is refused before that, if its head
    says enough.

    :param taker: takes the frames.
    """

    __slots__ = ("_kept", "_request_came", "_taker")

    def __init__(
        self,
        budget: FloodBudget,
        max_block: int,
        max_continuations: int,
        open_streams: Mapping[int, object],
        taker: FrameTaker,
    ) -> None:
        super().__init__(budget, max_block, max_continuations, open_streams)
        self._taker = taker
        self._kept = taker.kept
        self._request_came = taker.request_came

    @property
    def partial(self) -> tuple[int, int]:
        """See `FrameScanner`."""
        held = self._held
        if len(held) < FRAME_HEAD_BYTES or held[3] != DATA or self._preface:
            return 0, 0
        stream_id = int.from_bytes(held[5:9], "big") & 0x7FFFFFFF
        return stream_id, len(held) - FRAME_HEAD_BYTES

    def scan(self, data: bytes) -> tuple[bytes, bytes]:
        """
        Hand over the frames that are whole with *data*.

        :raise ConnectionFault: when the connection has to end.
        :return: nothing, and the bytes that are to be scanned then.
        """
        if self._held:
            data = self._held + data
            self._held = b""
        if self._preface:
            return b"", self._scan_preface(data)[1]
        return b"", self._read(data)

    def _read(self, data: bytes) -> bytes:
        """Hand over the frames of *data*: what is to be scanned then."""
        at, last_head, requests = 0, len(data) - FRAME_HEAD_BYTES, 0
        highest, kept, request_came = self.highest, self._kept, self._request_came
        usual = self._usual()
        while at <= last_head and requests < REQUESTS_PER_TURN:
            high, length, kind_and_flags, stream_id = _frame_head(data, at)
            following = at + length
            if (
                kind_and_flags == usual
                and stream_id > highest
                and following <= last_head
                and stream_id & 0x80000001 == 1
                and length <= FRAME_BYTES
                and not high
            ):
                requests, highest = requests + 1, stream_id
                following += FRAME_HEAD_BYTES
                block = data[at + FRAME_HEAD_BYTES : following]
                head = kept.get(block)
                if head is None or head.length:
                    self._taker.take_request(stream_id, block)
                else:
                    request_came(stream_id, head, True)
                at = following
                continue
            self.highest = highest
            following = self._take_other(data, at)
            at, usual = following or at, self._usual()
            if not following or self.late:
                break
            if self.highest != highest:
                requests, highest = requests + 1, self.highest
        else:
            self.is_turn_over = at <= last_head
        self.highest = highest
        if self.is_turn_over or self.late:
            return data[at:]
        self._held = data[at:]
        return b""

    def _usual(self) -> int:
        """The kind and flags of the frames that need no closer look now."""
        return WHOLE_REQUEST_HEADERS if self._kind >= 0 and not self._block else -1

    def _take_other(self, data: bytes, at: int) -> int:
        """
        Take the frame at *at*, of whatever kind.

        :return: where it ends; 0 when it is not whole.
        """
        high, length, kind_and_flags, stream_id = _frame_head(data, at)
        kind, flags = kind_and_flags >> 8, kind_and_flags & 0xFF
        stream_id, length = stream_id & 0x7FFFFFFF, high << 16 | length
        if length > FRAME_BYTES or self._block or self._kind < 0:
            self._expect(kind, flags, stream_id, length)
        start = at + FRAME_HEAD_BYTES
        end: int = start + length
        if end > len(data):
            return 0
        self._take(kind, flags, stream_id, data[start:end])
        return end

    def _take(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        """Judge a frame that is whole, and hand it over, unless it came too late."""
        length = len(payload)
        if not self._block:
            self.count += 1
        if kind == HEADERS and stream_id > self.highest:
            if not stream_id & 1:
                raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "an even stream")
            self.highest = stream_id
            if flags & WHOLE_REQUEST != WHOLE_REQUEST:
                self._begin_message(stream_id, flags, length)
        elif kind in (DATA, HEADERS):
            if stream_id not in self.sending:
                self._refuse(kind, stream_id)
                self._taker.take_late(length)
                return
            if kind == HEADERS:
                self._begin_message(stream_id, flags, length)
            else:
                if flags & PADDED and length:
                    length = max(0, length - 1 - payload[0])
                self._judge_data(length, flags, stream_id)
        else:
            self._judge(kind, flags, stream_id, length)
        self._kind = kind
        self._taker.take(kind, flags, stream_id, payload)
