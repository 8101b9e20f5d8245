"""
Daemons that start in a moment, for tests that start hundreds; see `forking`.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

from .forking import MESSAGE
from .harness import PATIENCE, Case, Daemon, environment

PROGRAM = Path(__file__).with_name("forking.py")


class Forks:
    """
    The process that forks daemons.

    :param folder: where they run.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        self._ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        self._ours.settimeout(PATIENCE)
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(PROGRAM), str(theirs.fileno())],
            cwd=folder,
            env=environment(home),
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self.pid = self._process.pid

    def ask(self, command: dict[str, Any], *descriptors: int) -> int:
        """What the process answers to *command*."""
        socket.send_fds(self._ours, [json.dumps(command).encode()], descriptors)
        return int(self._ours.recv(MESSAGE))

    def close(self) -> None:
        """End it, and what it has forked and nobody has waited for."""
        self._ours.close()
        self._process.wait(PATIENCE)


class ForkedProcess:
    """
    What `subprocess.Popen` would be to a process that another one has forked.

    :param line: what follows ``twistd -n``.
    """

    def __init__(self, forks: Forks, line: tuple[str, ...], stderr: int) -> None:
        reading, writing = os.pipe()
        self.stdout: IO[str] = os.fdopen(reading, encoding="utf-8")
        try:
            self.pid = forks.ask({"line": line}, writing, stderr)
        finally:
            os.close(writing)
        self._forks = forks
        self._descriptor = os.pidfd_open(self.pid)
        self._code: int | None = None

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self._code is None:  # the number is its own until it has been waited for
            os.kill(self.pid, number)

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        return self._ended(0)

    def wait(self, timeout: float) -> int:
        """
        Its exit code, once it has ended.

        :raise subprocess.TimeoutExpired: when it has not.
        """
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("a forked daemon", timeout)
        return code

    def _ended(self, seconds: float) -> int | None:
        if self._code is None:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLIN)
            if poll.poll(seconds * 1000):
                os.close(self._descriptor)
                self._code = self._forks.ask({"wait": self.pid})
        return self._code


class ForkedDaemon(Daemon):
    """A daemon that was forked."""

    def __init__(self, forks: Forks, folder: Path, home: Path, *line: str) -> None:
        self._forks = forks
        super().__init__(folder, home, *line)

    def run(self, folder: Path, home: Path, command: tuple[str, ...]) -> Any:
        """Fork it."""
        return ForkedProcess(self._forks, command, self.stderr.fileno())

    def kill(self) -> None:
        """Send SIGKILL, wait until nothing of it is left; it had nothing to say."""
        code = self.stop(signal.SIGKILL)
        assert (code, self.errors()) == (-signal.SIGKILL, ""), self.output()
        assert "Traceback" not in self.output(), self.output()
        self.stderr.close()


class ForkedCase(Case):
    """A test that starts many daemons."""

    def setUp(self) -> None:
        super().setUp()
        self.forks = Forks(self.here, self.home)
        self.addCleanup(self.forks.close)

    def fork(self, *line: str) -> ForkedDaemon:
        """Fork a ``twistd`` with *line*, on a port of the system's choice."""
        name, *options = line
        whole = (name, "--port", "0", *options)
        return ForkedDaemon(self.forks, self.here, self.home, *whole)
