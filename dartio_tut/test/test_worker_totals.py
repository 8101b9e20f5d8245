"""
`dartio_tut.daemon.worker_totals`: the counts of all workers, added up by their parent.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import metrics_numbers
from dartio_tut.daemon.metrics import Counts
from dartio_tut.daemon.metrics_numbers import (
    BYTES,
    SECONDS,
    Numbers,
    added_up,
    as_json,
    from_json,
)
from dartio_tut.daemon.metrics_pages import MetricsPages, Snapshot, WorkerNumbers
from dartio_tut.daemon.metrics_store import STORE_SECONDS, OperationNumbers
from dartio_tut.daemon.worker_totals import (
    ANSWER_SECONDS,
    ASK_SECONDS,
    WorkerTotals,
)
from dartio_tut.daemon.workers import Worker, Workers
from dartio_tut.testing import CLIENT_ADDRESS, ask
from dartio_tut.wire import ConnectionOpened, EventBatch

from .test_workers import FakeProcess

GRACE = 10.0


def numbers(exchanges: int, **more: Any) -> Numbers:
    """What a server tells that has answered so many requests, each in 2 ms."""
    told = Numbers(
        server="hello",
        exchanges={("GET", 2, "complete"): exchanges},
        reasons={},
        seconds=[0, exchanges, *[0] * (len(SECONDS) - 1)],
        seconds_sum=exchanges * 0.002,
        sizes=[exchanges, *[0] * len(BYTES)],
        bytes_sum=0,
        opened=exchanges,
        connections=1,
        is_ready=True,
    )
    return replace(told, **more)


APPEND = ("folder", "notes", "append")


def appends(count: int, failed: int = 0) -> dict[str, Any]:
    """What a server with notes tells of so many of them, each in 1 ms."""
    times = [0] * (len(STORE_SECONDS) + 1)
    times[STORE_SECONDS.index(0.001)] = count
    return {"stores": {APPEND: OperationNumbers(times, count * 0.001, failed)}}


class NumbersTests(SynchronousTestCase):
    """`Numbers`."""

    def test_numbers_of_two_processes_are_added_up_for_each_server(self) -> None:
        first = numbers(2, certificate_end=5.0, reasons={"too long": 1})
        second = numbers(3, certificate_end=4.0, reasons={"too long": 1, "gone": 2})
        hello, notes = added_up([first, numbers(7, server="notes"), second])
        self.assertEqual(hello.exchanges, {("GET", 2, "complete"): 5})
        self.assertEqual(hello.reasons, {"too long": 2, "gone": 2})
        self.assertEqual((hello.seconds[1], hello.sizes[0], hello.opened), (5, 5, 5))
        self.assertAlmostEqual(hello.seconds_sum, 0.01)
        self.assertEqual((hello.connections, hello.certificate_end), (2, 4.0))
        self.assertEqual((notes.server, notes.opened), ("notes", 7))
        self.assertEqual(first.exchanges, {("GET", 2, "complete"): 2})

    def test_operations_of_stores_are_added_up(self) -> None:
        first, second = numbers(1, **appends(2)), numbers(1, **appends(3, failed=1))
        both, alone = added_up([first, second])[0], added_up([numbers(1), first])[0]
        self.assertEqual(both.stores[APPEND].seconds[1], 5)
        self.assertAlmostEqual(both.stores[APPEND].seconds_sum, 0.005)
        self.assertEqual(both.stores[APPEND].failed, 1)
        self.assertEqual(alone.stores, first.stores)

    def test_reasons_of_many_workers_make_no_more_labels_than_those_of_one(
        self,
    ) -> None:
        self.patch(metrics_numbers, "MAX_REASONS", 2)
        first = numbers(0, reasons={"a": 1, "b": 1})
        (both,) = added_up([first, numbers(0, reasons={"c": 1, "d": 1, "a": 1})])
        self.assertEqual(both.reasons, {"a": 2, "b": 1, "other": 2})

    def test_what_one_process_tells_another_one_reads(self) -> None:
        told = [
            numbers(2, reasons={"\N{SNOWMAN} gone": 1}),
            numbers(1, server="notes", **appends(2, failed=1)),
        ]
        line = as_json(told)
        self.assertNotIn("\n", line)
        self.assertEqual(from_json(line), told)

    def test_what_another_release_tells_is_refused_and_raises_nothing_else(
        self,
    ) -> None:
        good = as_json([numbers(1, **appends(1))])
        for text in (
            "",
            "no",
            "1",
            "[1]",
            '[{"server": "x"}]',
            "[" * 100_000,
            good[:-1],
            good.replace("opened", "begun"),
            good.replace('"seconds":[0,', '"seconds":['),
            good.replace('[["GET",2,"complete",1]]', "[[1]]"),
            good.replace('[["GET",2,"complete",1]]', "7"),
            good.replace('"append",[0,', '"append",['),
            good.replace('"folder",', ""),
        ):
            with self.assertRaises(ValueError, msg=text[:80]):
                from_json(text)


class TotalsTests(SynchronousTestCase):
    """Two workers that are asked."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.spawned: list[tuple[Worker, FakeProcess]] = []
        self.own: list[Counts] = []
        self.workers = Workers(2, self.spawn, GRACE, self.clock, lambda code: None)
        self.totals = WorkerTotals(self.own, self.clock)
        self.workers.start()
        for worker, _ in list(self.spawned):
            self.workers.ready(worker)
        self.totals.start(self.workers)

    def spawn(self, worker: Worker) -> FakeProcess:
        """A process that notes what it is asked."""
        process = FakeProcess(len(self.spawned) + 1)
        self.spawned.append((worker, process))
        return process

    def answer(self, index: int, exchanges: int, **more: Any) -> None:
        """The process that was started as number *index* answers its last question."""
        worker, process = self.spawned[index]
        asked = [order for order in process.orders if order.startswith("ask")]
        told = as_json([numbers(exchanges, **more)])
        number = asked[-1].removeprefix("ask ") if asked else "0"
        self.totals.heard(worker, f"{number} {told}".encode())

    def end(self, index: int) -> None:
        """The process that was started as number *index* ends."""
        worker, _ = self.spawned[index]
        self.workers.ended(worker, "SIGKILL")
        self.totals.gone(worker)

    def asked(self, *counts: int | None) -> Snapshot:
        """What is said when the workers answer with *counts*; some may not."""
        asking = self.totals.ask()
        for index, count in enumerate(counts):
            if count is not None:
                self.answer(index, count)
        self.clock.advance(ANSWER_SECONDS)
        return self.successResultOf(asking)

    def total(self, snapshot: Snapshot) -> int:
        """All exchanges of *snapshot*."""
        return sum(sum(one.exchanges.values()) for one in snapshot.servers)

    def test_sum_is_that_of_all_as_of_now_and_waits_for_all(self) -> None:
        asking = self.totals.ask()
        self.answer(0, 3)
        self.assertNoResult(asking)
        self.answer(1, 4)
        snapshot = self.successResultOf(asking)
        self.assertEqual(self.total(snapshot), 7)
        self.assertEqual(snapshot.servers[0].connections, 2)
        self.assertEqual(snapshot.workers, WorkerNumbers(2, 2, 0))
        self.assertTrue(snapshot.is_ready)

    def test_answer_to_an_earlier_question_is_not_taken_for_one_to_this(self) -> None:
        worker, _ = self.spawned[0]
        asking = self.totals.ask()
        self.answer(1, 4)
        self.totals.heard(worker, b"1 " + as_json([numbers(1)]).encode())
        self.assertNoResult(asking)  # the first question was that of `start`
        self.answer(0, 3)
        self.assertEqual(self.total(self.successResultOf(asking)), 7)

    def test_worker_that_hangs_is_not_waited_for_and_not_up(self) -> None:
        self.assertEqual(self.total(self.asked(3, 4)), 7)
        asking = self.totals.ask()
        self.answer(1, 6)
        self.assertNoResult(asking)
        self.clock.advance(ANSWER_SECONDS)
        snapshot = self.successResultOf(asking)
        self.assertEqual(self.total(snapshot), 9)
        self.assertEqual(snapshot.workers, WorkerNumbers(2, 1, 0))
        self.assertTrue(snapshot.is_ready)
        self.assertFalse(self.asked(None, None).is_ready)

    def test_sum_never_becomes_smaller_when_workers_end(self) -> None:
        self.assertEqual(self.total(self.asked(3, 4)), 7)
        self.end(0)
        snapshot = self.asked(None, 5)
        self.assertEqual(self.total(snapshot), 8)
        self.assertEqual(snapshot.servers[0].connections, 1)
        self.assertEqual(snapshot.workers, WorkerNumbers(2, 1, 1))
        self.clock.advance(1)
        self.workers.ready(self.spawned[2][0])
        self.assertEqual(self.total(self.asked(None, 6, 2)), 11)

    def test_worker_that_ends_while_it_is_asked_is_waited_for_no_longer(self) -> None:
        self.asked(3, 4)
        asking = self.totals.ask()
        self.answer(1, 5)
        self.end(0)
        self.assertEqual(self.total(self.successResultOf(asking)), 8)
        self.assertEqual(self.totals._questions, set())

    def test_what_a_worker_tells_at_its_end_is_in_the_sum(self) -> None:
        self.asked(3, 4)
        self.answer(0, 9)  # asked by nobody
        self.end(0)
        self.assertEqual(self.total(self.asked(None, 4)), 13)

    def test_workers_are_asked_now_and_then_but_not_while_they_hang(self) -> None:
        self.assertEqual(self.spawned[0][1].orders, ["ask 1"])
        self.answer(0, 1)
        self.clock.advance(ASK_SECONDS)
        self.assertEqual(self.spawned[0][1].orders, ["ask 1", "ask 2"])
        self.assertEqual(self.spawned[1][1].orders, ["ask 1"])
        self.totals.stop()
        self.answer(0, 1)
        self.clock.advance(ASK_SECONDS)
        self.assertEqual(len(self.spawned[0][1].orders), 2)

    def test_replaced_worker_counts_but_neither_it_nor_its_certificate_is_up(
        self,
    ) -> None:
        self.workers.replace()
        self.workers.ready(self.spawned[2][0])
        asking = self.totals.ask()
        self.answer(0, 3, certificate_end=1.0)
        self.answer(1, 4, certificate_end=2.0)
        self.answer(2, 5, certificate_end=3.0)
        snapshot = self.successResultOf(asking)
        self.assertEqual(self.total(snapshot), 12)
        self.assertEqual(snapshot.servers[0].certificate_end, 2.0)
        self.assertEqual(snapshot.servers[0].connections, 3)
        self.assertEqual(snapshot.workers, WorkerNumbers(2, 2, 0))

    def test_daemon_that_stops_is_not_ready_even_if_its_workers_think_so(self) -> None:
        self.workers.stop()
        self.assertFalse(self.asked(1, 1).is_ready)

    def test_worker_that_drains_is_not_ready(self) -> None:
        asking = self.totals.ask()
        self.answer(0, 1, is_ready=False)
        self.answer(1, 1, is_ready=False)
        snapshot = self.successResultOf(asking)
        self.assertFalse(snapshot.is_ready)
        self.assertEqual(snapshot.workers, WorkerNumbers(2, 0, 0))

    def test_malformed_answer_is_logged_and_leaves_the_sum_as_it_is(self) -> None:
        self.asked(3, 4)
        worker, _ = self.spawned[0]
        for text in (b"", b"x []", b"9 [1]", b"9"):
            self.totals.heard(worker, text)
        self.assertEqual(self.total(self.asked(3, 4)), 7)

    def test_one_worker_that_is_ready_is_enough_for_a_daemon_that_is(self) -> None:
        asking = self.totals.ask(only_ready=True)
        self.answer(1, 1, is_ready=False)
        self.assertNoResult(asking)
        asking = self.totals.ask(only_ready=True)
        self.answer(1, 1)
        self.assertTrue(self.successResultOf(asking).is_ready)

    def test_what_the_parent_has_answered_itself_is_in_the_sum(self) -> None:
        site: Any = SimpleNamespace(
            connection_limit=SimpleNamespace(count=0),
            event_batch=EventBatch(self.clock),
            failed_handshakes={},
            is_draining=False,
            has_stopped=0,
        )
        counts = Counts("hello", site)
        counts([ConnectionOpened(CLIENT_ADDRESS, 0.0)])
        self.own.append(counts)
        self.assertEqual(self.asked(3, 4).servers[0].opened, 8)

    def test_without_workers_there_is_a_page_too(self) -> None:
        totals = WorkerTotals(self.own, self.clock)
        snapshot = self.successResultOf(totals.ask())
        self.assertEqual(snapshot, Snapshot([], is_ready=False))


class Fixed:
    """Gives what the test has made."""

    def __init__(self, snapshot: Deferred[Snapshot]) -> None:
        self.snapshot = snapshot

    def ask(self, only_ready: bool = False) -> Deferred[Snapshot]:
        """Give it."""
        return self.snapshot


class PageTests(SynchronousTestCase):
    """What the parent shows of workers."""

    def test_page_says_how_many_workers_are_up(self) -> None:
        made: Deferred[Snapshot] = Deferred()
        made.callback(Snapshot([numbers(3)], True, WorkerNumbers(4, 3, 2)))
        page = ask(MetricsPages(Fixed(made)), "GET", "/metrics").body.decode()
        self.assertIn("\ndartio_workers_configured 4.0\n", page)
        self.assertIn("\ndartio_workers 3.0\n", page)
        self.assertIn("\ndartio_workers_ended_total 2.0\n", page)
        self.assertIn(
            'dartio_exchanges_total{ending="complete",method="GET",server="hello",'
            'status="2xx"} 3.0\n',
            page,
        )
