"""
Notes in a folder, one a line of ``notes.txt``.

Rule: the reactor never waits for a disk. What comes in while a batch is being flushed
is the next batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO

from twisted.internet.defer import Deferred, fail

from ..interface import NoSuchEntry, Quota
from ..lines import from_line, to_line
from .disk import DEFAULT_QUOTA, make_folder, read_all
from .group_commit import GroupCommit, Run, in_thread
from .notes_batch import NotesLog, Wanted
from .token_log import TokenLog

COUNT = -1
"""As the number of a note that is asked for: how many are there?"""


def open_folder_notes(
    folder: str,
    quota: Quota = DEFAULT_QUOTA,
    run: Run = in_thread,
    now: Callable[[], float] = time.time,
) -> FolderNotes:
    """
    The notes in *folder*, which is made when there is none.

    :param quota: how much may be stored.
    :param run: where the disk is waited for.
    :param now: the time in seconds, for the age of tokens.
    :raise OSError: when they cannot be read and written.
    """
    path = make_folder(folder)
    log = NotesLog(path, quota, TokenLog(path / ".notes-tokens", now))
    with log.file.locked():
        pass  # makes it, and mends what is left of a crash
    return FolderNotes(log, run)


class FolderNotes:
    """Notes in one text file; see `dartio_tut.store.Notes`."""

    def __init__(self, log: NotesLog, run: Run) -> None:
        self._log = log
        self._run = run
        self._appends: GroupCommit[Wanted] = GroupCommit(run, log.append)
        self._reads: GroupCommit[int] = GroupCommit(run, self._read)
        self._pages: GroupCommit[tuple[int, int]] = GroupCommit(run, self._read_pages)

    def append(self, text: str, token: str | None = None) -> Deferred[int]:
        """Add a note."""
        try:
            return self._appends.submit((to_line(text), token))
        except UnicodeEncodeError:
            return fail()

    def entry(self, number: int) -> Deferred[str]:
        """The note of that number."""
        if number < 0:
            return fail(_no_such(number))
        return self._reads.submit(number)

    def entries(self, start: int, limit: int) -> Deferred[list[str]]:
        """The notes from *start* on."""
        return self._pages.submit((start, limit))

    def count(self) -> Deferred[int]:
        """How many notes there are."""
        return self._reads.submit(COUNT)

    def close(self) -> Deferred[None]:
        """Leave word that the file is whole, once it is."""
        ended = self._appends.when_idle()
        ended.addCallback(lambda _: self._reads.when_idle())
        ended.addCallback(lambda _: self._pages.when_idle())
        return ended.addCallback(lambda _: self._run(self._log.file.close))

    def _read(self, numbers: list[int]) -> list[object]:
        with self._log.file.reading() as (file, index):
            count = len(index)
            return [
                count
                if number == COUNT
                else _no_such(number)
                if number >= count
                else from_line(_between(file, *index.line(number)))
                for number in numbers
            ]

    def _read_pages(self, pages: list[tuple[int, int]]) -> list[object]:
        with self._log.file.reading() as (file, index):
            count = len(index)
            found: list[object] = []
            for start, limit in pages:
                first = min(start, count)
                last = min(first + max(limit, 0), count)
                lines = BytesIO(_between(file, *index.lines(first, last)))
                found.append([from_line(line) for line in lines])
            return found


def _between(file: int, start: int, end: int) -> bytes:
    return read_all(file, end - start, start)


def _no_such(number: int) -> NoSuchEntry:
    return NoSuchEntry(f"there is no note {number}")
