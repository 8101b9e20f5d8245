"""
Saying in one line why a daemon cannot start.

Rule: whatever stops a start (a bad option, a port in use, a folder that cannot
be written) ends as `StartupError`: one line on stderr, exit code 1, no traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from twisted.internet.error import CannotListenError
from twisted.logger import Logger

_log = Logger()


class StartupError(SystemExit, Exception):
    """
    The daemon cannot start; its text is the line the user reads.

    A `SystemExit`, so that Python ends with exit code 1 and shows no traceback;
    an `Exception`, so that a daemonising ``twistd`` tells its parent about it.
    """

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.line = line
        self.code = 1


def fail_startup(line: str) -> NoReturn:
    """
    Say *line* to whoever is at the terminal, and to the log, and give up.

    :raise StartupError: always.
    """
    # twistd points sys.stderr at its log; a person looks at the real one.
    print(f"dartio: {line}", file=sys.__stderr__, flush=True)
    _log.error("Cannot start: {line}", line=line)
    raise StartupError(line)


def reason(error: BaseException) -> str:
    """The cause of *error* as a person would say it: no number, no class name."""
    if isinstance(error, CannotListenError):
        return reason(error.socketError)
    if isinstance(error, OSError):
        cause = error.strerror or str(error)
        return f"{error.filename}: {cause}" if error.filename else cause
    text = str(error).partition("\n")[0]
    if isinstance(error, TypeError) and "argument" in text:
        return "it has an argument too many, or lacks one"
    return text or type(error).__name__


@contextmanager
def startup_errors(subject: str) -> Iterator[None]:
    """
    Turn what goes wrong at start into a `StartupError` that names *subject*.

    :param subject: what the user can change: an option, an address.
    """
    try:
        yield
    except StartupError:
        raise
    except Exception as error:  # noqa: BLE001  (endpoints of others raise anything)
        fail_startup(f"{subject}: {reason(error)}")
