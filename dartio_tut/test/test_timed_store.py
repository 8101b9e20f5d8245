"""
`dartio_tut.store.timed` and `dartio_tut.daemon.metrics_store`: how long stores took.
"""

from __future__ import annotations

from errno import EIO
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import StoreOptions
from dartio_tut.daemon.metrics_store import STORE_SECONDS, StoreTimes
from dartio_tut.store import (
    Documents,
    MemoryDocuments,
    MemoryNotes,
    NoSuchEntry,
    Notes,
    OperationDone,
    StoreFull,
    StoreUnavailable,
    timed,
)
from dartio_tut.store.timed import TimedDocuments, TimedNotes

from .support.store_suite import DocumentsSuite, NotesSuite, SynchronousResults


def nobody(done: OperationDone) -> None:
    """Is told, and does nothing."""


class TimedNotesTests(SynchronousResults, NotesSuite, SynchronousTestCase):
    """Notes that are timed keep every promise of those that are not."""

    def open(self) -> Notes:
        return timed(MemoryNotes(), nobody)


class TimedDocumentsTests(SynchronousResults, DocumentsSuite, SynchronousTestCase):
    """Documents, too."""

    def open(self) -> Documents:
        return timed(MemoryDocuments(), nobody)


class SlowNotes(MemoryNotes):
    """Notes whose next operation ends when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.pending: Deferred[Any] = Deferred()

    def append(self, text: str, token: str | None = None) -> Deferred[int]:
        return self.pending


class ToldTests(SynchronousTestCase):
    """What the observer of a store is told."""

    def setUp(self) -> None:
        self.told: list[OperationDone] = []
        self.clock = Clock()
        self.slow = SlowNotes()
        self.notes = TimedNotes(self.slow, self.told.append, self.clock.seconds)

    def test_the_time_ends_when_the_operation_does(self) -> None:
        number = self.notes.append("x")
        self.clock.advance(0.5)
        self.assertEqual(self.told, [])
        self.slow.pending.callback(7)
        self.assertEqual(self.successResultOf(number), 7)
        self.assertEqual(self.told, [OperationDone("notes", "append", 0.5, False)])

    def test_only_what_is_wrong_with_the_store_is_a_failure(self) -> None:
        for error, failed in (
            (StoreUnavailable("gone"), True),
            (StoreFull("full"), True),
            (OSError(EIO, "broken"), True),
            (NoSuchEntry("no"), False),
        ):
            self.slow.pending = fail(error)
            self.failureResultOf(self.notes.append("x"), type(error))
            self.assertEqual(self.told.pop().failed, failed, error)

    def test_every_operation_has_its_own_name(self) -> None:
        notes = TimedNotes(MemoryNotes(), self.told.append)
        notes.append("x")
        notes.extend(1, ["y"])
        notes.entry(0)
        notes.entries(0, 1)
        notes.count()
        notes.state()
        notes.delete(0)
        documents = TimedDocuments(MemoryDocuments(), self.told.append)
        documents.put("a", b"x")
        documents.get("a")
        documents.list()
        documents.delete("a")
        wanted = (
            "notes append,notes extend,notes entry,notes entries,notes count,"
            "notes state,notes delete,documents put,documents get,documents list,"
            "documents delete"
        )
        found = ",".join(f"{done.kind} {done.operation}" for done in self.told)
        self.assertEqual(found, wanted)
        self.assertFalse(any(done.failed for done in self.told))

    def test_store_of_another_kind_is_left_as_it_is(self) -> None:
        other = object()
        self.assertIs(timed(other, self.told.append), other)


class CountedTests(SynchronousTestCase):
    """What is counted of it."""

    def test_operations_are_counted_by_where_what_and_how_long(self) -> None:
        times = StoreTimes()
        folder, database = times.observer("/srv"), times.observer("postgresql://h/d")
        folder(OperationDone("notes", "append", STORE_SECONDS[0], False))
        folder(OperationDone("notes", "append", 100.0, True))
        database(OperationDone("documents", "get", 0.002, False))
        found = times.numbers()
        appended = found["folder", "notes", "append"]
        self.assertEqual((appended.seconds[0], appended.seconds[-1]), (1, 1))
        self.assertEqual((sum(appended.seconds), appended.failed), (2, 1))
        self.assertAlmostEqual(appended.seconds_sum, 100.0005)
        got = found["postgresql", "documents", "get"]
        self.assertEqual(got.seconds[STORE_SECONDS.index(0.0025)], 1)
        self.assertEqual(len(found), 2)

    def test_counts_that_were_taken_do_not_change(self) -> None:
        times = StoreTimes()
        observe = times.observer("/srv")
        observe(OperationDone("notes", "append", 0.1, False))
        taken = times.numbers()
        observe(OperationDone("notes", "append", 0.1, False))
        self.assertEqual(sum(taken["folder", "notes", "append"].seconds), 1)


class Options(StoreOptions):
    """Options of a server that keeps something."""

    default_port = 4042
    store_name = "notes"


class OpenedTests(SynchronousTestCase):
    """What a server gets that opens its store."""

    def opened(self, *words: str) -> Notes:
        """The store of a server with these options."""
        options = Options()
        options.parseOptions(["--store", self.mktemp(), *words])
        return options.open_store(lambda where, quota: MemoryNotes())

    def test_store_is_timed_only_where_somebody_may_ask(self) -> None:
        self.assertIsInstance(self.opened("--metrics", "tcp:9100"), TimedNotes)
        self.assertIsInstance(self.opened(), MemoryNotes)
