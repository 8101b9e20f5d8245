"""
``notes.txt``: one note is one line; people may read and edit the file while it is used.

Rule: it is changed only while the folder is locked, and the journal says so before.
What a killed process or a full disk has left unfinished is undone by the next process
that takes the lock. These calls block and are made in a thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import time_ns
from typing import TypeVar

from twisted.logger import Logger

from .disk import (
    UNKNOWN_IDENTITY,
    FileIdentity,
    file_identity,
    is_settled,
    open_regular,
    read_all,
)
from .folder_lock import FolderLock, FolderLocked
from .line_index import LineIndex
from .notes_deletion import delete_in_place, deletion_at, finish_deletion
from .notes_journal import (
    CLOSED,
    DELETING,
    DONE,
    ENDING_BYTES,
    JOURNAL_NAME,
    WRITING,
    JournalFile,
    JournalRecord,
    boot_id,
    ending_digest,
    keeps_numbers,
    last_bytes,
    unused_number,
)
from .notes_repair import (
    ByteSpan,
    EditedMeanwhile,
    is_written_at,
    move_torn,
    remove_batch,
    remove_ranges,
    undo_unfinished,
)

NOTES_NAME = "notes.txt"

NEW_TOKENS_PREFIX = ".notes-new-"
"""What a new log of tokens is called until it is whole."""

READ_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
CHANGE_FLAGS = READ_FLAGS | os.O_RDWR | os.O_APPEND | os.O_CREAT
"""With O_APPEND nothing is written over what a person adds at the same time."""

_log = Logger()

T = TypeVar("T")


@dataclass(frozen=True)
class _Seen:
    """
    What this process knows of the file.

    :ivar ending: the last bytes of the file.
    :ivar looked: when that was found, in nanoseconds.
    """

    notes: FileIdentity = UNKNOWN_IDENTITY
    edition: int = 0
    epoch: int = 0
    ending: bytes = b""
    index: LineIndex = field(default_factory=LineIndex)
    looked: int = field(init=False, default_factory=time_ns)


class NotesFile:
    """
    The lines of ``notes.txt`` in *folder*.

    :param forget: is called with the number of lines when unfinished ones were undone,
        or with -1 when those that were added last were undone; with the file and its
        lines as well after a crash of the machine, or if a person has removed lines.
    """

    def __init__(
        self, folder: Path, lock: FolderLock, forget: Callable[..., None]
    ) -> None:
        self.folder = folder
        self.path = folder / NOTES_NAME
        self._lock = lock
        self._forget = forget
        self._journal = JournalFile(folder / JOURNAL_NAME)
        self._boot = boot_id()
        self._seen = _Seen()
        self._adding = False
        self._is_deleting = False
        self._deletions = 0

    def read(self, find: Callable[[int, LineIndex, int], T]) -> T:
        """
        What *find* finds, given the descriptor of the file, the index of its lines, and
        the epoch. It is called again if a note was deleted meanwhile. A file that is
        missing has no lines: to read it does not make it.
        """
        while True:
            deletions = self._deletions
            with self._reading() as (file, seen):
                found = find(file, seen.index, seen.epoch)
                if file < 0:
                    return found
                if self._deletions == deletions:
                    if file_identity(os.fstat(file)) == seen.notes:
                        return found
                    now = self._journal.peeked()
                    if now.state != DELETING and now.edition == seen.edition:
                        return found  # notes were added, nothing else

    @contextmanager
    def _reading(self) -> Iterator[tuple[int, _Seen]]:
        try:
            file = os.open(self.path, READ_FLAGS)
        except FileNotFoundError:
            self._lock.check()
            yield -1, _Seen(epoch=self._seen.epoch)
            return
        except OSError:
            self._lock.check()
            raise
        try:
            seen = self._as_seen(file) or self._looked_at(file)
            if seen is not None:
                yield file, seen
                return
        finally:
            os.close(file)
        with self._reading() as again:  # it was replaced meanwhile
            yield again

    @contextmanager
    def locked(self) -> Iterator[tuple[int, LineIndex]]:
        """
        The descriptor of the file, which is locked, and the index of its lines; it is
        made if it is missing.
        """
        with self._lock.held() as folder:
            file = open_regular(self.path, CHANGE_FLAGS)
            try:
                with self._journal.opened():
                    yield file, self._look(folder, file)
            finally:
                os.close(file)

    def add(self, file: int, lines: list[bytes], before: Callable[[], None]) -> int:
        """
        Add *lines* and flush them, all or none; the number of the first.

        :param before: is called when everything is ready to be undone.
        :raise EditedMeanwhile: and nothing was added: try again.
        """
        if not lines:
            return len(self._seen.index)
        seen = self._seen
        content = b"".join((b"\n", *lines) if seen.index.last_is_open else lines)
        record = self._record(WRITING, seen)
        self._journal.write(record, content)
        self._adding = True
        written: list[ByteSpan] = []
        try:
            before()
            _append(file, content, written)
            os.fsync(file)
            first, after = self._added(file, content, written[0][0])
            is_alone = after.notes != seen.notes
            done = self._record(DONE, after)
            count = first + len(lines) if is_alone else done.lines
            self._journal.write(done._replace(lines=count))
        except (OSError, EditedMeanwhile):
            self._undo(file, record, content, written)
            raise
        else:
            if is_alone:
                if seen.index.last_is_open:
                    seen.index.end_line()
                seen.index.add(map(len, lines))
            self._seen = after
            return first
        finally:
            self._adding = False

    def delete(self, file: int, number: int) -> None:
        """
        Put the line of a deleted note in the place of line *number*.

        :raise EditedMeanwhile: and nothing was changed: try again.
        :raise Unavailable: if it is not known whether that will last.
        """
        seen = self._seen
        deletion = deletion_at(file, *seen.index.line(number), seen.notes[2])
        record = self._record(DELETING, seen)._replace(edition=unused_number())
        self._deletions += 1
        self._is_deleting = True
        self._seen = _Seen()
        try:
            delete_in_place(file, self._journal, record, deletion)
        finally:
            self._is_deleting = False

    def close(self) -> None:
        """Tell the next process that nothing is unfinished."""
        with self.locked():
            record = self._journal.read()
            self._journal.write(record._replace(state=CLOSED), flush=True)

    def _remember(self, found: FileIdentity, index: LineIndex) -> None:
        self._seen = _Seen(found, index=index)

    def _record(self, state: str, seen: _Seen) -> JournalRecord:
        return JournalRecord(
            state,
            seen.notes,
            len(seen.index),
            ending_digest(seen.ending),
            edition=seen.edition,
            epoch=seen.epoch,
            boot=self._boot,
        )

    def _settled(self) -> _Seen:
        """What is known of the file, and would be known to be otherwise."""
        seen = self._seen
        return seen if is_settled(seen.notes, seen.looked) else _Seen()

    def _as_seen(self, file: int) -> _Seen | None:
        """What is known of the file, if it is as it was left."""
        if self._is_deleting:
            return None  # after that, another look is needed anyway
        found, seen = file_identity(os.fstat(file)), self._settled()
        # What this process is adding does not count before it is flushed.
        if seen.notes == found or (self._adding and seen.notes[:2] == found[:2]):
            return seen
        return None

    def _looked_at(self, file: int) -> _Seen | None:
        """What the file has, found under the lock; ``None`` if it was replaced."""
        wanted = os.fstat(file).st_ino
        try:
            with self.locked():
                seen = self._seen
        except FolderLocked:
            if (unlocked := self._seen_unlocked(file)) is None:
                raise
            return unlocked
        return seen if seen.notes[1] == wanted else None

    def _seen_unlocked(self, file: int) -> _Seen | None:
        """
        What the file has for certain, while another process does not let go of the
        lock; ``None`` if that cannot be told.

        That process may be about to write: then the journal knows what was there
        before. (It does not change meanwhile, as nobody else has the lock.)
        """
        record, found = self._journal.peeked(), file_identity(os.fstat(file))
        size = record.notes[2]
        if (
            record.state == DELETING
            or record.notes[:2] != found[:2]
            or found[2] < size
            or ending_digest(last_bytes(file, size)) != record.ending
        ):
            return None
        seen = self._seen
        if (seen.notes, seen.edition) == (record.notes, record.edition):
            return seen
        index = LineIndex()
        index.scan(file, size)
        return _Seen(record.notes, record.edition, record.epoch, b"", index)

    def _look(self, folder: int, file: int) -> LineIndex:
        """Undo what is unfinished, and index what has changed."""
        record, there = self._journal.read(), file_identity(os.fstat(file))
        is_exact = record.boot == self._boot and self._journal.is_own(record, there)
        is_unfinished = is_exact and record.state == WRITING
        if is_unfinished:
            batch = self._journal.batch(record)
            undo_unfinished(self.folder, file, record, batch)
        begins = not is_exact or record.state in (CLOSED, DELETING)
        if record.state == DELETING:
            record = finish_deletion(file, self._journal, record)
        found, seen = file_identity(os.fstat(file)), self._settled()
        if (
            (seen.notes, seen.edition) == (found, record.edition)
            and is_exact
            and record.state == DONE
        ):
            return seen.index
        if seen.notes[:2] != found[:2]:
            os.fsync(folder)  # its name may be new
        edition = record.edition if found == record.notes else unused_number()
        is_known = (seen.edition, *seen.notes[:2]) == (edition, *found[:2])
        if not is_known or seen.index.last_is_open or found[2] < seen.index.end:
            seen = _Seen()
        index = seen.index
        index.scan(file, found[2])
        if not is_exact and record.state != CLOSED:
            is_unfinished = True
            since = found[2] if record.notes == UNKNOWN_IDENTITY else record.notes[2]
            if move_torn(self.folder, file, index, since):
                index = LineIndex()
                found = file_identity(os.fstat(file))
                index.scan(file, found[2])
        if is_unfinished and is_exact:
            self._forget(record.lines)  # nothing of the last batch is there
        elif is_unfinished or len(index) < record.lines:
            self._forget(len(index), file, index, is_unfinished)
        epoch = record.epoch if keeps_numbers(file, index, record) else unused_number()
        self._seen = _Seen(found, edition, epoch, last_bytes(file, found[2]), index)
        self._journal.write(self._record(DONE, self._seen), flush=begins)
        return index

    def _added(self, file: int, content: bytes, start: int) -> tuple[int, _Seen]:
        """
        The number of the first line of *content*, which was written at *start*, and
        what is known of the file now, but for its index.

        :raise EditedMeanwhile: if what was written are not lines of their own there.
        """
        seen, end = self._seen, start + len(content)
        found = file_identity(os.fstat(file))
        try:
            is_there = file_identity(os.stat(self.path))[:2] == found[:2]
        except FileNotFoundError:
            is_there = False
        if not is_there:
            raise EditedMeanwhile
        if (start, end) == (seen.notes[2], found[2]):
            last = (seen.ending + content)[-ENDING_BYTES:]
            return len(seen.index), replace(seen, notes=found, ending=last)
        return self._added_among_others(file, content, start)

    def _added_among_others(
        self, file: int, content: bytes, start: int
    ) -> tuple[int, _Seen]:
        """As `_added`, when a person has written to the file at the same time."""
        seen = self._seen
        before = LineIndex()
        before.scan(file, start)
        is_open = before.last_is_open or seen.index.last_is_open
        if start == seen.notes[2]:
            is_open = False  # an open line is ended by what was written
        if is_open or read_all(file, len(content), start) != content:
            raise EditedMeanwhile
        # As it was before: so the next look sees that it was changed.
        return len(before), replace(seen, edition=unused_number())

    def _undo(
        self, file: int, record: JournalRecord, content: bytes, written: list[ByteSpan]
    ) -> None:
        """Take back what was added; if that fails, the journal says that it is due."""
        self._seen = _Seen()  # do not trust what is in memory
        try:
            ends = [record.notes[2], os.fstat(file).st_size]
            is_alone = bool(written) and [written[0][0], written[-1][1]] == ends
            if is_written_at(file, written, content):
                remove_ranges(file, written)
            elif written:
                remove_batch(file, record, content)
            self._forget(-1)
            if is_alone:
                record = record._replace(notes=file_identity(os.fstat(file)))
            # Else it is as before, or somebody has edited it, which is to be seen.
            self._journal.write(record._replace(state=DONE))
        except OSError as error:
            _log.error("Notes that failed are not yet taken back: {error}", error=error)


def _append(file: int, content: bytes, written: list[ByteSpan]) -> None:
    """Write *content* to the end of *file*; where it goes is added to *written*."""
    rest: bytes | memoryview = content
    while rest:
        size = os.write(file, rest)
        end = os.lseek(file, 0, os.SEEK_CUR)
        if written and written[-1][1] != end - size:
            written.append((end - size, end))
            raise EditedMeanwhile  # a person's text is in the midst of it
        written.append((end - size, end))
        rest = memoryview(content)[len(content) - len(rest) + size :]
