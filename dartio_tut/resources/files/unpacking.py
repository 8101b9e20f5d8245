"""
What a compressed file asks of whoever unpacks it.

Clients of HTTP refuse windows of more than 8 MiB (RFC 9659), for which ``zstd --long``,
``zstd --ultra`` and ``brotli --large_window`` make files that ask.
"""

from __future__ import annotations

import os
import re

MAX_WINDOW_BYTES = 8 * 1024 * 1024

LARGE_WINDOW_BITS = 0b0010001
"""How a stream with a large window begins, which Brotli itself does not have (RFC 7932
section 9.1)."""

_MAGIC = b"\x28\xb5\x2f\xfd"
_HEAD_BYTES = 18
"""Magic number and frame header, at most (RFC 8878 section 3.1.1)."""

DICTIONARY_FLAGS = 3
_DICTIONARY_ID_BYTES = (0, 1, 2, 4)

_is_skippable = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18").match
"""How a frame begins that has no content; pzstd begins with one (section 3.1.2)."""

MAX_SKIPPED = 8
"""Of such frames, which are looked past."""


def frame_head(descriptor: int) -> bytes:
    """
    The head of the first frame with content in a file, or nothing.

    :raise OSError: when the file cannot be read.
    """
    at = 0
    for _ in range(MAX_SKIPPED):
        head = os.pread(descriptor, _HEAD_BYTES, at)
        if not _is_skippable(head) or len(head) < 8:
            break
        at += 8 + int.from_bytes(head[4:8], "little")
    return head if head.startswith(_MAGIC) and len(head) >= len(_MAGIC) + 2 else b""


def window_bytes(head: bytes) -> int:
    """The window of the frame with this *head*."""
    flags, next_byte = head[4], head[5]
    is_single_segment = flags & 0x20
    if not is_single_segment:
        exponent, mantissa = next_byte >> 3, next_byte & 7
        base = 1 << (10 + exponent)
        return base + base // 8 * mantissa
    # The window is then as large as the content.
    begin = 5 + _DICTIONARY_ID_BYTES[flags & DICTIONARY_FLAGS]
    size_flag = flags >> 6
    size = int.from_bytes(head[begin : begin + (1 << size_flag)], "little")
    return size + 256 if size_flag == 1 else size


def why_refused(coding: bytes, descriptor: int) -> str | None:
    """
    Why clients do not unpack what is in a file, and what to do; ``None`` if they do.

    :param coding: the content coding in which the file is.
    :raise OSError: when the file cannot be read.
    """
    if coding == b"br":
        return _why_no_brotli(os.pread(descriptor, 1, 0))
    head = frame_head(descriptor) if coding == b"zstd" else b""
    if not head:
        return None
    if head[4] & DICTIONARY_FLAGS:
        return "clients have no dictionary for it: compress it again without -D"
    if window_bytes(head) > MAX_WINDOW_BYTES:
        return (
            "clients refuse its window of more than 8 MiB: compress it again without "
            "--long and --ultra"
        )
    return None


def _why_no_brotli(begin: bytes) -> str | None:
    """As `why_refused`, for a file that begins with this byte."""
    if begin and begin[0] & 0x7F == LARGE_WINDOW_BITS:
        return "clients refuse it: compress it again without --large_window"
    return None
