"""
The frames of responses, as far as the windows of the client allow them.

A whole response that is the same as another, but for its stream, is not made again: the
numbers of the streams are put between pieces that are kept with its header section.
"""

from __future__ import annotations

from struct import Struct

from .engine import FRAME_BYTES, FilePart
from .file_frames import frames_of_file
from .flow_control import SendingWindows
from .frames import CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, frame
from .header_compression import NO_TABLE, HeaderSection, compressed

_packed = Struct(">I").pack

_begin_frame = Struct(">HBBB").pack
"""
The length of a frame, in two parts of 16 bits and 8, its kind and its flags. The number
of its stream is what differs between responses that are the same.
"""


class ResponseFrames:
    """
    What one connection sends, until it is asked for.

    :ivar out: the bytes, in pieces; others may add some.
    :ivar windows: of the client.
    """

    __slots__ = ("_is_first_section", "out", "windows")

    def __init__(self) -> None:
        self.out: list[bytes | memoryview] = []
        self.windows = SendingWindows()
        self._is_first_section = True

    def output(self) -> bytes:
        """The bytes to send."""
        out = self.out
        if not out:
            return b""
        data = b"".join(out)
        out.clear()
        return data

    def send_head(self, stream_id: int, section: HeaderSection, is_ended: bool) -> None:
        """Send the header section of a response, or of an interim one."""
        block = compressed(section)
        if self._is_first_section:
            self._is_first_section = False
            block = NO_TABLE + block
        kind, flags = HEADERS, END_STREAM if is_ended else 0
        while len(block) > FRAME_BYTES:
            self.out.append(frame(kind, stream_id, block[:FRAME_BYTES], flags))
            kind, flags, block = CONTINUATION, 0, block[FRAME_BYTES:]
        self.out.append(frame(kind, stream_id, block, flags | END_HEADERS))
        if is_ended:
            self.windows.end(stream_id)

    def send_whole(self, stream_id: int, section: HeaderSection, data: bytes) -> bool:
        """Send a whole response, if the windows allow it."""
        sent, count = self.windows, section.length or 0
        if sent.streams or self._is_first_section or count > sent.most_at_once:
            return self._send_large(stream_id, section, data)
        if count > sent.all:
            return False
        frames = section.frames
        if frames is None:
            if len(compressed(section)) > FRAME_BYTES:
                return self._send_large(stream_id, section, data)
            frames = _frames_of(section)
        sent.all -= count
        (before, between), out, number = frames, self.out, _packed(stream_id)
        if count:
            out += (before, number, between, number, data)
        else:
            out += (before, number, between)
        return True

    def _send_large(self, stream_id: int, section: HeaderSection, data: bytes) -> bool:
        """The same, where more has to be looked at."""
        if len(data) > self.windows.left(stream_id) and data:
            return False
        self.send_head(stream_id, section, not data)
        if data:
            self.send_body(stream_id, data, True)
        return True

    def send_body(self, stream_id: int, data: bytes, is_ended: bool) -> None:
        """Send *data* in frames as large as every client takes them."""
        left = count = len(data)
        self.windows.used(stream_id, count)
        view = memoryview(data) if count > FRAME_BYTES else data
        out, number, at = self.out, _packed(stream_id), 0
        while left > FRAME_BYTES:
            head = _begin_frame(FRAME_BYTES >> 8, 0, DATA, 0)
            out += (head, number, view[at : at + FRAME_BYTES])
            at += FRAME_BYTES
            left -= FRAME_BYTES
        flags = END_STREAM if is_ended else 0
        head = _begin_frame(left >> 8, left & 0xFF, DATA, flags)
        out += (head, number, view[at:])
        if is_ended:
            self.windows.end(stream_id)

    def frames_of_file(
        self, stream_id: int, part: FilePart, before: bytes
    ) -> memoryview | None:
        """See `engine.Engine`."""
        frames = frames_of_file(stream_id, part, before)
        if frames is not None:
            windows, (_, _, count, is_last) = self.windows, part
            windows.used(stream_id, count)
            if is_last:
                windows.end(stream_id)
        return frames


def _frames_of(section: HeaderSection) -> tuple[bytes, bytes]:
    """See `HeaderSection.frames`."""
    block, count = compressed(section), section.length or 0
    flags = END_HEADERS if count else END_HEADERS | END_STREAM
    before = _begin_frame(len(block) >> 8, len(block) & 0xFF, HEADERS, flags)
    if count:
        block += _begin_frame(count >> 8, count & 0xFF, DATA, END_STREAM)
    section.frames = before, block
    return section.frames
