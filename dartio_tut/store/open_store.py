"""
One string that picks a store: a folder, or the URL of a database.

Rule: the string may contain a password, which is in no error and in no log.
"""

from __future__ import annotations

import os
import re
from errno import EACCES, ENOENT, EPERM, EROFS
from importlib import import_module
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote_to_bytes, urlsplit

from .folder.checking import check_folder_documents, check_folder_notes
from .folder.disk import DEFAULT_QUOTA
from .folder.documents import open_folder_documents
from .folder.documents_files import list_left_out
from .folder.group_commit import RunInThread, in_thread
from .folder.notes import open_folder_notes
from .folder.notes_file import NOTES_NAME
from .folder.read_only import read_folder_documents, read_folder_notes
from .interface import Documents, Notes, Quota
from .memory import MemoryDocuments, MemoryNotes

DATABASE_SCHEMES = ("postgresql", "postgres")

POSTGRESQL_URL = "postgresql://USER@HOST/DATABASE"

KNOWN_STORES = f"a folder, file:///FOLDER, {POSTGRESQL_URL}"

READ_ONLY_ERRNOS = (EACCES, EPERM, EROFS)
"""How opening fails for a folder that can be read, perhaps, but not written."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://|(file|postgresql|postgres):", re.I)

_LIBPQ_WORDS = re.compile(r"\s*(host|hostaddr|port|dbname|user|password)\s*=")
"""How a database is named in the other form that libpq has. As a folder, its password
would be in the log."""


def open_notes(
    where: str,
    quota: Quota = DEFAULT_QUOTA,
    run: RunInThread = in_thread,
    name: str = "notes",
    must_exist: bool = False,
    only_check: bool = False,
) -> Notes:
    """
    The notes at *where*.

    :param name: which of the logs of a database, unless *where* says it.
    :param run: calls a blocking function elsewhere; for folders.
    :param must_exist: whether it is an error if it has no notes; then a folder that
        cannot be written is opened for reading.
    :param only_check: whether to find out only if it can be opened, and change nothing;
        then the notes are in memory.
    :raise ValueError: if *where* is not the address of a store.
    :raise OSError: if the store cannot be used.
    """
    if _scheme(where) in DATABASE_SCHEMES:
        opening = _postgresql().open_postgresql_notes
        opened: Notes = opening(where, name, quota, must_exist, only_check)
        return opened
    folder = folder_path(where)
    if only_check:
        check_folder_notes(folder)
        return MemoryNotes()
    if not must_exist:
        return open_folder_notes(folder, quota, run)
    _check_exists(folder, "folder")
    _check_exists(os.path.join(folder, NOTES_NAME), "file: no notes are kept there")
    try:
        return open_folder_notes(folder, quota, run)
    except OSError as error:
        if error.errno not in READ_ONLY_ERRNOS:
            raise
    return read_folder_notes(folder, run)


def open_documents(
    where: str,
    quota: Quota = DEFAULT_QUOTA,
    run: RunInThread = in_thread,
    name: str = "documents",
    must_exist: bool = False,
    only_check: bool = False,
) -> Documents:
    """
    The documents at *where*; as `open_notes`.

    :param name: which of the collections of a database, unless *where* says it.
    """
    if _scheme(where) in DATABASE_SCHEMES:
        opening = _postgresql().open_postgresql_documents
        opened: Documents = opening(where, name, quota, must_exist, only_check)
        return opened
    folder = folder_path(where)
    if only_check:
        check_folder_documents(folder)
        return MemoryDocuments()
    if not must_exist:
        return open_folder_documents(folder, quota, run)
    _check_exists(folder, "folder")
    try:
        return open_folder_documents(folder, quota, run)
    except OSError as error:
        if error.errno not in READ_ONLY_ERRNOS:
            raise
    return read_folder_documents(folder, run)


def files_left_out(where: str) -> dict[str, str]:
    """
    The files and folders at *where* that are neither hidden nor documents, and why: a
    copy leaves them out.
    """
    if _scheme(where) in DATABASE_SCHEMES:
        return {}
    return list_left_out(Path(folder_path(where)))


def notes_not_in_utf8(where: str) -> list[int]:
    """
    The numbers of the notes at *where* that somebody has written by hand, and not in
    UTF-8: what cannot be read of them is U+FFFD to all who ask.

    :raise OSError: if they cannot be read.
    """
    if _scheme(where) in DATABASE_SCHEMES:
        return []
    found = []
    with open(os.path.join(folder_path(where), NOTES_NAME), "rb") as file:
        for number, line in enumerate(file):
            try:
                line.decode()
            except UnicodeDecodeError:
                found.append(number)
    return found


def folder_path(where: str) -> str:
    """
    The folder that *where* names, as a path or as a ``file:`` URL (RFC 8089).

    :raise ValueError: if it names something else.
    """
    if not where:
        raise ValueError(f"no store is named; known are {KNOWN_STORES}")
    scheme = _scheme(where)
    if scheme is None:
        if _LIBPQ_WORDS.match(where):
            raise ValueError(f"it is not a folder: write {POSTGRESQL_URL}")
        return _expanded(where)
    if scheme != "file":
        raise ValueError(f"{scheme}:// is no store; known are {KNOWN_STORES}")
    url = urlsplit(where)
    if url.netloc not in ("", "localhost") or url.query or url.fragment:
        raise ValueError("a file: URL has a path only: file:///FOLDER")
    if not url.path.startswith("/"):
        raise ValueError("the path of a file: URL begins with a slash: file:///FOLDER")
    path = unquote_to_bytes(os.fsencode(url.path))
    if b"\0" in path:
        raise ValueError("it has a NUL character")
    return os.fsdecode(path)


def is_database(where: str) -> bool:
    """Whether *where* is the URL of a database, and no folder."""
    return _scheme(where) in DATABASE_SCHEMES


def location_for_log(where: str) -> str:
    """*where* as it may stand in a log: an absolute path, or a URL without a user."""
    scheme = _scheme(where)
    if scheme in DATABASE_SCHEMES:
        location: str = _postgresql().location_of(where)
        return location
    return where if scheme else os.path.abspath(folder_path(where))


def _scheme(where: str) -> str | None:
    found = _URL.match(where)
    return (found[1] or found[2]).lower() if found else None


def _expanded(path: str) -> str:
    """*path* with the home folder for ``~``, which shells leave in ``--store=~/x``."""
    expanded = os.path.expanduser(path)
    if expanded.startswith("~"):
        name = path.partition("/")[0]
        raise ValueError(f"there is no user {name[1:]}; a folder {name} is ./{name}")
    return expanded


def _check_exists(path: str, kind: str) -> None:
    if not os.path.exists(path):
        raise FileNotFoundError(ENOENT, f"no such {kind}", path)


def _postgresql() -> ModuleType:
    try:
        return import_module(".postgresql.open_database", __package__)
    except ImportError as error:
        if (error.name or "").startswith("dartio_tut"):
            raise
        raise ValueError(
            "a store in PostgreSQL needs more: install dartio-tut[postgresql]"
        ) from None
