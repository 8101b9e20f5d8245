"""
The store that is a folder: ``notes.txt``, one note a line, and documents, each
the file of its name. Both are a person's to read and to edit.

Rule: the reactor never waits for a disk. File work runs in a thread, one piece
at a time; a write is acknowledged after fsync.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

from .interface import NoSuchEntry
from .lines import from_line, to_line
from .names import check_name

T = TypeVar("T")

Run = Callable[..., Deferred[Any]]
"""Calls a blocking function elsewhere: `twisted.internet.threads.deferToThread`."""

TEMPORARY = ".new-"
"""What a document is called until it is whole; no document may begin with a dot."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

SCAN = 1024 * 1024
"""Bytes read at a time when the notes are counted: memory stays small."""


def _in_thread(function: Callable[..., T], *args: Any) -> Deferred[T]:
    from twisted.internet.threads import deferToThread  # its reactor, not before

    return deferToThread(function, *args)


def open_notes(folder: str, run: Run = _in_thread) -> FolderNotes:
    """
    The notes in *folder*, which is made when there is none.

    :raise OSError: when they cannot be read and written.
    """
    path = _made(folder) / "notes.txt"
    notes = FolderNotes(path, run)
    notes.look()  # makes the file
    _sync_folder(path.parent)
    return notes


def open_documents(folder: str, run: Run = _in_thread) -> FolderDocuments:
    """
    The documents in *folder*, which is made when there is none.

    :raise OSError: when it cannot be written.
    """
    return FolderDocuments(_made(folder), run)


def _made(folder: str) -> Path:
    path = Path(folder).absolute()
    path.mkdir(parents=True, exist_ok=True)
    for left in path.glob(f"{TEMPORARY}*"):  # by a daemon that was killed
        left.unlink()
    probe = path / f"{TEMPORARY}{os.getpid()}"
    with open(os.open(probe, _NEW, 0o666), "wb"):
        probe.unlink()
    return path


class FolderNotes:
    """
    Notes in one text file; see `dartio_tut.store.Notes`.

    Where each line begins is kept in memory, eight bytes a note, and found anew
    when somebody else has changed the file.
    """

    def __init__(self, path: Path, run: Run) -> None:
        self.path = path
        self._run = run
        self._turn = Lock()
        self._seen: tuple[int, ...] | None = None
        self._starts = array("Q")

    def append(self, text: str) -> Deferred[int]:
        """Add a note."""
        return self._run(self._append, text)

    def entry(self, number: int) -> Deferred[str]:
        """The note of that number."""
        return self._run(self._entry, number)

    def count(self) -> Deferred[int]:
        """How many notes there are."""
        return self._run(self.look)

    def look(self) -> int:
        """Count the notes, reading the file only if it has changed."""
        with self._turn, self._open() as file:
            return self._index(file)

    def _open(self) -> Any:
        # Not Path.open: "a+" makes the file, reads anywhere and writes at the end.
        return open(self.path, "a+b", buffering=0)

    def _append(self, text: str) -> int:
        line = to_line(text)
        with self._turn, self._open() as file:
            number = self._index(file)
            end = os.fstat(file.fileno()).st_size
            # A person's editor may have left the last line open.
            is_open = end and os.pread(file.fileno(), 1, end - 1) != b"\n"
            line = b"\n" + line if is_open else line
            try:
                _write_all(file, line)
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), end)  # no half note for the next to join
                raise
            self._starts.append(end + bool(is_open))
            self._seen = _version(file)
        return number

    def _entry(self, number: int) -> str:
        with self._turn, self._open() as file:
            if not 0 <= number < self._index(file):
                raise NoSuchEntry(f"there is no note {number}")
            file.seek(self._starts[number])
            end = (
                self._starts[number + 1]
                if number + 1 < len(self._starts)
                else os.fstat(file.fileno()).st_size
            )
            return from_line(_read_all(file, end - self._starts[number]))

    def _index(self, file: Any) -> int:
        """Find where the lines begin, unless the file is as it was left."""
        if _version(file) != self._seen:
            self._starts = _line_starts(file)
            self._seen = _version(file)
        return len(self._starts)


class FolderDocuments:
    """Documents as files of their name; see `dartio_tut.store.Documents`."""

    def __init__(self, folder: Path, run: Run) -> None:
        self.folder = folder
        self._run = run
        self._turn = Lock()

    def put(self, name: str, content: bytes) -> Deferred[None]:
        """Store *content* as the document *name*."""
        return self._run(self._put, name, content)

    def get(self, name: str) -> Deferred[bytes]:
        """The content of the document *name*."""
        return self._run(self._get, name)

    def _put(self, name: str, content: bytes) -> None:
        target = self.folder / check_name(name)
        new = self.folder / f"{TEMPORARY}{os.getpid()}"
        with self._turn:
            try:
                with open(os.open(new, _NEW, 0o666), "wb", buffering=0) as file:
                    _write_all(file, content)
                    os.fsync(file.fileno())
                os.replace(new, target)
            except OSError:
                new.unlink(missing_ok=True)
                raise
            _sync_folder(self.folder)

    def _get(self, name: str) -> bytes:
        try:
            return (self.folder / check_name(name)).read_bytes()
        except FileNotFoundError:
            raise NoSuchEntry(f"there is no document {name}") from None


def _line_starts(file: Any) -> array[int]:
    """The offset of every line in *file*; a last one without its end counts."""
    starts, offset, at_start = array("Q"), 0, True
    file.seek(0)
    while block := file.read(SCAN):
        if at_start:
            starts.append(offset)
        found = block.find(b"\n") + 1
        while found:
            if found < len(block):
                starts.append(offset + found)
            at_start = found == len(block)
            found = block.find(b"\n", found) + 1
        at_start = block.endswith(b"\n")
        offset += len(block)
    return starts


def _version(file: Any) -> tuple[int, ...]:
    """What changes whenever somebody changes *file*."""
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _write_all(file: Any, content: bytes) -> None:
    """Write *content*; a raw file may take only a part at a time."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def _read_all(file: Any, length: int) -> bytes:
    """Read *length* bytes, or what there is; a raw file may give a part at a time."""
    parts = []
    while length > 0 and (part := file.read(length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _sync_folder(folder: Path) -> None:
    """Make a new name in *folder* durable: fsync of the file does not cover it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
