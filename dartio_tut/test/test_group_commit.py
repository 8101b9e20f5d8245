"""
`dartio_tut.store.folder.group_commit`: what comes in meanwhile is done together.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.store import Quota, StoreFull
from dartio_tut.store.folder import group_commit
from dartio_tut.store.folder.disk import DEFAULT_QUOTA
from dartio_tut.store.folder.documents import open_folder_documents
from dartio_tut.store.folder.group_commit import GroupCommit
from dartio_tut.store.folder.notes import open_folder_notes


class ManualThread:
    """A `Run` whose thread does its next piece of work when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Deferred[Any], Callable[[], Any]]] = []

    def __call__(self, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self.waiting.append((done, lambda: function(*args)))
        return done

    def work(self) -> Callable[[], None]:
        """Do the next piece of work; call what is given to tell of it."""
        done, function = self.waiting.pop(0)
        try:
            outcome = function()
        except OSError as error:
            failure = Failure(error)
            return lambda: done.errback(failure)
        return lambda: done.callback(outcome)

    def all(self) -> None:
        """Do all work."""
        while self.waiting:
            self.work()()


class GroupCommitTests(SynchronousTestCase):
    """GroupCommit."""

    def setUp(self) -> None:
        self.thread = ManualThread()
        self.done: list[list[str]] = []

    def work(
        self, items: list[str], begun: Callable[[], None] = lambda: None
    ) -> list[object]:
        self.done.append(items)
        if "fail all" in items:
            raise OSError(5, "Input/output error")
        return [ValueError(i) if i == "fail" else i.upper() for i in items]

    def test_a_moment_without_a_thread_fails_what_waits_and_no_more(self) -> None:
        has_none = True

        def run(function: Callable[..., Any], *args: Any) -> Deferred[Any]:
            if has_none:
                raise RuntimeError("can't start new thread")
            return self.thread(function, *args)

        batches: GroupCommit[str] = GroupCommit(run, self.work)
        for _ in range(2):
            self.failureResultOf(batches.submit("a"), RuntimeError)
            self.successResultOf(batches.when_idle())
        has_none = False
        first, second = batches.submit("b"), batches.submit("c")
        tell = self.thread.work()
        third = batches.submit("d")
        has_none = True
        tell()
        self.assertEqual(self.successResultOf(first), "B")
        self.assertEqual(self.successResultOf(second), "C")
        self.failureResultOf(third, RuntimeError)
        self.successResultOf(batches.when_idle())
        has_none = False
        last = batches.submit("e")
        self.thread.all()
        self.assertEqual(self.successResultOf(last), "E")

    def slow(self, seconds: float, come_again: Callable[[], None]) -> None:
        """
        GroupCommit take so many *seconds*; *come_again* is called when a turn waits for
        others.
        """
        now = [0.0]

        def work(items: list[str], begun: Callable[[], None]) -> list[object]:
            now[0] += seconds
            return self.work(items)

        def sleep(time: float) -> None:
            now[0] += time
            come_again()

        self.patch(group_commit, "monotonic", lambda: now[0])
        self.patch(group_commit, "sleep", sleep)
        self.turns = GroupCommit(self.thread, work)

    def test_slow_batch_waits_for_items_that_come_back(self) -> None:
        again: list[str] = []

        def come_again() -> None:
            if again:
                self.turns.submit(again.pop())

        self.slow(0.01, come_again)
        for item in "abc":
            self.turns.submit(item)
        self.thread.work()()
        again += ["b", "a"]
        self.turns.submit("c")
        self.thread.work()()
        self.assertEqual(self.done, [["a", "b", "c"], ["c", "a", "b"]])

    def test_wait_for_items_ends(self) -> None:
        waited: list[None] = []
        self.slow(0.01, lambda: waited.append(None))
        for item in "abc":
            self.turns.submit(item)
        self.thread.work()()
        self.turns.submit("c")
        self.thread.work()()
        self.assertEqual(
            (self.done[1], len(waited)), (["c"], group_commit.BATCH_WAIT_STEPS)
        )

    def test_quick_batch_does_not_wait(self) -> None:
        self.slow(0.0001, lambda: self.fail("it waits"))
        for item in "abc":
            self.turns.submit(item)
        self.thread.work()()
        self.turns.submit("c")
        self.thread.work()()
        self.assertEqual(self.done[1], ["c"])

    def test_wait_after_a_stall_is_short(self) -> None:
        waited: list[float] = []
        now = [0.0]

        def work(items: list[str], begun: Callable[[], None]) -> list[object]:
            now[0] += 30.0
            return self.work(items)

        def sleep(time: float) -> None:
            now[0] += time
            waited.append(time)

        self.patch(group_commit, "monotonic", lambda: now[0])
        self.patch(group_commit, "sleep", sleep)
        commit = GroupCommit(self.thread, work)
        for item in "abc":
            commit.submit(item)
        self.thread.work()()
        commit.submit("c")
        self.thread.work()()
        self.assertLessEqual(sum(waited), 0.06)

    def test_time_until_the_work_begins_is_not_counted(self) -> None:
        now = [0.0]

        def work(items: list[str], begun: Callable[[], None]) -> list[object]:
            now[0] += 10.0  # it waits for a lock
            begun()
            return self.work(items)

        self.patch(group_commit, "monotonic", lambda: now[0])
        self.patch(group_commit, "sleep", lambda time: self.fail("it waits"))
        commit = GroupCommit(self.thread, work)
        for item in "abc":
            commit.submit(item)
        self.thread.work()()
        commit.submit("c")
        self.thread.work()()
        self.assertEqual(self.done[1], ["c"])

    def test_items_that_wait_are_one_batch(self) -> None:
        turns = GroupCommit(self.thread, self.work)
        first = [turns.submit("a"), turns.submit("b")]
        tell = self.thread.work()
        second = [turns.submit("c"), turns.submit("fail"), turns.submit("d")]
        ended = turns.when_idle()
        tell()
        self.assertEqual([self.successResultOf(d) for d in first], ["A", "B"])
        self.assertNoResult(second[0])
        self.assertNoResult(ended)
        self.thread.all()
        self.assertEqual(self.successResultOf(second[0]), "C")
        self.failureResultOf(second[1], ValueError)
        self.assertEqual(self.successResultOf(second[2]), "D")
        self.assertEqual(self.done, [["a", "b"], ["c", "fail", "d"]])
        self.successResultOf(ended)
        self.successResultOf(turns.when_idle())

    def test_items_submitted_by_callbacks_are_one_batch(self) -> None:
        turns = GroupCommit(self.thread, self.work)
        for item in "ab":
            turns.submit(item).addCallback(turns.submit)
        self.thread.all()
        self.assertEqual(self.done, [["a", "b"], ["A", "B"]])

    def test_exception_fails_the_whole_batch(self) -> None:
        turns = GroupCommit(self.thread, self.work)
        failing = [turns.submit("a"), turns.submit("fail all")]
        tell = self.thread.work()
        later = turns.submit("later")
        tell()
        for deferred in failing:
            self.failureResultOf(deferred, OSError)
        self.thread.all()
        self.assertEqual(self.successResultOf(later), "LATER")

    def test_items_fail_when_there_is_no_thread(self) -> None:
        def none(function: Callable[..., Any], *args: Any) -> Deferred[Any]:
            done: Deferred[Any] = Deferred()
            done.errback(RuntimeError("no threads"))
            return done

        turns = GroupCommit(none, self.work)
        self.failureResultOf(turns.submit("a"), RuntimeError)
        self.failureResultOf(turns.submit("b"), RuntimeError)
        self.successResultOf(turns.when_idle())


class SharedFlushTests(SynchronousTestCase):
    """Many writes, one flush."""

    def flushes(self) -> list[int]:
        flushed: list[int] = []
        self.patch(os, "fsync", flushed.append)
        return flushed

    def test_notes_of_one_batch_share_one_flush(self) -> None:
        run = ManualThread()
        notes = open_folder_notes(self.mktemp(), DEFAULT_QUOTA, run)
        first = notes.append("first")
        tell = run.work()
        flushed = self.flushes()
        rest = [notes.append(f"{number}") for number in range(50)]
        closed = notes.close()
        first.addCallback(lambda number: (number, len(run.waiting)))
        tell()
        # The next batch has begun before the first callback is called.
        self.assertEqual(self.successResultOf(first), (0, 1))
        tell = run.work()
        self.assertNoResult(rest[0])
        tell()
        self.assertEqual(len(flushed), 1)
        self.assertEqual([self.successResultOf(d) for d in rest], list(range(1, 51)))
        self.assertNoResult(closed)
        run.all()
        self.successResultOf(closed)

    def test_documents_of_one_batch_share_the_folder_flush(self) -> None:
        run = ManualThread()
        folder = self.mktemp()
        documents = open_folder_documents(folder, DEFAULT_QUOTA, run)
        flushed = self.flushes()
        puts = [documents.put(f"{number}", b"1") for number in range(9)]
        closed = documents.close()
        for _ in puts:
            run.work()()
        self.assertEqual(len(flushed), 9)
        self.assertEqual(len(run.waiting), 1)
        run.all()
        self.assertEqual(len(flushed), 10)
        for put in puts:
            self.successResultOf(put)
        self.successResultOf(closed)
        self.assertEqual(len(os.listdir(folder)), 9)

    def test_same_name_twice_in_one_batch_is_done_in_order(self) -> None:
        run = ManualThread()
        folder = self.mktemp()
        documents = open_folder_documents(folder, DEFAULT_QUOTA, run)
        puts = [documents.put("a", b"%d" % n, frozenset(), f"{n}") for n in range(2)]
        for _ in puts:
            run.work()()
        deleted = documents.delete("a")
        again = documents.put("a", b"0", None, "0")
        run.all()
        self.successResultOf(puts[0])
        self.failureResultOf(puts[1])
        self.successResultOf(deleted)
        self.successResultOf(again)
        self.assertFalse(Path(folder, "a").exists())

    def test_failed_document_of_a_batch_does_not_count(self) -> None:
        run = ManualThread()
        now, folder = [0.0], self.mktemp()
        documents = open_folder_documents(
            folder, Quota(documents=2), run, lambda: now[0]
        )
        replace = os.replace

        def one_fails(new: Path, target: Path) -> None:
            if target.name == "a":
                raise OSError(5, "Input/output error")
            replace(new, target)

        patched = self.patch(os, "replace", one_fails)
        puts = [documents.put(name, b"1") for name in "ab"]
        run.all()
        patched.restore()
        self.failureResultOf(puts[0], OSError)
        self.successResultOf(puts[1])
        for names in ("cd", "de"):
            puts = [documents.put(name, b"1") for name in names]
            run.all()
            self.successResultOf(puts[0])
            self.failureResultOf(puts[1], StoreFull)
            Path(folder, "c").unlink(missing_ok=True)
            now[0] += 2  # then they are counted in the midst of a batch

    def test_folder_is_locked_during_every_flush(self) -> None:
        """No other process comes between."""
        run = ManualThread()
        folder = self.mktemp()
        notes = open_folder_notes(folder, DEFAULT_QUOTA, run)
        documents = open_folder_documents(folder, DEFAULT_QUOTA, run)
        fsync, tried = os.fsync, []

        def flushing(descriptor: int) -> None:
            if os.fstat(descriptor).st_nlink:  # else it has no name yet
                other = os.open(folder, os.O_RDONLY)
                self.addCleanup(os.close, other)
                tried.append(descriptor)
                self.assertRaises(BlockingIOError, flock, other, LOCK_EX | LOCK_NB)
            fsync(descriptor)

        self.patch(os, "fsync", flushing)
        note, document = notes.append("a", "t"), documents.put("a", b"1", None, "t")
        run.all()
        self.successResultOf(note)
        self.successResultOf(document)
        deleted = documents.delete("a")
        run.all()
        self.successResultOf(deleted)
        self.assertGreater(len(tried), 5)
        other = os.open(folder, os.O_RDONLY)
        self.addCleanup(os.close, other)
        flock(other, LOCK_EX | LOCK_NB)

    def test_failed_batch_fails_all_new_notes(self) -> None:
        run = ManualThread()
        notes = open_folder_notes(self.mktemp(), DEFAULT_QUOTA, run)
        stored = notes.append("stored", "s")
        run.all()
        self.successResultOf(stored)

        def broken(descriptor: int) -> None:
            raise OSError(5, "Input/output error")

        wanted = [("stored", "s"), ("a", "t"), ("a", "t"), ("b", "t"), ("c", None)]
        appends = [notes.append(text, token) for text, token in wanted]
        patched = self.patch(os, "fsync", broken)
        run.all()
        patched.restore()
        self.assertEqual(self.successResultOf(appends.pop(0)), 0)
        self.failureResultOf(appends.pop(2))
        for append in appends:
            self.failureResultOf(append, OSError)
        last = notes.append("b", "t")
        run.all()
        self.assertEqual(self.successResultOf(last), 1)
