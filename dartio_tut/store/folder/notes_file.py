"""
``notes.txt``: one note a line, a person's to read and to edit while it is in use.

Rule: it is changed under the folder's lock only, and the mark beside it says so before.
What a killed process, or a full disk, has left unfinished is undone by whoever takes
the lock next. Blocking calls only, for a thread.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EINVAL
from pathlib import Path
from time import time_ns

from twisted.logger import Logger

from ..interface import Unavailable
from .disk import (
    NEW_FILE_MODE,
    UNKNOWN_IDENTITY,
    Identity,
    identity,
    locked,
    read_all,
    write_all,
)
from .line_index import LineIndex
from .notes_journal import (
    CLOSED,
    DONE,
    JOURNAL_NAME,
    WRITING,
    JournalFile,
    JournalRecord,
    this_boot,
)

READ_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
CHANGE_FLAGS = READ_FLAGS | os.O_RDWR | os.O_APPEND | os.O_CREAT
"""A person's ``echo note >> notes.txt`` that comes between is not written over."""

TORN_NAME = "notes.torn"
"""Where an open last line is put aside that may be half a note."""

_log = Logger()


class ReplacedMeanwhile(Exception):
    """The file was replaced while notes were added to the old one."""


class NotesFile:
    """
    The lines of ``notes.txt`` in *folder*.

    :param forget: is called with the number of lines when unfinished ones were undone,
        or with -1 when what was added last was.
    """

    def __init__(self, folder: Path, forget: Callable[[int], None]) -> None:
        self.folder = folder
        self.path = folder / "notes.txt"
        self._forget = forget
        self._journal = JournalFile(folder / JOURNAL_NAME)
        self._boot = this_boot()
        self._seen: tuple[Identity, int, LineIndex] = UNKNOWN_IDENTITY, 0, LineIndex()
        self._adding = False

    @contextmanager
    def reading(self) -> Iterator[tuple[int, LineIndex]]:
        """The descriptor and the index of what is there."""
        found = self._as_seen()
        if found is None:
            with self.locked() as found:
                yield found
            return
        try:
            yield found
        finally:
            os.close(found[0])

    @contextmanager
    def locked(self) -> Iterator[tuple[int, LineIndex]]:
        """As `reading`, and nobody else may change the file meanwhile."""
        with (
            locked(self.folder) as folder,
            open_file(self.path, CHANGE_FLAGS) as file,
            self._journal.opened(),
        ):
            yield file, self._look(folder, file)

    def add(self, file: int, lines: list[bytes], before: Callable[[], None]) -> None:
        """
        Add *lines* and flush them, all or none.

        :param before: is called when all is ready to be undone.
        """
        seen, epoch, index = self._seen
        content = b"".join((b"\n", *lines) if index.last_is_open else lines)
        record = JournalRecord(WRITING, seen, seen[2] + len(content), epoch, self._boot)
        self._journal.write(record)
        self._adding = True
        try:
            before()
            write_all(file, content)
            os.fsync(file)
            written = self._written(file, record, content)
            self._journal.write(record._replace(state=DONE, notes=written))
        except (OSError, ReplacedMeanwhile):
            self._undo(file, record)
            raise
        else:
            if index.last_is_open:
                index.end_line()
            index.add(map(len, lines))
            self._seen = written, epoch, index
        finally:
            self._adding = False

    def close(self) -> None:
        """Tell whoever comes next that nothing is unfinished."""
        with self.locked():
            record = self._journal.read()
            self._journal.write(record._replace(state=CLOSED), flush=True)

    def _as_seen(self) -> tuple[int, LineIndex] | None:
        """The descriptor and the index, if the file is as it was left."""
        try:
            file = os.open(self.path, READ_FLAGS)
        except FileNotFoundError:
            return None
        found = identity(os.fstat(file))
        seen, _, index = self._seen
        # What this process is adding is not there before it is flushed.
        if seen == found or (self._adding and seen[:2] == found[:2]):
            return file, index
        os.close(file)
        return None

    def _look(self, folder: int, file: int) -> LineIndex:
        """Undo what is unfinished, and index what has changed."""
        record = self._journal.read()
        same_boot = record.boot == self._boot
        unfinished = same_boot and record.state == WRITING
        if unfinished:
            _take_back(file, record)
        found = identity(os.fstat(file))
        seen, epoch, index = self._seen
        if (
            seen == found
            and epoch == record.epoch
            and same_boot
            and record.state == DONE
        ):
            return index
        if seen[:2] != found[:2]:
            os.fsync(folder)  # its name may be new
        if found != record.notes:  # somebody else has edited it
            record = record._replace(epoch=time_ns())
        if (epoch, *seen[:2]) != (record.epoch, *found[:2]) or index.last_is_open:
            index = LineIndex()
        index.scan(file, found[2])
        if not same_boot and record.state != CLOSED:
            unfinished = True
            since = found[2] if record.notes == UNKNOWN_IDENTITY else record.notes[2]
            if _put_aside(file, index, self.folder / TORN_NAME, since):
                index = LineIndex()
                found = identity(os.fstat(file))
                index.scan(file, found[2])
        if unfinished:
            self._forget(len(index))
        begins = not same_boot or record.state == CLOSED
        done = JournalRecord(DONE, found, found[2], record.epoch, self._boot)
        self._journal.write(done, flush=begins)
        self._seen = found, record.epoch, index
        return index

    def _written(self, file: int, record: JournalRecord, content: bytes) -> Identity:
        """What the file is now; whether somebody came between is looked at."""
        found = identity(os.fstat(file))
        if identity(os.stat(self.path))[:2] != found[:2]:
            raise ReplacedMeanwhile
        if found[2] == record.after:
            return found
        if read_all(file, len(content), record.notes[2]) != content:
            raise Unavailable("notes.txt was edited while a note was added")
        return UNKNOWN_IDENTITY  # added to behind ours: look at it next time

    def _undo(self, file: int, record: JournalRecord) -> None:
        """Take back what was added; should it fail, the mark says it is to be done."""
        self._seen = UNKNOWN_IDENTITY, 0, LineIndex()  # do not trust what is in memory
        try:
            _take_back(file, record)
            self._forget(-1)
            found = identity(os.fstat(file))
            self._journal.write(record._replace(state=DONE, notes=found))
        except OSError as error:
            _log.error("Notes that failed are not yet taken back: {error}", error=error)


def _take_back(file: int, record: JournalRecord) -> None:
    """Cut off what was added, unless somebody else has changed the file since."""
    found = os.fstat(file)
    size = record.notes[2]
    if found.st_ino != record.notes[1] or not size < found.st_size <= record.after:
        return
    added = found.st_size - size
    _log.warn("Taking back {added} bytes of notes that failed", added=added)
    os.ftruncate(file, size)
    os.fsync(file)
    if hasattr(os, "posix_fadvise"):
        # After a failed flush, what can be read is not what is on the disk.
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)


def _put_aside(file: int, index: LineIndex, torn: Path, since: int) -> bool:
    """
    Move what may be a part of a note to the file *torn*: an open last line, and what
    was added *since*, from the first line with a NUL on. Nobody was told of it.
    """
    end = os.fstat(file).st_size
    start = index.line(len(index) - 1)[0] if index.last_is_open else end
    start = min(start, _first_damage(file, min(max(since, 0), end), end))
    if start == end:
        return False
    _log.warn(
        "The machine went down: the torn end of notes.txt is now in {torn}",
        torn=str(torn),
    )
    with open_file(torn, CHANGE_FLAGS) as descriptor:
        write_all(descriptor, read_all(file, end - start, start) + b"\n")
        os.fsync(descriptor)
    os.ftruncate(file, start)
    os.fsync(file)
    return True


def _first_damage(file: int, since: int, end: int) -> int:
    """Where the first line with a NUL begins of those *since*; else *end*."""
    added = read_all(file, end - since, since)
    nul = added.find(b"\0")
    return end if nul < 0 else since + added.rfind(b"\n", 0, nul) + 1


@contextmanager
def open_file(path: Path, flags: int) -> Iterator[int]:
    """
    The descriptor of the file *path*.

    :raise OSError: when it is not a regular file, too.
    """
    descriptor = os.open(path, flags, NEW_FILE_MODE)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(EINVAL, "Not a regular file", str(path))
        yield descriptor
    finally:
        os.close(descriptor)
