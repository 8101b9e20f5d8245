"""
`dartio_tut.daemon.worker_watchdog`: a worker whose reactor does not turn is noticed.
"""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.task import Clock
from twisted.scripts import twistd

from dartio_tut.daemon import ServerOptions
from dartio_tut.daemon.options import server
from dartio_tut.daemon.parent_role import ParentRole
from dartio_tut.daemon.service_manager import ServiceManager
from dartio_tut.daemon.worker_loads import Beats, Loads, make_loads
from dartio_tut.daemon.worker_watchdog import (
    LOOKS,
    TIMEOUT_SECONDS,
    Watchdog,
    beat_seconds,
)
from dartio_tut.daemon.workers import Worker, Workers

from .support.startup_case import StartupCase
from .test_workers import FakeProcess

TIMEOUT = 20.0
STEP = beat_seconds(TIMEOUT)


class WatchdogTests(StartupCase):
    """Two workers, of which one may hang."""

    def setUp(self) -> None:
        super().setUp()
        descriptor = make_loads(2)
        self.addCleanup(os.close, descriptor)
        self.loads = [Loads(descriptor, 1), Loads(descriptor, 2)]
        self.clock = Clock()
        self.spawned: list[tuple[Worker, FakeProcess]] = []
        self.workers = Workers(2, self.spawn, 10.0, self.clock, lambda code: None)
        beats = Beats(descriptor)
        self.watchdog = Watchdog(self.workers, beats.of, TIMEOUT, self.clock)
        self.workers.start()
        self.watchdog.start()

    def spawn(self, worker: Worker) -> FakeProcess:
        """A process that notes its orders."""
        process = FakeProcess(len(self.spawned) + 1)
        self.spawned.append((worker, process))
        return process

    def ready(self, *indexes: int) -> None:
        """These processes answer."""
        for index in indexes:
            self.workers.ready(self.spawned[index][0])

    def pass_time(self, steps: int, *beating: int) -> None:
        """Time passes, while only those workers are *beating*."""
        for _ in range(steps):
            for number in beating:
                self.loads[number - 1].beat()
            self.clock.advance(STEP)

    def orders(self) -> list[list[str]]:
        """The orders of each process."""
        return [process.orders for _, process in self.spawned]

    def test_worker_that_stands_still_for_the_timeout_is_ended_once(self) -> None:
        self.ready(0, 1)
        self.pass_time(LOOKS, 1, 2)
        self.pass_time(LOOKS - 1, 2)
        self.assertEqual(self.orders(), [[], []])
        self.pass_time(LOOKS, 2)
        self.assertEqual(self.orders()[0].count("abort"), 1)
        self.assertEqual(self.orders()[1], [])

    def test_worker_that_is_slow_but_turns_is_left_alone(self) -> None:
        self.ready(0, 1)
        for _ in range(5):
            self.pass_time(LOOKS - 1, 2)
            self.pass_time(1, 1, 2)
        self.assertEqual(self.orders(), [[], []])

    def test_worker_that_starts_has_another_timeout(self) -> None:
        self.ready(1)
        self.pass_time(LOOKS + 1, 2)
        self.assertEqual(self.orders(), [[], []])

    def test_worker_that_leaves_has_another_timeout(self) -> None:
        self.ready(0, 1)
        self.workers.replace()
        self.ready(2)
        self.pass_time(LOOKS - 5, 1, 2)
        self.assertEqual(self.orders()[0], ["retire"])

    def test_successor_is_watched_from_its_own_start(self) -> None:
        self.ready(0, 1)
        self.pass_time(LOOKS + 1, 2)
        self.workers.ended(self.spawned[0][0], "SIGABRT")
        self.clock.advance(60)
        self.ready(2)
        self.pass_time(LOOKS, 2)
        self.assertEqual(self.orders()[2], [])
        self.pass_time(2, 2)
        self.assertEqual(self.orders()[2], ["abort"])

    def test_sleep_of_the_machine_is_one_look(self) -> None:
        self.ready(0, 1)
        self.pass_time(1, 1, 2)
        self.clock.advance(3600)
        self.pass_time(1, 1, 2)
        self.assertEqual(self.orders(), [[], []])

    def test_it_can_be_stopped(self) -> None:
        self.ready(0, 1)
        self.watchdog.stop()
        self.pass_time(LOOKS + 1)
        self.assertEqual(self.orders(), [[], []])


class TimeoutTests(StartupCase):
    """``--worker-timeout``."""

    def timeout(self, *line: str, systemd: str = "0") -> float:
        """What the parent is given, if systemd's WATCHDOG_USEC is *systemd*."""
        self.patch(ServerOptions, "environ", {})
        manager = ServiceManager({"WATCHDOG_USEC": systemd})
        self.patch(server, "SYSTEMD", manager)
        options = ServerOptions()
        parent: Any = twistd.ServerOptions()  # type: ignore[attr-defined]
        parent.parseOptions(["-n"])
        parent.subCommand = "hello"
        options.parent = parent
        options.parseOptions(["--workers", "2", *line])
        role = options.role()
        assert isinstance(role, ParentRole)
        return role._timeout

    def test_it_is_systemds_where_that_is_shorter_and_none_is_given(self) -> None:
        self.assertEqual(self.timeout(), TIMEOUT_SECONDS)
        self.assertEqual(self.timeout(systemd="60000000"), TIMEOUT_SECONDS)
        self.assertEqual(self.timeout(systemd="10000000"), 10.0)
        self.assertEqual(
            self.timeout("--worker-timeout", "20", systemd="10000000"), 20.0
        )
        self.assertEqual(self.timeout("--worker-timeout", "0"), 0.0)

    def test_nonsense_is_refused(self) -> None:
        for text in ("-1", "nan", "soon", ""):
            line = ("--workers", "2", "--worker-timeout", text)
            self.assertIn("worker-timeout", self.refusal(*line, options=ServerOptions))
        said = self.refusal("--worker-timeout", "5", options=ServerOptions)
        self.assertIn("--worker-timeout goes with --workers", said)
