"""
Opening a file below a folder, and nowhere else.

Checking a path and opening it are two steps, and somebody may swap a link in between.
So each component is opened relative to the one before, without following a link, and
what was opened is looked at. A link is resolved first and must lead to a place inside;
that place is then opened component by component in the same way.

Names are bytes, as the file system has them. Nothing is decoded, so that no name can be
written in two ways.
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
"""Errors of opening a link, or a path that goes through one."""

ABSENT_ERRORS = (
    *_LINK_ERRORS,
    errno.ENOENT,
    errno.ENAMETOOLONG,
    errno.EINVAL,
    errno.ENXIO,  # a socket, or a device
    errno.ENODEV,
)
"""Errors of opening a path at which there is nothing that could be served."""

MAX_LINKS = 40
"""Links in one path: the kernel follows no more (path_resolution(7))."""

OpenedFile = tuple[int, os.stat_result]
"""A descriptor, and the status of the open file or folder."""

OpenFunction = Callable[[bytes, Sequence[bytes]], OpenedFile]
"""
A function that opens what a path below a folder leads to.

It raises `OSError` when there is nothing, when it may not be read, and when it is
neither a regular file nor a folder.
"""


def open_inside(root: bytes, names: Sequence[bytes]) -> OpenedFile:
    """Open what *names* lead to, following links that stay inside *root*."""
    try:
        return open_unlinked(root, names)
    except OSError as error:
        if error.errno not in _LINK_ERRORS:
            raise
    # There is a link in the path, or a file in the place of a folder. The second case
    # fails again below.
    real_root = os.path.realpath(root)
    above = [name for name in real_root.split(b"/") if name]
    real = _resolve(above, names)
    if real[: len(above)] != above:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return open_unlinked(real_root, real[len(above) :])


def _resolve(above: Sequence[bytes], names: Sequence[bytes]) -> list[bytes]:
    """
    Return the names from the top, without links, that *names* below *above* lead to.

    :raise OSError: when there is nothing, or when there are too many links.
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
            if error.errno != errno.EINVAL:  # EINVAL: it is not a link
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


def open_anywhere(root: bytes, names: Sequence[bytes]) -> OpenedFile:
    """Open what *names* lead to, following links wherever they go."""
    return _regular_or_folder(os.open(os.path.join(root, *names), _OPEN_FLAGS))


def open_unlinked(root: bytes, names: Sequence[bytes]) -> OpenedFile:
    """Open *names*, one below the other, following no link below *root*."""
    if not names:
        return _regular_or_folder(os.open(root, _OPEN_FLAGS))
    first = b"%b/%b" % (root, names[0])  # nobody but the operator can swap the root
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


LINK_POLICIES: dict[str, OpenFunction] = {
    "inside": open_inside,
    "follow": open_anywhere,
    "refuse": open_unlinked,
}
"""The functions that open files, by what they do about links."""


def parse_link_policy(text: str) -> str:
    """
    Return *text* if it is one of `LINK_POLICIES`.

    :raise ValueError: when it is not.
    """
    if text not in LINK_POLICIES:
        raise ValueError(f"{text!r} is not one of {', '.join(LINK_POLICIES)}")
    return text


def _regular_or_folder(descriptor: int) -> OpenedFile:
    """Return *descriptor* and its status; close it when it may not be served."""
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        return descriptor, status
    os.close(descriptor)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
