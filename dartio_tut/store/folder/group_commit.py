"""
Group commit: what is submitted while a batch is being written is the next batch.

Rule: one batch at a time, and one call of a thread for each batch, however many items
it has. So many writes share one flush, and each costs the reactor next to nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic, sleep
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.python.failure import Failure

from ..faults import FaultReport

T = TypeVar("T")
Item = TypeVar("Item")

RunInThread = Callable[..., Deferred[Any]]
"""Calls a blocking function elsewhere: `twisted.internet.threads.deferToThread`."""

MAX_BATCH = 1000
"""Items in a batch: beyond that a flush costs little, and memory would grow."""

BATCH_WAIT_SHARE = 0.5
"""How long a batch waits for more items, as a share of the time of the last one."""

MIN_WAIT_SECONDS = 0.0005
"""A solid-state disk that flushes in less time does not need larger batches."""

MAX_WAIT_SECONDS = 0.05
"""A disk that has stalled for a while is not waited for afterwards."""

BATCH_WAIT_STEPS = 16
"""How often a batch that waits looks whether the items are there."""


def in_thread(function: Callable[..., T], *args: Any) -> Deferred[T]:
    """Call *function* in a thread of the reactor's pool."""
    from twisted.internet.threads import deferToThread  # this imports the reactor

    return deferToThread(function, *args)


class GroupCommit(Generic[Item]):
    """
    Work in batches.

    :param run: where it is done.
    :param work: gets a batch of items, in their order, and returns an outcome for each;
        an exception in its place is the failure of that item. What it raises is the
        failure of all items. Its second argument is to be called when it has all that
        it waits for: from then on the time is measured.
    :param faults: is told of items that fail.
    """

    def __init__(
        self,
        run: RunInThread,
        work: Callable[[list[Item], Callable[[], None]], Sequence[object]],
        faults: FaultReport | None = None,
    ) -> None:
        self._run = run
        self._work = work
        self._faults = faults
        self._waiting: deque[tuple[Item, Deferred[Any]]] = deque()
        self._taken: list[tuple[Item, Deferred[Any]]] = []
        self._is_busy = False
        self._began = 0.0
        self._took = 0.0
        self._expected = 0
        self._when_idle: list[Deferred[None]] = []

    def submit(self, item: Item) -> Deferred[Any]:
        """Put *item* into the next batch; the Deferred fires with its outcome."""
        done: Deferred[Any] = Deferred()
        self._waiting.append((item, done))
        if not self._is_busy:
            self._is_busy = True
            self._begin()
        return done

    def when_idle(self) -> Deferred[None]:
        """Fires once nothing is waiting or being done."""
        if not self._is_busy:
            return succeed(None)
        idle: Deferred[None] = Deferred()
        self._when_idle.append(idle)
        return idle

    def _begin(self) -> None:
        # It raises when no thread can be started: that must not keep others waiting.
        maybeDeferred(self._run, self._do_batch).addCallbacks(self._fire, self._fail)

    def _do_batch(self) -> Sequence[object]:
        # In the thread: what has come until it runs is in. Only here is taken out.
        waiting = self._waiting
        self._wait_for_items()
        self._taken = [waiting.popleft() for _ in range(min(len(waiting), MAX_BATCH))]
        self._start_clock()
        try:
            return self._work([item for item, _ in self._taken], self._start_clock)
        finally:
            self._took = monotonic() - self._began

    def _start_clock(self) -> None:
        self._began = monotonic()

    def _wait_for_items(self) -> None:
        """
        Wait a little for those clients that were answered just now to come again.

        Otherwise clients fall into two halves that alternate, and each flush is for one
        half only. It is not worth it where a batch is quick.
        """
        patience = min(self._took * BATCH_WAIT_SHARE, MAX_WAIT_SECONDS)
        if patience < MIN_WAIT_SECONDS:
            return
        until = monotonic() + patience
        while len(self._waiting) < self._expected and monotonic() < until:
            sleep(patience / BATCH_WAIT_STEPS)

    def _fire(self, outcomes: Sequence[object]) -> None:
        taken, self._taken = self._taken, []
        self._expected = len(taken) + len(self._waiting)
        has_begun = bool(self._waiting)
        if has_begun:
            self._begin()  # the disk does not wait until all callbacks were called
        for (_, done), outcome in zip(taken, outcomes, strict=True):
            if isinstance(outcome, Exception):
                done.errback(self._failure(outcome))
            else:
                if self._faults is not None and self._faults.is_failing:
                    self._faults.success()
                done.callback(outcome)
        if not has_begun:
            self._next()

    def _fail(self, failure: Failure) -> None:
        taken, self._taken = self._taken, []
        for _, done in taken or self._drained():
            done.errback(self._failure(failure.value))
        self._next()

    def _failure(self, error: BaseException | None) -> Failure:
        if self._faults is not None and isinstance(error, Exception):
            error = self._faults.failure(error)
        return Failure(error)

    def _drained(self) -> list[tuple[Item, Deferred[Any]]]:
        # There was no thread: whatever waits would wait for ever.
        drained = list(self._waiting)
        self._waiting.clear()
        return drained

    def _next(self) -> None:
        # Only now: what callbacks have submitted is in the next batch.
        if self._waiting:
            self._begin()
            return
        self._is_busy = False
        idle, self._when_idle = self._when_idle, []
        for deferred in idle:
            deferred.callback(None)


class PendingOperations:
    """Counts operations that are not done in batches, until they have ended."""

    def __init__(self) -> None:
        self._number = 0
        self._when_idle: list[Deferred[None]] = []

    def watch(
        self, deferred: Deferred[T], faults: FaultReport | None = None
    ) -> Deferred[T]:
        """
        *deferred*, whose operation is pending until it fires.

        :param faults: is told if it fails.
        """
        self._number += 1
        return deferred.addBoth(self._one_ended, faults)

    def when_idle(self) -> Deferred[None]:
        """Fires once nothing is pending."""
        if not self._number:
            return succeed(None)
        idle: Deferred[None] = Deferred()
        self._when_idle.append(idle)
        return idle

    def _one_ended(self, outcome: Any, faults: FaultReport | None) -> Any:
        if faults is not None:
            outcome = faults.ended(outcome)
        self._number -= 1
        if not self._number:
            idle, self._when_idle = self._when_idle, []
            for deferred in idle:
                deferred.callback(None)
        return outcome
