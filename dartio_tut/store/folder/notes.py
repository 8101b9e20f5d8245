"""
Notes in a folder, each a line of ``notes.txt``.

Rule: the reactor never waits for a disk. What comes in while a batch is being flushed
is the next batch.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from errno import EEXIST
from pathlib import Path

from twisted.internet.defer import Deferred, fail

from ..interface import Deleted, NotesState, Quota, StoreUnavailable
from ..lines import DELETED_LINE, is_deleted, line_of_note, note_from_line
from .disk import DEFAULT_QUOTA, make_folder, read_all
from .documents_count import COUNT_NAME
from .folder_lock import FolderLock
from .group_commit import GroupCommit, PendingOperations, RunInThread, in_thread
from .line_index import LineIndex
from .new_file import remove_leftovers
from .notes_batch import NewNote, NotesLog, no_such_note
from .notes_file import NEW_TOKENS_PREFIX, NOTES_NAME
from .notes_journal import JOURNAL_NAME
from .notes_repair import TORN_NAME
from .opening import opening_errors, reading_faults, writing_faults
from .token_log import IdempotencyLog, is_note_number

LOG_STATE = -1
"""In the place of a number: asks for the state of the log."""


def open_folder_notes(
    folder: str,
    quota: Quota = DEFAULT_QUOTA,
    run: RunInThread = in_thread,
    now: Callable[[], float] = time.time,
) -> FolderNotes:
    """
    The notes in *folder*, which is made if it is missing.

    :param quota: how much may be stored.
    :param run: where the disk is waited for.
    :param now: the time in seconds, for the age of tokens.
    :raise OSError: if they cannot be read and written, or ``notes.txt`` is a document.
    """
    path = make_folder(folder)
    with opening_errors(path):
        check_is_not_a_document(path)
        lock = FolderLock(path)
        with lock.held():
            remove_leftovers(path, NEW_TOKENS_PREFIX)
        tokens = IdempotencyLog(
            path / ".notes-tokens", NEW_TOKENS_PREFIX, is_note_number, now
        )
        log = NotesLog(path, lock, quota, tokens)
        with log.file.locked():
            pass  # this makes the file, and mends what is left of a crash
    return FolderNotes(log, run)


class FolderNotes:
    """Notes in one text file; see `dartio_tut.store.Notes`."""

    def __init__(self, log: NotesLog, run: RunInThread) -> None:
        self._log = log
        self._run = run
        reading = reading_faults(log.file.folder)
        self._writing = writing_faults(log.file.folder)
        self._appends: GroupCommit[NewNote] = GroupCommit(
            run, log.append, self._writing
        )
        self._reads: GroupCommit[int] = GroupCommit(run, self._read, reading)
        self._pages: GroupCommit[tuple[int, int]] = GroupCommit(
            run, self._read_pages, reading
        )
        self._deletions: GroupCommit[int] = GroupCommit(
            run, self._delete, self._writing
        )
        self._pending = PendingOperations()

    def append(self, text: str, token: str | None = None) -> Deferred[int]:
        """Add a note."""
        try:
            return self._appends.submit((line_of_note(text), token))
        except UnicodeEncodeError:
            return fail()

    def extend(self, start: int, texts: Sequence[str | None]) -> Deferred[None]:
        """Add all notes *texts*, or none of them."""
        try:
            lines = [
                DELETED_LINE + b"\n" if text is None else line_of_note(text)
                for text in texts
            ]
        except UnicodeEncodeError:
            return fail()
        extending = self._run(self._log.extend, start, lines)
        return self._pending.watch(extending, self._writing)

    def entry(self, number: int) -> Deferred[str]:
        """The note of that number."""
        if number < 0:
            return fail(no_such_note(number))
        return self._reads.submit(number)

    def entries(self, start: int, limit: int) -> Deferred[list[str | None]]:
        """The notes from *start* on; ``None`` for those that were deleted."""
        return self._pages.submit((start, limit))

    def count(self) -> Deferred[int]:
        """The number that the next note will get."""
        return self.state().addCallback(lambda state: state.count)

    def state(self) -> Deferred[NotesState]:
        """The count, and whether notes were renumbered since."""
        return self._reads.submit(LOG_STATE)

    def delete(self, number: int) -> Deferred[None]:
        """Delete the note of that number."""
        return self._deletions.submit(number)

    def close(self) -> Deferred[None]:
        """Leave word that the file is whole, once it is."""
        ended = self._appends.when_idle()
        for others in (self._reads, self._pages, self._deletions, self._pending):
            ended = _after(ended, others.when_idle)
        return _after(ended, lambda: self._run(self._close))

    def _close(self) -> None:
        # Where that fails, the next start looks at what there is.
        with suppress(OSError, StoreUnavailable):
            self._log.file.close()

    def _read(self, numbers: list[int], begun: Callable[[], None]) -> list[object]:
        def find(file: int, index: LineIndex, epoch: int) -> list[object]:
            begun()
            state = NotesState(len(index), epoch)
            return [
                state if number == LOG_STATE else _note(file, index, number)
                for number in numbers
            ]

        return self._log.file.read(find)

    def _read_pages(
        self, pages: list[tuple[int, int]], begun: Callable[[], None]
    ) -> list[object]:
        def find(file: int, index: LineIndex, _: int) -> list[object]:
            begun()
            return [_page(file, index, start, limit) for start, limit in pages]

        return self._log.file.read(find)

    def _delete(self, numbers: list[int], begun: Callable[[], None]) -> list[object]:
        outcomes: list[object] = []
        for number in numbers:
            try:
                self._log.delete(number)
            except Exception as error:  # noqa: BLE001 - it is this one's outcome
                outcomes.append(error)
            else:
                outcomes.append(None)
        return outcomes


def _after(first: Deferred[None], then: Callable[[], Deferred[None]]) -> Deferred[None]:
    return first.addCallback(lambda _: then())


def _note(file: int, index: LineIndex, number: int) -> object:
    if number >= len(index):
        return no_such_note(number)
    start, end = index.line(number)
    line = read_all(file, end - start, start)
    if is_deleted(line):
        return Deleted(f"note {number} was deleted")
    return note_from_line(line)


def _page(file: int, index: LineIndex, start: int, limit: int) -> list[str | None]:
    first = min(start, len(index))
    last = min(first + max(limit, 0), len(index))
    if first == last:
        return []
    begins, ends = index.lines(first, last)
    lines = read_all(file, ends - begins, begins).split(b"\n")
    return [
        None if is_deleted(line) else note_from_line(line)
        for line in lines[: last - first]
    ]


def check_is_not_a_document(folder: Path) -> None:
    """
    See that ``notes.txt``, in any spelling, is not a document of the folder.

    :raise OSError: if it is, as far as can be told.
    """
    if os.path.lexists(folder / JOURNAL_NAME) or not os.path.lexists(
        folder / COUNT_NAME
    ):
        return
    for name in os.listdir(folder):
        if name.casefold() not in (NOTES_NAME, TORN_NAME):
            continue
        raise OSError(
            EEXIST,
            "documents are kept in this folder, and this is one of them; give notes a "
            f"folder of their own, or, if it has notes, make a file {JOURNAL_NAME}",
            str(folder / name),
        )
