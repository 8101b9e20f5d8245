"""
What came with each token: a log beside what is stored, with a line for each token.

Rule: a line is flushed before its note or document is written. So after a crash it may
tell of something that was never stored; the owner of the log finds out, and has such
lines forgotten. All calls are made while the folder is locked.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from .disk import (
    NEW_FILE_MODE,
    UNKNOWN_IDENTITY,
    FileIdentity,
    file_identity,
    open_regular,
    read_all,
    sync_folder,
    write_all,
)
from .new_file import new_file

KEY_LIFETIME_SECONDS = 24 * 60 * 60
"""How long a token is known: a day, as the interface promises."""

MAX_IDEMPOTENCY_KEYS = 100_000
"""Only the newest tokens are known: so many take some 40 MB of memory."""

MIN_REWRITE_LINES = 1000
"""A log with fewer lines is not worth to be rewritten without the old ones."""

DIGEST_BYTES = 32
"""The bytes of a SHA-256."""

MAX_NUMBER_DIGITS = 19
"""No log has so many notes that the number of one is longer."""

TAIL_BYTES = 256
"""The end of the log, with a line of its own that no other log has."""

_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
"""`O_NONBLOCK`: opening a FIFO that somebody has put there waits for nobody."""

_APPEND_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class IdempotencyRecord(NamedTuple):
    """
    What came with a token.

    :ivar token: the SHA-256 of the token, which may have any length and characters.
    :ivar time: when it came, in seconds.
    :ivar content: the SHA-256 of the content that came with it.
    :ivar place: where it was stored: the number of a note, the name of a document.
    """

    token: bytes
    time: int
    content: bytes
    place: str

    def to_line(self) -> bytes:
        """The entry as it is written."""
        key, content = self.token.hex(), self.content.hex()
        return f"{self.time} {key} {content} {self.place}\n".encode()


def sha256_of(text: str) -> bytes:
    """The SHA-256 of *text*, which may have lone surrogates."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def parse_key_record(line: bytes) -> IdempotencyRecord | None:
    """The entry that was written as *line*; ``None`` if it is not one."""
    try:
        seconds, token, content, place = line.decode().rstrip("\n").split(" ", 3)
        entry = IdempotencyRecord(
            bytes.fromhex(token), int(seconds), bytes.fromhex(content), place
        )
    except ValueError:
        return None
    are_whole = len(entry.token) == len(entry.content) == DIGEST_BYTES
    return entry if are_whole else None


def is_note_number(place: str) -> bool:
    """Whether *place* is the number of a note."""
    return place.isascii() and place.isdigit() and len(place) <= MAX_NUMBER_DIGITS


SETTLED_LINE = b"settled\n"
"""This line says that everything above it was stored."""

DOUBT = b"doubt "
"""A line that begins so has a number: all notes above it that had this number or a
larger one may have another one now, or be gone."""


class IdempotencyLog:
    """
    The tokens of a store.

    A line that is damaged, as a disk may have it after the power was cut, is passed
    over: what came with that token is not known any more.

    :param new_prefix: what a new file is called until it is whole; it may begin with
        the name of a folder.
    :param is_place: whether something can be stored at a place. One that is damaged
        would be looked for in vain, or not be possible to look for.
    :param now: the time in seconds.
    """

    def __init__(
        self,
        path: Path,
        new_prefix: str,
        is_place: Callable[[str], bool],
        now: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self._is_place = is_place
        self._new_prefix = new_prefix
        self._now = now
        self._known: dict[bytes, IdempotencyRecord] = {}
        self._doubtful: set[bytes] = set()
        self._lines = 0
        self._max_lines = MIN_REWRITE_LINES
        self._seen = UNKNOWN_IDENTITY
        self._tail = b""
        self._before = -1
        self.unsettled: list[IdempotencyRecord] = []

    def read(self) -> None:
        """Find what others have added."""
        disk = self._on_disk()
        if disk == self._seen:
            return
        size, content = self._seen[2], self._added(disk)
        if content is None:
            self._known.clear()
            self._doubtful.clear()
            self.unsettled.clear()
            self._lines = size = 0
            content = b"" if disk == UNKNOWN_IDENTITY else self._content(0, disk[2])
            self._tail = b""
        for line in content.splitlines(keepends=True):
            self._take(line)
        self._seen = disk
        self._keep_tail(content)
        if content and not content.endswith(b"\n"):
            self._cut(content.rfind(b"\n") + 1 + size)  # nothing is to join it

    def _added(self, disk: FileIdentity) -> bytes | None:
        """
        What was added to the log since it was read; ``None`` if it is another one.

        A log that was written anew twice may have the first one's inode; then it has
        something else where that one ended.
        """
        device, inode, size = self._seen[:3]
        if disk[:2] != (device, inode) or not len(self._tail) <= size < disk[2]:
            return None
        found = self._content(size - len(self._tail), disk[2])
        if not found.startswith(self._tail):
            return None
        return found[len(self._tail) :]

    def _keep_tail(self, content: bytes) -> None:
        self._tail = (self._tail + content[-TAIL_BYTES:])[-TAIL_BYTES:]

    def find(self, token: bytes) -> IdempotencyRecord | None:
        """What came with *token*, within a day."""
        entry = self._known.get(token)
        if entry is None or entry.time < self._now() - KEY_LIFETIME_SECONDS:
            return None
        return entry

    def entry(self, token: bytes, content: bytes, place: str) -> IdempotencyRecord:
        """An entry of now."""
        return IdempotencyRecord(token, int(self._now()), content, place)

    def doubt(self, number: int) -> None:
        """Say that notes of that number and of larger ones may not be there now."""
        self.read()
        if any(_is_from(number, entry) for entry in self._known.values()):
            line = DOUBT + b"%d\n" % number
            self._append(line)
            self._take(line)

    def is_doubtful(self, token: bytes) -> bool:
        """Whether the note that came with *token* may have another number, or none."""
        return token in self._doubtful

    def begin(self) -> None:
        """Something is about to be stored that may have to be taken back."""
        self._before = -1
        self.unsettled.clear()

    def add(self, entries: Sequence[IdempotencyRecord]) -> None:
        """Write *entries* and flush them."""
        if self._lines + len(entries) > self._max_lines:
            self._rewrite()
            self._max_lines = max(MIN_REWRITE_LINES, 2 * self._lines)
        self._append(b"".join(entry.to_line() for entry in entries))
        self._lines += len(entries)
        for entry in entries:
            self._learn(entry)

    def settle(self) -> None:
        """Say that what is written there was stored, and flush it."""
        self._append(SETTLED_LINE)
        self._lines += 1
        self.unsettled.clear()

    def take_back(self) -> None:
        """What was added last was not stored after all."""
        if self._before >= 0:
            self._cut(self._before)

    def cut(self, wrong: Callable[[IdempotencyRecord], bool]) -> None:
        """Forget those of the last entries that are *wrong*."""
        end = max(self._on_disk()[2], 0)
        content = self._content(0, end) if end else b""
        for line in reversed(content.splitlines(keepends=True)):
            entry = self._parsed(line)
            if line == SETTLED_LINE or (entry and not wrong(entry)):
                break
            end -= len(line)
        if end < len(content):
            self._cut(end)

    def forget(self, entries: Sequence[IdempotencyRecord]) -> None:
        """Forget *entries*, which were not stored; all other unsettled ones were."""
        for entry in entries:
            if self._known.get(entry.token) == entry:
                del self._known[entry.token]
        self._rewrite()
        self.unsettled.clear()

    def _take(self, line: bytes) -> None:
        self._lines += 1
        if line == SETTLED_LINE:
            self.unsettled.clear()
        elif line.startswith(DOUBT):
            number = line[len(DOUBT) : -1].decode("latin-1")
            if is_note_number(number):
                known = self._known.items()
                self._doubtful |= {t for t, e in known if _is_from(int(number), e)}
        elif line.endswith(b"\n") and (entry := self._parsed(line)):
            self._learn(entry)

    def _parsed(self, line: bytes) -> IdempotencyRecord | None:
        """The entry of *line*; ``None`` if it is not one, or is damaged."""
        entry = parse_key_record(line)
        return entry if entry and self._is_place(entry.place) else None

    def _learn(self, entry: IdempotencyRecord) -> None:
        self._known.pop(entry.token, None)  # the newest are last
        self._doubtful.discard(entry.token)
        self._known[entry.token] = entry
        self.unsettled.append(entry)

    def _content(self, start: int, end: int) -> bytes:
        descriptor = open_regular(self.path, _READ_FLAGS)
        try:
            return read_all(descriptor, end - start, start)
        finally:
            os.close(descriptor)

    def _on_disk(self) -> FileIdentity:
        try:
            return file_identity(os.lstat(self.path))
        except FileNotFoundError:
            return UNKNOWN_IDENTITY

    def _append(self, lines: bytes) -> None:
        descriptor = open_regular(self.path, _APPEND_FLAGS)
        try:
            size = os.fstat(descriptor).st_size
            if size == 0:  # its name may be new
                sync_folder(self.path.parent)
            self._seen, self._before = (
                UNKNOWN_IDENTITY,
                size,
            )  # should it fail, look again
            try:
                write_all(descriptor, lines)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
            self._seen = file_identity(os.fstat(descriptor))
            self._keep_tail(lines)
        finally:
            os.close(descriptor)

    def _cut(self, size: int) -> None:
        """Leave the first *size* bytes of the log, and read them anew when asked."""
        self._seen, self._before, self._tail = UNKNOWN_IDENTITY, -1, b""
        descriptor = os.open(self.path, _APPEND_FLAGS, NEW_FILE_MODE)
        try:
            os.ftruncate(descriptor, size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _rewrite(self) -> None:
        """Write the log anew, without what is old, or one too many."""
        young = self._now() - KEY_LIFETIME_SECONDS
        kept = [entry for entry in self._known.values() if entry.time >= young]
        kept = kept[-MAX_IDEMPOTENCY_KEYS:]
        doubtful = [entry for entry in kept if entry.token in self._doubtful]
        certain = [entry for entry in kept if entry.token not in self._doubtful]
        lines = [entry.to_line() for entry in doubtful]
        lines += [DOUBT + b"0\n"] if doubtful else []
        lines += [*(entry.to_line() for entry in certain), SETTLED_LINE]
        new = new_file(self.path.parent, self._new_prefix)
        try:
            new.write(content := b"".join(lines))
            new.rename(self.path)
        except OSError:
            new.discard()
            raise
        sync_folder(self.path.parent)
        self._known = {entry.token: entry for entry in (*doubtful, *certain)}
        self._doubtful &= self._known.keys()
        self._lines = len(lines)
        self._seen = self._on_disk()
        self._tail = content[-TAIL_BYTES:]


def _is_from(number: int, entry: IdempotencyRecord) -> bool:
    """Whether *entry* tells of a note of that *number*, or of a larger one."""
    return is_note_number(entry.place) and int(entry.place) >= number
