"""
A journal beside ``notes.txt``: what the last process was about to write, or wrote.

Rule: it is written under the lock, before and after every batch, and flushed only when
it goes from closed to not closed. So after a process was killed it is exact. After the
machine went down it may be old; it names the boot in which it was written, and so the
next process knows. It also names itself (its device and inode): so a copy of the folder
is known too, unless that was put in the place of the original and got its inode again.
Then its times tell.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from time import time_ns
from typing import NamedTuple
from uuid import uuid4

from .disk import NEW_FILE_MODE, UNKNOWN_IDENTITY, FileIdentity, read_all, write_all
from .line_index import LineIndex

WRITING, DELETING, DONE, CLOSED = "writing", "deleting", "done", "closed"

JOURNAL_NAME = ".notes"
"""The name of the file: notes are kept in every folder that has it."""

RECORD_BYTES = 512
"""All records have the same length: so one sector of the disk is overwritten."""

ENDING_BYTES = 1024
ENDING_LINES = 3
"""How much of the end of the notes the journal knows, by its digest."""

_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class JournalRecord(NamedTuple):
    """
    A record of the journal.

    :ivar state: `WRITING`, `DELETING`, `DONE` or `CLOSED`.
    :ivar notes: the identity of the file as it is, or as it was before writing.
    :ivar lines: how many lines it has, or had before writing.
    :ivar ending: the digest of its last lines, see `ending_digest`.
    :ivar batch: how many bytes are to be written; they are in the journal, too.
    :ivar edition: another number whenever the file was changed by somebody else.
    :ivar epoch: another number whenever notes were renumbered.
    :ivar boot: during which start of the machine it was written.
    :ivar journal: the device and inode of the journal itself.
    """

    state: str
    notes: FileIdentity
    lines: int = 0
    ending: str = "-"
    batch: int = 0
    edition: int = 0
    epoch: int = 0
    boot: str = "-"
    journal: tuple[int, int] = (0, 0)

    def to_bytes(self) -> bytes:
        """The record as it is written."""
        numbers = *self.notes, self.lines, self.batch, self.edition, self.epoch
        words = self.state, self.ending, self.boot, *numbers, *self.journal
        return " ".join(map(str, words)).ljust(RECORD_BYTES - 1).encode() + b"\n"


NO_RECORD = JournalRecord(CLOSED, UNKNOWN_IDENTITY)
"""What an empty journal says."""

DAMAGED_RECORD = JournalRecord(DONE, UNKNOWN_IDENTITY)
"""What a journal says that cannot be read."""


def parse_record(content: bytes) -> JournalRecord | None:
    """The record that was written as *content*; ``None`` if it is not a record."""
    try:
        state, ending, boot, *words = content.decode().split()
        device, inode, size, mtime, ctime, *numbers = map(int, words)
        lines, batch, edition, epoch, *journal = numbers
        own_device, own_inode = journal
    except ValueError:
        return None
    return JournalRecord(
        state,
        (device, inode, size, mtime, ctime),
        lines,
        ending,
        batch,
        edition,
        epoch,
        boot,
        (own_device, own_inode),
    )


def ending_digest(content: bytes) -> str:
    """
    The digest of the last lines of *content*, or of the last bytes if they are long.

    The end of the last line is left out: a person may have left it open.
    """
    whole = content.removesuffix(b"\n").removesuffix(b"\r")
    lines = whole[2 - ENDING_BYTES :].split(b"\n")[-ENDING_LINES:]
    return sha256(b"\n".join(lines)).hexdigest()[:16]


def last_bytes(file: int, end: int) -> bytes:
    """The bytes of *file* before *end* that `ending_digest` takes."""
    start = max(0, end - ENDING_BYTES)
    return read_all(file, end - start, start)


def keeps_numbers(file: int, index: LineIndex, record: JournalRecord) -> bool:
    """Whether the lines that *record* knows of still have their numbers."""
    if record.epoch == 0 or len(index) < record.lines:
        return False
    if not record.lines:
        return True
    start, end = index.line(record.lines - 1)
    # The last line may have been open, and may have more text now.
    ends = {end, min(max(start, record.notes[2]), end)}
    return record.ending in {ending_digest(last_bytes(file, each)) for each in ends}


def unused_number() -> int:
    """A number that was never used before: microseconds since 1970."""
    return time_ns() // 1000


def boot_id() -> str:
    """A string that is another one after the machine was started again."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return str(uuid4())  # not known: every process is as after a start


class JournalFile:
    """The file of the journal, which is opened under the lock by one at a time."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._descriptor = -1
        self._own = 0, 0
        self._is_as_written = True
        self._last = b"", NO_RECORD

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Open it, so that it can be read and written meanwhile."""
        self._descriptor = os.open(self._path, _FLAGS | os.O_CREAT, NEW_FILE_MODE)
        try:
            self._identify()
            yield
        finally:
            os.close(self._descriptor)

    @contextmanager
    def opened_for_reading(self) -> Iterator[None]:
        """Open it for reading only; if it is missing, it is as if it were empty."""
        try:
            self._descriptor = os.open(self._path, _READ_FLAGS)
        except FileNotFoundError:
            self._descriptor = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._identify()
            yield
        finally:
            os.close(self._descriptor)

    def _identify(self) -> None:
        status = os.fstat(self._descriptor)
        self._own = status.st_dev, status.st_ino
        # A write sets both to one time; who copies a file sets only the first.
        self._is_as_written = status.st_mtime_ns == status.st_ctime_ns

    def read(self) -> JournalRecord:
        """The record; `NO_RECORD` if there never was one."""
        content = os.pread(self._descriptor, RECORD_BYTES, 0)
        if content != self._last[0]:
            # An empty one was made just now, and never written.
            record = (parse_record(content) or DAMAGED_RECORD) if content else NO_RECORD
            self._last = content, record
        return self._last[1]

    def peeked(self) -> JournalRecord:
        """The record, as far as it can be read without the lock."""
        try:
            with open(self._path, "rb") as file:
                return parse_record(file.read(RECORD_BYTES)) or DAMAGED_RECORD
        except FileNotFoundError:
            return NO_RECORD

    def is_own(self, record: JournalRecord, notes: FileIdentity) -> bool:
        """
        Whether *record* was written to this file: else this file is a copy.

        :param notes: the identity of the notes that are beside it.
        """
        if record is NO_RECORD:
            return True
        is_at_its_place = record.journal == self._own
        return is_at_its_place and (self._is_as_written or notes == record.notes)

    def write(
        self, record: JournalRecord, batch: bytes = b"", flush: bool = False
    ) -> None:
        """Write *record*, and behind it the *batch* that is about to be written."""
        self._write(record._replace(batch=len(batch)), batch)
        if flush:
            os.fsync(self._descriptor)

    def _write(self, record: JournalRecord, batch: bytes = b"") -> None:
        record = record._replace(journal=self._own)
        content = record.to_bytes()
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        write_all(self._descriptor, content + batch)
        self._last = content, record

    def write_pieces(
        self, record: JournalRecord, length: int, pieces: Iterable[bytes]
    ) -> None:
        """Write *record* and a batch of *length* bytes in *pieces*, and flush them."""
        self._write(record._replace(batch=length))
        for piece in pieces:
            write_all(self._descriptor, piece)
        os.fsync(self._descriptor)

    def read_batch(self, offset: int, length: int) -> bytes:
        """A part of the batch."""
        return read_all(self._descriptor, length, RECORD_BYTES + offset)

    def shorten(self) -> None:
        """Leave the record only, and flush it: nothing is kept of a batch."""
        os.ftruncate(self._descriptor, RECORD_BYTES)
        os.fsync(self._descriptor)

    def batch(self, record: JournalRecord) -> bytes | None:
        """The batch of *record*; ``None`` if the process was killed before that."""
        batch = read_all(self._descriptor, record.batch, RECORD_BYTES)
        return batch if len(batch) == record.batch else None
