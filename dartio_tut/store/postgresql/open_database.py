"""
The store that is a PostgreSQL database, for several machines.

It needs the extra ``postgresql``. Opening blocks for a short time: it is done before
the reactor runs.
"""

from __future__ import annotations

from ..interface import Documents, Notes, Quota
from .documents import CREATE_COLLECTION, FIND_COLLECTION, PostgresqlDocuments
from .notes import CREATE_LOG, FIND_LOG, PostgresqlNotes
from .pool import Pool
from .schema import Row, prepare_schema
from .url import encoded_name, location_of, read_url

__all__ = ["location_of", "open_postgresql_documents", "open_postgresql_notes"]

UNLIMITED = Quota()
"""Any amount; how much of its disk stays free is the business of the database."""


def open_postgresql_notes(
    url: str,
    name: str = "notes",
    quota: Quota = UNLIMITED,
    must_exist: bool = False,
    only_check: bool = False,
) -> Notes:
    """
    The log *name* of the database at *url*, which may name another one: ``?log=``.

    :param must_exist: whether it is an error if there is no such log.
    :param only_check: whether to leave the database as it is.
    :raise ValueError: if the URL is wrong.
    :raise OSError: if the database cannot be used.
    """
    database = read_url(url)
    key = encoded_name(database.log or name)
    prepare_schema(
        database, Row("log", key, FIND_LOG, CREATE_LOG), must_exist, only_check
    )
    return PostgresqlNotes(Pool(database), key, quota)


def open_postgresql_documents(
    url: str,
    name: str = "documents",
    quota: Quota = UNLIMITED,
    must_exist: bool = False,
    only_check: bool = False,
) -> Documents:
    """
    The collection *name* of the database at *url*, which may name another one:
    ``?collection=``.

    :param must_exist: whether it is an error if there is no such collection.
    :raise ValueError: if the URL is wrong.
    :raise OSError: if the database cannot be used.
    """
    database = read_url(url)
    key = encoded_name(database.collection or name)
    row = Row("collection", key, FIND_COLLECTION, CREATE_COLLECTION)
    prepare_schema(database, row, must_exist, only_check)
    return PostgresqlDocuments(Pool(database), key, quota)
