"""
A test with stores in PostgreSQL.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import psycopg
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from dartio_tut.store import Documents, Notes, Quota
from dartio_tut.store.postgresql.open_database import (
    open_postgresql_documents,
    open_postgresql_notes,
)

from .postgres import Postgres, shared
from .waiting import THE_REACTOR

UNLIMITED = Quota()

_numbers = itertools.count()


class PostgresCase(TestCase):
    """Stores of a server, closed at the end; names that no other test has."""

    timeout = 60

    def setUp(self) -> None:
        self.server = self.a_server()
        self.database = "postgres"
        self.name = f"name {next(_numbers)}"

    def a_server(self) -> Postgres:
        """The server this test is about."""
        return shared()

    def fresh_database(self, options: str = "") -> None:
        """From now on, a database of this test's own."""
        self.database = f"database{next(_numbers)}"
        with psycopg.connect(self.server.url(), autocommit=True) as connection:
            statement: Any = f"CREATE DATABASE {self.database} {options}"
            connection.execute(statement)

    def notes(self, options: str = "", quota: Quota = UNLIMITED) -> Notes:
        """A log of this test's own; *options* come behind the URL."""
        url = self.server.url(self.database) + options
        notes = open_postgresql_notes(url, self.name, quota)
        self.addCleanup(notes.close)
        return notes

    def documents(self, options: str = "", quota: Quota = UNLIMITED) -> Documents:
        """A collection of this test's own."""
        url = self.server.url(self.database) + options
        documents = open_postgresql_documents(url, self.name, quota)
        self.addCleanup(documents.close)
        return documents

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for *condition*, looking now and then."""
        while not condition():
            await deferLater(THE_REACTOR, 0.02)
