"""
The lock of a store's folder, and the check that it is still the folder it was.

Rule: nobody waits for the lock without an end. A process that was stopped while it
holds the lock (SIGSTOP, a debugger, a frozen container) may keep it for hours: then
operations fail with `StoreUnavailable`, one line in the log names the process, and
reads go on wherever they need no lock.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EBADF, EBUSY, EINVAL, ENOLCK, ENOSYS, EOPNOTSUPP
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic

from twisted.logger import Logger

from ..interface import StoreUnavailable
from .disk import FolderIdentity, folder_identity

LOCK_SECONDS = 5.0
"""How long to wait for the lock: far longer than any disk takes for a batch."""

RETRY_AFTER_SECONDS = 5
"""When clients are told to try again while a stopped process holds the lock."""

NO_LOCKS_ERRNOS = (EBADF, EINVAL, ENOLCK, ENOSYS, EOPNOTSUPP)
"""What flock fails with on file systems that cannot lock a folder: NFS, for one."""

_OPEN_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

_log = Logger()


class FolderUnusable(StoreUnavailable):
    """
    The folder cannot be opened, or is not the one that was opened at first.

    :ivar errno: the number of the error of opening it.
    """

    def __init__(self, why: str, errno: int) -> None:
        super().__init__(f"the store's folder cannot be used: {why}")
        self.errno = errno


class FolderLocked(StoreUnavailable):
    """Another process holds the lock and does not let go of it."""


class FolderLock:
    """
    The lock of *folder*, which must exist.

    The lock is on the folder itself: there is no lock file that a person may remove,
    and the kernel releases the lock when its process dies. Every call opens the folder
    anew, so that threads and stores of one process exclude each other too.
    """

    def __init__(self, folder: Path) -> None:
        self._path = str(folder)
        self._identity = folder_identity(self._path)
        self._waiter: _Waiter | None = None
        self._is_gone = False

    @contextmanager
    def held(self) -> Iterator[int]:
        """
        Hold the lock, and give the descriptor of the folder.

        :raise Unavailable: if the folder is not the one that was opened at first, or
            the lock cannot be had in time.
        :raise OSError: if the folder cannot be locked at all.
        """
        descriptor = self._acquired()
        try:
            yield descriptor
        finally:
            # Not left to close: a child that is being started may have a copy.
            flock(descriptor, LOCK_UN)
            os.close(descriptor)

    def check(self) -> None:
        """
        See that the folder is there, and is the one that was opened at first.

        :raise Unavailable: if it is not.
        """
        try:
            identity = folder_identity(self._path)
        except OSError as error:
            raise self._gone(error.strerror or "it is gone", error.errno) from None
        self._check(identity)

    def _check(self, identity: FolderIdentity) -> None:
        if identity != self._identity:
            raise self._gone("another folder is in its place", EBUSY)
        if self._is_gone and self._can_be_opened():
            self._is_gone = False
            _log.info("The store's folder {folder} is back", folder=self._path)

    def _can_be_opened(self) -> bool:
        """Whether it can be locked, too; its files may be readable without that."""
        try:
            os.close(os.open(self._path, _OPEN_FLAGS))
        except OSError:
            return False
        return True

    def _gone(self, why: str, errno: int | None) -> FolderUnusable:
        if not self._is_gone:
            self._is_gone = True
            _log.warn(
                "The store's folder {folder} cannot be used: {why}",
                folder=self._path,
                why=why,
            )
        return FolderUnusable(why, errno or EBUSY)

    def _acquired(self) -> int:
        try:
            descriptor = os.open(self._path, _OPEN_FLAGS)
        except OSError as error:
            raise self._gone(error.strerror or "it is gone", error.errno) from None
        try:
            self._check(folder_identity(descriptor))
            if self._try(descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        return self._waited_for(descriptor)

    def _try(self, descriptor: int) -> bool:
        try:
            flock(descriptor, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno in NO_LOCKS_ERRNOS:
                why = "it cannot be locked; a store needs a disk of this machine, "
                why += "and this seems to be a network file system"
                raise OSError(error.errno, why, self._path) from None
            raise
        return True

    def _waited_for(self, descriptor: int) -> int:
        """*descriptor*, once it has the lock; else it is closed."""
        stuck = self._waiter
        if stuck is not None and stuck.is_waiting:
            # Somebody has waited in vain already: this one fails at once.
            os.close(descriptor)
            raise stuck.locked
        waiter = _Waiter(descriptor)
        if waiter.wait(LOCK_SECONDS):
            return descriptor
        holder = _holder(self._identity)
        waiter.locked = FolderLocked(
            f"{holder} holds the lock of the store's folder", RETRY_AFTER_SECONDS
        )
        self._waiter = waiter
        _log.warn(
            "{holder} has held the lock of {folder} for more than {seconds:g} s: "
            "nothing can be written until it goes on or ends",
            holder=holder,
            folder=self._path,
            seconds=LOCK_SECONDS,
        )
        raise waiter.locked


class _Waiter:
    """
    A thread that waits for the lock of *descriptor*.

    If nobody wants the lock any more when it comes, it is released at once.

    :ivar locked: what to tell others meanwhile.
    """

    locked: FolderLocked

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._ended = Event()
        self._lock = Lock()
        self._given_up = False
        self._error: OSError | None = None
        self._began = monotonic()
        Thread(target=self._run, daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """
        Wait so many *seconds* at most; whether the lock was had.

        :raise OSError: if it never can be.
        """
        self._ended.wait(seconds)
        with self._lock:
            self._given_up = not self._ended.is_set()
            if self._error is not None:
                os.close(self._descriptor)
                raise self._error
            return not self._given_up

    @property
    def is_waiting(self) -> bool:
        """Whether the thread still waits."""
        return not self._ended.is_set()

    def _run(self) -> None:
        try:
            flock(self._descriptor, LOCK_EX)
        except OSError as error:
            self._error = error
        with self._lock:
            self._ended.set()
            if self._given_up:
                os.close(self._descriptor)
                _log.info(
                    "The lock is free again after {seconds:.0f} s",
                    seconds=monotonic() - self._began,
                )


def _holder(identity: FolderIdentity) -> str:
    """The process that holds the lock of the folder of that *identity*, in words."""
    device, inode, _ = identity
    wanted = f"{os.major(device):02x}:{os.minor(device):02x}:{inode}"
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/locks").read_text().splitlines():
            _, kind, *_, process, where, _, _ = line.split()
            if kind == "FLOCK" and where == wanted:
                return _described(int(process))
    return "another process"


def _described(process: int) -> str:
    """*process* in words, with what it is doing."""
    with suppress(OSError):
        name, _, rest = (
            Path(f"/proc/{process}/stat")
            .read_text()
            .partition(" (")[2]
            .rpartition(") ")
        )
        stopped = ", which is stopped," if rest[0] in "Tt" else ""
        return f"process {process} ({name}){stopped}"
    return f"process {process}"
