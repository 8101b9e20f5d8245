"""
What every store on a disk does with it: write, flush, make files, and say what failed.

Rule: these calls block and are made in a thread; nothing here knows notes or documents.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from errno import EDQUOT, EFBIG, EINVAL, EISDIR, ENAMETOOLONG, ENOSPC, ENOTDIR
from pathlib import Path

from ..interface import InvalidName, Quota, StoreFull

FileIdentity = tuple[int, int, int, int, int]
"""What changes whenever a file is changed, at least after a tick of its clock."""

FolderIdentity = tuple[int, int, int]
"""What tells a folder from all others, as long as it is there."""

WHOLE_SECONDS_NS = 2_000_000_000
"""How long a second may last where a file system keeps whole ones (ext3, or ext4 as it
was made then): its clock, and the one that is asked here, are not quite the same."""

TICK_NS = 50_000_000
"""
A folder that was changed in the last 50 ms may be changed again without getting another
time: some file systems have coarse clocks.
"""

TIME_STEP_NS = 1000
"""The smallest difference of two times that most file systems keep."""

NEW_FILE_MODE = 0o666
"""Before the umask is applied: the operator decides who may read."""

PERMISSION_BITS = 0o777
"""The bits of a mode that are copied: no document is a program with other rights."""

DISK_FULL_ERRNOS = (ENOSPC, EDQUOT, EFBIG)
"""The errors that end when somebody makes room; ENOSPC is that of inodes, too."""

DEFAULT_QUOTA = Quota()
"""The quota of a store that is opened without one."""

UNLIMITED_BYTES = 1 << 62
"""More bytes than a disk has."""

UNKNOWN_IDENTITY: FileIdentity = (0, 0, -1, 0, 0)
"""The identity of no file."""


_READ_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def file_identity(status: os.stat_result) -> FileIdentity:
    """
    The identity of the file with that *status*.

    A person's tools may set the time of the last modification; nobody can set that of
    the last change of status.
    """
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def is_settled(identity: FileIdentity, looked: int) -> bool:
    """
    Whether a file that had that *identity* at a time has another one when it was
    changed since. It may not where a file system keeps whole seconds, and that one was
    not over.

    :param looked: the time, in nanoseconds.
    """
    times = identity[3:]
    is_in_seconds = not any(moment % 10**9 for moment in times)
    return not is_in_seconds or looked - max(times) > WHOLE_SECONDS_NS


def make_later(folder: int, before: int) -> None:
    """
    Give an open folder, which was changed, another time of modification than *before*,
    the time that it had before the change. The clocks of many file systems go by ticks
    of milliseconds: within one, others would not see a second change.

    :param before: in nanoseconds.
    """
    status = os.fstat(folder)
    # A time that is much earlier is another one: somebody has set the clock.
    if 0 <= before - status.st_mtime_ns < TICK_NS:
        with suppress(OSError):  # only its owner may set it
            os.utime(folder, ns=(status.st_atime_ns, before + TIME_STEP_NS))


def folder_identity(where: int | str) -> FolderIdentity:
    """
    The identity of a folder, by its descriptor or its path.

    The root of a file system has the same inode in each, and the device of one that is
    gone is soon given to another: so the number of the file system itself counts, too.

    :raise OSError: if it is not there.
    """
    status = os.stat(where)
    return status.st_dev, status.st_ino, os.statvfs(where).f_fsid


def write_all(descriptor: int, content: bytes) -> None:
    """Write *content*; a disk that is almost full may take only a part at a time."""
    written = os.write(descriptor, content)
    if written < len(content):
        rest = memoryview(content)[written:]
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def read_all(descriptor: int, length: int, offset: int = 0) -> bytes:
    """The *length* bytes from *offset* on, or as many of them as there are."""
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
    The path of *folder*, which is made if it is missing.

    :raise OSError: if it cannot be made, or nothing can be written there.
    """
    path = Path(folder).absolute()
    missing = [p for p in (path, *path.parents) if not p.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:  # a file has that name, or a link that leads nowhere
        raise NotADirectoryError(ENOTDIR, "it is not a folder", str(path)) from None
    for made in missing:
        sync_folder(made.parent)
    return path


def store_error(error: OSError) -> Exception:
    """The exception that tells users of the store about *error*."""
    if error.errno in DISK_FULL_ERRNOS:
        return StoreFull(f"the disk is full: {error.strerror}")
    if error.errno == ENAMETOOLONG:
        return InvalidName("the name is too long for the store's file system")
    return error


def free_bytes(where: int | Path, quota: Quota) -> int:
    """How many bytes may be written until the disk is as full as *quota* allows."""
    if not quota.free:
        return UNLIMITED_BYTES
    disk = os.statvfs(where)
    return disk.f_bavail * disk.f_frsize - quota.free


def copy_owner_and_mode(status: os.stat_result, descriptor: int) -> None:
    """
    Give a file the permissions of *status*, and to root's files their owner.

    Only root may give files away; a sandbox may kill others that try.
    """
    new = os.fstat(descriptor)
    owners = status.st_uid, status.st_gid
    if os.geteuid() == 0 and (new.st_uid, new.st_gid) != owners:
        with suppress(PermissionError):
            os.fchown(descriptor, *owners)
    if (new.st_mode ^ status.st_mode) & PERMISSION_BITS:
        os.fchmod(descriptor, status.st_mode & PERMISSION_BITS)


def read_regular_file(path: str, max_bytes: int) -> bytes:
    """
    The content of the file *path*. A FIFO, for whose writer one would wait, or a device
    without an end is an error.

    :raise OSError: if it cannot be read, or is longer than *max_bytes*.
    """
    descriptor = os.open(path, _READ_FLAGS)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise OSError(EISDIR, os.strerror(EISDIR), path)
        if not stat.S_ISREG(mode):
            raise OSError(EINVAL, "Not a regular file", path)
        content = read_all(descriptor, max_bytes + 1)
    finally:
        os.close(descriptor)
    if len(content) > max_bytes:
        raise OSError(EFBIG, f"Longer than {max_bytes} bytes", path)
    return content


def open_regular(path: Path, flags: int) -> int:
    """
    The descriptor of the file *path*.

    :raise OSError: if it cannot be opened, or is not a regular file.
    """
    descriptor = os.open(path, flags, NEW_FILE_MODE)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(EINVAL, "Not a regular file", str(path))
    return descriptor
