"""
Files whose size is not what the file system says, as below ``/proc`` and ``/sys``.

Such a file says that it is empty, or a page long, and has another length when it is
read. The length goes before the content, so the content is read first.
"""

from __future__ import annotations

import errno
import os

MAX_UNSIZED_BYTES = 1024 * 1024
"""What is read beforehand at most; the files of ``/proc`` are mostly far smaller."""


def may_be_unsized(status: os.stat_result) -> bool:
    """
    Tell whether the size in *status* may be wrong: there is none, or there is one
    without a block on the disk. (A small file may be kept without one, too.)
    """
    size = status.st_size
    return not size or (not status.st_blocks and size <= MAX_UNSIZED_BYTES)


def read_unsized(descriptor: int, size: int) -> bytes | None:
    """
    Return the content of a file that has another length than *size*, or ``None`` when
    the size is right.

    :param descriptor: open, and not read from yet.
    :raise OSError: when it cannot be read, or is longer than `MAX_UNSIZED_BYTES`.
    """
    content = bytearray()
    while part := os.read(descriptor, MAX_UNSIZED_BYTES + 1 - len(content)):
        content += part
        if len(content) > MAX_UNSIZED_BYTES:
            raise OSError(errno.EFBIG, "its length is not known, and it is too long")
    return None if len(content) == size else bytes(content)
