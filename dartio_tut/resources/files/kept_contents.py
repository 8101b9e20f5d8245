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

import math
import os
from collections.abc import Callable
from random import randrange
from stat import S_ISDIR
from time import monotonic, time_ns
from typing import Generic, TypeVar

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

DOT, SLASH = ord("."), ord("/")
"""Looking for a number in bytes costs a twentieth of looking for bytes there."""


class KeptFile(Generic[Metadata]):
    """
    A small file whose content is known without opening it.

    :ivar names: the names that lead to it, one below the other.
    :ivar content: the content; empty until it is read.
    :ivar metadata: what is told of it.
    :ivar version: of the file.
    :ivar until: until when the content is believed, if the version is the same.
    :ivar alone_until: until when it is known that nothing else is sent in its place.
    """

    __slots__ = (
        "_folders",
        "_path",
        "alone_until",
        "content",
        "metadata",
        "names",
        "until",
        "version",
    )

    def __init__(
        self, root: bytes, names: PathSegments, version: Version, metadata: Metadata
    ) -> None:
        self.names = names
        self.content = b""
        self.metadata = metadata
        self.version = version
        self.until = self.alone_until = 0.0
        above = [b"/".join((root, *names[:depth])) for depth in range(1, len(names))]
        self._folders = tuple(above)
        self._path = b"/".join((root, *names))

    def is_there(self) -> bool:
        """Whether the file is there, in the version that is known."""
        try:
            for folder in self._folders:
                if not S_ISDIR(os.lstat(folder).st_mode):  # links are for who opens
                    return False
            status = os.lstat(self._path)
        except OSError:
            return False
        return self.version == (
            status.st_size, status.st_ctime_ns, status.st_ino, status.st_dev
        )  # fmt: skip


def _is_always_alone(names: PathSegments) -> float:
    return math.inf


class KeptContents(Generic[Metadata]):
    """
    Contents of files, and what is told of them.

    :param root: the folder that the files are below.
    :param alone_until: tells until when it is certain that nothing else is sent in the
        place of a file; 0 when it is not.
    :param max_bytes: of all contents.
    :param choose: gives a number below another, by chance.
    :param seconds: a clock that goes on steadily.
    :param now_ns: the time, as the file system has it.
    :ivar kept_bytes: how much there is.
    """

    def __init__(
        self,
        root: bytes,
        alone_until: Callable[[PathSegments], float] = _is_always_alone,
        max_bytes: int = MAX_KEPT_BYTES,
        choose: Callable[[int], int] = randrange,
        seconds: Callable[[], float] = monotonic,
        now_ns: Callable[[], int] = time_ns,
    ) -> None:
        self._root = root
        self._alone_until = alone_until
        self._max_bytes = max_bytes
        self._choose = choose
        self._seconds = seconds
        self._now_ns = now_ns
        self._kept: dict[PathSegments, KeptFile[Metadata]] = {}
        self._names: list[PathSegments] = []
        self.kept_bytes = 0

    def get(self, names: PathSegments) -> KeptFile[Metadata] | None:
        """
        The file at *names*, if it is kept, and is still the same.

        Whoever asks need not know whether there may be a file at *names*: those of the
        files that are kept are names that anybody may ask for.
        """
        file = self._kept.get(names)
        if file is None:
            return None
        now = self._seconds()
        if now >= file.alone_until:
            file.alone_until = self._alone_until(names)
        is_known = now < file.until and now < file.alone_until
        return file if is_known and file.is_there() else None

    def keep(
        self,
        names: PathSegments,
        descriptor: int,
        status: os.stat_result,
        metadata: Metadata,
    ) -> KeptFile[Metadata] | None:
        """
        Keep the content of the file at *names*, open and of this *status*.

        :return: ``None`` if it cannot be kept.
        """
        size = status.st_size
        changed = max(status.st_ctime_ns, status.st_mtime_ns)
        if (
            size > MAX_KEPT_FILE_BYTES
            or changed > self._now_ns() - SETTLED_NS
            or not names
            or any(name[0] == DOT or SLASH in name for name in names)
        ):
            return None
        version = size, status.st_ctime_ns, status.st_ino, status.st_dev
        file = KeptFile(self._root, names, version, metadata)
        file.alone_until = self._alone_until(names)
        if not file.alone_until or not file.is_there():  # there is a link in its path
            return None
        try:
            file.content = os.pread(descriptor, size + 1, 0)
        except OSError:
            return None
        if len(file.content) != size:
            return None
        file.until = self._seconds() + BELIEVED_SECONDS
        self._put(file)
        return file

    def _put(self, file: KeptFile[Metadata]) -> None:
        """Put *file* in the place of its version before, or of others."""
        names = file.names
        old = self._kept.get(names)
        if old is None:
            self._names.append(names)
            self.kept_bytes += ENTRY_BYTES
        else:
            self.kept_bytes -= len(old.content)
        self._kept[names] = file
        self.kept_bytes += len(file.content)
        while self.kept_bytes > self._max_bytes:
            self._forget_one()

    def _forget_one(self) -> None:
        """Forget one that is chosen by chance; see `remembered`."""
        place = self._choose(len(self._names))
        names, self._names[place] = self._names[place], self._names[-1]
        self._names.pop()
        self.kept_bytes -= ENTRY_BYTES + len(self._kept.pop(names).content)
