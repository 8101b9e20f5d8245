"""
The process of a worker, as its parent sees it.

It runs the same server with the same options as the parent, in the folder in which the
parent was started, and is passed the parent's sockets.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import (
    LogEvent,
    Logger,
    LogLevel,
    eventsFromJSONLogFile,
    globalLogPublisher,
)
from twisted.python.failure import Failure

from .this_worker import ASK, COUNTS, CUT_OFF, READY, RETIRE, STOP, Place

STDIN, STDERR = 0, 2

FIRST_PASSED = 3
"""The first of the descriptors that systemd passes (SD_LISTEN_FDS_START)."""

PARENTS_OWN = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC")
"""Variables by which systemd means the parent alone."""

EXIT_BY_SIGNAL = 1
"""The exit code of the parent when a worker is killed while it starts."""


@dataclass(frozen=True)
class WorkerCommand:
    """
    What all workers of a parent run.

    :param program: the text of a Python program.
    :param arguments: its arguments.
    :param folder: where they were given.
    :param shows_errors: whether standard error is the parent's own, else it is logged.
    """

    program: str
    arguments: Sequence[str]
    folder: str
    shows_errors: bool = True

    def line(self) -> list[str]:
        """The command line."""
        # -P: no module is taken from the folder in which it runs.
        return [sys.executable, "-P", "-c", self.program, *self.arguments]


class IParent(Protocol):
    """Who wants to know what becomes of a process."""

    def ready(self) -> None:
        """It answers."""

    def counted(self, text: bytes) -> None:
        """It tells what it has counted; *text* begins with the question's number."""

    def ended(self, how: str, exit_code: int) -> None:
        """It has ended; *how*, in words."""

    def gone(self) -> None:
        """It has ended, and nothing more will be heard of it."""


class WorkerProcess(ProcessProtocol):
    """
    Gives orders to a process, and hears its news.

    :param number: which worker it is.
    :param news: the descriptor on which it sends news.
    :param parent: is told of them.
    """

    _log = Logger()
    transport: Any
    pid: int | None = None

    def __init__(
        self,
        number: int,
        news: int,
        parent: IParent,
        reactor: Any,
    ) -> None:
        self._number = number
        self._parent = parent
        self._reactor = reactor
        self._waiting = {news: b"", STDERR: b""}

    def connectionMade(self) -> None:
        """The process runs."""
        self.pid = self.transport.pid

    # Orders.

    def ask(self, number: int) -> None:
        """Have it tell what it has counted."""
        self._order(b"%b %d" % (ASK, number))

    def retire(self) -> None:
        """Have it end when its clients have gone."""
        self._order(RETIRE)

    def stop(self) -> None:
        """Have it finish what is under way, and end."""
        self._order(STOP)

    def cut_off(self) -> None:
        """Have it end now."""
        self._order(CUT_OFF)

    def abort(self) -> None:
        """End it now, and have it say what it was doing."""
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess(signal.SIGABRT)

    def kill(self) -> None:
        """End it now."""
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess("KILL")

    def _order(self, order: bytes) -> None:
        if STDIN in self.transport.pipes:
            self.transport.writeToChild(STDIN, order + b"\n")

    # News.

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """The process tells something, or has an error."""
        *lines, self._waiting[childFD] = (self._waiting[childFD] + data).split(b"\n")
        for line in lines:
            if childFD == STDERR:
                self._log.warn(
                    "Worker {n}: {line}",
                    n=self._number,
                    line=line.decode("utf-8", "backslashreplace"),
                )
            elif line == READY:
                self._parent.ready()
            elif line.startswith(COUNTS):
                self._parent.counted(line.removeprefix(COUNTS).lstrip())
            else:
                self._pass_on(line)

    def _pass_on(self, line: bytes) -> None:
        """Put an event of the process' log into the log of this one."""
        try:
            for event in eventsFromJSONLogFile(io.BytesIO(line + b"\n")):
                globalLogPublisher(of_worker(self._number, event))
        except (LookupError, TypeError, ValueError):  # it was killed while it wrote
            self._log.warn("Worker {n}: {line}", n=self._number, line=repr(line))

    def processExited(self, reason: Failure) -> None:
        """The process has ended; what it has written may still come."""
        value: Any = reason.value
        number, code = getattr(value, "signal", None), getattr(value, "exitCode", 1)
        how = f"exit code {code}"
        if number is not None:
            how, code = signal.Signals(number).name, EXIT_BY_SIGNAL
        self._reactor.callLater(0, self._parent.ended, how, code or 0)

    def processEnded(self, reason: Failure) -> None:
        """The process has ended, and all that it has written has been read."""
        # Later than what `processExited` has begun.
        self._reactor.callLater(0, self._parent.gone)


def of_worker(number: int, event: LogEvent) -> LogEvent:
    """*event* as one of the worker *number*."""
    level = event.get("log_level", LogLevel.info)
    event["log_system"] = f"worker {number}#{level.name}"
    return event


def spawn_worker(
    reactor: Any,
    command: WorkerCommand,
    process: Callable[[int], WorkerProcess],
    place: tuple[int, int, float, str | None],
    shared: Sequence[int],
    passed: Sequence[int],
    environ: Mapping[str, str] = os.environ,
) -> WorkerProcess:
    """
    Start a worker.

    :param process: makes the protocol, for the descriptor of its news.
    :param place: its number, how many there are, the seconds between its beats, and
        what it is to take for the content of ``--config``.
    :param shared: the descriptors of the memory with everybody's connections, and of
        the sockets to listen on.
    :param passed: the descriptors that systemd has passed.
    :raise OSError: when it cannot be started.
    """
    news = FIRST_PASSED + len(passed)
    loads, *sockets = numbers = range(news + 1, news + 1 + len(shared))
    number, count, beat, config = place
    given = Place(number, count, news, loads, tuple(sockets), len(passed), beat, config)
    descriptors: dict[int, int | str] = {STDIN: "w", 1: 1, news: "r"}
    descriptors[STDERR] = STDERR if command.shows_errors else "r"
    descriptors.update(zip(range(FIRST_PASSED, news), passed, strict=True))
    descriptors.update(zip(numbers, shared, strict=True))
    variables = {n: v for n, v in environ.items() if n not in PARENTS_OWN}
    made = process(news)
    line = command.line()
    reactor.spawnProcess(
        made,
        line[0],
        line,
        env=variables | given.environment(),
        path=command.folder,
        childFDs=descriptors,
    )
    return made
