"""
The store that is a PostgreSQL database, for more than one machine.

Needs the extra ``postgresql``. Opening blocks for a short time: it is done before the
reactor runs.
"""

from __future__ import annotations

from ..interface import Documents, Notes, Quota
from . import documents as postgresql_documents
from . import notes as postgresql_notes
from .documents import PostgresqlDocuments
from .notes import PostgresqlNotes
from .pool import Pool
from .schema import prepare
from .url import check_collected, read_url

ANY = Quota()
"""Any amount; how much of its disk is left is the database's matter."""


def open_postgresql_notes(url: str, name: str = "notes", quota: Quota = ANY) -> Notes:
    """
    The log *name* of the database at *url*, which may say another: ``?log=``.

    :raise ValueError: the URL is none.
    :raise OSError: the database cannot be used.
    """
    place = read_url(url)
    key = check_collected(place.log or name)
    prepare(place, postgresql_notes.KNOWN, postgresql_notes.MADE, key)
    return PostgresqlNotes(Pool(place), key, quota)


def open_postgresql_documents(
    url: str, name: str = "documents", quota: Quota = ANY
) -> Documents:
    """
    The collection *name* of the database at *url*, which may say another:
    ``?collection=``.

    :raise ValueError: the URL is none.
    :raise OSError: the database cannot be used.
    """
    place = read_url(url)
    key = check_collected(place.collection or name)
    prepare(place, postgresql_documents.KNOWN, postgresql_documents.MADE, key)
    return PostgresqlDocuments(Pool(place), key, quota)
