"""
The files of documents: whole, not hidden, no links, and nothing that blocks.

Rule: only a regular file whose name a document may have is a document. These calls
block and are made in a thread.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from errno import (
    EINVAL,
    EISDIR,
    ELOOP,
    ENAMETOOLONG,
    ENODEV,
    ENOENT,
    ENOTDIR,
    ENXIO,
)
from pathlib import Path

from ..interface import DocumentInfo, InvalidName, NameTaken
from ..names import check_name, fold_name, is_name
from .disk import file_identity, read_all
from .notes_file import NOTES_NAME
from .notes_journal import JOURNAL_NAME
from .notes_repair import TORN_NAME

_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

_NOTHING_ERRNOS = (ENOENT, ENAMETOOLONG)
"""What calls fail with when nothing has that path, or nothing can have it."""

_NO_DOCUMENT_ERRNOS = (*_NOTHING_ERRNOS, ELOOP, ENXIO, ENODEV, EISDIR, ENOTDIR, EINVAL)
"""Opening fails so when there is no regular file: a link, a socket, nothing at all."""

NOTES_FILE_NAMES = (NOTES_NAME, TORN_NAME)
"""The files that notes are kept in; in a folder with notes they are no documents."""


def has_notes(folder: Path) -> bool:
    """Whether notes are kept in *folder*."""
    return os.path.lexists(folder / JOURNAL_NAME)


def is_notes_file(name: str) -> bool:
    """
    Whether some file system takes *name* for a file that notes are kept in.

    In any spelling: where case does not count, a document ``NOTES.TXT`` would replace
    all notes.
    """
    return fold_name(name) in NOTES_FILE_NAMES


def read_document(path: str | Path) -> bytes | None:
    """The content of the file *path*; ``None`` if it is not a document."""
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


def lstat_or_none(path: Path) -> os.stat_result | None:
    """The status of whatever has that *path*; ``None`` if nothing has."""
    try:
        return os.lstat(path)
    except OSError as error:
        if error.errno in _NOTHING_ERRNOS:
            return None
        raise


def name_taken_error(name: str, status: os.stat_result) -> NameTaken:
    """The error for a document *name* where there is something with that *status*."""
    return NameTaken(f"{name} is {_kind(status)} in the store's folder")


def document_infos(folder: Path, names: list[str]) -> Iterator[DocumentInfo]:
    """Those of the documents *names* that are still there."""
    for name in names:
        status = lstat_or_none(folder / name)
        if status is not None and stat.S_ISREG(status.st_mode):
            size, modified = status.st_size, status.st_mtime
            identity = file_identity(status)
            yield DocumentInfo(name, size, modified, identity=identity)


def scan_names(folder: Path) -> list[str]:
    """The names of the documents in *folder*, in the order of their UTF-8 bytes."""
    notes_are_kept = has_notes(folder)
    with os.scandir(folder) as entries:
        names = [
            entry.name
            for entry in entries
            if is_name(entry.name)
            and not (notes_are_kept and is_notes_file(entry.name))
            and entry.is_file(follow_symlinks=False)
        ]
    names.sort()  # the order of code points is that of their UTF-8 bytes
    return names


def list_left_out(folder: Path) -> dict[str, str]:
    """What is in *folder*, and neither hidden nor a document: its name, and why."""
    notes_are_kept = has_notes(folder)
    found = {}
    for path in sorted(folder.iterdir()):
        name = path.name
        if name.startswith(".") or (notes_are_kept and is_notes_file(name)):
            continue
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            found[name] = f"it is {_kind(status)}"
            continue
        try:
            check_name(name)
        except InvalidName as error:
            found[name] = str(error)
    return found


def _kind(status: os.stat_result) -> str:
    """What has that *status*, in words."""
    if stat.S_ISDIR(status.st_mode):
        return "a folder"
    if stat.S_ISLNK(status.st_mode):
        return "a link"
    return "a special file" if not stat.S_ISREG(status.st_mode) else "a file"
