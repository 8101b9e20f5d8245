"""
What is taken out of ``notes.txt`` again: a batch that failed or was cut off, and what
may be half a note after the machine went down.

Rule: what a person has written is never taken away. A batch is found by its content,
which the journal has; bytes that may not belong to it stay. Whatever is cut after a
crash is kept in ``notes.torn``, and the log says so.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from fcntl import F_GETFL, F_SETFL, fcntl
from pathlib import Path

from twisted.logger import Logger

from .disk import open_regular, read_all, write_all
from .line_index import LineIndex
from .notes_journal import JournalRecord, ending_digest, last_bytes

TORN_NAME = "notes.torn"
"""The file to which is moved what was cut."""

PAGE_BYTES = 4096
"""A write that is cut off by a kill ends at the end of a page of the kernel's."""

ByteSpan = tuple[int, int]
"""Where bytes begin in a file, and where they end."""

_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC

_log = Logger()


class EditedMeanwhile(Exception):
    """Somebody else has changed the file while it was written to."""


def find_batch(added: bytes, batch: bytes, offset: int) -> ByteSpan | None:
    """
    Where in *added* a process has written its *batch*, or the first part of it.

    :param added: what the file has from *offset* on, where the process saw its end.
    """
    if not batch or not added:
        return None
    if batch.startswith(added):
        return 0, len(added)
    start = 0 if added.startswith(batch) else _line_that_begins(added, batch)
    if start >= 0:
        return start, start + len(batch)
    pairs = enumerate(zip(added, batch, strict=False))
    common = next((k for k, (one, other) in pairs if one != other), 0)
    if common and (offset + common) % PAGE_BYTES == 0:
        return 0, common
    return None


def _line_that_begins(added: bytes, batch: bytes) -> int:
    """Where *batch* is in *added*, at the beginning of a line; -1 if it is not."""
    found = added.find(b"\n" + batch)
    return found if found < 0 else found + 1


def is_written_at(file: int, written: Sequence[ByteSpan], batch: bytes) -> bool:
    """Whether *file* still has the first bytes of *batch* where they were *written*."""
    found = b"".join(read_all(file, end - start, start) for start, end in written)
    return bool(found) and found == batch[: len(found)]


def remove_ranges(file: int, ranges: Sequence[ByteSpan]) -> None:
    """Take the *ranges*, which are in order, out of *file*, and flush it."""
    for start, end in reversed(ranges):
        _remove(file, start, end)
    os.fsync(file)
    if hasattr(os, "posix_fadvise"):
        # After a failed flush, what can be read is not what is on the disk.
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)


def _remove(file: int, start: int, end: int) -> None:
    """Move what a person has added behind *end* to *start*."""
    moved = 0
    while rest := os.fstat(file).st_size - end - moved:
        if rest < 0:
            break  # it was made shorter meanwhile
        more = read_all(file, rest, end + moved)
        write_at(file, more, start + moved)
        moved += len(more)
    os.ftruncate(file, start + moved)


def write_at(file: int, content: bytes, offset: int) -> None:
    """Write to a place, though *file* is open for appending."""
    flags = fcntl(file, F_GETFL)
    fcntl(file, F_SETFL, flags & ~os.O_APPEND)
    try:
        os.lseek(file, offset, os.SEEK_SET)
        write_all(file, content)
    finally:
        fcntl(file, F_SETFL, flags)


def save_torn(folder: Path, content: bytes) -> None:
    """Add *content* to the file of what was cut, and flush it."""
    descriptor = open_regular(folder / TORN_NAME, _APPEND)
    try:
        write_all(descriptor, content if content.endswith(b"\n") else content + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _first_damage(file: int, since: int, end: int) -> int:
    """Where the first line with a NUL begins of those *since*; else *end*."""
    added = read_all(file, end - since, since)
    nul = added.find(b"\0")
    return end if nul < 0 else since + added.rfind(b"\n", 0, nul) + 1


def undo_unfinished(
    folder: Path, file: int, record: JournalRecord, batch: bytes | None
) -> None:
    """
    Take out of *file* what a process has left unfinished.

    :param batch: what it was about to write; ``None`` if it did not get so far.
    """
    taken = remove_batch(file, record, batch or b"")
    if not taken:
        return
    _log.warn(
        "Taking back {bytes} bytes of notes that a process did not finish; they are "
        "now in {torn}",
        bytes=len(taken),
        torn=str(folder / TORN_NAME),
    )
    with suppress(OSError):  # nobody was told that they are stored
        save_torn(folder, taken)


def remove_batch(file: int, record: JournalRecord, batch: bytes) -> bytes:
    """Take *batch* out of *file*, if it is there; what was taken."""
    found, size = os.fstat(file), record.notes[2]
    is_edited = (
        found.st_ino != record.notes[1]
        or found.st_size < size
        or ending_digest(last_bytes(file, size)) != record.ending
    )
    if is_edited:
        return b""
    added = read_all(file, found.st_size - size, size)
    place = find_batch(added, batch, size)
    if place is None:
        return b""
    remove_ranges(file, [(size + place[0], size + place[1])])
    return added[slice(*place)]


def move_torn(folder: Path, file: int, index: LineIndex, since: int) -> bool:
    """
    Move what may be a part of a note to the file of what was cut: an open last line,
    and what was added *since*, from the first line with a NUL on.
    """
    end = os.fstat(file).st_size
    start = torn_start(file, index, since)
    if start == end:
        return False
    _log.warn(
        "The machine went down, or this is a copy of a store that was in use: the torn "
        "end of notes.txt is now in {torn}",
        torn=str(folder / TORN_NAME),
    )
    save_torn(folder, read_all(file, end - start, start))
    os.ftruncate(file, start)
    os.fsync(file)
    return True


def torn_start(file: int, index: LineIndex, since: int) -> int:
    """Where what may be a part of a note begins; else the end of the file."""
    end = os.fstat(file).st_size
    start = index.line(len(index) - 1)[0] if index.last_is_open else end
    return min(start, _first_damage(file, min(max(since, 0), end), end))
