"""
The process that checks a reader's file.

It is a process of its own, because the file may end it, or never let go of it. An
empty line goes to the file descriptor `VERDICT_FD` when the test begins, and then the
verdict, in a line: what the file prints is its own.

    $ python -m dartio_tut.course.exercises NUMBER FILE SECONDS
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

from twisted.logger import globalLogBeginner

from .checking import check_loaded
from .exercise import read_exercises
from .reader_file import ReaderFile
from .verdict import Verdict

VERDICT_FD = 3
"""The first that is no standard stream."""


def main(number: str, name: str, seconds: str) -> None:
    """Check the file *name* for the exercise *number*, for so many *seconds*."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends `dartio`, which ends us
    globalLogBeginner.beginLoggingTo([], redirectStandardIO=False)
    reader = ReaderFile(Path(name))
    sys.path.append(str(reader.path.parent))  # for modules of the reader's own

    def give_up(_: int, frame: FrameType | None) -> None:
        where = reader.shown_line(reader.line_in(frame))
        _end_with(
            Verdict(
                False,
                (
                    (f"Your file had not answered after {seconds} s", where),
                    ("What to do", "Wait with `await`, or end the loop."),
                ),
            )
        )

    os.write(VERDICT_FD, b"\n")
    signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, float(seconds))
    verdict = check_loaded(read_exercises()[int(number)], reader)
    signal.setitimer(signal.ITIMER_REAL, 0)
    _end_with(verdict)


def _end_with(verdict: Verdict) -> None:
    """Write *verdict* and end, whatever threads the reader's file has started."""
    with suppress(Exception):  # the file may have closed it, or be printing just now
        sys.stdout.flush()
    os.write(VERDICT_FD, f"{verdict.to_json()}\n".encode("ascii"))
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
