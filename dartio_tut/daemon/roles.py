"""
What the process of a daemon is: one that serves alone, one of several workers, or the
parent of workers, which serves nothing itself.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger

from dartio_tut.wire import SharedSockets, leave_to_others, passed_descriptors

from .draining import cut_off_all, may_be_cut_off
from .metrics import Counts
from .metrics_port import MetricsPort, OwnCounts, metrics_port
from .reloading import reload_at_hangup
from .service_manager import SYSTEMD
from .startup import ENVIRONMENT_EXIT, fail_startup
from .this_worker import ASK, CUT_OFF, RETIRE, Orders, ThisWorker
from .worker_loads import make_loads
from .worker_process import WorkerCommand, WorkerProcess, spawn_worker
from .worker_totals import WorkerTotals
from .workers import Worker, Workers

_log = Logger()


class IDaemon(Protocol):
    """A daemon, as far as its role is concerned."""

    def reloads(self) -> Sequence[Callable[[], object]]:
        """What SIGHUP calls."""

    def tell(self) -> None:
        """Log where it can be reached."""

    def tell_systemd(self) -> None:
        """Tell systemd that it answers."""

    def count_connections(self, publish: Callable[[int], None]) -> None:
        """Call *publish* whenever there are more connections, or fewer."""

    def retire(self) -> None:
        """Accept no more clients, and stop the reactor when all have gone."""

    def drain(self) -> Deferred[None]:
        """Finish what is under way; fires when all of it is."""


class Role(Protocol):
    """
    What a process is.

    :cvar serves: whether it answers requests itself.
    :cvar runs_services: whether it runs what belongs to the server beside it, such as
        the redirect to HTTPS; of several processes, only one does.
    """

    serves: bool
    runs_services: bool

    def sockets(self, count: int) -> SharedSockets:
        """The sockets to listen on, for so many endpoints; none: its own."""

    def bound(self, ports: Sequence[tuple[str, IListeningPort]]) -> None:
        """The daemon listens on *ports*."""

    def metrics_port(self, endpoint: str, counts: Counts) -> MetricsPort | None:
        """
        The port that shows *counts* at *endpoint*; ``None`` if another process has it.

        :raise StartupError: when the library for it is not there.
        """

    def begin(self, daemon: IDaemon, reactor: Any) -> None:
        """The daemon begins."""

    def end(self, daemon: IDaemon) -> Deferred[None]:
        """The daemon listens no more; fires when all is done that is under way."""


def _ignore(count: int) -> None:
    """Nobody wants to know."""


_own_counts = OwnCounts()


class Alone:
    """A process that serves alone."""

    serves = runs_services = True

    def sockets(self, count: int) -> SharedSockets:
        """Its own."""
        return SharedSockets()

    def bound(self, ports: Sequence[tuple[str, IListeningPort]]) -> None:
        """Nothing more."""

    def metrics_port(self, endpoint: str, counts: Counts) -> MetricsPort | None:
        """That of this process."""
        _own_counts.counts.append(counts)
        return metrics_port(endpoint, _own_counts)

    def begin(self, daemon: IDaemon, reactor: Any) -> None:
        """Reload at SIGHUP, and tell everybody when the reactor runs."""
        reactor.addSystemEventTrigger(
            "after", "startup", reload_at_hangup, reactor, daemon.reloads()
        )
        reactor.addSystemEventTrigger("after", "startup", daemon.tell_systemd)
        reactor.addSystemEventTrigger("before", "shutdown", SYSTEMD.stopping)
        # Only a running reactor answers, and has its signal handlers in place.
        reactor.callWhenRunning(daemon.tell)

    def end(self, daemon: IDaemon) -> Deferred[None]:
        """Finish what is under way."""
        return daemon.drain()


class WorkerRole:
    """
    One of several processes that serve.

    :param this: what this process knows of that.
    """

    serves, runs_services = True, False

    def __init__(self, this: ThisWorker) -> None:
        self._this = this

    def sockets(self, count: int) -> SharedSockets:
        """
        Those of the parent.

        :raise StartupError: when there are not as many as endpoints.
        """
        found = self._this.shared_sockets()
        before = len(found.sockets)
        if before != count:
            fail_startup(
                f"there are {count} addresses to listen on now, but {before} when "
                "the daemon was started: start it again",
                ENVIRONMENT_EXIT,
            )
        return found

    def bound(self, ports: Sequence[tuple[str, IListeningPort]]) -> None:
        """Nothing more."""

    def metrics_port(self, endpoint: str, counts: Counts) -> MetricsPort | None:
        """The parent has it, and asks for the counts."""
        self._this.counts.append(counts)
        return None

    def begin(self, daemon: IDaemon, reactor: Any) -> None:
        """Tell the parent when requests are answered, and obey it."""
        daemon.count_connections(self._this.loads.publish)

        news = self._this.news

        def obey(order: bytes) -> None:
            if order.startswith(ASK):
                news.counts(int(order.removeprefix(ASK)), self._this.counts)
                return
            if order == RETIRE:
                daemon.count_connections(_ignore)  # the number is the next one's
                daemon.retire()
                return
            if order == CUT_OFF:
                cut_off_all()
            with suppress(ReactorNotRunning):  # it stops already
                reactor.stop()

        Orders(reactor, obey).start()
        reactor.addSystemEventTrigger(
            "after", "startup", reload_at_hangup, reactor, daemon.reloads()
        )
        reactor.addSystemEventTrigger("after", "startup", news.ready)
        reactor.addSystemEventTrigger("before", "shutdown", news.end)

    def end(self, daemon: IDaemon) -> Deferred[None]:
        """Finish what is under way, and tell what was counted."""
        return daemon.drain().addCallback(self._tell_counts)

    def _tell_counts(self, _: None) -> None:
        if self._this.counts:
            self._this.news.counts(0, self._this.counts)


class ParentRole:
    """
    The parent of so many workers.

    It binds all sockets, which stay open as long as it lives, and accepts no client.

    :param command: what the workers run.
    :param grace: seconds that they have to stop.
    """

    serves, runs_services = False, True

    def __init__(self, count: int, command: WorkerCommand, grace: float) -> None:
        self._count = count
        self._command = command
        self._grace = grace
        self._descriptors: list[int] = []
        self._loads = make_loads(count)
        self._own_counts: list[Counts] = []
        self._totals: WorkerTotals | None = None

    def sockets(self, count: int) -> SharedSockets:
        """Its own, which it hands on."""
        # Twisted closes those of systemd when it has copied them.
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
        self._reactor = reactor
        self._workers = workers = Workers(
            self._count, self._spawn, self._grace, reactor, self._failed
        )

        def started(_: None) -> None:
            daemon.tell_systemd()
            daemon.tell()
            _log.info("{count} workers answer requests", count=self._count)

        def start() -> None:
            reload_at_hangup(reactor, [workers.replace])
            workers.start().addCallback(started)
            if self._totals is not None:
                self._totals.start(workers)

        reactor.addSystemEventTrigger("after", "startup", start)
        reactor.addSystemEventTrigger("before", "shutdown", SYSTEMD.stopping)

    def end(self, daemon: IDaemon) -> Deferred[None]:
        """Stop the workers."""
        if self._totals is not None:
            self._totals.stop()
        may_be_cut_off(self._workers)
        return self._workers.stop()

    def _spawn(self, worker: Worker) -> WorkerProcess:
        told = _WhatBecomesOf(worker, self._workers, self._totals)
        return spawn_worker(
            self._reactor,
            self._command,
            lambda news: WorkerProcess(worker.number, news, told, self._reactor),
            (worker.number, self._count),
            [self._loads, *self._descriptors],
            self._passed,
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

    def ready(self) -> None:
        """It answers."""
        self.workers.ready(self.worker)

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
