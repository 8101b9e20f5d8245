"""
The files of documents: whole, not hidden, no links, and nothing that blocks.

Rule: what is not a plain file of a document's name is not there. Blocking calls only,
for a thread.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from errno import EINVAL, EISDIR, ELOOP, ENODEV, ENOENT, ENOTDIR, ENXIO
from pathlib import Path

from ..interface import DocumentInfo, InvalidName
from ..names import check_name
from .disk import read_all
from .notes_journal import JOURNAL_NAME

_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

_NO_DOCUMENT_ERRNOS = (ENOENT, ELOOP, ENXIO, ENODEV, EISDIR, ENOTDIR, EINVAL)
"""What opening tells of what is no plain file: a link, a socket, nothing at all."""


NOTES_FILE_NAMES = ("notes.txt", "notes.torn")
"""What notes are kept in, where notes are kept."""


def is_reserved(folder: Path, name: str) -> bool:
    """Whether *name* belongs to the notes that are kept in the same *folder*."""
    return name in NOTES_FILE_NAMES and os.path.lexists(folder / JOURNAL_NAME)


def content_of(path: Path) -> bytes | None:
    """The content of the file *path*; ``None`` when it is no document."""
    try:
        descriptor = os.open(path, _READ_FLAGS)
    except OSError as error:
        if error.errno in _NO_DOCUMENT_ERRNOS:
            return None
        raise
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None
        return read_all(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def size_of(path: Path) -> int | None:
    """The bytes of the file *path*; ``None`` when it is no document."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def names(folder: Path, prefix: str = "", after: str = "") -> list[str]:
    """The names of the documents in *folder*, in the order of their UTF-8 bytes."""
    with os.scandir(folder) as entries:
        found = [
            (entry.name.encode(), entry.name)
            for entry in entries
            if entry.name.startswith(prefix)
            and _is_name(entry.name)
            and not is_reserved(folder, entry.name)
            and entry.is_file(follow_symlinks=False)
        ]
    first = after.encode("utf-8", "surrogatepass")
    return [name for encoded, name in sorted(found) if encoded > first]


def listed(folder: Path, found: list[str]) -> Iterator[DocumentInfo]:
    """Those of the documents *found* that are still there."""
    for name in found:
        if (size := size_of(folder / name)) is not None:
            yield DocumentInfo(name, size)


def _is_name(name: str) -> bool:
    try:
        check_name(name)
    except InvalidName:
        return False
    return True
