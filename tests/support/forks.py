"""
Programs of the package that start in a moment; see `forking`.

A start of Python with all that a daemon imports costs half a second of a processor, and
the tests start daemons by the thousand.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from .forking import MESSAGE

PROGRAM = Path(__file__).with_name("forking.py")

ANSWER_SECONDS = 60.0
"""Until the process that forks must have answered: far more than it takes."""


class Forks:
    """The process that forks programs."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        self._ours.settimeout(ANSWER_SECONDS)
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(PROGRAM), str(theirs.fileno())],
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
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
        self._process.wait(ANSWER_SECONDS)


@functools.cache
def the_forks() -> Forks:
    """The process that forks for all tests of this process."""
    forks = Forks()
    atexit.register(forks.close)
    return forks


class ForkedProcess:
    """
    What `subprocess.Popen` would be to a process that another one has forked.

    :param line: ``twistd`` or ``dartio``, and its arguments.
    :param stdout: the file for what it prints; ``None``: a pipe.
    """

    stdout: IO[str] | None = None

    def __init__(
        self,
        line: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        stderr: IO[bytes],
        stdout: IO[bytes] | None = None,
    ) -> None:
        self._forks = the_forks()
        command = {"line": line, "folder": str(folder), "environment": environment}
        writing = -1
        if stdout is None:
            reading, writing = os.pipe()
            self.stdout = os.fdopen(reading, encoding="utf-8")
        prints_to = stdout.fileno() if stdout else writing
        try:
            self.pid = self._forks.ask(command, prints_to, stderr.fileno())
        finally:
            if writing >= 0:
                os.close(writing)
        self._descriptor = os.pidfd_open(self.pid)
        self._code: int | None = None

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self._code is None:  # the number is its own until it has been waited for
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send it SIGTERM, unless it has ended."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send it SIGKILL, unless it has ended."""
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """
        Its exit code, once it has ended.

        :raise subprocess.TimeoutExpired: when it has not.
        """
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("a forked program", timeout or 0)
        return code

    def _ended(self, seconds: float | None) -> int | None:
        if self._code is None:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLIN)
            if poll.poll(None if seconds is None else seconds * 1000):
                os.close(self._descriptor)
                self._code = self._forks.ask({"wait": self.pid})
        return self._code
