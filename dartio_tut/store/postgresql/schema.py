"""
The tables, which are made and brought up to date when a store is opened.

Rule: several daemons may do so at the same time, on any database that speaks the
protocol of PostgreSQL: the second one finds that it is done. Names and contents are
bytes, so the encoding and the collation of the database do not matter.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from threading import Timer
from time import monotonic, sleep
from typing import NamedTuple

import psycopg

from .errors import Retryable, translate_error
from .url import Database

OPENING_SECONDS = 10.0
"""Until opening has failed."""

RETRY_SECONDS = 0.1
"""Until the next try."""

CREATED_MEANWHILE_STATES = ("42P07", "42710", "23505", "XX000")
"""SQLSTATEs when somebody else makes the same table at the same time."""

NO_TABLE = "42P01"

MIGRATIONS = (
    """
    CREATE TABLE IF NOT EXISTS dartio_schema
        (id int PRIMARY KEY, version int NOT NULL);
    CREATE TABLE IF NOT EXISTS dartio_logs
        (name bytea PRIMARY KEY, notes bigint NOT NULL, size bigint NOT NULL);
    CREATE TABLE IF NOT EXISTS dartio_notes
        (log bytea, number bigint, text bytea NOT NULL, PRIMARY KEY (log, number));
    CREATE TABLE IF NOT EXISTS dartio_collections
        (name bytea PRIMARY KEY, documents bigint NOT NULL, size bigint NOT NULL);
    CREATE TABLE IF NOT EXISTS dartio_documents
        (collection bytea, name bytea, version bytea NOT NULL, size bigint NOT NULL,
         content bytea NOT NULL, PRIMARY KEY (collection, name));
    CREATE TABLE IF NOT EXISTS dartio_tokens
        (owner bytea, token bytea, request bytea NOT NULL, outcome text NOT NULL,
         until timestamptz NOT NULL, PRIMARY KEY (owner, token));
    CREATE INDEX IF NOT EXISTS dartio_tokens_until ON dartio_tokens (owner, until)
    """,
    # Documents of before have neither: when they were stored is not known, and two of
    # them may differ in case only.
    """
    ALTER TABLE dartio_logs ADD COLUMN IF NOT EXISTS epoch bigint
        NOT NULL DEFAULT (extract(epoch FROM now()) * 1000000)::bigint;
    ALTER TABLE dartio_documents ADD COLUMN IF NOT EXISTS modified timestamptz;
    ALTER TABLE dartio_documents ADD COLUMN IF NOT EXISTS folded bytea;
    CREATE UNIQUE INDEX IF NOT EXISTS dartio_documents_folded
        ON dartio_documents (collection, folded)
    """,
)
"""The statements that lead from each version of the schema to the next, from 0 on."""

VERSION = "SELECT version FROM dartio_schema WHERE id = 1"

FIRST_VERSION = """
INSERT INTO dartio_schema (id, version) VALUES (1, 1) ON CONFLICT DO NOTHING
"""

NEXT_VERSION = """
UPDATE dartio_schema SET version = %(next)s WHERE id = 1 AND version < %(next)s
"""


class Row(NamedTuple):
    """
    The row of a log or a collection.

    :ivar kind: what it is called in words.
    :ivar find: the statement that finds it.
    :ivar create: the statement that makes it.
    """

    kind: str
    name: bytes
    find: str
    create: str


def prepare_schema(
    database: Database, row: Row, must_exist: bool = False, only_check: bool = False
) -> None:
    """
    See that the tables are there, and in them the *row*.

    :param must_exist: whether it is an error if it is not there.
    :param only_check: whether to see only that the database can be used.
    :raise OSError: if the database cannot be used; the text says why.
    """
    end = monotonic() + OPENING_SECONDS
    while True:
        try:
            return _prepare(database, row, must_exist, only_check)
        except Retryable as retryable:
            if monotonic() > end:
                raise _unusable(database, str(retryable)) from None
            sleep(RETRY_SECONDS)


def _prepare(database: Database, row: Row, must_exist: bool, only_check: bool) -> None:
    try:
        connection = psycopg.connect(autocommit=True, **database.conninfo)  # type: ignore[arg-type]
    except psycopg.Error as error:
        raise _unusable(database, str(error)) from None
    with connection, socket.socket(fileno=os.dup(connection.fileno())) as line:
        timer = Timer(OPENING_SECONDS, _shut, [line])
        timer.daemon = True
        timer.start()
        try:
            if must_exist and not _version(connection):
                raise _missing(database, row)
            if only_check:
                _try(connection, row)
                return
            _bring_up_to_date(connection, _known_version(connection))
            if not _is_there(connection, row):
                if must_exist:
                    raise _missing(database, row)
                connection.execute(row.create, {"name": row.name})
        except psycopg.Error as error:
            raise _meaning(database, error) from None
        finally:
            timer.cancel()
            connection.close()


def _try(connection: psycopg.Connection, row: Row) -> None:
    """Do what a start does, and undo it."""
    version = _known_version(connection)
    if 0 < version < len(MIGRATIONS):
        return  # daemons use the tables, which must not be locked
    with connection.transaction(force_rollback=True):
        _bring_up_to_date(connection, version)
        if not _is_there(connection, row):
            connection.execute(row.create, {"name": row.name})


def _is_there(connection: psycopg.Connection, row: Row) -> bool:
    return connection.execute(row.find, {"name": row.name}).fetchone() is not None


def _bring_up_to_date(connection: psycopg.Connection, version: int) -> None:
    for number, step in enumerate(MIGRATIONS[version:], version + 1):
        for statement in step.split(";"):
            connection.execute(statement)
        connection.execute(FIRST_VERSION)
        connection.execute(NEXT_VERSION, {"next": number})


def _known_version(connection: psycopg.Connection) -> int:
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise OSError("the database's tables are of a newer version of this program")
    return version


def _version(connection: psycopg.Connection) -> int:
    try:
        row = connection.execute(VERSION).fetchone()
    except psycopg.errors.UndefinedTable:
        return 0
    return row[0] if row else 0


def _meaning(database: Database, error: psycopg.Error) -> Exception:
    if error.sqlstate in CREATED_MEANWHILE_STATES:
        return Retryable(str(error), lost=False)
    meaning = translate_error(error)
    is_told = isinstance(meaning, Retryable)
    return meaning if is_told else _unusable(database, str(meaning))


def _missing(database: Database, row: Row) -> OSError:
    what = f"{row.kind} {row.name.decode()}"
    return FileNotFoundError(f"the database on {database.host} has no {what}")


def _unusable(database: Database, why: str) -> OSError:
    why = database.clean(why)
    if "unsupported startup parameter" in why:
        why += " (a pooler that refuses options needs an empty options= in the URL)"
    return OSError(f"cannot use the database on {database.host}: {why}")


def _shut(connection_socket: socket.socket) -> None:
    with suppress(OSError):
        connection_socket.shutdown(socket.SHUT_RDWR)
