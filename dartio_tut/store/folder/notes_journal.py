"""
A mark beside the notes: what the last process was about to do, or had done.

Rule: it is written under the lock, around every batch, and flushed only when it goes
from closed to not closed. So after a process was killed it is exact. After the machine
went down it may be old, and says so: it names another boot.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from .disk import NEW_FILE_MODE, UNKNOWN_IDENTITY, Identity, write_all

WRITING, DONE, CLOSED = "writing", "done", "closed"

JOURNAL_NAME = ".notes"
"""What it is called: where it is, notes are kept."""

RECORD_BYTES = 256
"""Bytes of a record: always the same, so that it is overwritten in one sector."""

_OPEN_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class JournalRecord(NamedTuple):
    """
    A record.

    :ivar state: `WRITING`, `DONE` or `CLOSED`.
    :ivar notes: the identity of the file, as it is, or as it was before writing.
    :ivar after: its size once it is written.
    :ivar epoch: another one whenever the file was changed by somebody else.
    :ivar boot: which start of the machine it was written in.
    """

    state: str
    notes: Identity
    after: int
    epoch: int
    boot: str

    def to_bytes(self) -> bytes:
        """The mark as it is written."""
        numbers = " ".join(map(str, (*self.notes, self.after, self.epoch)))
        return (
            f"{self.state} {numbers} {self.boot}".ljust(RECORD_BYTES - 1).encode()
            + b"\n"
        )


def parse_record(content: bytes) -> JournalRecord | None:
    """The mark that was written as *content*; ``None`` when it is none."""
    try:
        state, *numbers, boot = content.decode().split()
        device, inode, size, mtime, after, epoch = map(int, numbers)
    except ValueError:
        return None
    return JournalRecord(state, (device, inode, size, mtime), after, epoch, boot)


NO_RECORD = JournalRecord(CLOSED, UNKNOWN_IDENTITY, 0, 0, "-")
DAMAGED_RECORD = JournalRecord(DONE, UNKNOWN_IDENTITY, 0, 0, "-")


def this_boot() -> str:
    """What is another one after the machine was started again."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return str(uuid4())  # not known: then every process is as after a start


class JournalFile:
    """Where the mark is kept; it is opened under the lock, and so by one at a time."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._descriptor = -1
        self._last = b"", NO_RECORD

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Read and write it meanwhile."""
        self._descriptor = os.open(self._path, _OPEN_FLAGS, NEW_FILE_MODE)
        try:
            yield
        finally:
            os.close(self._descriptor)

    def read(self) -> JournalRecord:
        """The mark; `NO_RECORD` when none was ever left."""
        content = os.pread(self._descriptor, RECORD_BYTES, 0)
        if content != self._last[0]:
            # An empty one was made just now, and never written.
            record = (parse_record(content) or DAMAGED_RECORD) if content else NO_RECORD
            self._last = content, record
        return self._last[1]

    def write(self, record: JournalRecord, flush: bool = False) -> None:
        """Leave *mark*."""
        content = record.to_bytes()
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        write_all(self._descriptor, content)
        if flush:
            os.fsync(self._descriptor)
        self._last = content, record
