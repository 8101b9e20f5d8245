"""
Opening a file below a folder, and nowhere else.

Checking a path and opening it are two steps, and somebody may swap a link in between.
So each component is opened relative to the one before, without following a link, and
what was opened is judged. A link is resolved first and must lead to a place inside;
that place is then walked to in the same way.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence

_STEP = os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
_LAST = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Without O_NONBLOCK, opening a FIFO would wait for somebody to write to it."""

LINKED = (errno.ELOOP, errno.ENOTDIR)
"""What stepping onto a link, or through it, fails with."""


def open_inside(root: str, names: Sequence[str]) -> tuple[int, os.stat_result]:
    """
    Open what the path *names* leads to, below the folder *root*.

    :raise OSError: when there is nothing, it is outside, or neither a regular file
        nor a folder.
    :return: the descriptor, and its status.
    """
    try:
        return _walk(root, names)
    except OSError as error:
        if error.errno not in LINKED:
            raise
    # A link somewhere, or a file that was taken for a folder: the latter fails again.
    inside = os.path.realpath(os.path.join(root, *names), strict=True)
    real_root = os.path.realpath(root)
    if inside != real_root and not inside.startswith(real_root.rstrip("/") + "/"):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return _walk(real_root, [n for n in inside[len(real_root) :].split("/") if n])


def _walk(root: str, names: Sequence[str]) -> tuple[int, os.stat_result]:
    """Open *names* one below the other, following no link."""
    if not names:
        return _judged(os.open(root, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    first = f"{root}/{names[0]}"  # the root is nobody's to swap: it is the operator's
    if len(names) == 1:
        return _judged(os.open(first, _LAST))
    folder = os.open(first, _STEP)
    try:
        for name in names[1:-1]:
            below = os.open(name, _STEP, dir_fd=folder)
            os.close(folder)
            folder = below
        return _judged(os.open(names[-1], _LAST, dir_fd=folder))
    finally:
        os.close(folder)


def _judged(descriptor: int) -> tuple[int, os.stat_result]:
    """*descriptor* with its status, if it may be served."""
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        return descriptor, status
    os.close(descriptor)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
