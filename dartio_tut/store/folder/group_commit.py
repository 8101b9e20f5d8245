"""
Turns: what comes in while work is under way is done together in the next turn.

Rule: one turn at a time, one thread call a turn however much waits: so many writes
share one flush, and the reactor pays next to nothing for each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic, sleep
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

T = TypeVar("T")
Item = TypeVar("Item")

Run = Callable[..., Deferred[Any]]
"""Calls a blocking function elsewhere: `twisted.internet.threads.deferToThread`."""

MAX_BATCH = 1000
"""Pieces of work a turn: past that a flush is cheap, and memory would grow."""


def in_thread(function: Callable[..., T], *args: Any) -> Deferred[T]:
    """Call *function* in a thread of the reactor's pool."""
    from twisted.internet.threads import deferToThread  # its reactor, not before

    return deferToThread(function, *args)


WAIT_SHARE = 0.5
"""Of the time that the last turn took: what is lost at most when nobody comes."""

MIN_WAIT_SECONDS = 0.0005
"""Seconds: a solid-state disk that flushes in less has no need of larger turns."""

WAIT_STEPS = 16
"""Times to see whether all are there, while waiting."""


class GroupCommit(Generic[Item]):
    """
    Work in turns.

    :param run: where it is done.
    :param work: does all the pieces it is given, in their order, and returns an outcome
        for each; an exception in its place is that piece's failure. What it raises is
        the failure of all.
    """

    def __init__(
        self, run: Run, work: Callable[[list[Item]], Sequence[object]]
    ) -> None:
        self._run = run
        self._work = work
        self._waiting: deque[tuple[Item, Deferred[Any]]] = deque()
        self._taken: list[tuple[Item, Deferred[Any]]] = []
        self._busy = False
        self._took = 0.0
        self._crowd = 0
        self._ended: list[Deferred[None]] = []

    def submit(self, item: Item) -> Deferred[Any]:
        """Do *item* in the next turn; fires with its outcome."""
        done: Deferred[Any] = Deferred()
        self._waiting.append((item, done))
        if not self._busy:
            self._busy = True
            self._begin()
        return done

    def when_idle(self) -> Deferred[None]:
        """Fires once nothing is under way."""
        if not self._busy:
            return succeed(None)
        ended: Deferred[None] = Deferred()
        self._ended.append(ended)
        return ended

    def _begin(self) -> None:
        self._run(self._turn).addCallbacks(self._fire, self._fail)

    def _turn(self) -> Sequence[object]:
        # In the thread: what has come until it runs is in. Only here is taken out.
        waiting = self._waiting
        self._gather()
        self._taken = [waiting.popleft() for _ in range(min(len(waiting), MAX_BATCH))]
        begun = monotonic()
        try:
            return self._work([item for item, _ in self._taken])
        finally:
            self._took = monotonic() - begun

    def _gather(self) -> None:
        """
        Wait a little for those who were told just now to come again.

        Else clients fall into two halves that take turns, and each flush is for one of
        them. It is not worth it where a turn is quick.
        """
        patience = self._took * WAIT_SHARE
        if patience < MIN_WAIT_SECONDS:
            return
        until = monotonic() + patience
        while len(self._waiting) < self._crowd and monotonic() < until:
            sleep(patience / WAIT_STEPS)

    def _fire(self, outcomes: Sequence[object]) -> None:
        taken, self._taken = self._taken, []
        self._crowd = len(taken) + len(self._waiting)
        begun = bool(self._waiting)
        if begun:
            self._begin()  # the disk is not to wait until all are told
        for (_, done), outcome in zip(taken, outcomes, strict=True):
            if isinstance(outcome, Exception):
                done.errback(Failure(outcome))
            else:
                done.callback(outcome)
        if not begun:
            self._next()

    def _fail(self, failure: Failure) -> None:
        taken, self._taken = self._taken, []
        for _, done in taken or self._drained():
            done.errback(Failure(failure.value))
        self._next()

    def _drained(self) -> list[tuple[Item, Deferred[Any]]]:
        # No thread was to be had: whoever waits would wait for ever.
        drained = list(self._waiting)
        self._waiting.clear()
        return drained

    def _next(self) -> None:
        # Only now: whoever was called back and came again is in the next turn.
        if self._waiting:
            self._begin()
            return
        self._busy = False
        ended, self._ended = self._ended, []
        for deferred in ended:
            deferred.callback(None)


class PendingOperations:
    """What is under way, each on its own."""

    def __init__(self) -> None:
        self._number = 0
        self._ended: list[Deferred[None]] = []

    def watch(self, deferred: Deferred[T]) -> Deferred[T]:
        """*deferred*, which is under way until it fires."""
        self._number += 1
        return deferred.addBoth(self._one_ended)

    def when_idle(self) -> Deferred[None]:
        """Fires once nothing is under way."""
        if not self._number:
            return succeed(None)
        ended: Deferred[None] = Deferred()
        self._ended.append(ended)
        return ended

    def _one_ended(self, outcome: Any) -> Any:
        self._number -= 1
        if not self._number:
            ended, self._ended = self._ended, []
            for deferred in ended:
                deferred.callback(None)
        return outcome
