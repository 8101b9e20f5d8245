"""
Notices a worker whose reactor does not turn: it computes for ever, or waits for
something that never comes, and none of its clients is answered.

Each worker adds one to a number in shared memory now and then, as long as its reactor
turns; that costs no call to the kernel. The parent counts how often it has looked
without seeing another number. It counts its looks, not seconds: when the machine has
slept, or the clock was set, or the parent itself had to wait, a look has passed, and
not an hour.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.task import LoopingCall

from .workers import Worker, Workers

TIMEOUT_SECONDS = 30.0
"""How long a reactor may stand still: gunicorn's. systemd's WatchdogSec= is used
instead where it is shorter and nothing else is said."""

LOOKS = 10
"""Looks at a worker within its timeout. As many beats may be late but the last."""


def beat_seconds(timeout: float) -> float:
    """Seconds between two beats, and two looks, for this *timeout*; 0 for none."""
    return timeout / LOOKS


class Watchdog:
    """
    Looks at *workers* while they run.

    :param beats: the number of beats of the worker with a number.
    :param timeout: seconds after which a worker that does not beat is ended.
    :param clock: tells the time.
    """

    def __init__(
        self,
        workers: Workers,
        beats: Callable[[int], int],
        timeout: float,
        clock: Any,
    ) -> None:
        self._workers = workers
        self._beats = beats
        self._timeout = timeout
        self._seen: dict[Worker, tuple[int, int]] = {}
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    def start(self) -> None:
        """Look from now on."""
        self._looking.start(beat_seconds(self._timeout), now=False)

    def stop(self) -> None:
        """Look no more."""
        if self._looking.running:
            self._looking.stop()

    def _look(self) -> None:
        # Those that leave have a time to do so, and then they are killed.
        watched = [w for w in self._workers.answering() if not w.is_leaving]
        self._seen = {worker: self._look_at(worker) for worker in watched}

    def _look_at(self, worker: Worker) -> tuple[int, int]:
        """The beats of *worker*, and at how many looks they have been the same."""
        beats = self._beats(worker.number)
        before, same = self._seen.get(worker, (beats, -1))
        same = same + 1 if beats == before else 0
        if same == LOOKS:
            self._workers.hangs(worker, self._timeout)
        return beats, same
