"""
How much memory a file that Zstandard has compressed asks of whoever unpacks it.

Clients of HTTP refuse more than 8 MiB (RFC 9659); ``zstd --long`` and ``--ultra`` make
files that ask for more.
"""

from __future__ import annotations

import os

MAX_WINDOW_BYTES = 8 * 1024 * 1024

_MAGIC = b"\x28\xb5\x2f\xfd"
_HEAD_BYTES = 18
"""Magic number and frame header, at most (RFC 8878 section 3.1.1)."""

_DICTIONARY_ID_BYTES = (0, 1, 2, 4)


def window_bytes(descriptor: int) -> int:
    """
    The window of the first frame in a file; 0 if it does not begin with a frame.

    :raise OSError: when the file cannot be read.
    """
    head = os.pread(descriptor, _HEAD_BYTES, 0)
    if not head.startswith(_MAGIC) or len(head) < len(_MAGIC) + 2:
        return 0
    flags, next_byte = head[4], head[5]
    is_single_segment = flags & 0x20
    if not is_single_segment:
        exponent, mantissa = next_byte >> 3, next_byte & 7
        base = 1 << (10 + exponent)
        return base + base // 8 * mantissa
    # The window is then as large as the content.
    begin = 5 + _DICTIONARY_ID_BYTES[flags & 3]
    size_flag = flags >> 6
    size = int.from_bytes(head[begin : begin + (1 << size_flag)], "little")
    return size + 256 if size_flag == 1 else size
