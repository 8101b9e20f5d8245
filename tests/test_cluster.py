"""
The store in PostgreSQL where machines die: what was acknowledged is there, once.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import psycopg
from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread, deferToThread

from dartio_tut.store.postgresql.open_database import (
    open_postgresql_documents,
    open_postgresql_notes,
)

from .support.cluster import PATIENCE_SECONDS, Cluster, until
from .support.harness import IN_FULL, Case
from .support.machine import Machine, needed
from .support.writers import DocumentWriter, NoteWriter, Poster, Writer, Writers

NOTE_WRITERS = 12
DOCUMENT_WRITERS = 4

DEATHS = int(os.environ.get("DARTIO_DEATHS", "1"))
"""How many primaries die, one after the other."""

PAUSE_SECONDS = 0.0 if IN_FULL else 0.3
"""Seconds between two writes of a writer: without a pause they keep the processors busy
for two minutes, which other tests need."""

MEASURED_SECONDS = 3.0 if IN_FULL else 1.0
"""Seconds over which a rate is taken."""

PAGE_NOTES = 1000


class Blocking:
    """A store, for threads: its methods wait for their Deferred."""

    def __init__(self, store: Any) -> None:
        self.store = store

    def __getattr__(self, name: str) -> Callable[..., Any]:
        from twisted.internet import reactor

        told: Any = reactor
        method = getattr(self.store, name)
        return lambda *args: blockingCallFromThread(told, method, *args)


class ClusterTests(Case):
    """Two daemons of notes, and two stores of documents, on three machines."""

    timeout = 6 * PATIENCE_SECONDS

    def setUp(self) -> None:
        needed()
        super().setUp()
        self.cluster = Cluster(self.folder)
        self.addCleanup(self.cluster.stop)

    def test_no_acknowledged_write_is_lost_when_machines_die_or_hang(
        self,
    ) -> Deferred[None]:
        # The reactor is the stores': the test itself may block.
        return deferToThread(self.everything_that_happens)

    def everything_that_happens(self) -> None:
        """One cluster and one group of writers for all of it: starting takes long."""
        self.cluster.start()
        self.writers = Writers([*self.note_writers(), *self.document_writers()])
        self.addCleanup(deferToThread, self.writers.stop)
        self.writers.start(PAUSE_SECONDS)
        self.at_work("at first")
        for number in range(1, DEATHS + 1):
            with self.stalled(f"the machine of primary {number} is killed"):
                self.a_primary_dies()
        with self.stalled("all machines are killed"):
            self.all_machines_die()
        with self.stalled("the primary's machine hangs"):
            self.a_primary_hangs()
        self.at_work("in the end")
        self.writers.stop()
        self.agree()

    def a_primary_dies(self) -> None:
        """Its machine is gone at once, and comes back when there is another."""
        dead = self.cluster.primary()
        dead.kill()
        self.served_by_another(dead)
        self.cluster.start_machine(dead)
        self.cluster.settled()

    def all_machines_die(self) -> None:
        """So does all; it is back when they are."""
        for machine in self.cluster.machines:
            machine.kill()
        for machine in self.cluster.machines:
            self.cluster.start_machine(machine)
        self.cluster.settled()
        self.served()

    def a_primary_hangs(self) -> None:
        """It says nothing, and when it goes on it still takes itself for primary."""
        hanging = self.cluster.primary()
        refused = self.refused()
        with psycopg.connect(self.cluster.url(hanging), autocommit=True) as connection:
            hanging.pause()
            self.served_by_another(hanging)
            self.assertGreater(self.refused(), refused)
            with ThreadPoolExecutor() as thread:
                # The first that it finds to do.
                written = thread.submit(connection.execute, "CREATE TABLE late ()")
                hanging.resume()
                self.assertIsInstance(
                    written.exception(PATIENCE_SECONDS), psycopg.Error
                )
        self.cluster.settled()
        self.served()
        with psycopg.connect(self.cluster.url()) as connection:
            found = connection.execute("SELECT to_regclass('late')").fetchone()
        self.assertEqual(found, (None,))

    def refused(self) -> int:
        """How often writers were told that the store is unavailable."""
        return sum(writer.refused for writer in self.writers.writers)

    def served_by_another(self, former: Machine) -> None:
        """Wait until notes are taken again, and not by *former*."""
        self.assertIsNot(self.cluster.primary(), former)
        self.served()

    def served(self) -> None:
        """Wait until every writer has had an answer that it asks for from now on."""
        now = time.monotonic()
        writers = self.writers.writers
        until(
            "all are served",
            lambda: (
                self.writers.wrong()
                or all(w.written and w.written[-1].began > now for w in writers)
            ),
        )
        self.assertEqual(self.writers.wrong(), [])

    def at_work(self, when: str) -> None:
        """Measure how many notes are taken while nothing happens."""
        self.served()
        began = time.monotonic()
        time.sleep(MEASURED_SECONDS)
        rate = self.writers.rate(began, time.monotonic())
        self.report(f"{rate:.0f} notes a second {when}")
        self.assertGreater(rate, 0)

    @contextmanager
    def stalled(self, what: str) -> Iterator[None]:
        """Measure, and report, how long writers wait while something happens."""
        began = time.monotonic()
        yield
        stall = self.writers.stall(began)
        self.report(f"{what}: {stall:.1f} s without an answer at the longest")

    def report(self, line: str) -> None:
        """Say a figure, and keep it in the test's folder."""
        with (self.folder / "figures.txt").open("a") as figures:
            print(line, file=figures)
        print(f"\n    {line}", end=" ", file=sys.stderr, flush=True)

    def agree(self) -> None:
        """The store has what the writers were told it has, and nothing else."""
        self.assertEqual(self.writers.wrong(), [])
        notes, documents = self.opened()
        stored = self.all_of(notes)
        self.assertEqual(len(stored), notes.count())
        self.assertEqual(len(set(stored)), len(stored), "one is stored twice")
        acknowledged = {note.number: note.text for note in self.writers.notes()}
        others = {n: text for n, text in enumerate(stored) if n not in acknowledged}
        self.assertEqual(dict(enumerate(stored)), acknowledged | others)
        self.assertEqual(set(others.values()) - self.writers.unknown(), set())
        for writer in self.writers.writers:
            if isinstance(writer, DocumentWriter):
                writer.documents = documents
                counts, _ = writer.read()
                self.assertEqual(counts[writer.name], len(writer.written))

    def all_of(self, notes: Any) -> list[str]:
        """The notes of a log, page by page."""
        stored: list[str] = []
        while page := notes.entries(len(stored), PAGE_NOTES):
            stored += page
        return stored

    def note_writers(self) -> list[Writer]:
        """Writers of notes, at two daemons."""
        store = ("--store", self.cluster.url())
        daemons = cycle([self.serve("notes", *store) for _ in range(2)])
        return [
            NoteWriter(f"notes-{n}", Poster(next(daemons).port).append)
            for n in range(NOTE_WRITERS)
        ]

    def document_writers(self) -> list[Writer]:
        """Writers of two documents, each of them at two daemons."""
        daemons = [self.opened()[1] for _ in range(2)]
        return [
            DocumentWriter(f"documents-{n}", daemons[n % 2], f"counts-{n // 2}.json")
            for n in range(DOCUMENT_WRITERS)
        ]

    def opened(self) -> tuple[Any, Any]:
        """The store, as another daemon has it."""
        url = self.cluster.url()
        stores = (open_postgresql_notes(url), open_postgresql_documents(url))
        for store in stores:
            self.addCleanup(store.close)
        notes, documents = map(Blocking, stores)
        return notes, documents
