"""
Stores in folders that can be read and not written: a read-only mount, a backup, the
folder of another user.

Rule: nothing is written, not even to mend what a crash has left: it is left out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EIO, EROFS
from pathlib import Path
from typing import TypeVar

from ..interface import Quota
from ..names import is_name
from .disk import file_identity, read_all
from .documents import NEW_FILE_PREFIX, FolderDocuments
from .documents_batch import DocumentsBatch
from .documents_count import COUNT_NAME, DocumentsCount
from .documents_folder import DocumentsFolder
from .folder_lock import FolderLock
from .group_commit import RunInThread, in_thread
from .line_index import LineIndex
from .new_file import NewFile
from .notes import FolderNotes
from .notes_batch import NotesLog
from .notes_file import READ_FLAGS, NotesFile
from .notes_journal import CLOSED, DELETING, WRITING, JournalRecord
from .notes_repair import find_batch, torn_start
from .opening import opening_errors
from .token_log import IdempotencyLog, is_note_number

T = TypeVar("T")


def read_folder_notes(folder: str, run: RunInThread = in_thread) -> FolderNotes:
    """
    The notes in *folder*, for reading.

    :raise OSError: if they cannot be read.
    """
    path = Path(folder).absolute()
    with opening_errors(path):
        tokens = IdempotencyLog(path / ".notes-tokens", "", is_note_number)
        log = NotesLog(path, FolderLock(path), Quota(), tokens, ReadOnlyNotesFile)
        log.file.read(lambda *_: None)
    return FolderNotes(log, run)


def read_folder_documents(folder: str, run: RunInThread = in_thread) -> FolderDocuments:
    """
    The documents in *folder*, for reading.

    :raise OSError: if they cannot be read.
    """
    path = Path(folder).absolute()
    with opening_errors(path):
        lock = FolderLock(path)
        documents = DocumentsFolder(path, lock, _NoNewFiles())
        tokens = IdempotencyLog(path / ".documents-tokens", NEW_FILE_PREFIX, is_name)
        count = DocumentsCount(path / COUNT_NAME, Quota(), documents.sizes, time.time)
        documents.names.all()
    batch = DocumentsBatch(documents, tokens, count)
    return FolderDocuments(documents, batch, count, Quota(free=0), run)


class ReadOnlyNotesFile(NotesFile):
    """``notes.txt`` in a folder that cannot be written."""

    def read(self, find: Callable[[int, LineIndex, int], T]) -> T:
        """What *find* finds, while nobody else writes."""
        with self._lock.held():
            file = os.open(self.path, READ_FLAGS)
            try:
                with self._journal.opened_for_reading():
                    record = self._journal.read()
                    index = self._index(file, record)
                return find(file, index, record.epoch)
            finally:
                os.close(file)

    @contextmanager
    def locked(self) -> Iterator[tuple[int, LineIndex]]:
        """Fail: nothing can be written."""
        raise OSError(EROFS, "this store is opened for reading", str(self.folder))
        yield

    def close(self) -> None:
        """There is nothing to tell the next process."""

    def _index(self, file: int, record: JournalRecord) -> LineIndex:
        """The lines that are whole."""
        found = file_identity(os.fstat(file))
        if self._seen.notes == found:
            return self._seen.index
        if record.state == DELETING:
            raise self._unfinished()
        index = LineIndex()
        index.scan(file, found[2])
        is_exact = record.boot == self._boot and self._journal.is_own(record, found)
        end = found[2]
        if is_exact and record.state == WRITING:
            end = self._end_without_batch(file, record)
        elif not is_exact and record.state != CLOSED:
            end = torn_start(file, index, max(record.notes[2], 0))
        if end != found[2]:
            index = LineIndex()
            index.scan(file, end)
        self._remember(found, index)
        return index

    def _end_without_batch(self, file: int, record: JournalRecord) -> int:
        """Where the notes end that are not of a batch which was cut off."""
        size, end = record.notes[2], os.fstat(file).st_size
        added = read_all(file, max(end - size, 0), size)
        place = find_batch(added, self._journal.batch(record) or b"", size)
        if place is None:
            return end
        if place[1] != len(added):
            raise self._unfinished()
        return size + place[0]

    def _unfinished(self) -> OSError:
        why = "it has notes that were not finished: start notes there once"
        return OSError(EIO, why, str(self.path))


class _NoNewFiles:
    """In the place of `NewFiles`."""

    ignores_case = False

    def make(self) -> NewFile:
        """Fail: nothing can be written."""
        raise OSError(EROFS, "this store is opened for reading")
