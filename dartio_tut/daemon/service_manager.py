"""
What systemd is told of a daemon (sd_notify(3)): that it is ready, that it reads its
files again, that it stops, and, now and then, that its reactor still turns.

systemd names a socket in ``NOTIFY_SOCKET``. Without that, nobody is told anything.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from time import clock_gettime_ns
from typing import Any

from twisted.internet.task import LoopingCall
from twisted.logger import Logger

PATIENCE_SECONDS = 0.5
"""
How long somebody may take to read what was told before: nothing else happens meanwhile.
systemd reads at once.
"""

SHORTEST_WATCHDOG_SECONDS = 0.01
"""Who wants to hear of us more often, or in a time below zero, means something else."""

_log = Logger()


class ServiceManager:
    """
    Tells systemd about this process, however many servers there are in it.

    :param environ: the environment that systemd has set.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._watchdog: LoopingCall | None = None
        self._status: list[str] = []
        self._is_stopping = False

    def ready(self, reactor: Any, status: str) -> None:
        """
        Everything is in place: the daemon answers.

        :param status: what ``systemctl status`` shows, beside that of other servers.
        """
        self._status.append(status)
        self._tell("READY=1", f"STATUS={'; '.join(self._status)}")
        seconds = self.watchdog_seconds()
        if seconds and self._watchdog is None:
            self._watchdog = LoopingCall(self._tell, "WATCHDOG=1")
            self._watchdog.clock = reactor
            self._watchdog.start(seconds / 2)  # as sd_watchdog_enabled(3) recommends

    def reloading(self) -> None:
        """Files are read again; `reloaded` follows."""
        now = clock_gettime_ns(1) // 1000  # CLOCK_MONOTONIC
        if not self._is_stopping:
            self._tell("RELOADING=1", f"MONOTONIC_USEC={now}")

    def reloaded(self) -> None:
        """Files have been read again."""
        if not self._is_stopping:
            self._tell("READY=1")

    def stopping(self) -> None:
        """The daemon finishes what is under way, and is never ready again."""
        self._is_stopping = True
        self._tell("STOPPING=1", "STATUS=Finishing what is under way")

    def watchdog_seconds(self) -> float:
        """Within how many seconds systemd wants to hear of us; 0 for never."""
        if self._environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
            return 0.0
        try:
            seconds = int(self._environ.get("WATCHDOG_USEC", "0")) / 1e6
        except ValueError:
            return 0.0
        return seconds if seconds >= SHORTEST_WATCHDOG_SECONDS else 0.0

    def _tell(self, *lines: str) -> None:
        address = self._environ.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")):
            return
        if address.startswith("@"):  # a name without a file (unix(7))
            address = "\0" + address[1:]
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifying:
                notifying.settimeout(PATIENCE_SECONDS)
                notifying.sendto("\n".join(lines).encode(), address)
        except OSError as error:
            why = error.strerror or str(error)  # such as "timed out"
            _log.warn("Cannot notify systemd: {error}", error=why)


SYSTEMD = ServiceManager()
