"""
What every store on a disk does with it: lock, write, flush, and say what failed.

Rule: blocking calls only, for a thread; nothing here knows notes or documents.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EDQUOT, EFBIG, ENOSPC
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path

from ..interface import Quota, StoreFull

Identity = tuple[int, int, int, int]
"""What changes whenever somebody changes a file, but for one tick of its clock."""

NEW_FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
NEW_FILE_MODE = 0o666
"""Of new files, before the umask: whose they are to read is the operator's choice."""

DISK_FULL_ERRNOS = (ENOSPC, EDQUOT, EFBIG)
"""The errors that go when somebody makes room."""

DEFAULT_QUOTA = Quota()
"""The room of a store that is opened without."""

UNLIMITED_BYTES = 1 << 62
"""More bytes than a disk has."""

UNKNOWN_IDENTITY: Identity = (0, 0, -1, 0)
"""The identity of no file."""


def identity(status: os.stat_result) -> Identity:
    """The identity of the file with that *status*."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """
    Hold the lock of *folder*, and give its descriptor.

    The lock is on the folder itself: there is no file that a person may remove, and
    the kernel lets go of it when the process dies. Every call opens the folder anew,
    so threads and stores of one process exclude each other too.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        flock(descriptor, LOCK_EX)
        try:
            yield descriptor
        finally:
            # Not left to close: a child that is being started may have a copy.
            flock(descriptor, LOCK_UN)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write *content*; a disk that is getting full may take only a part at a time."""
    written = os.write(descriptor, content)
    if written < len(content):
        rest = memoryview(content)[written:]
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def read_all(descriptor: int, length: int, offset: int = 0) -> bytes:
    """The *length* bytes from *offset* on, or what there is of them."""
    found = os.pread(descriptor, length, offset)
    parts, rest = [found], length - len(found)
    while found and rest:
        found = os.pread(descriptor, rest, offset + length - rest)
        parts.append(found)
        rest -= len(found)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def sync_folder(folder: Path) -> None:
    """Make a new name in *folder* durable: fsync of the file does not cover it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: str) -> Path:
    """
    *folder*, which is made when there is none.

    :raise OSError: when nothing can be written there.
    """
    path = Path(folder).absolute()
    missing = [p for p in (path, *path.parents) if not p.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)
    with locked(path):
        sweep(path)
    new_file(path).discard()
    return path


def store_error(error: OSError) -> Exception:
    """*error* as a store tells it."""
    if error.errno in DISK_FULL_ERRNOS:
        return StoreFull(f"the disk is full: {error.strerror}")
    return error


def free_bytes(where: int | Path, quota: Quota) -> int:
    """How many bytes may be written until the disk is as full as *room* allows."""
    if not quota.free:
        return UNLIMITED_BYTES
    disk = os.statvfs(where)
    return disk.f_bavail * disk.f_frsize - quota.free


TEMPORARY_PREFIX = ".new-"
"""What a file is called until it is whole; no document may begin with a dot."""


class NewFile:
    """
    A file that is not yet called what it will be.

    It is locked while it is open, so that a sweep knows it from what a killed
    process has left.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    def write(self, content: bytes) -> None:
        """Write *content* and flush it."""
        write_all(self.descriptor, content)
        os.fsync(self.descriptor)

    def rename(self, target: Path) -> None:
        """Call it *target*, which is replaced."""
        os.replace(self.path, target)
        self._close()

    def discard(self) -> None:
        """Take it away, unless it has been renamed."""
        if self.descriptor >= 0:
            try:
                self.path.unlink(missing_ok=True)
            finally:
                self._close()

    def _close(self) -> None:
        descriptor, self.descriptor = self.descriptor, -1
        os.close(descriptor)


def new_file(folder: Path) -> NewFile:
    """A new empty file in *folder*."""
    while True:
        path = folder / f"{TEMPORARY_PREFIX}{os.urandom(8).hex()}"
        new = NewFile(path, os.open(path, NEW_FILE_FLAGS, NEW_FILE_MODE))
        try:
            flock(new.descriptor, LOCK_EX)
            if os.fstat(new.descriptor).st_nlink:
                return new
        except OSError:
            new.discard()
            raise
        new.discard()  # swept away before it was locked


def sweep(folder: Path) -> None:
    """Remove the new files in *folder* that no process has open."""
    for path in folder.glob(f"{TEMPORARY_PREFIX}*"):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue  # gone by now, or none of ours
        try:
            flock(descriptor, LOCK_EX | LOCK_NB)
            path.unlink(missing_ok=True)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)
