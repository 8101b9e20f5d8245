"""
Has a process of its own check a reader's file, and ends it when that takes too long.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol

from dartio_tut.course import Exercise, Verdict

from ..errors import ClientError

VERDICT_FD = 3
"""Where the process writes its verdict."""

DRAIN_SECONDS = 0.5
"""What was written before the end is there at once."""

GRACE_SECONDS = 2.0
"""The process notices by itself that time is up, unless it cannot be interrupted."""


async def check(reactor: Any, exercise: Exercise, path: Path, limit: float) -> Verdict:
    """
    The verdict on the file at *path*.

    :param limit: seconds until the test must have ended.
    :raises ClientError: there is no such file.
    """
    _check_file(exercise, path)
    module = "dartio_tut.course.exercises"
    words = [str(exercise.number), str(path.absolute()), f"{limit:g}"]
    child = _Child(reactor, limit)
    # -P: a file beside the reader's that is called random.py is not Python's.
    reactor.spawnProcess(
        child,
        sys.executable,
        [sys.executable, "-P", "-m", module, *words],
        env=os.environ,
        childFDs={0: 0, 1: 1, 2: 2, VERDICT_FD: "r"},
    )
    # Python prints a traceback if SIGCHLD comes while the reactor stops.
    try:
        verdict = await child.verdict
        child.end()
        await child.exited
        return verdict
    except CancelledError:  # the reactor stops
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        raise
    finally:
        child.end()


def _check_file(exercise: Exercise, path: Path) -> None:
    """
    See that there is a file at *path*.

    :raises ClientError: when there is nothing, or when it is not a file.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        is_usual = path.name == exercise.file_name
        what = (
            f"dartio learn start {exercise.number} makes one"
            if is_usual
            else "name the one that you have written"
        )
        raise ClientError(f"there is no file {path}: {what}") from None
    except OSError as error:
        raise ClientError(f"cannot read {path}: {error.strerror}") from None
    if stat.S_ISDIR(mode):
        raise ClientError(f"{path} is a folder: name the file in it")
    if not stat.S_ISREG(mode):
        raise ClientError(f"{path} is not a file with a program: name one that is")


class _Child(ProcessProtocol):
    """
    The process. It says an empty line when it begins, and then the verdict.

    :param limit: seconds after which it must have ended.
    :ivar verdict: fires with the verdict.
    :ivar exited: fires when it has ended.
    """

    transport: Any

    def __init__(self, reactor: Any, limit: float) -> None:
        self.verdict: Deferred[Verdict] = Deferred()
        self.exited: Deferred[None] = Deferred()
        self._reactor = reactor
        self._limit = limit
        self._timer: Any = None
        self._said = b""
        self._was_killed = False

    def end(self) -> None:
        """End the process, if it runs, and do not listen to it any more."""
        self._end_in(None)
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess("KILL")
            self._was_killed = True
        self.transport.loseConnection()

    def _end_in(self, seconds: float | None) -> None:
        """End the process in so many *seconds*, and not when it was planned before."""
        if self._timer and self._timer.active():
            self._timer.cancel()
        if seconds is not None:
            self._timer = self._reactor.callLater(seconds, self.end)

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Begin to count the seconds, or take the verdict."""
        if not self._said:
            self._end_in(self._limit + GRACE_SECONDS)
        self._said += data
        if self._said.count(b"\n") > 1:
            self._tell(None)

    def processExited(self, reason: Any) -> None:
        """
        Take what is in the pipe, but do not wait for other processes that the reader's
        file has started, and that keep it open.
        """
        self.exited.callback(None)
        if not self.verdict.called:
            self._end_in(DRAIN_SECONDS)

    def processEnded(self, reason: Any) -> None:
        """Tell what came of it, if it was no verdict."""
        self._end_in(None)
        self._tell(reason.value)

    def _tell(self, status: Any) -> None:
        if not self.verdict.called:
            self.verdict.callback(self._verdict(status))

    def _verdict(self, status: Any) -> Verdict:
        try:
            return Verdict.from_json(self._said.split(b"\n")[1].decode("ascii"))
        except (ValueError, TypeError, IndexError):
            pass
        if self._was_killed:
            said = f"{self._limit:g} s, and could not be interrupted"
            return Verdict(False, (("Your file had not answered after", said),))
        ended = "in the middle of the test"
        if status is not None and status.signal is not None:
            ended = f"by the signal {signal.Signals(status.signal).name}"
        elif status is not None:
            ended = f"exit code {status.exitCode}"
        return Verdict(
            False,
            (
                ("Your file has ended the program", ended),
                ("What to do", "Return, or raise an exception, but do not exit."),
            ),
        )
