"""
Opening a file below a folder, and nowhere else.

Checking a path and opening it are two steps, and somebody may swap a link in between.
So each component is opened relative to the one before, without following a link, and
what was opened is judged. A link is resolved first and must lead to a place inside;
that place is then walked to in the same way.

Names are bytes, as the filesystem has them: nothing is decoded, so that nothing can
be written in two ways.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Sequence

_STEP_FLAGS = os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
_OPEN_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""Without O_NONBLOCK, opening a FIFO would wait for somebody to write to it; without
O_NOCTTY, a terminal would become the daemon's own."""
_LAST_FLAGS = _OPEN_FLAGS | os.O_NOFOLLOW

_LINK_ERRORS = (errno.ELOOP, errno.ENOTDIR)
"""What stepping onto a link, or through it, fails with."""

ABSENT_ERRORS = (
    *_LINK_ERRORS,
    errno.ENOENT,
    errno.ENAMETOOLONG,
    errno.EINVAL,
    errno.ENXIO,  # a socket, or a device
    errno.ENODEV,
)
"""What opening fails with when there is nothing of that name to be had."""

MAX_LINKS = 40
"""Links on the way to one file: the kernel's own bound (path_resolution(7))."""

Opened = tuple[int, os.stat_result]
"""A descriptor, and the status of what it is."""

Opening = Callable[[bytes, Sequence[bytes]], Opened]
"""
Opens what a path leads to, below a folder.

It raises `OSError` when there is nothing, it may not be read, or it is neither a
regular file nor a folder.
"""


def open_inside(root: bytes, names: Sequence[bytes]) -> Opened:
    """Open what *names* lead to; links are followed while they stay inside *root*."""
    try:
        return open_unlinked(root, names)
    except OSError as error:
        if error.errno not in _LINK_ERRORS:
            raise
    # A link somewhere, or a file that was taken for a folder: the latter fails again.
    real_root = os.path.realpath(root)
    above = [name for name in real_root.split(b"/") if name]
    real = _resolve(above, names)
    if real[: len(above)] != above:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return open_unlinked(real_root, real[len(above) :])


def _resolve(above: Sequence[bytes], names: Sequence[bytes]) -> list[bytes]:
    """
    The names from the top, without links, that *names* below *above* lead to.

    :raise OSError: when there is nothing, or too many links.
    """
    real, left, links = list(above), list(reversed(names)), 0
    while left:
        name = left.pop()
        if name in (b"", b"."):
            continue
        if name == b"..":
            del real[-1:]
            continue
        try:
            target = os.readlink(b"/" + b"/".join([*real, name]))
        except OSError as error:
            if error.errno != errno.EINVAL:  # which is: no link
                raise
            real.append(name)
            continue
        links += 1
        if links > MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if target.startswith(b"/"):
            real = []
        left += reversed(target.split(b"/"))
    return real


def open_anywhere(root: bytes, names: Sequence[bytes]) -> Opened:
    """Open what *names* lead to, following links wherever they go."""
    return _regular_or_folder(os.open(os.path.join(root, *names), _OPEN_FLAGS))


def open_unlinked(root: bytes, names: Sequence[bytes]) -> Opened:
    """Open *names*, one below the other, following no link below *root*."""
    if not names:
        return _regular_or_folder(os.open(root, _OPEN_FLAGS))
    first = b"%b/%b" % (root, names[0])  # the root is the operator's: nobody swaps it
    if len(names) == 1:
        return _regular_or_folder(os.open(first, _LAST_FLAGS))
    folder = os.open(first, _STEP_FLAGS)
    try:
        for name in names[1:-1]:
            below = os.open(name, _STEP_FLAGS, dir_fd=folder)
            os.close(folder)
            folder = below
        return _regular_or_folder(os.open(names[-1], _LAST_FLAGS, dir_fd=folder))
    finally:
        os.close(folder)


LINK_POLICIES: dict[str, Opening] = {
    "inside": open_inside,
    "follow": open_anywhere,
    "refuse": open_unlinked,
}
"""What may be done about links."""


def parse_link_policy(text: str) -> str:
    """
    *text*, if it is one of `LINK_POLICIES`.

    :raise ValueError: when it is not.
    """
    if text not in LINK_POLICIES:
        raise ValueError(f"{text!r} is none of {', '.join(LINK_POLICIES)}")
    return text


def _regular_or_folder(descriptor: int) -> Opened:
    """*descriptor* with its status, if it may be served."""
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        return descriptor, status
    os.close(descriptor)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
