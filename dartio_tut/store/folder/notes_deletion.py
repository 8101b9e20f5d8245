"""
A note is deleted where it is: its line is overwritten with the line of a deleted note,
and blanks behind that.

Rule: the file stays the same file, so that whoever has it open for appending goes on
with it, and a link to it stays a link. What the file is to have is first written to the
journal and flushed. Whatever happens then, the next process that takes the lock has
that to write once more; it does so unless a person has changed these lines meanwhile.

A line that is too short for that has to become longer, and all lines behind it move.
Then the file is first made longer by as many NULs, which no note has: so whatever
others append comes behind these, and is never overwritten.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from twisted.logger import Logger

from ..interface import StoreUnavailable
from ..lines import DELETED_LINE
from .disk import file_identity, read_all
from .line_index import BLOCK_BYTES
from .notes_journal import (
    DONE,
    JournalFile,
    JournalRecord,
    ending_digest,
    last_bytes,
)
from .notes_repair import EditedMeanwhile, remove_ranges, write_at

TRAILER_BYTES = 160
"""Bytes behind the batch that say what it is: four numbers and a SHA-256."""

_log = Logger()


class Deletion(NamedTuple):
    """
    Where a note is deleted.

    The batch in the journal has the text of the note, and then what the file is to have
    from *start* on.

    :ivar start: where its line begins.
    :ivar length: the bytes of its text, without the end of the line.
    :ivar size: the size of the file before.
    """

    start: int
    length: int
    size: int

    @property
    def growth(self) -> int:
        """By how many bytes the file becomes longer."""
        return max(0, len(DELETED_LINE) - self.length)

    @property
    def old_length(self) -> int:
        """How many bytes are there of those that are overwritten."""
        return self.size - self.start if self.growth else self.length

    @property
    def new_length(self) -> int:
        """How many bytes are written."""
        return self.old_length + self.growth


def deletion_at(file: int, start: int, end: int, size: int) -> Deletion:
    """The deletion of the line from *start* to *end* of *file*."""
    text = read_all(file, end - start, start).rstrip(b"\r\n")
    return Deletion(start, len(text), size)


def delete_in_place(
    file: int, journal: JournalFile, record: JournalRecord, deletion: Deletion
) -> JournalRecord:
    """
    Overwrite a note; what the journal says afterwards.

    :param record: what the journal is to say meanwhile.
    :raise OSError: and nothing was done.
    :raise EditedMeanwhile: and nothing was done: try again.
    :raise StoreUnavailable: if it is not known whether the note is deleted for good.
    """
    try:
        length = deletion.length + deletion.new_length + TRAILER_BYTES
        journal.write_pieces(record, length, _batch(file, deletion))
        _grow(file, deletion)
    except (OSError, EditedMeanwhile):
        journal.write(record._replace(state=DONE))
        raise
    try:
        _overwrite(file, journal, deletion)
        done = _done(file, record, deletion)
        journal.write(done)
        journal.shorten()  # it has the text of the note
    except OSError as error:
        raise StoreUnavailable(f"the notes cannot be flushed: {error}") from error
    return done


def finish_deletion(
    file: int, journal: JournalFile, record: JournalRecord
) -> JournalRecord:
    """
    Finish what a process has begun according to *record*, or undo it; what the journal
    is to say afterwards.
    """
    deletion = _read_deletion(journal, record)
    if deletion is None:  # it was not begun
        return record._replace(state=DONE)
    is_begun = _is_begun(file, journal, deletion)
    if is_begun is None:
        _log.warn(
            "A note was being deleted when the process ended, and somebody has changed "
            "notes.txt since then: it may have to be deleted again"
        )
    elif is_begun or not deletion.growth:
        _overwrite(file, journal, deletion)
        return _done(file, record, deletion)
    else:
        nuls = _leading_nuls(file, deletion)
        remove_ranges(file, [(deletion.size, deletion.size + nuls)])
    return record._replace(state=DONE)


def _batch(file: int, deletion: Deletion) -> Iterator[bytes]:
    """What is written to the journal, piece by piece."""
    digest = sha256()
    start, length, size = deletion
    text = read_all(file, length, start)
    for piece in (text, DELETED_LINE.ljust(length)):
        digest.update(piece)
        yield piece
    if deletion.growth:
        for offset in range(start + length, size, BLOCK_BYTES):
            piece = read_all(file, min(BLOCK_BYTES, size - offset), offset)
            digest.update(piece)
            yield piece
    trailer = f"{start} {length} {size} {digest.hexdigest()}"
    yield trailer.ljust(TRAILER_BYTES - 1).encode() + b"\n"


def _read_deletion(journal: JournalFile, record: JournalRecord) -> Deletion | None:
    """The deletion that the journal tells of, if all of it was written."""
    end = record.batch - TRAILER_BYTES
    try:
        words = journal.read_batch(end, TRAILER_BYTES).decode().split()
        start, length, size = map(int, words[:3])
        (wanted,) = words[3:]
    except ValueError:
        return None
    deletion, digest = Deletion(start, length, size), sha256()
    for offset in range(0, end, BLOCK_BYTES):
        digest.update(journal.read_batch(offset, min(BLOCK_BYTES, end - offset)))
    is_whole = length + deletion.new_length == end and digest.hexdigest() == wanted
    return deletion if is_whole else None


def _grow(file: int, deletion: Deletion) -> None:
    """Make the file longer."""
    if not deletion.growth:
        return
    nuls = bytes(deletion.growth)
    written = os.write(file, nuls)
    end = os.lseek(file, 0, os.SEEK_CUR)
    if written == len(nuls) and end - written == deletion.size:
        try:
            os.fsync(file)
        except OSError:
            _shrink(file, end - written, end)
            raise
        return
    _shrink(file, end - written, end)
    raise EditedMeanwhile


def _shrink(file: int, start: int, end: int) -> None:
    """
    Take out again what made the file longer.

    :raise StoreUnavailable: if that fails; then the journal still says that it is due.
    """
    try:
        remove_ranges(file, [(start, end)])
    except OSError as error:
        raise StoreUnavailable(f"the notes cannot be flushed: {error}") from error


def _overwrite(file: int, journal: JournalFile, deletion: Deletion) -> None:
    """Write what the journal has to the file."""
    # As long as the bytes that were added are NULs, not all of the rest is written.
    for begin, end in (
        (0, deletion.old_length),
        (deletion.old_length, deletion.new_length),
    ):
        for offset in range(begin, end, BLOCK_BYTES):
            length = min(BLOCK_BYTES, end - offset)
            piece = journal.read_batch(deletion.length + offset, length)
            write_at(file, piece, deletion.start + offset)
        if begin < end:
            os.fsync(file)


def _done(file: int, record: JournalRecord, deletion: Deletion) -> JournalRecord:
    """The record when it is done."""
    size = deletion.size + deletion.growth
    device, inode, _, *times = file_identity(os.fstat(file))
    notes = device, inode, size, times[0], times[1]
    return record._replace(
        state=DONE, notes=notes, ending=ending_digest(last_bytes(file, size))
    )


def _leading_nuls(file: int, deletion: Deletion) -> int:
    """How many of the NULs are there that make the file longer."""
    added = read_all(file, deletion.growth, deletion.size)
    return len(added) - len(added.lstrip(b"\0"))


def _is_begun(file: int, journal: JournalFile, deletion: Deletion) -> bool | None:
    """
    Whether something of the deletion is written; ``None`` if the file has other lines
    than it had then.
    """
    if os.fstat(file).st_size < deletion.size:
        return None
    is_begun = False
    for offset in range(0, deletion.old_length, BLOCK_BYTES):
        length = min(BLOCK_BYTES, deletion.old_length - offset)
        found = read_all(file, length, deletion.start + offset)
        new = journal.read_batch(deletion.length + offset, length)
        old = _old(journal, deletion, offset, length)
        if found == old:
            continue
        if any(f not in pair for f, *pair in zip(found, old, new, strict=True)):
            return None
        is_begun = True
    return is_begun


def _old(journal: JournalFile, deletion: Deletion, offset: int, length: int) -> bytes:
    """The bytes that the file had from *offset* on before."""
    text = journal.read_batch(0, deletion.length)[offset : offset + length]
    # Behind the text are the lines that follow, which the new content has as well.
    known = offset + len(text)
    rest = deletion.length + deletion.growth + known
    return text + journal.read_batch(rest, length - len(text))
