"""
New files: written as a whole before they get their name.

Rule: where the system can do so, a new file has no name at all while it is written, and
disappears with its process.
"""

from __future__ import annotations

import os
import re
import stat
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from .disk import NEW_FILE_MODE, write_all

NEW_FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

UNNAMED_FILE_FLAGS = os.O_WRONLY | getattr(os, "O_TMPFILE", 0) | os.O_CLOEXEC


class NewFile:
    """
    A file that does not have its final name yet.

    It is locked while it is open, so that `sweep` can tell it from what a killed
    process has left.

    :param path: the name it has, or gets just before its final one.
    """

    def __init__(self, path: Path, descriptor: int, has_name: bool = True) -> None:
        self.path = path
        self.descriptor = descriptor
        self._has_name = has_name

    def write(self, content: bytes) -> None:
        """Write *content* and flush it."""
        write_all(self.descriptor, content)
        os.fsync(self.descriptor)

    def rename(self, target: Path) -> None:
        """Rename it to *target*, which is replaced."""
        if not self._has_name:
            _link(self.descriptor, self.path)
            self._has_name = True
        os.replace(self.path, target)
        self._close()

    def discard(self) -> None:
        """Remove it, unless it has been renamed."""
        if self.descriptor >= 0:
            try:
                if self._has_name:
                    self.path.unlink(missing_ok=True)
            finally:
                self._close()

    def _close(self) -> None:
        descriptor, self.descriptor = self.descriptor, -1
        os.close(descriptor)


def new_file(folder: Path, prefix: str) -> NewFile:
    """A new empty file in *folder*, whose name is *prefix* and 16 random digits."""
    while True:
        path = _new_path(folder, prefix)
        new = NewFile(path, os.open(path, NEW_FILE_FLAGS, NEW_FILE_MODE))
        try:
            flock(new.descriptor, LOCK_EX)
            if os.fstat(new.descriptor).st_nlink:
                return new
        except OSError:
            new.discard()
            raise
        new.discard()  # swept away before it was locked


class NewFiles:
    """
    Makes new files in *folder*, without a name if that can be done there.

    :ivar ignores_case: whether the file system takes ``A`` and ``a`` for one name.
    :raise OSError: if none can be made.
    """

    def __init__(self, folder: Path, prefix: str) -> None:
        self._folder = folder
        self._prefix = prefix
        self._are_named = not hasattr(os, "O_TMPFILE")
        try:
            probe = new_file(folder, prefix)
        except OSError as error:  # nobody knows a file of that name, but the folder
            raise OSError(error.errno, error.strerror, str(folder)) from None
        try:
            other = probe.path.with_name(probe.path.name.upper())
            self.ignores_case = os.path.lexists(other)
            self._are_named = self._are_named or not self._works_unnamed()
        finally:
            probe.discard()

    def make(self) -> NewFile:
        """A new empty file."""
        if self._are_named or not os.path.exists("/proc/self/fd"):
            return new_file(self._folder, self._prefix)
        return self._unnamed()

    def _unnamed(self) -> NewFile:
        path = _new_path(self._folder, self._prefix)
        descriptor = os.open(self._folder, UNNAMED_FILE_FLAGS, NEW_FILE_MODE)
        return NewFile(path, descriptor, has_name=False)

    def _works_unnamed(self) -> bool:
        try:
            new = self._unnamed()
        except OSError:
            return False  # not every file system can do it
        try:
            new.rename(new.path.with_name(new.path.name + "-named"))
            new.path.with_name(new.path.name + "-named").unlink()
        except OSError:
            return False
        finally:
            new.discard()
        return True


def remove_leftovers(folder: Path, prefix: str) -> None:
    """
    Remove what `new_file` has left in *folder* and no process has open.

    Only names that `new_file` makes are looked at: a person's files are left alone,
    whatever they are called.
    """
    is_ours = re.compile(re.escape(prefix) + "[0-9a-f]{16}").fullmatch
    with os.scandir(folder) as entries:
        left = [entry.path for entry in entries if is_ours(entry.name)]
    for path in left:
        _remove_unless_open(path)


def _new_path(folder: Path, prefix: str) -> Path:
    return folder / f"{prefix}{os.urandom(8).hex()}"


def _link(descriptor: int, path: Path) -> None:
    """Give the file of *descriptor* the name *path*."""
    # With a descriptor of a folder, which is not used, os.link follows the link.
    folder = os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=folder)
    finally:
        os.close(folder)


def _remove_unless_open(path: str) -> None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return  # it is gone by now, or no file of ours
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.unlink(path)
    except (BlockingIOError, FileNotFoundError):
        return
    finally:
        os.close(descriptor)
