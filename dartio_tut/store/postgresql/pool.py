"""
Statements on their way to the database and back, in threads.

Rule: every operation ends within its deadline, whatever its thread is stuck in; the
connection of a stuck thread is shut, which frees it. A statement that is lost on the
way is sent again: each statement is safe to repeat.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.enterprise import adbapi
from twisted.internet.defer import (
    CancelledError,
    Deferred,
    fail,
    maybeDeferred,
    succeed,
)
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..faults import FaultReport
from ..interface import StoreUnavailable
from .errors import Retryable
from .statement import Connection, Rows, Statement
from .url import Database

T = TypeVar("T")

MAX_OPERATIONS = 1000
"""How many operations may wait for a connection: about what is done in a second."""

FIRST_PAUSE_SECONDS = 0.02
LAST_PAUSE_SECONDS = 0.5
"""Between tries, doubling: a failover takes many tries, a race takes one."""


class _Connections(adbapi.ConnectionPool):
    connectionFactory = Connection


class Pool:
    """
    Connections to one database, made when they are needed.

    :param reactor: the global one, once it is needed, unless one is given.
    """

    _log = Logger()

    def __init__(self, database: Database, reactor: Any = None) -> None:
        self.database = database
        self._reactor = reactor
        self._connections: _Connections | None = None
        self._trigger: Any = None
        self._operations = 0
        self._statements = 0
        self._away = False
        self._reading = FaultReport(f"Reading from the database on {database.host}")
        self._writing = FaultReport(f"Writing to the database on {database.host}")
        self._pooled = False
        self._closed: Deferred[None] | None = None

    def run(
        self, operation: Coroutine[Any, Any, T], writes: bool = False
    ) -> Deferred[T]:
        """
        Run *operation*; at its deadline it fails with `StoreUnavailable`.

        :param writes: what the log calls it if it fails.
        """
        if self._closed is not None or self._operations >= MAX_OPERATIONS:
            operation.close()
            why = "is closed" if self._closed else "has too many operations waiting"
            return fail(StoreUnavailable(f"the store {why}"))
        faults = self._writing if writes else self._reading
        return self.run_with_deadline(operation).addBoth(faults.ended)

    def run_with_deadline(self, operation: Coroutine[Any, Any, T]) -> Deferred[T]:
        """As `run`, for what has to be done before the pool may close."""
        self._operations += 1
        ended = Deferred.fromCoroutine(operation)
        ended.addTimeout(self.database.deadline, self.reactor, self._late)
        return ended.addBoth(self._ended)

    async def execute(self, statement: str, parameters: dict[str, Any]) -> Rows:
        """The rows that *statement* returns; it is tried until it does."""
        pause = 0.0
        while True:
            try:
                rows = await self._answer(Statement(statement, parameters))
            except Retryable as retryable:
                if retryable.lost:
                    self._is_away(str(retryable))
                if retryable.is_pooled:
                    self._is_pooled()
                await deferLater(self.reactor, pause)
                pause = min(max(pause * 2, FIRST_PAUSE_SECONDS), LAST_PAUSE_SECONDS)
            else:
                self._is_back()
                return rows

    def close(self) -> Deferred[None]:
        """Wait for pending operations, then close every connection."""
        if self._closed is None:
            self._closed = Deferred()
            self._close_when_idle()
        return _after(self._closed)

    @property
    def reactor(self) -> Any:
        """The reactor, not before it is needed."""
        if self._reactor is None:
            from twisted.internet import reactor

            self._reactor = reactor
        return self._reactor

    def _answer(self, statement: Statement) -> Deferred[Rows]:
        """The rows of *statement*; to cancel it frees its thread."""
        answer: Deferred[Rows] = Deferred(lambda _: statement.give_up())

        def deliver(result: Any) -> None:
            self._statements -= 1
            if not answer.called:
                answer.callback(result)
            self._close_when_idle()

        self._statements += 1
        running = maybeDeferred(self._pool().runWithConnection, statement)
        running.addBoth(deliver)  # also when no thread can be started
        return answer

    def _pool(self) -> _Connections:
        if self._connections is None:
            self._connections = _Connections(
                "psycopg",
                cp_min=1,
                cp_max=self.database.connections,
                cp_reactor=self.reactor,
                autocommit=True,
                prepare_threshold=self.database.prepare_threshold,
                **self.database.conninfo,
            )
            # adbapi would wait for stuck threads with the reactor stopped.
            self._trigger = self.reactor.addSystemEventTrigger(
                "before", "shutdown", self._shutdown
            )
        return self._connections

    def _shutdown(self) -> Deferred[None]:
        self._trigger = None
        return self.close()

    def _late(self, result: Any, deadline: float) -> Any:
        if isinstance(result, Failure) and result.check(CancelledError):
            self._is_away(f"no answer in {deadline:g} s")
            return Failure(StoreUnavailable("the database does not answer"))
        return result

    def _ended(self, result: Any) -> Any:
        self._operations -= 1
        self._close_when_idle()
        return result

    def _close_when_idle(self) -> None:
        closed = self._closed
        if closed is None or closed.called or self._operations or self._statements:
            return
        if self._connections is not None:
            if self._trigger is not None:
                self.reactor.removeSystemEventTrigger(self._trigger)
            self._connections.close()  # waits for its threads: they are idle
        closed.callback(None)

    def _is_away(self, why: str) -> None:
        if not self._away:
            self._away = True
            why = self.database.clean(why)
            self._log.warn(
                "The database on {host} is unavailable: {why}",
                host=self.database.host,
                why=why,
            )

    def _is_pooled(self) -> None:
        if not self._pooled:
            self._pooled = True
            self._log.warn(
                "Statements for the database on {host} are no longer prepared: there "
                "seems to be a pooler in transaction mode. Say prepare=no in the URL "
                "of the store",
                host=self.database.host,
            )

    def _is_back(self) -> None:
        if self._away:
            self._away = False
            self._log.info("The database on {host} is back", host=self.database.host)


def _after(event: Deferred[None]) -> Deferred[None]:
    """Another Deferred that fires when *event* has."""
    if event.called:
        return succeed(None)
    after: Deferred[None] = Deferred()

    def fire(result: None) -> None:
        after.callback(None)

    event.addCallback(fire)
    return after
