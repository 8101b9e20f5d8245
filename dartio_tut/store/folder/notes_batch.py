"""
One batch of notes: which of them are new, which are there already, and for which there
is room.

Rule: it decides in the order in which they came; then all new notes are written
together.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from itertools import chain
from pathlib import Path

from ..interface import (
    Conflict,
    Deleted,
    IdempotencyKeyReused,
    NoSuchEntry,
    Quota,
    StoreFull,
    StoreUnavailable,
)
from ..lines import is_deleted
from .disk import free_bytes, read_all, store_error
from .folder_lock import FolderLock
from .line_index import LineIndex
from .notes_file import NotesFile
from .notes_repair import EditedMeanwhile
from .token_log import IdempotencyLog, IdempotencyRecord, sha256_of

NewNote = tuple[bytes, str | None]
"""The line of a note, and its token."""

APPEND_TRIES = 3
"""How often a batch is begun again when somebody edits the file meanwhile."""

NO_LINES = LineIndex()


class NotesLog:
    """The notes of a folder and their tokens; its calls block, for a thread."""

    def __init__(
        self,
        folder: Path,
        lock: FolderLock,
        quota: Quota,
        tokens: IdempotencyLog,
        file_type: type[NotesFile] = NotesFile,
    ) -> None:
        self.file = file_type(folder, lock, self._forget)
        self._quota = quota
        self._tokens = tokens

    def append(
        self, wanted: list[NewNote], begun: Callable[[], None] = lambda: None
    ) -> list[object]:
        """
        Add all notes that are *wanted*; the number of each, or why it was not added.

        :param begun: is called once the lock is held.
        """
        for _ in range(APPEND_TRIES):
            try:
                return self._append(wanted, begun)
            except EditedMeanwhile:
                continue
            except OSError as error:
                raise store_error(error) from error
        raise StoreUnavailable("notes.txt is being edited")

    def delete(self, number: int) -> None:
        """
        Delete the note of that number.

        :raise NoSuchEntry: if it does not exist, or was deleted before.
        """
        for _ in range(APPEND_TRIES):
            try:
                with self.file.locked() as (file, index):
                    if not 0 <= number < len(index):
                        raise no_such_note(number)
                    if is_deleted(_line(file, index, number)):
                        raise Deleted(f"note {number} was deleted")
                    self.file.delete(file, number)
                    return
            except EditedMeanwhile:
                continue
            except OSError as error:
                raise store_error(error) from error
        raise StoreUnavailable("notes.txt is being edited")

    def extend(self, start: int, lines: list[bytes]) -> None:
        """
        Add all *lines*, the first of which is to have the number *start*.

        :raise Conflict: if it would have another one.
        """
        for _ in range(APPEND_TRIES):
            try:
                with self.file.locked() as (file, index):
                    if start != len(index):
                        raise Conflict(f"the next note is {len(index)}")
                    batch = _Batch(file, index, self._quota, self._tokens)
                    batch.check_room(lines)
                    self.file.add(file, lines, lambda: None)
                    return
            except EditedMeanwhile:
                continue
            except OSError as error:
                raise store_error(error) from error
        raise StoreUnavailable("notes.txt is being edited")

    def _append(self, wanted: list[NewNote], begun: Callable[[], None]) -> list[object]:
        with self.file.locked() as (file, index):
            begun()
            batch = _Batch(file, index, self._quota, self._tokens)
            outcomes = batch.outcomes(wanted)
            if not batch.lines:
                return outcomes
            try:
                first = self.file.add(file, batch.lines, batch.write_tokens)
            except OSError as error:
                why = store_error(error)
                return [why if batch.is_new(o) else o for o in outcomes]
            moved = first - batch.first
            if not moved:
                return outcomes
            batch.move_tokens(moved)
            return [
                o + moved if isinstance(o, int) and batch.is_new(o) else o
                for o in outcomes
            ]

    def _forget(
        self,
        count: int,
        file: int = -1,
        index: LineIndex = NO_LINES,
        is_crash: bool = True,
    ) -> None:
        """
        Forget the last tokens, if their notes are not there: only *count* are.

        Given an index, they are not there either if they have other lines.

        :param is_crash: else a person has removed lines.
        """

        def is_not_there(entry: IdempotencyRecord) -> bool:
            number = int(entry.place)
            if number >= count:
                return True
            return number < len(index) and not _is_note(file, index, number, entry)

        if count < 0:
            self._tokens.take_back()
        elif not is_crash:
            self._tokens.doubt(count)
        else:
            self._tokens.cut(is_not_there)


class _Batch:
    """
    What is decided about a batch.

    :ivar first: the number of the first new note.
    :ivar lines: the lines of the new notes.
    """

    def __init__(
        self, file: int, index: LineIndex, quota: Quota, tokens: IdempotencyLog
    ) -> None:
        self.first = len(index)
        self.lines: list[bytes] = []
        self._file = file
        self._index = index
        self._quota = quota
        self._tokens = tokens
        self._entries: dict[bytes, IdempotencyRecord] = {}
        self._tokens_read = False
        self._size = index.end + index.last_is_open - index.blank_bytes
        self._free = free_bytes(file, quota)

    def outcomes(self, wanted: list[NewNote]) -> list[object]:
        """What each of *wanted* gets."""
        lines = [line for line, token in wanted if token is None]
        if len(lines) == len(wanted) and self._fits(lines):
            self.lines = lines
            return list(range(self.first, self.first + len(lines)))
        return [self.outcome(line, token) for line, token in wanted]

    def outcome(self, line: bytes, token: str | None) -> object:
        """The number that *line* gets or has; an exception if it gets none."""
        if token is None:
            return self._why_full(line) or self._add(line)
        if not self._tokens_read:
            self._tokens.read()
            self._tokens_read = True
        key, content = sha256_of(token), sha256(line).digest()
        known = self._entries.get(key)
        if known is not None:
            return int(known.place) if known.content == content else _token_reused()
        stored = self._stored(key, content, line)
        if stored is not None:
            return stored
        if full := self._why_full(line):
            return full
        number = self._add(line)
        self._entries[key] = self._tokens.entry(key, content, str(number))
        return number

    def check_room(self, lines: list[bytes]) -> None:
        """
        See that there is room for all *lines*.

        :raise StoreFull: if there is not.
        """
        if not self._fits(lines):
            for line in lines:
                if full := self._why_full(line):
                    raise full
                self._add(line)

    def is_new(self, outcome: object) -> bool:
        """Whether *outcome* is the number of a note of this batch."""
        return isinstance(outcome, int) and outcome >= self.first

    def write_tokens(self) -> None:
        """Write the tokens of the new notes."""
        self._tokens.begin()
        if self._entries:
            self._tokens.add(list(self._entries.values()))

    def move_tokens(self, moved: int) -> None:
        """Tell the tokens that the notes have other numbers than was expected."""
        entries = [
            entry._replace(place=str(int(entry.place) + moved))
            for entry in self._entries.values()
        ]
        with suppress(OSError):  # then they are looked for when they come again
            if entries:
                self._tokens.add(entries)

    def _add(self, line: bytes) -> int:
        self.lines.append(line)
        self._size += len(line)
        self._free -= len(line)
        return self.first + len(self.lines) - 1

    def _fits(self, lines: list[bytes]) -> bool:
        quota, size = self._quota, sum(map(len, lines))
        return (
            (not quota.notes or self.first + len(lines) <= quota.notes)
            and (not quota.size or self._size + size <= quota.size)
            and size <= self._free
        )

    def _why_full(self, line: bytes) -> StoreFull | None:
        """Why there is no room for *line*."""
        quota = self._quota
        if quota.notes and self.first + len(self.lines) >= quota.notes:
            return StoreFull(f"the limit of {quota.notes} notes is reached")
        if quota.size and self._size + len(line) > quota.size:
            return StoreFull(f"all notes together may have {quota.size} bytes")
        if self._free < len(line):
            return StoreFull(f"{quota.free} bytes of the disk must stay free")
        return None

    def _stored(self, key: bytes, content: bytes, line: bytes) -> object:
        """
        The number of the note that came with a token; an exception if that was another
        note than *line* (whose hash is *content*); ``None`` if it is not there.
        """
        entry = self._tokens.find(key)
        if entry is None:
            return None
        number = int(entry.place)
        is_known = number < self.first
        if entry.content != content:
            return _token_reused() if is_known else None
        if is_known and _is_note(self._file, self._index, number, entry):
            return number
        # A person may have added or removed lines before it, or corrected the note.
        moved = _number_of(self._file, self._index, line, number)
        is_corrected = is_known and not self._tokens.is_doubtful(key)
        return number if moved is None and is_corrected else moved


def no_such_note(number: int) -> NoSuchEntry:
    """There is no note of that number."""
    return NoSuchEntry(f"there is no note {number}")


def _token_reused() -> IdempotencyKeyReused:
    return IdempotencyKeyReused("the token came with another note before")


def _is_note(
    file: int, index: LineIndex, number: int, entry: IdempotencyRecord
) -> bool:
    """Whether the note of that number is the one that *entry* tells of."""
    found = _line(file, index, number)
    whole = found.rstrip(b"\r\n") + b"\n"
    return is_deleted(found) or sha256(whole).digest() == entry.content


def _line(file: int, index: LineIndex, number: int) -> bytes:
    start, end = index.line(number)
    return read_all(file, end - start, start)


def _number_of(file: int, index: LineIndex, line: bytes, near: int) -> int | None:
    """The number of the last *line* before number *near*, or of the first behind it."""
    text, count = line.removesuffix(b"\n"), len(index)
    sizes = range(len(text), len(text) + len(b"\r\n") + 1)
    for number in chain(range(min(near, count) - 1, -1, -1), range(near, count)):
        start, end = index.line(number)
        if (
            end - start in sizes
            and read_all(file, end - start, start).rstrip(b"\r\n") == text
        ):
            return number
    return None
