"""
The engine on the library ``hpack``, which is always there: header compression is the
library's part, all else of HTTP/2 is here.

It gets whole frames, which a `FrameReader` has looked at already: their sizes and their
order are right, and none is on a stream that never began. What is left to judge is what
they hold. Faults of one stream end that stream, as RFC 9113 section 5.4.2 wants it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from struct import Struct

from .engine import (
    FRAME_BYTES,
    STREAM_WINDOW,
    ConnectionFault,
    EngineLimits,
    EngineOwner,
    ErrorCode,
    settings_of,
)
from .field_rules import Malformed, check_request, check_trailers
from .flood_budget import FloodBudget
from .flow_control import ReceivingWindows
from .frame_reader import FrameReader
from .frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    FrameScanner,
    frame,
    settings_frame,
)
from .header_decoder import HeaderDecoder
from .request_head import RequestHead
from .response_frames import ResponseFrames

NAME = f"hpack {version('hpack')}"

WITH_PRIORITY = 0x20
"""A flag of HEADERS (RFC 9113 section 6.2)."""

_number = Struct(">I")
_setting_pairs = Struct(">HI").iter_unpack

ENABLE_PUSH, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = 2, 4, 5
ENABLE_CONNECT_PROTOCOL, NO_RFC7540_PRIORITIES = 8, 9
"""The settings of a client that a server has to look at; some say yes or no."""

_YES_OR_NO = (ENABLE_PUSH, ENABLE_CONNECT_PROTOCOL, NO_RFC7540_PRIORITIES)

MAX_FRAME_SIZES = range(FRAME_BYTES, 1 << 24)
"""What a client may choose as the largest frame (RFC 9113 section 6.5.2)."""

MAX_SETTINGS = 32
"""
Settings in one frame, as in nghttp2: each may be a new window for all streams, and a
frame has room for 2,730 (CVE-2020-11080).
"""

MANY_STREAMS = 100
"""Streams that ended a moment ago, and of which something may still be kept."""

Section = Sequence[tuple[bytes, bytes]]


class HPACKEngine:
    """See `engine.Engine`."""

    __slots__ = (
        "_awaited",
        "_continuations",
        "_decoder",
        "_opening",
        "_out",
        "_owner",
        "_received",
        "_sent",
        "_with_body",
        "frames_of_file",
        "has_failed",
        "kept",
        "output",
        "request_came",
        "send_body",
        "send_head",
        "send_whole",
        "window",
    )

    def __init__(self, owner: EngineOwner, limits: EngineLimits) -> None:
        self._owner = owner
        self._decoder = HeaderDecoder(
            limits.max_header_list, limits.max_fields, self._read
        )
        self.kept = self._decoder.kept
        self.request_came = owner.request_came
        self._opening: tuple[int, int, bytes] | None = None
        self._continuations = limits.continuations
        self._with_body = 0  # the last stream, but for requests of one frame
        self._awaited: dict[int, int] = {}
        responses = ResponseFrames()
        self._sent = responses.windows
        self._received = ReceivingWindows(limits.streams * STREAM_WINDOW)
        self._out = responses.out
        self._out += (settings_frame(settings_of(limits)), self._received.opening())
        self.output = responses.output
        self.window = responses.windows.left
        self.send_head = responses.send_head
        self.send_whole = responses.send_whole
        self.send_body = responses.send_body
        self.frames_of_file = responses.frames_of_file
        self.has_failed = False  # it says no GOAWAY by itself

    # From the client.

    def scanner(
        self, budget: FloodBudget, max_block: int, open_streams: Mapping[int, object]
    ) -> FrameScanner:
        """What looks at the frames, and hands them over."""
        return FrameReader(budget, max_block, self._continuations, open_streams, self)

    def receive(self, data: bytes) -> None:
        """Nothing: this engine takes frames, of a `FrameReader`."""

    def take_request(self, stream_id: int, block: bytes) -> None:
        """
        A request without a body, in one frame without padding or priority.

        :raise ConnectionFault: when the connection has to end.
        """
        head = self._decoder.decode(block)
        if head is None or head.length:
            self._fail(stream_id)
        else:
            self._owner.request_came(stream_id, head, True)

    def take(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        """
        Any frame.

        :raise ConnectionFault: when the connection has to end.
        """
        if kind == DATA:
            self._take_data(flags, stream_id, payload)
        elif kind == HEADERS:
            if flags & (PADDED | WITH_PRIORITY):
                payload = _without_padding(flags, payload)
                if flags & WITH_PRIORITY:
                    if len(payload) < 5:
                        raise _wrong_size()
                    payload = payload[5:]
            if flags & END_HEADERS:
                self._section_came(stream_id, flags, payload)
            else:
                self._opening = stream_id, flags, payload
        elif kind == CONTINUATION:
            if self._opening is not None:
                _, first_flags, block = self._opening
                self._opening = stream_id, first_flags, block + payload
                if flags & END_HEADERS:
                    self._opening = None
                    self._section_came(stream_id, first_flags, block + payload)
        else:
            self._take_control(kind, flags, stream_id, payload)

    def _take_control(
        self, kind: int, flags: int, stream_id: int, payload: bytes
    ) -> None:
        """A frame that brings neither fields nor a body."""
        if kind == WINDOW_UPDATE:
            self._take_window_update(stream_id, payload)
        elif kind == RST_STREAM:
            if len(payload) != 4:
                raise _wrong_size()
            self._forget(stream_id)
            self._owner.stream_was_reset(stream_id, _number.unpack(payload)[0])
        elif kind == SETTINGS:
            self._take_settings(flags, stream_id, payload)
        elif kind == PING:
            if stream_id:
                raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "PING on a stream")
            if len(payload) != 8:
                raise _wrong_size()
            if not flags & ACK:
                self._out.append(frame(PING, 0, payload, ACK))
        elif kind == GOAWAY:
            if len(payload) < 8:
                raise _wrong_size()
            self._owner.client_is_leaving()
        elif kind == PRIORITY and len(payload) != 5:
            if stream_id not in self._owner.open:
                raise _wrong_size()
            self._fail(stream_id, ErrorCode.FRAME_SIZE_ERROR)

    def _section_came(self, stream_id: int, flags: int, block: bytes) -> None:
        """A whole header section: of a request, or behind its body."""
        is_ended = bool(flags & END_STREAM)
        if stream_id in self._received.streams:
            self._take_trailers(stream_id, is_ended, block)
            return
        if stream_id <= self._with_body:  # trailers of a stream that was reset
            self._decoder.fields(block)
            return
        self._with_body = stream_id
        head = self._decoder.decode(block)
        if head is None or (is_ended and head.length):
            self._fail(stream_id)
            return
        if not is_ended:
            self._received.begin(stream_id)
            if head.length is not None:
                self._awaited[stream_id] = head.length
        self._owner.request_came(stream_id, head, is_ended)

    def _take_trailers(self, stream_id: int, is_ended: bool, block: bytes) -> None:
        fields = self._decoder.fields(block)
        try:
            check_trailers(fields)
        except Malformed:
            is_ended = False
        if not is_ended or not self._has_right_length(stream_id, 0, True):
            self._fail(stream_id)
            return
        self._received.end(stream_id)
        self._owner.trailers_came(stream_id, fields)

    def _take_data(self, flags: int, stream_id: int, payload: bytes) -> None:
        count = len(payload)
        self._received.came(count)
        data = _without_padding(flags, payload) if flags & PADDED else payload
        is_ended = bool(flags & END_STREAM)
        if not self._received.came_on(stream_id, count):
            if stream_id in self._received.streams:
                self._fail(stream_id, ErrorCode.FLOW_CONTROL_ERROR)
            self._credit_all(count)  # it was reset while this was on its way
            return
        if not self._has_right_length(stream_id, len(data), is_ended):
            self._credit_all(count)
            self._fail(stream_id)
            return
        if is_ended:
            self._received.end(stream_id)
        if count != len(data):
            self.credit(stream_id, count - len(data))
        self._owner.body_came(stream_id, data, is_ended)

    def take_late(self, count: int) -> None:
        """
        DATA behind the end of a request, which is dropped: it counts to the window of
        the connection all the same (RFC 9113 section 6.9).

        :raise ConnectionFault: when it is more than that window.
        """
        self._received.came(count)
        self._credit_all(count)

    def _has_right_length(self, stream_id: int, count: int, is_ended: bool) -> bool:
        """Whether *count* more bytes, and its end, agree with the Content-Length."""
        left = self._awaited.get(stream_id)
        if left is None:
            return True
        left -= count
        self._awaited[stream_id] = left
        if is_ended:
            del self._awaited[stream_id]
            return left == 0
        return left >= 0

    def _take_window_update(self, stream_id: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise _wrong_size()
        increment = _number.unpack(payload)[0] & 0x7FFFFFFF
        open_streams = self._owner.open
        if stream_id and stream_id not in open_streams:
            return
        if len(self._sent.streams) > len(open_streams) + MANY_STREAMS:
            self._sent.keep(open_streams)
        code = self._sent.opened(stream_id, increment)
        if code is None:
            self._owner.window_opened(stream_id)
        elif stream_id:
            self._fail(stream_id, code)
        else:
            raise ConnectionFault(code, "a window that cannot be")

    def _take_settings(self, flags: int, stream_id: int, payload: bytes) -> None:
        if stream_id:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "SETTINGS on a stream")
        if flags & ACK:
            return
        if len(payload) % 6:
            raise _wrong_size()
        if len(payload) > 6 * MAX_SETTINGS:
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "too many settings")
        for name, value in _setting_pairs(payload):
            if name in _YES_OR_NO and value > 1:
                raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "neither yes nor no")
            if name == MAX_FRAME_SIZE and value not in MAX_FRAME_SIZES:
                raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "no size of a frame")
            if name == INITIAL_WINDOW_SIZE and not self._sent.resize(value):
                raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "a huge window")
        self._out.append(frame(SETTINGS, 0, b"", ACK))
        self._owner.window_opened(0)

    def _read(self, fields: Section) -> RequestHead | None:
        """What a header section says; ``None`` when it breaks a rule."""
        try:
            check_request(fields)
        except Malformed:
            return None
        return self._owner.read_section(fields)

    def _fail(self, stream_id: int, code: int = ErrorCode.PROTOCOL_ERROR) -> None:
        """Reset a stream because of its client."""
        self.reset(stream_id, code)
        self._owner.stream_failed(stream_id, code)

    def _forget(self, stream_id: int) -> None:
        """A stream was reset, by whomever."""
        self._sent.end(stream_id)
        self._received.end(stream_id)
        self._awaited.pop(stream_id, None)

    def _credit_all(self, count: int) -> None:
        """The client may send so many bytes more, on any stream but that one."""
        self._out.append(self._received.credit(0, count))

    # To the client.

    def reset(self, stream_id: int, code: int) -> None:
        """Reset a stream."""
        self._forget(stream_id)
        self._out.append(frame(RST_STREAM, stream_id, _number.pack(code)))

    def credit(self, stream_id: int, count: int) -> None:
        """The client may send so many bytes more."""
        if count:
            self._out.append(self._received.credit(stream_id, count))


def _wrong_size() -> ConnectionFault:
    return ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "a frame of a wrong size")


def _without_padding(flags: int, payload: bytes) -> bytes:
    """
    The *payload* of a frame that may be padded.

    :raise ConnectionFault: when all of it, or more, is padding (RFC 9113 section 6.1).
    """
    if not flags & PADDED:
        return payload
    if not payload:
        raise _wrong_size()
    end = len(payload) - payload[0]
    if end < 1:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "more padding than payload")
    return payload[1:end]
