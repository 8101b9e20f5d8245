"""
The parent of workers, which serves nothing itself.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger

from dartio_tut.wire import SharedSockets, leave_to_others, passed_descriptors

from .draining import may_be_cut_off, take_signals_to_stop
from .kept_config import KeptConfig
from .metrics import Counts
from .metrics_port import MetricsPort, metrics_port
from .reloading import reload_at_hangup
from .roles import IDaemon
from .service_manager import SYSTEMD
from .startup import fail_startup
from .worker_loads import Beats, make_loads
from .worker_process import WorkerCommand, WorkerProcess, spawn_worker
from .worker_totals import WorkerTotals
from .worker_watchdog import TIMEOUT_SECONDS, Watchdog, beat_seconds
from .workers import Worker, Workers

_log = Logger()


class ParentRole:
    """
    The parent of so many workers. It starts them when the last of its servers begins.

    It binds all sockets, which stay open as long as it lives, and accepts no client.

    :param command: what the workers run.
    :param grace: seconds that they have to stop.
    :param timeout: seconds after which one is ended whose reactor does not turn; 0:
        never.
    :param config: what the workers are to take for the content of ``--config``.
    """

    serves, runs_services, owns_sockets = False, True, True

    def __init__(
        self,
        count: int,
        command: WorkerCommand,
        grace: float,
        timeout: float = TIMEOUT_SECONDS,
        config: KeptConfig | None = None,
    ) -> None:
        self._count = count
        self._command = command
        self._grace = grace
        self._timeout = timeout
        self._config = config or KeptConfig(None, str)
        self._descriptors: list[int] = []
        self._passed: list[int] | None = None
        self._daemons: list[IDaemon] = []
        self._ending: list[Deferred[None]] = []
        self._loads = make_loads(count)
        self._own_counts: list[Counts] = []
        self._totals: WorkerTotals | None = None

    def sockets(self, count: int) -> SharedSockets:
        """Its own, which it hands on."""
        # Twisted closes those of systemd when it has copied them.
        if self._passed is None:
            self._passed = [os.dup(number) for number in passed_descriptors()]
        return SharedSockets()

    def bound(self, ports: Sequence[tuple[str, IListeningPort]]) -> None:
        """
        Leave the *ports* to the workers.

        :raise StartupError: when one has no socket that can be handed on.
        """
        for endpoint, port in ports:
            if not hasattr(port, "fileno") or not hasattr(port, "stopReading"):
                fail_startup(f"--workers: {endpoint} cannot be shared by processes")
            port.stopReading()
            leave_to_others(port)
            self._descriptors.append(port.fileno())

    def metrics_port(self, endpoint: str, counts: Counts) -> MetricsPort | None:
        """Its own, which shows the sums of what the workers have counted."""
        from twisted.internet import reactor

        self._own_counts.append(counts)
        if self._totals is None:
            self._totals = WorkerTotals(self._own_counts, reactor)
        return metrics_port(endpoint, self._totals)

    def begin(self, daemon: IDaemon, reactor: Any) -> None:
        """Start the workers, and tell everybody when all of them answer."""
        self._daemons.append(daemon)
        if len(self._daemons) > 1:
            return
        self._reactor = reactor
        self._workers = Workers(
            self._count, self._spawn, self._grace, reactor, self._failed
        )
        beats = Beats(self._loads)
        self._watchdog = Watchdog(self._workers, beats.of, self._timeout, reactor)
        reactor.addSystemEventTrigger("after", "startup", self._start)
        reactor.addSystemEventTrigger("before", "shutdown", SYSTEMD.stopping)

    def _start(self) -> None:
        reload_at_hangup(self._reactor, [self._workers.replace])
        self._workers.start().addCallback(self._started)
        if self._totals is not None:
            self._totals.start(self._workers)
        if self._timeout:
            self._watchdog.start()

    def _started(self, _: None) -> None:
        for daemon in self._daemons:
            daemon.tell_systemd()
        for daemon in self._daemons:
            daemon.tell()
        _log.info("{count} workers answer requests", count=self._count)

    def take_signals(self, reactor: Any) -> None:
        """The first lets workers finish what is under way, another one ends that."""
        take_signals_to_stop(reactor)

    def end(self, daemon: IDaemon) -> Deferred[None]:
        """Stop the workers."""
        ended: Deferred[None] = Deferred()
        self._ending.append(ended)
        if len(self._ending) == 1:
            self._watchdog.stop()
            if self._totals is not None:
                self._totals.stop()
            may_be_cut_off(self._workers)
            self._workers.stop().addCallback(self._ended)
        return ended

    def _ended(self, _: None) -> None:
        for ended in self._ending:
            ended.callback(None)

    def _spawn(self, worker: Worker) -> WorkerProcess:
        config = self._config.for_worker(worker.number, worker.replaces)

        def answers() -> None:
            if not worker.is_leaving:  # else its successor has answered before
                self._config.answered(worker.number, config)
            self._workers.ready(worker)

        told = _WhatBecomesOf(worker, self._workers, self._totals, answers)
        return spawn_worker(
            self._reactor,
            self._command,
            lambda news: WorkerProcess(worker.number, news, told, self._reactor),
            (worker.number, self._count, beat_seconds(self._timeout), config),
            [self._loads, *self._descriptors],
            self._passed or (),
        )

    def _failed(self, code: int) -> None:
        """The workers cannot start: end with *code*, which no reactor can be told."""

        def leave() -> None:
            for stream in (sys.__stdout__, sys.__stderr__):
                if stream is not None:
                    stream.flush()
            os._exit(code)

        atexit.register(leave)
        with suppress(ReactorNotRunning):
            self._reactor.stop()


@dataclass(frozen=True)
class _WhatBecomesOf:
    """Tells those who want to know what becomes of *worker*."""

    worker: Worker
    workers: Workers
    totals: WorkerTotals | None
    answers: Callable[[], None]

    def ready(self) -> None:
        """It answers."""
        self.answers()

    def counted(self, text: bytes) -> None:
        """It tells what it has counted."""
        if self.totals is not None:
            self.totals.heard(self.worker, text)

    def ended(self, how: str, exit_code: int) -> None:
        """It has ended."""
        self.workers.ended(self.worker, how, exit_code)

    def gone(self) -> None:
        """Nothing more will be heard of it."""
        if self.totals is not None:
            self.totals.gone(self.worker)
