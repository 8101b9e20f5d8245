"""
What all workers of a parent have counted, added up.

Rule: a sum never becomes smaller. The counts of a worker that has ended stay in it, as
they were when the worker last told them: at its end, or, if it was killed, at most
`ASK_SECONDS` before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from .metrics import Counts
from .metrics_numbers import Numbers, added_up, from_json
from .metrics_pages import Snapshot, WorkerNumbers
from .workers import Worker, Workers

ASK_SECONDS = 1.0
"""Seconds between two questions to each worker: so much is lost if one is killed."""

ANSWER_SECONDS = 0.5
"""How long a worker may take to answer somebody who waits: Prometheus waits for ten
seconds, but Kubernetes for one. One that answers requests takes some milliseconds."""


class _Told:
    """What a worker has told."""

    def __init__(self) -> None:
        self.numbers: Sequence[Numbers] = ()
        self.asked = self.answered = 0


class _Question:
    """
    Waits for the answers of some workers.

    :param waiting: these, each with the number of its question.
    :param only_ready: whether one that is ready is enough.
    """

    def __init__(self, waiting: dict[Worker, int], only_ready: bool) -> None:
        self.waiting = waiting
        self.only_ready = only_ready
        self.answered: set[Worker] = set()
        self.done: Deferred[None] = Deferred()
        self.call: Any = None

    def end(self) -> None:
        """Wait no longer."""
        if self.call.active():
            self.call.cancel()
        if not self.done.called:
            self.done.callback(None)


class WorkerTotals:
    """
    Asks the workers for their counts, and adds them up.

    :param own: the counts of the parent itself, which may redirect clients.
    :param clock: tells the time.
    """

    _log = Logger()

    def __init__(self, own: Sequence[Counts], clock: Any) -> None:
        self._own = own
        self._clock = clock
        self._told: dict[Worker, _Told] = {}
        self._ended: list[Numbers] = []
        self._questions: set[_Question] = set()
        self._asking = LoopingCall(self._ask_those_that_answer)
        self._asking.clock = clock
        self._workers: Workers | None = None

    def start(self, workers: Workers) -> None:
        """Ask *workers* now and then, from now on."""
        self._workers = workers
        self._asking.start(ASK_SECONDS)

    def stop(self) -> None:
        """Ask no more by itself."""
        if self._asking.running:
            self._asking.stop()

    # What workers tell.

    def heard(self, worker: Worker, text: bytes) -> None:
        """*worker* has answered: the number of a question, and its counts."""
        told = self._told.setdefault(worker, _Told())
        number, _, counts = text.partition(b" ")
        try:
            told.answered, told.numbers = int(number), from_json(counts)
        except ValueError as error:
            self._log.warn(
                "Worker {n}: {error!s}; they are left out", n=worker.number, error=error
            )
            return
        for question in list(self._questions):
            if question.waiting.get(worker, told.answered + 1) <= told.answered:
                question.answered.add(worker)
                self._no_longer(question, worker)
                if question.only_ready and _is_ready(worker, told):
                    question.end()

    def gone(self, worker: Worker) -> None:
        """*worker* has ended, and all that it has told was heard."""
        told = self._told.pop(worker, None)
        if told is not None:
            at_end = [one.at_end() for one in told.numbers]
            self._ended = added_up([*self._ended, *at_end])
        for question in list(self._questions):
            self._no_longer(question, worker)

    def _no_longer(self, question: _Question, worker: Worker) -> None:
        question.waiting.pop(worker, None)
        if not question.waiting:
            question.end()

    # What somebody asks.

    def ask(self, only_ready: bool = False) -> Deferred[Snapshot]:
        """
        The sums, when all workers have answered, or have not in time.

        :param only_ready: whether the answer of one that is ready is enough.
        """
        workers = self._workers.answering() if self._workers is not None else []
        asked = {worker: self._ask(worker) for worker in workers}
        question = _Question(asked, only_ready)
        question.call = self._clock.callLater(ANSWER_SECONDS, question.end)
        self._questions.add(question)
        if not question.waiting:
            question.end()
        return question.done.addCallback(lambda _: self._snapshot(question))

    def _snapshot(self, question: _Question) -> Snapshot:
        self._questions.discard(question)
        parts = [*(one.numbers().at_end() for one in self._own), *self._ended]
        ready = 0
        workers = self._workers
        for worker, told in self._told.items():
            ready += worker in question.answered and _is_ready(worker, told)
            # One that leaves may show the certificate of before.
            parts += (
                one.without_certificate() if worker.is_leaving else one
                for one in told.numbers
            )
        if workers is None or workers.is_stopping:
            ready = 0
        counts: WorkerNumbers | None = None
        if workers is not None:
            counts = WorkerNumbers(workers.count, ready, workers.ended_count)
        return Snapshot(added_up(parts), ready > 0, counts)

    def _ask(self, worker: Worker) -> int:
        """Ask *worker*; the number of the question."""
        told = self._told.setdefault(worker, _Told())
        told.asked += 1
        if worker.process is not None:
            worker.process.ask(told.asked)
        return told.asked

    def _ask_those_that_answer(self) -> None:
        for worker in self._workers.answering() if self._workers is not None else ():
            told = self._told.get(worker)
            if told is None or told.asked == told.answered:
                self._ask(worker)


def _is_ready(worker: Worker, told: _Told) -> bool:
    """Whether *worker* takes requests, as it has *told*."""
    return not worker.is_leaving and all(one.is_ready for one in told.numbers)
