"""
Saying in one line why a daemon cannot start.

Rule: whatever stops a start (a bad option, a port in use, a folder that cannot
be written) ends as `StartupError`: one line on stderr, exit code 1, no traceback.
"""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from platformdirs import user_data_path
from twisted.internet.error import CannotListenError
from twisted.logger import Logger

T = TypeVar("T")

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


@contextmanager
def as_daemon(options: Any) -> Iterator[None]:
    """
    Be, for a while, the user the daemon will be (twistd's ``--uid`` and ``--gid``).

    What is made on disk before the daemon has given up root's rights is then its own.
    """
    twistd = options.parent or {}
    uid, gid = twistd.get("uid"), twistd.get("gid")
    if uid is not None and gid is None:
        gid = pwd.getpwuid(uid).pw_gid
    user, group = os.geteuid(), os.getegid()
    if gid is not None:
        os.setegid(gid)
    try:
        if uid is not None:
            os.seteuid(uid)
        yield
    finally:
        os.seteuid(user)
        os.setegid(group)


def data_folder(name: str) -> str:
    """
    Where the server *name* keeps its data unless told otherwise.

    Below the user's data folder (``$XDG_DATA_HOME``, usually
    ``~/.local/share``); nothing is created yet.
    """
    return str(user_data_path("dartio_tut") / name)


def existing_folder(path: str) -> str:
    """
    The absolute form of *path*.

    :raise ValueError: when it is no folder, or one that cannot be entered.
    """
    folder = Path(path).absolute()
    if not folder.exists():
        raise ValueError(f"{path}: no such folder")
    if not folder.is_dir():
        raise ValueError(f"{path}: not a folder")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise ValueError(f"{path}: permission denied")
    return str(folder)


def log_file(path: str) -> str:
    """
    The absolute form of *path*, to which a log may be appended.

    :raise ValueError: when it is a folder, or in none that can be written.
    """
    file = Path(path).absolute()
    if file.is_dir():
        raise ValueError(f"{path}: is a folder")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise ValueError(f"{path}: cannot be written")
    return str(file)


def coerce_option(option: str, check: Callable[[str], T]) -> Callable[[str], T]:
    """
    *check* as the coerce function of *option*: its `ValueError` names the option.
    """

    def coerce(text: str) -> T:
        try:
            return check(text)
        except ValueError as error:
            raise ValueError(f"{option}: {error}") from None

    coerce.coerceDoc = ""  # type: ignore[attr-defined]  # or --help shows this docstring
    return coerce
