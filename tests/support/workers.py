"""
A case for tests of daemons with several workers, and what is asked of the system about
them.
"""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

from twisted.trial.unittest import SkipTest

from .harness import PATIENCE, Case, Daemon
from .keep_alive_load import KeepAliveLoad


def workers_of(daemon: Daemon) -> list[int]:
    """The process ids of the workers of *daemon*."""
    pid = daemon.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [int(word) for word in children.read_text().split()]
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    """Whether there is a process *pid* that has not ended."""
    return Path(f"/proc/{pid}/cmdline").exists()


def connections_of(pid: int, port: int) -> int:
    """How many connections to *port* the process *pid* has."""
    table = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    rows = [line.split() for line in table]
    ours = {row[9] for row in rows if int(row[1][-4:], 16) == port and row[3] == "01"}
    held = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            held.add(os.readlink(link))
        except OSError:
            continue
    return sum(f"socket:[{inode}]" in held for inode in ours)


class WorkersCase(Case):
    """Daemons with ``--workers 2``."""

    def setUp(self) -> None:
        super().setUp()
        if not Path("/proc/self/task").exists():
            raise SkipTest("NOT TESTED: --workers, which only Linux has")

    def workers(self, name: str, *options: str) -> Daemon:
        """The server *name* with two workers that answer."""
        daemon = self.serve(name, "--workers", "2", *options)
        daemon.wait_for("2 workers answer requests")
        return daemon

    def connect(self, daemon: Daemon, data: bytes = b"") -> socket.socket:
        """A connection that has sent *data*."""
        connection = socket.create_connection(("127.0.0.1", daemon.port), PATIENCE)
        self.addCleanup(connection.close)
        connection.sendall(data)
        return connection

    def hang_up(self, daemon: Daemon) -> None:
        """Send SIGHUP, and wait until all workers have been replaced."""
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("All workers have been replaced")

    def load(self, daemon: Daemon) -> KeepAliveLoad:
        """Clients that ask *daemon* all the time, on connections that they keep."""
        load = KeepAliveLoad(daemon.port)
        self.addCleanup(load.stop)
        return load
