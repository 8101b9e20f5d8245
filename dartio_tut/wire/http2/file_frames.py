"""
DATA frames with a part of a file, which the kernel reads straight into them.

A part that is read, framed and joined to what goes before it is copied three times,
which costs about as much as encrypting it. Here the heads of the frames stand in a
buffer already, and the kernel reads between them. All connections share the buffer:
what is in it is sent before anybody uses it again.
"""

from __future__ import annotations

import os
from struct import Struct

from .engine import FRAME_BYTES, FilePart
from .frames import DATA, END_STREAM, FRAME_HEAD_BYTES

MAX_FRAMES = 8
"""Frames that are made at a time: the buffer still fits into a processor's cache."""

MAX_FILE_PART_BYTES = MAX_FRAMES * FRAME_BYTES

MAX_BYTES_BEFORE = 16 * 1024
"""Bytes that may go before them, such as the heads of several responses."""

_WHOLE_BYTES = FRAME_HEAD_BYTES + FRAME_BYTES
_STARTS = [MAX_BYTES_BEFORE + number * _WHOLE_BYTES for number in range(MAX_FRAMES)]

_buffer = memoryview(bytearray(MAX_BYTES_BEFORE + MAX_FRAMES * _WHOLE_BYTES))
_heads = [_buffer[start : start + FRAME_HEAD_BYTES] for start in _STARTS]
_payloads = [_buffer[start + FRAME_HEAD_BYTES :][:FRAME_BYTES] for start in _STARTS]

_packed_head = Struct(">HBBBI").pack
"""The length of a frame, in 16 bits and 8; its kind, its flags, its stream."""


def frames_of_file(stream_id: int, part: FilePart, before: bytes) -> memoryview | None:
    """
    DATA frames with a part of a file, behind *before*. They are right until the next
    call.

    :param part: at least one byte, and at most `MAX_FILE_PART_BYTES`.
    :param before: at most `MAX_BYTES_BEFORE`.
    :return: ``None`` when the file has fewer bytes, or cannot be read.
    """
    descriptor, offset, count, is_last = part
    full, last = divmod(count - 1, FRAME_BYTES)
    last += 1
    places = _payloads[:full]
    places.append(_payloads[full][:last])
    try:
        if os.preadv(descriptor, places, offset) != count:
            return None
    except OSError:
        return None
    if full:
        head = _packed_head(FRAME_BYTES >> 8, FRAME_BYTES & 0xFF, DATA, 0, stream_id)
        for place in _heads[:full]:
            place[:] = head
    flags = END_STREAM if is_last else 0
    _heads[full][:] = _packed_head(last >> 8, last & 0xFF, DATA, flags, stream_id)
    start = MAX_BYTES_BEFORE - len(before)
    _buffer[start:MAX_BYTES_BEFORE] = before
    return _buffer[start : _STARTS[full] + FRAME_HEAD_BYTES + last]
