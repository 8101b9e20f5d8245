"""What systemd is told of a daemon."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from errno import EBADF, EIO
from typing import Any

from twisted.internet.defer import fail
from twisted.internet.error import ReactorNotRunning
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import reloading, service_manager
from dartio_tut.daemon.service_manager import SYSTEMD, ServiceManager


class ServiceManagerTests(SynchronousTestCase):
    """The datagrams that systemd gets."""

    def setUp(self) -> None:
        self.systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.systemd.close)
        self.name = f"dartio-{os.getpid()}-{id(self)}"
        self.systemd.bind("\0" + self.name)
        self.systemd.setblocking(False)

    def manager(self, **environ: str) -> ServiceManager:
        """One that systemd has started with *environ*."""
        return ServiceManager({"NOTIFY_SOCKET": "@" + self.name} | environ)

    def told(self) -> list[bytes]:
        """What systemd was told since the last call."""
        found = []
        while True:
            try:
                found.append(self.systemd.recv(4096))
            except BlockingIOError:
                return found

    def test_ready_is_told_with_every_server_in_the_status(self) -> None:
        manager = self.manager()
        manager.ready(Clock(), "one")
        manager.ready(Clock(), "two")
        self.assertEqual(
            self.told(), [b"READY=1\nSTATUS=one", b"READY=1\nSTATUS=one; two"]
        )

    def test_reload_is_told_when_it_begins_and_when_it_ends(self) -> None:
        manager = self.manager()
        manager.reloading()
        manager.reloaded()
        began, ended = self.told()
        self.assertRegex(began.decode(), r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
        self.assertEqual(ended, b"READY=1")

    def test_one_who_reads_nothing_holds_nobody_up(self) -> None:
        self.patch(service_manager, "PATIENCE_SECONDS", 0.01)
        manager = self.manager()
        with capturedLogs() as logged:
            for _ in range(1000):  # more than wait in the queue of a socket
                manager.reloaded()
                if logged:
                    break
        self.assertEqual(formatEvent(logged[0]), "Cannot notify systemd: timed out")

    def test_stop_is_told(self) -> None:
        self.manager().stopping()
        self.assertTrue(self.told()[0].startswith(b"STOPPING=1\n"))

    def test_a_daemon_that_stops_is_never_ready_again(self) -> None:
        manager = self.manager()
        manager.stopping()
        self.told()
        manager.reloading()  # SIGHUP while it finishes what is under way
        manager.reloaded()
        self.assertEqual(self.told(), [])

    def test_watchdog_is_fed_twice_as_often_as_it_wants(self) -> None:
        clock = Clock()
        self.manager(WATCHDOG_USEC="10000000").ready(clock, "")
        self.told()
        for _ in range(3):
            clock.advance(5)
            self.assertEqual(self.told(), [b"WATCHDOG=1"])

    def test_watchdog_of_another_process_and_nonsense_are_not_ours(self) -> None:
        for environ in (
            {"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"},
            {"WATCHDOG_USEC": "ten"},
            {"WATCHDOG_USEC": "-5"},
            {"WATCHDOG_USEC": "1"},
            {},
        ):
            clock = Clock()
            self.manager(**environ).ready(clock, "")
            self.assertEqual(clock.getDelayedCalls(), [])

    def test_without_systemd_nobody_is_told(self) -> None:
        for address in ("", "relative", "/nowhere/at/all"):
            ServiceManager({"NOTIFY_SOCKET": address}).stopping()
        self.assertEqual(self.told(), [])


class HangupTests(SynchronousTestCase):
    """SIGHUP of a daemon that was started from a terminal."""

    def test_terminal_that_goes_away_while_the_daemon_stops_is_no_failure(self) -> None:
        before = signal.getsignal(signal.SIGHUP)
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        self.patch(reloading, "_terminal_error", lambda: 0)
        reloading.reload_at_hangup(StoppedReactor(), [])
        self.patch(reloading, "_terminal_error", lambda: EIO)
        handle: Any = signal.getsignal(signal.SIGHUP)
        handle(signal.SIGHUP, None)

    def test_what_cannot_be_read_again_keeps_nothing_else_from_it(self) -> None:
        before = signal.getsignal(signal.SIGHUP)
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        self.patch(reloading, "_terminal_error", lambda: EBADF)
        self.patch(reloading, "_reloads", [])
        called: list[str] = []
        reloads: list[Callable[[], object]] = [
            lambda: 1 / 0,
            lambda: fail(ZeroDivisionError()),
            lambda: called.append("read"),
        ]
        self.patch(SYSTEMD, "reloaded", lambda: called.append("reloaded"))
        reloading.reload_at_hangup(StoppedReactor(), reloads)
        handle: Any = signal.getsignal(signal.SIGHUP)
        handle(signal.SIGHUP, None)
        self.assertEqual(called, ["read", "reloaded"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)


class StoppedReactor:
    """As Twisted's, when it was told to stop already."""

    def callFromThread(self, call: Callable[[], None]) -> None:
        """Call *call* now."""
        call()

    def stop(self) -> None:
        """Fail."""
        raise ReactorNotRunning
