"""
One batch of notes: which of them are new, which were there, for which there is room.

Rule: it decides in the order they came in, then all that are new are written at once.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from ..interface import Quota, StoreFull, TokenReused, Unavailable
from .disk import free_bytes, read_all, store_error
from .line_index import LineIndex
from .notes_file import NotesFile, ReplacedMeanwhile
from .token_log import Entry, TokenLog, hash_of

Wanted = tuple[bytes, str | None]
"""The line of a note, and its token."""

APPEND_TRIES = 3
"""How often a batch is begun when an editor replaces the file meanwhile."""


class NotesLog:
    """The notes of a folder and their tokens; blocking calls, for a thread."""

    def __init__(self, folder: Path, quota: Quota, tokens: TokenLog) -> None:
        self.file = NotesFile(folder, self._forget)
        self._quota = quota
        self._tokens = tokens

    def append(self, wanted: list[Wanted]) -> list[object]:
        """Add all that are *wanted*; gives the number of each, or why there is none."""
        for _ in range(APPEND_TRIES):
            try:
                return self._append(wanted)
            except ReplacedMeanwhile:
                continue
        raise Unavailable("notes.txt is being edited")

    def _append(self, wanted: list[Wanted]) -> list[object]:
        with self.file.locked() as (file, index):
            batch = _Batch(file, index, self._quota, self._tokens)
            outcomes = batch.outcomes(wanted)
            if batch.lines:
                try:
                    self.file.add(file, batch.lines, batch.write_tokens)
                except (OSError, Unavailable) as error:
                    why = store_error(error) if isinstance(error, OSError) else error
                    return [
                        why if isinstance(o, int) and o >= batch.first else o
                        for o in outcomes
                    ]
            return outcomes

    def _forget(self, count: int) -> None:
        """Forget the tokens of notes that are not there: only *count* are."""
        if count < 0:
            self._tokens.take_back()
        else:
            self._tokens.cut(lambda entry: int(entry.place) >= count)


class _Batch:
    """
    What is decided of a batch.

    :ivar first: the number of the first new note.
    :ivar lines: the lines of those.
    """

    def __init__(
        self, file: int, index: LineIndex, quota: Quota, tokens: TokenLog
    ) -> None:
        self.first = len(index)
        self.lines: list[bytes] = []
        self._file = file
        self._index = index
        self._quota = quota
        self._tokens = tokens
        self._entries: dict[bytes, Entry] = {}
        self._tokens_read = False
        self._size = index.end + index.last_is_open
        self._free = free_bytes(file, quota)

    def outcomes(self, wanted: list[Wanted]) -> list[object]:
        """What each of *wanted* gets."""
        lines = [line for line, token in wanted if token is None]
        if len(lines) == len(wanted) and self._fits(lines):
            self.lines = lines
            return list(range(self.first, self.first + len(lines)))
        return [self.outcome(line, token) for line, token in wanted]

    def outcome(self, line: bytes, token: str | None) -> object:
        """The number that *line* gets or has; an exception when it gets none."""
        if token is None:
            return self._why_full(line) or self._add(line)
        if not self._tokens_read:
            self._tokens.read()
            self._tokens_read = True
        key, content = hash_of(token), sha256(line).digest()
        entry = self._entries.get(key) or self._stored(key)
        if entry is None:
            if full := self._why_full(line):
                return full
            number = self._add(line)
            self._entries[key] = self._tokens.entry(key, content, str(number))
            return number
        if entry.content != content:
            return TokenReused("the token came with another note before")
        return int(entry.place)

    def write_tokens(self) -> None:
        """Write the tokens of what is new."""
        self._tokens.begin()
        if self._entries:
            self._tokens.add(list(self._entries.values()))

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
            return StoreFull(f"there are {quota.notes} notes, and may not be more")
        if quota.size and self._size + len(line) > quota.size:
            return StoreFull(f"all notes may have {quota.size} bytes, no more")
        if self._free < len(line):
            return StoreFull(f"{quota.free} bytes of the disk are to be left free")
        return None

    def _stored(self, key: bytes) -> Entry | None:
        """What came with a token, when that note is there."""
        entry = self._tokens.find(key)
        if entry is None or int(entry.place) >= self.first:
            return None
        start, end = self._index.line(int(entry.place))
        line = read_all(self._file, end - start, start).rstrip(b"\r\n") + b"\n"
        return entry if sha256(line).digest() == entry.content else None
