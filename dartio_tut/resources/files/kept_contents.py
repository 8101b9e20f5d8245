"""
The contents of small files, kept while the files stay as they are.

Opening a file, reading it and closing it are four system calls, which cost more than
all else that sends a small one. One tells that it is still the same file, and that
nobody has written to it.

Rule: whoever finds a content here would find the same by opening the file. So a file
that was changed just now is not kept: the clock of the file system has steps, and the
next change might show the same time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from random import randrange
from stat import S_ISDIR
from time import monotonic, time_ns
from typing import Generic, NamedTuple, TypeVar

from .path_segments import PathSegments

MAX_KEPT_FILE_BYTES = 16 * 1024
"""A larger file costs more to encrypt and to send than to open."""

MAX_KEPT_BYTES = 16 * 1024 * 1024
"""What all of them may have; with what goes with each, twice as much for small ones."""

ENTRY_BYTES = 1024
"""What a file counts beside its content."""

SETTLED_NS = 2_000_000_000
"""How long ago a file must have been changed: FAT has steps of two seconds."""

BELIEVED_SECONDS = 10.0
"""
How long a content is believed. Whoever writes to a file through a mapping (mmap(2)) may
leave its times as they are for longer.
"""

Metadata = TypeVar("Metadata")

Version = tuple[int, int, int, int]
"""Size, time of the last change, inode and device: what changes with a file."""


class KeptFile(NamedTuple, Generic[Metadata]):
    """
    A small file whose content is known without opening it.

    :ivar names: the names that lead to it, one below the other.
    :ivar metadata: what is told of it.
    """

    names: PathSegments
    content: bytes
    metadata: Metadata


class KeptContents(Generic[Metadata]):
    """
    Contents of files, and what is told of them.

    :param root: the folder that the files are below.
    :param max_bytes: of all contents.
    :param choose: gives a number below another, by chance.
    :param seconds: a clock that goes on steadily.
    :param now_ns: the time, as the file system has it.
    :ivar kept_bytes: how much there is.
    """

    def __init__(
        self,
        root: bytes,
        max_bytes: int = MAX_KEPT_BYTES,
        choose: Callable[[int], int] = randrange,
        seconds: Callable[[], float] = monotonic,
        now_ns: Callable[[], int] = time_ns,
    ) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._choose = choose
        self._seconds = seconds
        self._now_ns = now_ns
        self._kept: dict[PathSegments, tuple[float, Version, KeptFile[Metadata]]] = {}
        self._names: list[PathSegments] = []
        self.kept_bytes = 0

    def get(self, names: PathSegments) -> KeptFile[Metadata] | None:
        """The file at *names*, if it is kept, and is still the same."""
        kept = self._kept.get(names)
        if kept is None:
            return None
        until, version, file = kept
        path = self._root + b"/" + names[0]
        try:
            for name in names[1:]:
                if not S_ISDIR(os.lstat(path).st_mode):  # a link is for whoever opens
                    return None
                path += b"/" + name
            status = os.lstat(path)
        except OSError:
            return None
        is_same = version == (
            status.st_size, status.st_ctime_ns, status.st_ino, status.st_dev
        )  # fmt: skip
        return file if is_same and self._seconds() < until else None

    def keep(
        self,
        names: PathSegments,
        descriptor: int,
        status: os.stat_result,
        metadata: Metadata,
    ) -> None:
        """Keep the content of the file at *names*, open and of this *status*."""
        size = status.st_size
        changed = max(status.st_ctime_ns, status.st_mtime_ns)
        if (
            not names
            or size > MAX_KEPT_FILE_BYTES
            or changed > self._now_ns() - SETTLED_NS
        ):
            return
        try:
            content = os.pread(descriptor, size + 1, 0)
        except OSError:
            return
        if len(content) != size:
            return
        old = self._kept.get(names)
        if old is None:
            self._names.append(names)
            self.kept_bytes += ENTRY_BYTES
        else:
            self.kept_bytes -= len(old[2].content)
        until = self._seconds() + BELIEVED_SECONDS
        version = size, status.st_ctime_ns, status.st_ino, status.st_dev
        self._kept[names] = until, version, KeptFile(names, content, metadata)
        self.kept_bytes += size
        while self.kept_bytes > self._max_bytes:
            self._forget_one()

    def _forget_one(self) -> None:
        """Forget one that is chosen by chance; see `remembered`."""
        place = self._choose(len(self._names))
        names, self._names[place] = self._names[place], self._names[-1]
        self._names.pop()
        self.kept_bytes -= ENTRY_BYTES + len(self._kept.pop(names)[2].content)
