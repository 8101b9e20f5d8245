"""
`dartio_tut.store.postgresql` when the database is away, held, or loses answers.
"""

from __future__ import annotations

import functools
import socket
from collections.abc import Callable
from contextlib import closing
from time import monotonic
from typing import Any, TypeVar

import psycopg
from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.threads import deferToThread
from twisted.logger import LogLevel, formatEvent, globalLogPublisher
from twisted.protocols import portforward

from dartio_tut.store import ABSENT, StoreUnavailable, version_of
from dartio_tut.store.postgresql.open_database import (
    open_postgresql_documents,
    open_postgresql_notes,
)
from dartio_tut.store.postgresql.pool import MAX_OPERATIONS
from dartio_tut.store.postgresql.statement import Connection

from .support.postgres import Postgres, shared
from .support.postgresql_case import PostgresCase
from .support.until import until
from .support.waiting import THE_REACTOR

T = TypeVar("T")

SLACK_SECONDS = 3.5
"""Seconds that an operation may fail after its deadline: the machine is busy. With it,
a deadline of one second still ends before the five seconds that are usual."""


@functools.cache
def restartable_server() -> Postgres:
    """A server that tests may stop or hold; they start it again."""
    server = Postgres()
    server.start()
    THE_REACTOR.addSystemEventTrigger("after", "shutdown", server.remove)
    return server


class FaultCase(PostgresCase):
    """What is logged meanwhile is kept."""

    def setUp(self) -> None:
        super().setUp()
        self.logged: list[str] = []
        observe: Any = self.observe
        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)

    def a_server(self) -> Postgres:
        return restartable_server()

    def observe(self, event: Any) -> None:
        """Keep it, if it is the store's."""
        if "postgresql" in event.get("log_namespace", ""):
            self.assertLess(event["log_level"], LogLevel.error)
            self.logged.append(formatEvent(event))

    async def in_time(self, deferred: Deferred[Any], deadline: float) -> None:
        """It fails with `StoreUnavailable`, at *deadline* and not much later."""
        began = monotonic()
        await self.assertFailure(deferred, StoreUnavailable)
        self.assertLess(monotonic() - began, deadline + SLACK_SECONDS)

    def one_in_time(self, deferred: Deferred[Any]) -> Deferred[None]:
        """As `in_time`, a deadline of a second, one of many."""
        return Deferred.fromCoroutine(self.in_time(deferred, 1))

    def was_away(self) -> None:
        """Two lines tell of it, and no secret."""
        away, back = self.logged
        self.assertIn("is unavailable: ", away)
        self.assertIn("is back", back)
        self.assertNotIn(self.server.password, away + back)


class ServerAwayTests(FaultCase):
    """A server that stops, for good or for a while."""

    async def test_stopped_server_is_unavailable_until_it_is_back(self) -> None:
        notes = self.notes("?deadline=1")
        await gatherResults([notes.count() for _ in range(20)])
        self.server.stop()
        try:
            await self.in_time(notes.append("lost"), 1)
            await self.in_time(notes.count(), 1)
        finally:
            self.server.start()
        self.assertEqual(await notes.append("a"), 0)
        self.was_away()

    async def test_restart_within_the_deadline_loses_nothing(self) -> None:
        notes, documents = self.notes("?deadline=20"), self.documents("?deadline=20")
        await gatherResults([notes.count() for _ in range(20)])
        self.server.kill9()
        appends = [notes.append(str(number)) for number in range(20)]
        put = documents.put("a", b"1", ABSENT)
        await self.until(lambda: bool(self.logged))
        self.server.start()
        self.assertEqual(sorted(await gatherResults(appends)), list(range(20)))
        self.assertEqual(await put, version_of(b"1"))

    async def test_unnoticed_restart_is_not_logged(self) -> None:
        notes = self.notes()
        await gatherResults([notes.count() for _ in range(20)])
        self.server.stop()
        self.server.start()
        self.assertEqual(await notes.append("a"), 0)
        self.assertEqual(self.logged, [])

    async def test_hanging_server_fails_at_the_deadline(self) -> None:
        notes, documents = self.notes("?deadline=1"), self.documents("?deadline=1")
        await notes.append("a")
        self.server.pause()
        try:
            waiting: list[Any] = [notes.append(str(n)) for n in range(30)]
            waiting += [notes.count() for _ in range(30)]
            waiting += [documents.get("a") for _ in range(30)]
            await gatherResults([self.one_in_time(d) for d in waiting])
            await self.in_time(notes.count(), 1)
        finally:
            self.server.resume()
        # Whether what was under way has been stored is not known.
        last = await notes.append("b")
        self.assertEqual(await notes.count(), last + 1)
        self.assertEqual((await notes.entries(last, 9)), ["b"])

    async def test_close_ends_while_the_server_hangs(self) -> None:
        notes = self.notes("?deadline=1")
        await notes.append("a")
        self.server.pause()
        try:
            append = notes.append("b")
            closed = notes.close()
            await self.in_time(append, 1)
            began = monotonic()
            await closed
            self.assertLess(monotonic() - began, 3 + SLACK_SECONDS)
        finally:
            self.server.resume()

    async def test_too_many_waiting_operations_are_refused(self) -> None:
        notes = self.notes("?deadline=2&connections=1")
        await notes.append("a")
        self.server.pause()
        try:
            counts = [notes.count() for _ in range(MAX_OPERATIONS)]
            self.failureResultOf(notes.count(), StoreUnavailable)
            self.failureResultOf(notes.append("b"), StoreUnavailable)
            await gatherResults(
                [self.assertFailure(d, StoreUnavailable) for d in counts]
            )
        finally:
            self.server.resume()
        self.assertEqual(await notes.count(), 1)

    async def test_terminated_connections_are_replaced(self) -> None:
        notes, documents = self.notes("?deadline=30"), self.documents("?deadline=30")
        appends: list[Deferred[int]] = []
        puts: list[Deferred[str]] = []
        with psycopg.connect(self.server.url(), autocommit=True) as administrator:
            for number in range(20):
                appends += [notes.append(f"{number} {n}") for n in range(10)]
                puts += [documents.put(f"{number} {n}", b"", ABSENT) for n in range(5)]
                await notes.count()
                administrator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'dartio-tut'"
                )
        self.assertEqual(sorted(await gatherResults(appends)), list(range(200)))
        await gatherResults(puts)
        self.assertEqual(await notes.count(), 200)
        self.assertEqual(len(await documents.list()), 100)

    async def test_writes_follow_the_host_that_takes_them(self) -> None:
        other = Postgres()
        self.addCleanup(other.remove)
        other.start()
        first, server = self.server, self.server
        self.change(server, "default_transaction_read_only", "off")
        open_postgresql_notes(other.url(), self.name).close()
        hosts = f"127.0.0.1:{first.port},127.0.0.1:{other.port}"
        url = f"postgresql://postgres@{hosts}/postgres"
        with psycopg.connect(other.url(), autocommit=True) as connection:
            statement: Any = f"ALTER USER postgres PASSWORD '{first.password}'"
            connection.execute(statement)
        notes = open_postgresql_notes(f"{url}?password={first.password}", self.name)
        self.addCleanup(notes.close)
        for number in range(3):
            self.assertEqual(await notes.append("on the first"), number)
        self.change(first, "default_transaction_read_only", "on")
        self.addCleanup(self.change, first, "default_transaction_read_only", "off")
        number = 3
        while await notes.append("on the other"):
            number += 1  # its sessions have not all heard of it
        self.assertEqual(await self.notes().count(), number)
        self.assertEqual(self.logged, [])

    async def test_new_connection_to_what_has_just_become_a_replica(self) -> None:
        made: list[Any] = []
        original = Connection.open

        def open_connection(connection: Connection) -> Any:
            opened = original(connection)
            if not made:
                opened.execute("SET default_transaction_read_only = on")
            made.append(opened)
            return opened

        self.notes().close()  # its tables are there
        self.patch(Connection, "open", open_connection)
        notes = self.notes("?connections=1")
        self.assertEqual(await notes.append("a"), 0)
        self.assertGreater(len(made), 1)
        self.assertEqual(self.logged, [])

    def change(self, server: Postgres, setting: str, value: str) -> None:
        """Set it for every session there is, soon, and will be, now."""
        with psycopg.connect(server.url(), autocommit=True) as connection:
            statement: Any = f"ALTER SYSTEM SET {setting} = {value}"
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(statement)
            connection.execute("SELECT pg_reload_conf()")
        until(f"{setting} is {value}", lambda: self.has(server, setting, value))

    def has(self, server: Postgres, setting: str, value: str) -> bool:
        """Whether it is so for a new session."""
        with psycopg.connect(server.url(), autocommit=True) as connection:
            shown: Any = f"SHOW {setting}"
            return connection.execute(shown).fetchone() == (value,)


class PoolerTests(FaultCase):
    """A pooler gives every transaction another connection of the server."""

    def a_server(self) -> Postgres:
        return shared()

    async def prepared(self, notes: Any) -> None:
        """Use one connection until its statements are prepared."""
        for number in range(10):
            self.assertEqual(await notes.append(f"{number}"), number)

    async def lose(self, notes: Any, sql: bytes) -> None:
        """Do *sql* on the connection, without the knowledge of psycopg."""
        pool = notes._pool._pool()

        def execute(connection: Any) -> None:
            result = connection.open().pgconn.exec_(sql)
            self.assertEqual(result.error_message, b"")

        await pool.runWithConnection(execute)

    async def test_statements_that_a_pooler_has_lost_are_sent_unprepared(self) -> None:
        notes = self.notes("?connections=1")
        await self.prepared(notes)
        await self.lose(notes, b"DEALLOCATE ALL")
        self.assertEqual(await notes.append("a", "t"), 10)
        for number in range(11, 30):
            self.assertEqual(await notes.append(f"{number}"), number)
        (hint,) = self.logged
        self.assertIn("prepare=no", hint)
        self.assertNotIn(self.server.password, hint)

    async def test_statements_that_a_pooler_has_from_others(self) -> None:
        notes = self.notes("?connections=1")
        await notes.count()
        for number in range(30):
            await self.lose(notes, b"PREPARE _pg3_%d AS SELECT 1" % number)
        await self.prepared(notes)
        self.assertEqual(len(self.logged), 1)

    async def test_nothing_is_prepared_if_the_url_says_so(self) -> None:
        notes = self.notes("?connections=1&prepare=no")
        await self.prepared(notes)
        await self.lose(notes, b"DEALLOCATE ALL")
        self.assertEqual(await notes.append("a"), 10)
        self.assertEqual(self.logged, [])


class LosingClient(portforward.ProxyClient):
    """The side of the server: its next answer may be lost."""

    peer: Any
    transport: Any

    def dataReceived(self, data: bytes) -> None:
        factory = self.peer.factory
        if not factory.is_losing:
            super().dataReceived(data)
            return
        factory.is_losing = False
        factory.lost += 1
        meanwhile = factory.meanwhile()
        meanwhile.addBoth(lambda _: self.peer.transport.abortConnection())


class LosingClientFactory(portforward.ProxyClientFactory):
    protocol = LosingClient


class LosingServer(portforward.ProxyServer):
    clientProtocolFactory = LosingClientFactory


class LosingProxy(portforward.ProxyFactory):
    """
    A way to a server on which answers get lost.

    :ivar meanwhile: what happens before the client hears of it.
    """

    protocol = LosingServer
    is_losing = False
    lost = 0
    noisy = False

    def meanwhile(self) -> Deferred[Any]:
        """Nothing."""
        return succeed(None)


class LostAnswerTests(FaultCase):
    """An answer is lost after the statement was done."""

    def a_server(self) -> Postgres:
        return shared()

    def setUp(self) -> None:
        super().setUp()
        self.way = LosingProxy("127.0.0.1", self.server.port)
        port = THE_REACTOR.listenTCP(0, self.way, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        self.url = self.server.url().replace(
            f":{self.server.port}/", f":{port.getHost().port}/"
        )
        self.url += "?connections=1"  # one thing after the other

    async def through(self, opening: Callable[..., T]) -> T:
        """A store on that way."""
        store: Any = await deferToThread(opening, self.url, self.name)
        self.addCleanup(store.close)
        # The first write asks for more than itself; it is through after this.
        await (store.append("") if hasattr(store, "append") else store.put("0", b""))
        return store  # type: ignore[no-any-return]

    async def losing(self, what: Callable[[], Deferred[T]]) -> T:
        """What becomes of it when its first answer is lost."""
        self.way.is_losing = True
        outcome = await what()
        self.assertEqual(self.way.lost, 1)
        return outcome

    async def test_append_is_done_once(self) -> None:
        notes = await self.through(open_postgresql_notes)
        self.assertEqual(await self.losing(lambda: notes.append("b")), 1)
        self.assertEqual(await notes.entries(0, 9), ["", "b"])

    async def test_append_with_a_token_is_done_once(self) -> None:
        notes = await self.through(open_postgresql_notes)
        self.assertEqual(await self.losing(lambda: notes.append("a", "t")), 1)
        self.assertEqual(await notes.append("a", "t"), 1)
        self.assertEqual(await notes.count(), 2)

    async def test_put_is_not_repeated_over_a_newer_one(self) -> None:
        """Somebody else has overwritten it before it is asked for again."""
        documents = await self.through(open_postgresql_documents)
        other = self.documents()
        one = await documents.put("a", b"1")
        self.way.meanwhile = lambda: other.put("a", b"3")  # type: ignore[method-assign]
        put = await self.losing(lambda: documents.put("a", b"2", {one}))
        self.assertEqual(put, version_of(b"2"))
        self.assertEqual((await documents.get("a")).content, b"3")

    async def test_put_of_a_new_document_is_not_repeated_after_its_deletion(
        self,
    ) -> None:
        documents = await self.through(open_postgresql_documents)
        other = self.documents()
        self.way.meanwhile = lambda: other.delete("a")  # type: ignore[method-assign]
        put = await self.losing(lambda: documents.put("a", b"2", ABSENT))
        self.assertEqual(put, version_of(b"2"))
        (info,) = await documents.list()
        self.assertEqual(info.name, "0")

    async def test_delete_is_not_repeated_on_a_new_document(self) -> None:
        documents = await self.through(open_postgresql_documents)
        other = self.documents()
        await documents.put("a", b"1")
        self.way.meanwhile = lambda: other.put("a", b"2", ABSENT)  # type: ignore[method-assign]
        await self.losing(lambda: documents.delete("a"))
        self.assertEqual((await documents.get("a")).content, b"2")

    async def test_get_is_asked_again(self) -> None:
        documents = await self.through(open_postgresql_documents)
        await documents.put("a", b"1")
        got = await self.losing(lambda: documents.get("a"))
        self.assertEqual(got.content, b"1")


class WebServer(Protocol):
    """Says what a web server says to PostgreSQL's first bytes."""

    transport: Any

    def dataReceived(self, data: bytes) -> None:
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.transport.loseConnection()


class RefusedTests(FaultCase):
    """Nothing to open: one line, without a secret, in time."""

    def a_server(self) -> Postgres:
        return shared()

    def refuses(self, url: str, *words: str) -> str:
        """Opening *url* fails with one line that has the *words*."""
        said = []
        for opening in (open_postgresql_notes, open_postgresql_documents):
            began = monotonic()
            with self.assertRaises((OSError, ValueError)) as caught:
                opening(url)
            self.assertLess(monotonic() - began, 5 + SLACK_SECONDS)
            text = str(caught.exception)
            self.assertNotIn("\n", text)
            self.assertNotIn(self.server.password, repr(caught.exception))
            self.assertIsNone(caught.exception.__cause__)
            self.assertTrue(caught.exception.__suppress_context__)
            for word in words:
                self.assertIn(word, text)
            said.append(text)
        return said[0]

    def test_missing_database_is_named(self) -> None:
        self.refuses(self.server.url("nowhere"), "nowhere", "does not exist")

    def test_wrong_password_is_said_without_it(self) -> None:
        url = self.server.url().replace(self.server.password, "wrong-password")
        said = self.refuses(url, "password authentication failed", '"postgres"')
        self.assertNotIn("wrong-password", said)

    def test_refused_connection_names_the_port(self) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as briefly:
            port = str(briefly.getsockname()[1])
        url = self.server.url().replace(str(self.server.port), port)
        self.refuses(url, f"127.0.0.1:{port}", "refused")

    def test_other_protocol_is_recognised(self) -> None:
        web = ServerFactory.forProtocol(WebServer)
        listening = THE_REACTOR.listenTCP(0, web, interface="127.0.0.1")
        self.addCleanup(listening.stopListening)
        url = self.server.url().replace(
            str(self.server.port), str(listening.getHost().port)
        )
        return deferToThread(self.refuses, url, "received invalid response")  # type: ignore[return-value]

    def test_silent_server_times_out(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = str(silent.getsockname()[1])
            url = self.server.url().replace(str(self.server.port), port)
            self.refuses(url, f"127.0.0.1:{port}", "timeout")

    def test_missing_permission_is_said(self) -> None:
        self.fresh_database()
        with psycopg.connect(self.server.url(), autocommit=True) as connection:
            connection.execute("DROP ROLE IF EXISTS guest")
            connection.execute("CREATE ROLE guest LOGIN PASSWORD 'guests-secret'")
        address = f"127.0.0.1:{self.server.port}/{self.database}"
        said = self.refuses(f"postgresql://guest:guests-secret@{address}", "permission")
        self.assertNotIn("guests-secret", said)

    def test_unknown_parameter_is_named(self) -> None:
        self.refuses(self.server.url() + "?colour=blue", "colour")
