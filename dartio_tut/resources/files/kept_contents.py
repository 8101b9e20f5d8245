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
from collections.abc import Callable, Hashable
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

DOT, SLASH = ord("."), ord("/")
"""Looking for a number in bytes costs a twentieth of looking for bytes there."""


def _version(status: os.stat_result) -> Version:
    return status.st_size, status.st_ctime_ns, status.st_ino, status.st_dev


class Original(NamedTuple):
    """A file of which a compressed form is sent, and the coding of the form."""

    names: PathSegments
    status: os.stat_result
    coding: bytes


class KeptFile(Generic[Metadata]):
    """
    A small file whose content is known without opening it.

    :param path: the names that lead to it, one below the other.
    :ivar key: by which it is found.
    :ivar names: the names that it is sent for: its own, or those of the file that it is
        a compressed form of.
    :ivar original: that file, if it is one.
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
        "key",
        "metadata",
        "names",
        "original",
        "until",
        "version",
    )

    def __init__(
        self,
        root: bytes,
        path: PathSegments,
        status: os.stat_result,
        metadata: Metadata,
    ) -> None:
        self.key: Hashable = path
        self.names = path
        self.original: KeptFile[Metadata] | None = None
        self.content = b""
        self.metadata = metadata
        self.version = _version(status)
        self.until = self.alone_until = 0.0
        above = [b"/".join((root, *path[:depth])) for depth in range(1, len(path))]
        self._folders = tuple(above)
        self._path = b"/".join((root, *path))

    def is_there(self) -> bool:
        """Whether the file is there, and its original, in the versions of before."""
        try:
            for folder in self._folders:
                if not S_ISDIR(os.lstat(folder).st_mode):  # links are for who opens
                    return False
            status = os.lstat(self._path)
        except OSError:
            return False
        return self.version == (
            status.st_size, status.st_ctime_ns, status.st_ino, status.st_dev
        ) and (self.original is None or self.original.is_there())  # fmt: skip


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
        self._kept: dict[Hashable, KeptFile[Metadata]] = {}
        self._keys: list[Hashable] = []
        self.kept_bytes = 0

    def get(self, key: Hashable) -> KeptFile[Metadata] | None:
        """
        The file that is kept, if it is still the same: *key* is its names, or of a
        compressed form, those of its original, and the coding.

        Whoever asks need not know whether there may be a file of such names: those of
        the files that are kept are names that anybody may ask for.
        """
        file = self._kept.get(key)
        if file is None:
            return None
        now = self._seconds()
        if now >= file.alone_until:
            file.alone_until = self._alone_until(file.names)
        is_known = now < file.until and now < file.alone_until
        return file if is_known and file.is_there() else None

    def keep(
        self,
        names: PathSegments,
        descriptor: int,
        status: os.stat_result,
        metadata: Metadata,
        original: Original | None = None,
    ) -> KeptFile[Metadata] | None:
        """
        Keep the content of the file at *names*, open and of this *status*.

        :param original: the file of which it is a compressed form.
        :return: ``None`` if it cannot be kept.
        """
        size = status.st_size
        changed = max(status.st_ctime_ns, status.st_mtime_ns)
        if original is not None:
            whole = original.status
            changed = max(changed, whole.st_ctime_ns, whole.st_mtime_ns)
        if (
            size > MAX_KEPT_FILE_BYTES
            or changed > self._now_ns() - SETTLED_NS
            or not names
            or any(name[0] == DOT or SLASH in name for name in names)
        ):
            return None
        file = KeptFile(self._root, names, status, metadata)
        if original is None:
            file.alone_until = self._alone_until(names)
        else:
            file.key, file.names = (original.names, original.coding), original.names
            file.original = KeptFile(self._root, file.names, whole, metadata)
            file.alone_until = math.inf
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
        old = self._kept.get(file.key)
        if old is None:
            self._keys.append(file.key)
            self.kept_bytes += ENTRY_BYTES
        else:
            self.kept_bytes -= len(old.content)
        self._kept[file.key] = file
        self.kept_bytes += len(file.content)
        while self.kept_bytes > self._max_bytes:
            self._forget_one()

    def _forget_one(self) -> None:
        """Forget one that is chosen by chance; see `remembered`."""
        place = self._choose(len(self._keys))
        key, self._keys[place] = self._keys[place], self._keys[-1]
        self._keys.pop()
        self.kept_bytes -= ENTRY_BYTES + len(self._kept.pop(key).content)
