"""
One string that picks a store: a folder, or the URL of a database.

Rule: what it may hold, a password, is in no error.
"""

from __future__ import annotations

import re
from importlib import import_module
from types import ModuleType
from urllib.parse import unquote, urlsplit

from .folder.disk import DEFAULT_QUOTA
from .folder.documents import open_folder_documents
from .folder.group_commit import Run, in_thread
from .folder.notes import open_folder_notes
from .interface import Documents, Notes, Quota

DATABASE_SCHEMES = ("postgresql", "postgres")

KNOWN_STORES = "a folder, file:///FOLDER, postgresql://USER@HOST/DATABASE"

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def open_notes(
    where: str, quota: Quota = DEFAULT_QUOTA, run: Run = in_thread, name: str = "notes"
) -> Notes:
    """
    The notes at *where*.

    :param name: which of a database's logs, unless *where* says it.
    :param run: calls a blocking function elsewhere; for folders.
    :raise ValueError: it is the address of no store.
    :raise OSError: the store cannot be used.
    """
    if _scheme(where) in DATABASE_SCHEMES:
        opened: Notes = _postgresql().open_postgresql_notes(where, name, quota)
        return opened
    return open_folder_notes(folder_path(where), quota, run)


def open_documents(
    where: str,
    quota: Quota = DEFAULT_QUOTA,
    run: Run = in_thread,
    name: str = "documents",
) -> Documents:
    """
    The documents at *where*; as `open_notes`.

    :param name: which of a database's collections, unless *where* says it.
    """
    if _scheme(where) in DATABASE_SCHEMES:
        opened: Documents = _postgresql().open_postgresql_documents(where, name, quota)
        return opened
    return open_folder_documents(folder_path(where), quota, run)


def folder_path(where: str) -> str:
    """
    The folder that *where* says, as a path or as a ``file:`` URL.

    :raise ValueError: it says something else.
    """
    scheme = _scheme(where)
    if scheme is None:
        return where
    if scheme != "file":
        raise ValueError(f"{scheme}:// is no store; known are {KNOWN_STORES}")
    url = urlsplit(where)
    if url.netloc not in ("", "localhost") or url.query or url.fragment:
        raise ValueError("a file: URL has a path only: file:///FOLDER")
    return unquote(url.path)


def _scheme(where: str) -> str | None:
    found = _SCHEME.match(where)
    return found[1].lower() if found else None


def _postgresql() -> ModuleType:
    try:
        return import_module(".postgresql.open_database", __package__)
    except ImportError as error:
        if (error.name or "").startswith("dartio_tut"):
            raise
        raise ValueError(
            "a store in PostgreSQL needs more: install dartio-tut[postgresql]"
        ) from None
