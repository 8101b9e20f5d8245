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


def may_be_unsized(descriptor: int, status: os.stat_result) -> bool:
    """
    Tell whether the size in *status*, of an open file, may be wrong: it is 0, or the
    file has no block, on a file system that has no blocks at all.

    A file system with blocks is believed: a file of it that has another length when it
    is read is being changed.
    """
    size = status.st_size
    if size and (status.st_blocks or size > MAX_UNSIZED_BYTES):
        return False
    return os.fstatvfs(descriptor).f_blocks == 0


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
