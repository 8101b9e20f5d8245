"""
Several processes that serve together: when one is started, replaced and ended.

Rule: here is decided what happens; how a process is started, and how it is spoken with,
is handed in. Each worker has a place. One that has ended by itself is followed by
another one, at once if it has lived for a while, else after a pause that becomes longer
each time. All are replaced one by one, and each goes on until its successor answers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

YOUNG_SECONDS = 30.0
"""A worker that ends sooner has something that will end the next one, too."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
"""The pause before a young worker's successor: 1, 2, 4 ... 30 s. A worker that fails at
once then costs a core some three percent of its time."""

READY_SECONDS = 60.0
"""How long a worker may take until it answers: a slow disk, a database that starts."""

KILL_SECONDS = 5.0
"""What a worker has beside its grace, until it is killed."""


class IProcess(Protocol):
    """A process, as far as it is given orders."""

    pid: int | None

    def ask(self, number: int) -> None:
        """Tell what it has counted, as the answer to the question *number*."""

    def retire(self) -> None:
        """Accept no more clients, and end when those that are there have gone."""

    def stop(self) -> None:
        """Accept no more clients, finish what is under way, and end."""

    def cut_off(self) -> None:
        """End now."""

    def abort(self) -> None:
        """End it now, and have it say what it was doing."""

    def kill(self) -> None:
        """End it now, whatever it does."""


@dataclass(eq=False)
class Worker:
    """
    One worker, from its start to its end.

    :ivar number: its place.
    :ivar replaces: whether it is to take the place of another one that still serves.
    :ivar is_leaving: whether it was told to end.
    """

    number: int
    started: float
    replaces: bool = False
    process: IProcess | None = None
    is_ready: bool = False
    is_leaving: bool = False
    call: Any = None


@dataclass(eq=False)
class _Place:
    """Where there is always to be one worker, and a second one while it is replaced."""

    number: int
    worker: Worker | None = None
    successor: Worker | None = None
    pause: float = 0.0
    call: Any = None


Spawn = Callable[[Worker], IProcess]


class Workers:
    """
    Keeps *count* workers alive.

    :param spawn: starts a process for a worker; it calls `ready` and `ended` later.
    :param grace: seconds that a worker may take to end.
    :param clock: tells the time.
    :param failed: is called with the exit code when a worker ends before all of them
        have answered for the first time: the next one would end, too.
    :ivar count: how many there should be.
    :ivar ended_count: how many have ended so far without being told to.
    :ivar is_stopping: whether all were told to end.
    """

    _log = Logger()

    def __init__(
        self,
        count: int,
        spawn: Spawn,
        grace: float,
        clock: Any,
        failed: Callable[[int], None],
    ) -> None:
        self.count = count
        self.ended_count = 0
        self._places = {n: _Place(n) for n in range(1, count + 1)}
        self._spawn_process = spawn
        self._grace = grace
        self._clock = clock
        self._failed = failed
        self._alive: set[Worker] = set()
        self._started: Deferred[None] = Deferred()
        self._has_started = self.is_stopping = False
        self._stopped: Deferred[None] | None = None
        self._to_replace: deque[int] = deque()
        self._replaced: Deferred[None] | None = None
        self._is_asked_again = False

    def start(self) -> Deferred[None]:
        """Start all; fires when all of them answer."""
        for place in self._places.values():
            place.worker = self._spawn(place)
        return self._started

    def _spawn(self, place: _Place, replaces: bool = False) -> Worker:
        worker = Worker(place.number, self._clock.seconds(), replaces)
        self._alive.add(worker)
        worker.call = self._clock.callLater(READY_SECONDS, self._too_slow, worker)
        try:
            worker.process = self._spawn_process(worker)
        except OSError as error:  # there are too many processes, or no memory
            how = error.strerror or str(error)
            self._clock.callLater(0, self.ended, worker, how)
        return worker

    def answering(self) -> list[Worker]:
        """All that have answered once, also those that are about to end."""
        return [worker for worker in self._alive if worker.is_ready]

    # What becomes of a worker.

    def ready(self, worker: Worker) -> None:
        """*worker* answers requests."""
        if worker.is_ready or worker.is_leaving:
            return
        worker.is_ready = True
        self._cancel(worker)
        place = self._places[worker.number]
        if place.successor is worker:
            before, place.worker, place.successor = place.worker, worker, None
            if before is not None:
                self._retire(before)
            self._replace_next()
        if not self._has_started and all(
            p.worker is not None and p.worker.is_ready for p in self._places.values()
        ):
            self._has_started = True
            self._started.callback(None)
            if self._replaced is not None:
                self._begin_replacing()

    def ended(self, worker: Worker, how: str, exit_code: int = 1) -> None:
        """
        The process of *worker* has ended.

        :param how: in words.
        """
        self._cancel(worker)
        self._alive.discard(worker)
        if self.is_stopping:
            self._fire_if_all_ended()
            return
        if worker.is_leaving:
            return
        self.ended_count += 1
        place = self._places[worker.number]
        if not self._has_started and not worker.is_ready:
            self._log.error("Worker {n} cannot start: {how}", n=worker.number, how=how)
            self._failed(exit_code)
        elif place.successor is worker:
            place.successor = None
            self._give_up_replacing(f"worker {worker.number} cannot start: {how}")
            if place.worker is None:
                self._restart(place, 0.0)
        elif place.worker is worker:
            place.worker = None
            lived = self._clock.seconds() - worker.started
            self._log.warn(
                "Worker {n} (process {pid}) has ended: {how}",
                n=worker.number,
                pid=worker.process and worker.process.pid,
                how=how,
            )
            if place.successor is None:
                self._restart(place, lived)

    def _restart(self, place: _Place, lived: float) -> None:
        """Start another worker in *place*, whose last one has *lived* so long."""
        if lived >= YOUNG_SECONDS:
            place.pause = 0.0
        else:
            longer = 2 * place.pause or FIRST_PAUSE_SECONDS
            place.pause = min(longer, LONGEST_PAUSE_SECONDS)
        self._log.info(
            "Another worker {n} starts in {pause:g} s",
            n=place.number,
            pause=place.pause,
        )
        place.call = self._clock.callLater(place.pause, self._start_again, place)

    def _start_again(self, place: _Place) -> None:
        place.call = None
        place.worker = self._spawn(place)

    def _too_slow(self, worker: Worker) -> None:
        """*worker* does not answer in time."""
        worker.call = None
        self._log.error(
            "Worker {n} does not answer after {seconds:g} s, and is killed",
            n=worker.number,
            seconds=READY_SECONDS,
        )
        self._kill(worker)

    def hangs(self, worker: Worker, seconds: float) -> None:
        """*worker*, which has answered before, has done nothing for so long."""
        self._log.error(
            "Worker {n} (process {pid}) hangs: its reactor has not turned for "
            "{seconds:g} s; it is ended",
            n=worker.number,
            pid=worker.process and worker.process.pid,
            seconds=seconds,
        )
        self._cancel(worker)
        if worker.process is not None:
            worker.process.abort()
        worker.call = self._clock.callLater(KILL_SECONDS, self._kill, worker)

    # Replacing all.

    def replace(self) -> Deferred[None]:
        """
        Replace all workers, one by one; fires when that is done, or has been given up.
        While the first ones start, that waits until they answer.
        """
        if self.is_stopping:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        if self._replaced is not None:
            self._is_asked_again = True
            self._replaced.chainDeferred(waiting)
            return waiting
        self._replaced = waiting
        if self._has_started:
            self._begin_replacing()
        return waiting

    def _begin_replacing(self) -> None:
        self._is_asked_again = False
        self._log.info("Replacing {count} workers", count=len(self._places))
        self._to_replace = deque(self._places)
        self._replace_next()

    def _replace_next(self) -> None:
        if self.is_stopping or self._replaced is None:
            return
        if not self._to_replace:
            if self._is_asked_again:
                self._begin_replacing()
                return
            self._log.info("All workers have been replaced")
            self._end_replacing()
            return
        place = self._places[self._to_replace.popleft()]
        if place.call is not None:
            place.call.cancel()
            place.call = None
        place.successor = self._spawn(place, replaces=True)

    def _give_up_replacing(self, why: str) -> None:
        self._log.error(
            "Not all workers have been replaced, those of before go on: {why}", why=why
        )
        if self._is_asked_again:  # and what was wrong may have been mended
            self._begin_replacing()
        else:
            self._end_replacing()

    def _end_replacing(self) -> None:
        self._is_asked_again = False
        self._to_replace.clear()
        replaced, self._replaced = self._replaced, None
        if replaced is not None:
            replaced.callback(None)

    # The end.

    def _retire(self, worker: Worker) -> None:
        worker.is_leaving = True
        self._cancel(worker)
        if worker.process is not None:
            worker.process.retire()
        # It waits for its clients as long as the grace is, and then it stops.
        seconds = 2 * self._grace + KILL_SECONDS
        worker.call = self._clock.callLater(seconds, self._kill, worker)

    def stop(self) -> Deferred[None]:
        """Stop all; fires when none is left."""
        self.is_stopping = True
        self._end_replacing()
        for place in self._places.values():
            if place.call is not None:
                place.call.cancel()
                place.call = None
        stopped: Deferred[None] = Deferred()
        self._stopped = stopped
        for worker in self._alive:
            self._cancel(worker)
            if worker.process is not None:
                worker.process.stop()
            seconds = self._grace + KILL_SECONDS
            worker.call = self._clock.callLater(seconds, self._kill, worker)
        self._fire_if_all_ended()
        return stopped

    def cut_off(self) -> None:
        """Let all end now."""
        for worker in self._alive:
            if worker.process is not None:
                worker.process.cut_off()

    def _kill(self, worker: Worker) -> None:
        worker.call = None
        if worker.is_leaving or self.is_stopping:
            self._log.error(
                "Worker {n} does not end in time, and is killed", n=worker.number
            )
        if worker.process is not None:
            worker.process.kill()

    def _cancel(self, worker: Worker) -> None:
        if worker.call is not None:
            worker.call.cancel()
            worker.call = None

    def _fire_if_all_ended(self) -> None:
        if not self._alive and self._stopped is not None:
            stopped, self._stopped = self._stopped, None
            stopped.callback(None)
