"""Starts a program with sockets that listen already, as systemd does."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .harness import TWISTD, Case, Daemon, Place

PASSING = """
import os, socket, sys
listening = socket.create_server(("127.0.0.1", 0))
if listening.fileno() != 3:
    os.dup2(listening.fileno(), 3)
os.set_inheritable(3, True)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.execv(sys.argv[1], sys.argv[1:])
"""

PASSING_ON = """
import fcntl, os, sys
given = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 100) for fd in sys.argv[1].split(",")]
for number, descriptor in enumerate(given, 3):
    os.dup2(descriptor, number)
    os.close(descriptor)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(given))}
os.environ["LISTEN_FDNAMES"] = sys.argv[2]
os.execv(sys.argv[3], sys.argv[3:])
"""

Named = Sequence[tuple[str, socket.socket]]
"""Sockets that listen, each with the name that systemd gives it."""


def with_passed_socket(*line: str) -> tuple[str, ...]:
    """The command that runs the command *line* with a socket on a port that is free."""
    return (sys.executable, "-c", PASSING, *line)


class DaemonWithSockets(Daemon):
    """A daemon that gets *sockets*, which stay open here, as systemd keeps them."""

    def __init__(self, folder: Path, home: Path, sockets: Named, *command: str) -> None:
        self.sockets = sockets
        super().__init__(folder, home, *command)

    def begin(self, command: Sequence[str], place: Place) -> Any:
        """Start *command* with the sockets as its descriptors from 3."""
        descriptors = [listening.fileno() for _, listening in self.sockets]
        names = ":".join(name for name, _ in self.sockets)
        numbers = ",".join(map(str, descriptors))
        return subprocess.Popen(
            [sys.executable, "-c", PASSING_ON, numbers, names, *command],
            cwd=place.folder,
            env=place.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            text=True,
            pass_fds=descriptors,
        )


def daemon_with_sockets(case: Case, sockets: Named, *line: str) -> Daemon:
    """Run twistd with *line* and *sockets*; when the test ends, it must end well."""
    daemon = DaemonWithSockets(case.here, case.home, sockets, *TWISTD, *line)
    case.addCleanup(daemon.stderr.close)
    case.addCleanup(case.ends_quietly, daemon)
    return daemon
