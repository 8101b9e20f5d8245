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
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from .forking import MESSAGE

PROGRAM = Path(__file__).with_name("forking.py")

ANSWER_SECONDS = 60.0
"""Until the process that forks must have answered: far more than it takes."""


class Forks:
    """
    The process that forks programs.

    :param commands: where it is told what to do.
    :param wait: waits for its end.
    """

    def __init__(
        self, commands: socket.socket, pid: int, wait: Callable[[], object]
    ) -> None:
        self.pid = pid
        self._commands = commands
        self._commands.settimeout(ANSWER_SECONDS)
        self._wait = wait
        self._one_at_a_time = threading.Lock()

    def ask(self, command: dict[str, Any], *descriptors: int) -> list[Any]:
        """What the process answers to *command*."""
        packet = json.dumps(command).encode()
        with self._one_at_a_time:
            socket.send_fds(self._commands, [packet], descriptors)
            answer: list[Any] = json.loads(self._commands.recv(MESSAGE))
        return answer

    def close(self) -> None:
        """End it, and what it has forked and nobody has waited for."""
        self._commands.close()
        self._wait()


def started() -> Forks:
    """A process that forks programs."""
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, "-P", str(PROGRAM), str(theirs.fileno())],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
    )
    theirs.close()
    return Forks(ours, process.pid, process.wait)


_inherited: list[Forks] = []
"""The one that was forked together with this process, if it was forked itself."""


def inherit(commands: socket.socket, pid: int) -> None:
    """Have the process *pid*, which was forked for this one, fork all programs."""
    _inherited.append(Forks(commands, pid, lambda: os.waitpid(pid, 0)))


@functools.cache
def the_forks() -> Forks:
    """The process that forks for all tests of this process."""
    forks = _inherited[0] if _inherited else started()
    atexit.register(forks.close)
    return forks


class ForkedProcess:
    """
    What `subprocess.Popen` would be to a process that another one has forked.

    :param line: one of `forking.PROGRAMS`, and its arguments.
    :param stdout: the file for what it prints; ``None``: a pipe.
    :param stdin: the file that it reads; ``None``: an empty one.
    :param leads_session: whether it begins a session and a process group of its own.
    :param more: what else its process is told.
    :ivar processor_seconds: what it has used, and all that it waited for, when it has
        ended.
    """

    stdout: IO[str] | None = None
    processor_seconds = 0.0

    def __init__(
        self,
        line: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        stderr: IO[bytes],
        stdout: IO[bytes] | None = None,
        stdin: IO[bytes] | None = None,
        *,
        leads_session: bool = False,
        **more: object,
    ) -> None:
        self._forks = the_forks()
        command = {
            "line": line,
            "folder": str(folder),
            "environment": dict(environment),
            "leads_session": leads_session,
            **more,
        }
        with ExitStack() as ours:
            if stdout is None:
                reading, writing = os.pipe()
                self.stdout = os.fdopen(reading, encoding="utf-8")
                stdout = ours.enter_context(os.fdopen(writing, "wb"))
            if stdin is None:
                stdin = ours.enter_context(open(os.devnull, "rb"))
            standard = (stdin.fileno(), stdout.fileno(), stderr.fileno())
            [self.pid] = self._forks.ask(command, *standard)
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
                ended = self._forks.ask({"wait": self.pid})
                self._code, self.processor_seconds = ended
        return self._code
