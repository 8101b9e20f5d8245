"""
The tables, create_row and brought up to date when a store is opened.

Rule: several daemons may do so at once, on any database that speaks PostgreSQL: who
comes second finds it done. Names and contents are bytes, whatever the encoding and
the collation of the database.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from threading import Timer
from time import monotonic, sleep

import psycopg

from .errors import Retryable, translated
from .url import Database

OPENING_SECONDS = 10.0
"""Seconds until opening has failed."""

RETRY_SECONDS = 0.1
"""Seconds until the next try."""

CREATED_MEANWHILE_STATES = ("42P07", "42710", "23505", "XX000")
"""SQLSTATEs of a table that somebody else makes at the same time."""

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
)
"""What leads from each version of the schema to the next, from version 0 on."""

VERSION = "SELECT version FROM dartio_schema WHERE id = 1"

FIRST_VERSION = """
INSERT INTO dartio_schema (id, version) VALUES (1, 1) ON CONFLICT DO NOTHING
"""

NEXT_VERSION = """
UPDATE dartio_schema SET version = %(next)s WHERE id = 1 AND version < %(next)s
"""


def prepare(database: Database, find_row: str, create_row: str, name: bytes) -> None:
    """
    See that the tables are there, and in them the row of the log or collection
    *name*: *find_row* finds it, *create_row* makes it.

    :raise OSError: the database cannot be used; its text says why.
    """
    end = monotonic() + OPENING_SECONDS
    while True:
        try:
            return _prepare(database, find_row, create_row, name)
        except Retryable as retryable:
            if monotonic() > end:
                raise _unusable(database, str(retryable)) from None
            sleep(RETRY_SECONDS)


def _prepare(database: Database, find_row: str, create_row: str, name: bytes) -> None:
    try:
        connection = psycopg.connect(autocommit=True, **database.conninfo)  # type: ignore[arg-type]
    except psycopg.Error as error:
        raise _unusable(database, str(error)) from None
    with connection, socket.socket(fileno=os.dup(connection.fileno())) as line:
        timer = Timer(OPENING_SECONDS, _shut, [line])
        timer.daemon = True
        timer.start()
        try:
            _bring_up_to_date(connection)
            if connection.execute(find_row, {"name": name}).fetchone() is None:
                connection.execute(create_row, {"name": name})
        except psycopg.Error as error:
            raise _meaning(database, error) from None
        finally:
            timer.cancel()
            connection.close()


def _bring_up_to_date(connection: psycopg.Connection) -> None:
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise OSError("the database's tables are of a newer version of this program")
    for number, step in enumerate(MIGRATIONS[version:], version + 1):
        for statement in step.split(";"):
            connection.execute(statement)
        connection.execute(FIRST_VERSION)
        connection.execute(NEXT_VERSION, {"next": number})


def _version(connection: psycopg.Connection) -> int:
    try:
        row = connection.execute(VERSION).fetchone()
    except psycopg.errors.UndefinedTable:
        return 0
    return row[0] if row else 0


def _meaning(database: Database, error: psycopg.Error) -> Exception:
    if error.sqlstate in CREATED_MEANWHILE_STATES:
        return Retryable(str(error), lost=False)
    meaning = translated(error)
    is_told = isinstance(meaning, Retryable)
    return meaning if is_told else _unusable(database, str(meaning))


def _unusable(database: Database, why: str) -> OSError:
    why = database.clean(why)
    return OSError(f"the database at {database.host} cannot be used: {why}")


def _shut(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
