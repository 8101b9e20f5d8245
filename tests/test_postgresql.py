"""
`dartio_tut.store.postgresql.open_database`: on a real server, that does what it should.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThread
from twisted.logger import formatEvent, globalLogPublisher

from dartio_tut.daemon.certificate import localhost_certificate
from dartio_tut.store import (
    ABSENT,
    Conflict,
    Deleted,
    IdempotencyKeyReused,
    NameTaken,
    Notes,
    Quota,
    StoreFailed,
    StoreFull,
    StoreUnavailable,
    open_documents,
    open_notes,
    version_of,
)
from dartio_tut.store.postgresql.documents import LIST_DOCUMENTS
from dartio_tut.store.postgresql.open_database import open_postgresql_notes
from dartio_tut.store.postgresql.schema import MIGRATIONS, NEXT_VERSION
from dartio_tut.test.support.store_suite import (
    DocumentsSuite,
    NotesSuite,
    SynchronousResults,
)

from .support.postgres import Postgres
from .support.postgresql_case import PostgresCase
from .support.waiting import Waiting, in_threads


class NotesTests(SynchronousResults, in_threads(NotesSuite), PostgresCase):  # type: ignore[misc]
    """What every store of notes promises."""

    def open(self) -> Any:
        return Waiting(self.notes())


class DocumentsTests(SynchronousResults, in_threads(DocumentsSuite), PostgresCase):  # type: ignore[misc]
    """What every store of documents promises."""

    def open(self) -> Any:
        return Waiting(self.documents())


class SqlAsciiNotesTests(NotesTests):
    """In a database that knows no encoding."""

    def open(self) -> Any:
        self.fresh_database("ENCODING 'SQL_ASCII' TEMPLATE template0")
        return Waiting(self.notes())


class Latin1DocumentsTests(DocumentsTests):
    """In a database that has an encoding and a collation of its own."""

    def open(self) -> Any:
        self.fresh_database(
            "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        )
        return Waiting(self.documents())


class ManyStoresTests(PostgresCase):
    """Several stores at the same time."""

    async def append_from(self, stores: list[Notes], each: int) -> list[int]:
        """Append *each* notes from every one of *stores*; their numbers."""
        numbers: list[int] = await gatherResults(
            [
                notes.append(f"{place} {number}")
                for number in range(each)
                for place, notes in enumerate(stores)
            ],
            consumeErrors=True,
        )
        return numbers

    async def test_many_stores_number_notes_without_a_gap(self) -> None:
        stores = [self.notes() for _ in range(4)]
        numbers = await self.append_from(stores, 100)
        self.assertEqual(sorted(numbers), list(range(400)))
        stored = await stores[0].entries(0, 1000)
        expected = [f"{p} {n}" for n in range(100) for p in range(4)]
        self.assertEqual(
            stored, [text for _, text in sorted(zip(numbers, expected, strict=True))]
        )

    async def test_serializable_database_numbers_all_notes(self) -> None:
        options = "?options=-c%20default_transaction_isolation%3Dserializable"
        stores = [self.notes(options) for _ in range(3)]
        numbers = await self.append_from(stores, 20)
        self.assertEqual(sorted(numbers), list(range(60)))

    async def test_logs_and_collections_are_separate(self) -> None:
        one, other = self.notes("?log=one"), self.notes("?log=other")
        self.assertEqual(await one.append("a", "token"), 0)
        self.assertEqual(await other.append("b", "token"), 0)
        self.assertEqual(await other.entries(0, 9), ["b"])
        documents, others = self.documents(), self.documents("?collection=other")
        await documents.put("a", b"1", None, "token")
        await others.put("a", b"2", ABSENT, "token")
        self.assertEqual((await documents.get("a")).content, b"1")

    async def test_same_token_from_many_stores_stores_once(self) -> None:
        stores = [self.notes() for _ in range(4)]
        same = [notes.append("same", "t") for notes in stores for _ in range(10)]
        self.assertEqual(set(await gatherResults(same)), {0})
        self.assertEqual(await stores[0].count(), 1)
        await self.assertFailure(stores[1].append("other", "t"), IdempotencyKeyReused)

    async def outcomes(self, *puts: Deferred[str]) -> list[str]:
        """How many of the *puts* won, and how the others lost."""

        def lost(failure: Any) -> str:
            return str(failure.trap(Conflict).__name__)

        for put in puts:
            put.addCallbacks(lambda _: "won", lost)
        return sorted(await gatherResults(list(puts)))

    async def test_one_of_many_conditional_puts_succeeds(self) -> None:
        stores = [self.documents() for _ in range(4)] * 8
        lost = ["Conflict"] * (len(stores) - 1)
        same = [store.put("a", b"1", ABSENT) for store in stores]
        self.assertEqual(await self.outcomes(*same), [*lost, "won"])
        one = {version_of(b"1")}
        same = [store.put("a", b"2", one) for store in stores]
        self.assertEqual(await self.outcomes(*same), [*lost, "won"])
        two = {version_of(b"2")}
        others = [store.put("a", b"%d" % n, two) for n, store in enumerate(stores, 10)]
        self.assertEqual(await self.outcomes(*others), [*lost, "won"])

    async def test_one_of_many_deletes_succeeds(self) -> None:
        stores = [self.documents() for _ in range(4)] * 4
        version = await stores[0].put("a", b"1")
        gone: list[Any] = [store.delete("a", {version}) for store in stores]
        outcomes = await self.outcomes(*gone)
        self.assertEqual(outcomes, ["Conflict"] * 15 + ["won"])

    async def test_unconditional_puts_all_succeed_and_count_once(self) -> None:
        stores = [self.documents() for _ in range(4)] * 8
        quota = self.documents(quota=Quota(documents=2, size=1000))
        puts = [store.put("a", b"x" * n) for n, store in enumerate(stores)]
        self.assertEqual(await self.outcomes(*puts), ["won"] * 32)
        await quota.put("a", b"")
        await quota.put("b", b"x" * 1000)  # nothing was counted twice
        await self.assertFailure(quota.put("a", b"y"), StoreFull)

    async def test_many_may_create_the_tables_at_once(self) -> None:
        self.fresh_database()
        url = self.server.url(self.database)
        opening = [deferToThread(open_postgresql_notes, url) for _ in range(8)]
        stores = await gatherResults(opening, consumeErrors=True)
        for notes in stores:
            self.addCleanup(notes.close)
        numbers = await self.append_from(stores, 2)
        self.assertEqual(sorted(numbers), list(range(16)))


class QuotaTests(PostgresCase):
    """As much as there is room for."""

    async def test_number_of_notes_is_limited(self) -> None:
        notes = self.notes(quota=Quota(notes=3))
        await notes.append("a", "t")
        appends = [notes.append(str(number)) for number in range(5)]
        outcomes = []
        for append in appends:
            try:
                outcomes.append(await append)
            except StoreFull as error:
                self.assertIn("3 notes", str(error))
        self.assertEqual(outcomes, [1, 2])
        self.assertEqual(await notes.count(), 3)
        self.assertEqual(await notes.append("a", "t"), 0)

    async def test_size_of_notes_is_limited(self) -> None:
        notes = self.notes(quota=Quota(size=10))
        await notes.append("ж" * 3)
        await self.assertFailure(notes.append("x" * 5), StoreFull)
        self.assertEqual(await notes.append("x" * 4), 1)
        await self.assertFailure(notes.append("x"), StoreFull)
        self.assertEqual(await notes.append(""), 2)

    async def test_number_of_documents_is_limited(self) -> None:
        documents = self.documents(quota=Quota(documents=2))
        await documents.put("a", b"1")
        await documents.put("b", b"1")
        await self.assertFailure(documents.put("c", b"1", None, "t"), StoreFull)
        await documents.put("a", b"22")
        await documents.delete("b")
        await documents.put("c", b"1", None, "t")
        await self.assertFailure(documents.put("b", b"1"), StoreFull)
        self.assertEqual([listed.name for listed in await documents.list()], ["a", "c"])

    async def test_size_of_documents_is_limited(self) -> None:
        documents = self.documents(quota=Quota(size=10))
        await documents.put("a", b"x" * 6)
        await self.assertFailure(documents.put("b", b"x" * 5), StoreFull)
        await self.assertFailure(documents.put("a", b"x" * 11), StoreFull)
        await documents.put("a", b"x" * 10)
        self.assertEqual((await documents.get("a")).content, b"x" * 10)
        await documents.delete("a")
        await documents.put("b", b"x" * 10)

    async def test_limit_holds_for_concurrent_puts(self) -> None:
        stores = [self.documents(quota=Quota(documents=5)) for _ in range(3)]
        puts = [
            store.put(f"{place}-{number}", b"x")
            for number in range(5)
            for place, store in enumerate(stores)
        ]
        for put in puts:
            put.addErrback(lambda failure: failure.trap(StoreFull))
        await gatherResults(puts)
        self.assertEqual(len(await stores[0].list()), 5)


class KeepingTests(PostgresCase):
    """What is in the tables."""

    def change(self, statement: Any) -> None:
        """Send *statement* to the test's database."""
        url = self.server.url(self.database)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)

    def ask(self, statement: Any) -> Any:
        with psycopg.connect(self.server.url(self.database)) as connection:
            return connection.execute(statement).fetchall()

    async def test_contents_survive_closing(self) -> None:
        notes, documents = self.notes(), self.documents()
        await notes.append("a", "t")
        await documents.put("a", b"1")
        await notes.close()
        await documents.close()
        self.assertEqual(await self.notes().append("a", "t"), 0)
        self.assertEqual((await self.documents().get("a")).content, b"1")

    async def test_tables_of_a_newer_program_are_refused(self) -> None:
        self.fresh_database()
        self.notes()
        with psycopg.connect(self.server.url(self.database)) as connection:
            connection.execute(NEXT_VERSION, {"next": len(MIGRATIONS) + 1})
        with self.assertRaisesRegex(OSError, "newer version"):
            self.notes()

    async def test_old_tokens_are_removed(self) -> None:
        self.fresh_database()
        notes, others = self.notes(), self.documents()
        await notes.append("a", "a")
        await others.put("a", b"")
        await others.close()  # which waits for its own look for old tokens
        with psycopg.connect(self.server.url(self.database)) as connection:
            connection.execute("UPDATE dartio_tokens SET until = now()")
        await notes.close()
        notes = self.notes()
        await notes.append("b", "b")
        await notes.close()
        kept = self.ask("SELECT until > now() FROM dartio_tokens WHERE outcome = '1'")
        self.assertEqual(kept, [(True,)])
        self.assertEqual(self.ask("SELECT count(*) FROM dartio_tokens"), [(2,)])

    async def test_damaged_tables_fail_with_oserror(self) -> None:
        self.fresh_database()
        notes, documents = self.notes(), self.documents()
        await notes.append("a")
        await documents.put("a", b"1")
        with psycopg.connect(self.server.url(self.database)) as connection:
            connection.execute("UPDATE dartio_logs SET notes = 0")
            connection.execute("DELETE FROM dartio_collections")
        writes: list[Any] = [notes.append("b"), documents.put("a", b"2")]
        for write in writes:
            await self.assertFailure(write, OSError)
        with psycopg.connect(self.server.url(self.database)) as connection:
            connection.execute("DELETE FROM dartio_logs")
            connection.execute("DROP TABLE dartio_documents")
        writes = [notes.append("b"), documents.put("a", b"2"), documents.get("a")]
        for write in writes:
            await self.assertFailure(write, OSError)
        self.assertEqual(await notes.entries(0, 9), ["a"])

    async def test_damage_is_said_once_for_reading_and_once_for_writing(self) -> None:
        self.fresh_database()
        lines: list[str] = []

        def kept(event: Any) -> None:
            if "faults" in event["log_namespace"]:
                lines.append(formatEvent(event).partition(": ")[0])

        observe: Any = kept
        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        documents = self.documents()
        await documents.put("a", b"1")
        rename = "ALTER TABLE {} RENAME TO {}"
        self.change(rename.format("dartio_collections", "away"))
        for _ in range(3):
            await self.assertFailure(documents.put("a", b"2"), StoreFailed)
            self.assertEqual((await documents.get("a")).content, b"1")
        host = f"the database on 127.0.0.1:{self.server.port}"
        self.assertEqual(lines, [f"Writing to {host} fails"])
        self.change(rename.format("away", "dartio_collections"))
        self.change(rename.format("dartio_documents", "away"))
        for _ in range(3):
            await self.assertFailure(documents.get("a"), StoreFailed)
        self.change(rename.format("away", "dartio_documents"))
        await documents.get("a")
        await documents.put("a", b"2")
        self.assertEqual(
            lines[1:],
            [
                f"Reading from {host} fails",
                f"Reading from {host} works again. Operations that had failed",
                f"Writing to {host} works again. Operations that had failed",
            ],
        )

    async def test_note_deleted_by_sql_keeps_its_number(self) -> None:
        notes = self.notes()
        for text in "abcd":
            await notes.append(text)
        with psycopg.connect(self.server.url(self.database)) as connection:
            connection.execute(
                "DELETE FROM dartio_notes WHERE log = %s AND number IN (1, 3)",
                [self.name.encode()],
            )
        self.assertEqual(await notes.entries(0, 9), ["a", None, "c", None])
        self.assertEqual(await notes.entries(1, 2), [None, "c"])
        self.assertEqual(await notes.entries(3, 9), [None])
        await self.assertFailure(notes.entry(3), Deleted)
        self.assertEqual(await notes.append("e"), 4)

    async def test_log_made_anew_by_sql_has_another_epoch(self) -> None:
        notes = self.notes()
        await notes.append("a")
        before = await notes.state()
        with psycopg.connect(self.server.url(self.database)) as connection:
            name = [self.name.encode()]
            connection.execute("DELETE FROM dartio_notes WHERE log = %s", name)
            connection.execute("DELETE FROM dartio_logs WHERE name = %s", name)
        self.assertNotEqual(await notes.state(), before)
        again = await self.notes().state()
        self.assertEqual(again.count, 0)
        self.assertNotEqual(again.epoch, before.epoch)

    async def test_notes_removed_by_sql_are_stored_again_for_their_tokens(self) -> None:
        notes = self.notes()
        for text in "abc":
            await notes.append(text, text)
        await notes.delete(1)
        self.assertEqual(await notes.append("b", "b"), 1)  # deleted, as was asked
        name = f"'{self.name}'::bytea"
        self.change(f"DELETE FROM dartio_notes WHERE log = {name}")
        self.change(f"UPDATE dartio_logs SET notes = 0, size = 0 WHERE name = {name}")
        self.assertEqual(await notes.append("c", "c"), 0)
        self.assertEqual(await notes.append("a", "a"), 1)
        await self.assertFailure(notes.append("d", "a"), IdempotencyKeyReused)
        for text in "ca":
            again = [notes.append(text, text) for _ in range(3)]
            self.assertEqual(len({*await gatherResults(again)}), 1)
        self.assertEqual(await notes.entries(0, 9), ["c", "a"])

    async def test_tables_of_the_first_version_are_brought_up_to_date(self) -> None:
        self.fresh_database()
        with psycopg.connect(self.server.url(self.database)) as connection:
            for statement in MIGRATIONS[0].split(";"):
                old: Any = statement
                connection.execute(old)
            connection.execute(
                "INSERT INTO dartio_schema (id, version) VALUES (1, 1);"
                "INSERT INTO dartio_logs (name, notes, size) VALUES ('n', 1, 1);"
                "INSERT INTO dartio_notes (log, number, text) VALUES ('n', 0, 'a');"
                "INSERT INTO dartio_collections (name, documents, size)"
                " VALUES ('d', 1, 1);"
                "INSERT INTO dartio_documents"
                " (collection, name, version, size, content)"
                " VALUES ('d', 'a', '\\x00', 1, 'x')"
            )
        notes, documents = self.notes("?log=n"), self.documents("?collection=d")
        self.assertEqual(await notes.entries(0, 9), ["a"])
        self.assertGreater((await notes.state()).epoch, 0)
        (info,) = await documents.list()
        self.assertEqual((info.name, info.modified, info.version), ("a", None, "00"))
        await documents.put("a", b"new")
        (info,) = await documents.list()
        self.assertIsNotNone(info.modified)

    async def test_names_that_are_one_at_the_same_time(self) -> None:
        stores = [self.documents() for _ in range(4)]
        puts: list[Any] = [
            store.put(name, b"1")
            for store, name in zip(stores, ("a", "A", "\u00e4", "A\u0308"), strict=True)
        ]
        for put in puts:
            put.addErrback(lambda failure: failure.trap(NameTaken))
        outcomes = await gatherResults(puts)
        self.assertEqual(outcomes.count(NameTaken), 2)
        self.assertEqual(len(await stores[0].list()), 2)

    async def test_log_or_collection_must_exist_if_wanted(self) -> None:
        self.fresh_database()
        url = self.server.url(self.database)
        for is_new in (True, False):
            for opening in (open_notes, open_documents):
                with self.assertRaisesRegex(OSError, "has no (log|collection) x"):
                    opening(url, name="x", must_exist=True)
            if is_new:
                await self.notes().count()

    async def test_check_leaves_the_database_as_it_is(self) -> None:
        self.fresh_database()
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        for is_new in (True, False):
            url = self.server.url(self.database)
            before = self.ask(tables)
            open_notes(url, name="never made", only_check=True)
            open_documents(url, name="never made", only_check=True)
            self.assertEqual(self.ask(tables), before)
            if is_new:
                await self.notes().append("a")
        with self.assertRaisesRegex(OSError, "has no log"):
            open_notes(url, name="never made", must_exist=True)

    async def test_check_refuses_what_a_start_refuses(self) -> None:
        self.fresh_database()
        plain = self.server.url(self.database)
        read_only = plain + "?options=-c%20default_transaction_read_only%3Don"
        for is_new in (True, False):
            for only_check in (True, False):
                for opening in (open_notes, open_documents):
                    with self.assertRaisesRegex(OSError, "read-only"):
                        opening(read_only, name="x", only_check=only_check)
            if is_new:
                await self.notes().append("a")
        with psycopg.connect(plain) as connection:
            connection.execute(NEXT_VERSION, {"next": len(MIGRATIONS) + 1})
        for only_check in (True, False):
            with self.assertRaisesRegex(OSError, "newer version"):
                open_notes(plain, name="x", only_check=only_check)

    async def test_list_uses_the_index(self) -> None:
        documents = self.documents()
        await documents.put("a", b"1")
        bounds = {"first": b"a", "after": b"", "end": b"b", "limit": 10}
        with psycopg.connect(self.server.url(self.database)) as connection:
            connection.execute("SET enable_seqscan = off")
            explained = connection.execute(
                f"EXPLAIN {LIST_DOCUMENTS}", bounds | {"collection": self.name.encode()}
            )
            plan = str(explained.fetchall())
        self.assertIn("name >= ", plan)
        self.assertNotIn("Sort", plan)

    async def test_close_waits_for_pending_operations(self) -> None:
        notes = self.notes()
        append = notes.append("last")
        closed = notes.close()
        self.assertFalse(closed.called)
        await closed
        self.assertEqual(self.successResultOf(append), 0)
        await self.assertFailure(notes.append("too late"), StoreUnavailable)
        await notes.close()

    async def test_close_leaves_no_connection(self) -> None:
        self.fresh_database()
        notes = self.notes()
        await gatherResults([notes.count() for _ in range(20)])
        await notes.close()
        left = (
            "SELECT count(*) FROM pg_stat_activity"
            f" WHERE application_name = 'dartio-tut' AND datname = '{self.database}'"
        )
        await self.until(lambda: self.ask(left) == [(0,)])


class TlsTests(PostgresCase):
    """A server with a certificate that it has signed itself."""

    def a_server(self) -> Postgres:
        server = Postgres(ssl="on")
        self.addCleanup(server.remove)
        folder = Path(self.mktemp()).absolute()
        self.trusted, key = localhost_certificate(str(folder / "server"))
        self.other, _ = localhost_certificate(str(folder / "other"))
        server.put_file("server.crt", Path(self.trusted).read_bytes())
        server.put_file("server.key", Path(key).read_bytes())
        server.start()
        return server

    async def test_server_certificate_is_checked(self) -> None:
        strict = f"?sslmode=verify-full&sslrootcert={self.trusted}"
        notes = self.notes(strict)
        self.assertEqual(await notes.append("a"), 0)
        with psycopg.connect(self.server.url() + strict) as connection:
            self.assertTrue(connection.pgconn.ssl_in_use)
        for options in (
            f"{strict}&host=elsewhere&hostaddr=127.0.0.1",
            f"?sslmode=verify-full&sslrootcert={self.other}",
        ):
            with self.assertRaisesRegex(OSError, "certificate") as caught:
                self.notes(options)
            self.assertNotIn(self.server.password, str(caught.exception))
