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
from .url import encoded_name, read_url

UNLIMITED = Quota()
"""Any amount; how much of its disk is left is the database's matter."""


def open_postgresql_notes(
    url: str, name: str = "notes", quota: Quota = UNLIMITED
) -> Notes:
    """
    The log *name* of the database at *url*, which may say another: ``?log=``.

    :raise ValueError: the URL is none.
    :raise OSError: the database cannot be used.
    """
    database = read_url(url)
    key = encoded_name(database.log or name)
    prepare(database, postgresql_notes.FIND_LOG, postgresql_notes.CREATE_LOG, key)
    return PostgresqlNotes(Pool(database), key, quota)


def open_postgresql_documents(
    url: str, name: str = "documents", quota: Quota = UNLIMITED
) -> Documents:
    """
    The collection *name* of the database at *url*, which may say another:
    ``?collection=``.

    :raise ValueError: the URL is none.
    :raise OSError: the database cannot be used.
    """
    database = read_url(url)
    key = encoded_name(database.collection or name)
    prepare(
        database,
        postgresql_documents.FIND_COLLECTION,
        postgresql_documents.CREATE_COLLECTION,
        key,
    )
    return PostgresqlDocuments(Pool(database), key, quota)
