"""
Saying in one line why a daemon cannot start.

Rule: whatever stops a start (a wrong option, a port in use, a folder that cannot be
written) ends as `StartupError`: one line on stderr that begins with the name of the
server, an exit code that tells whether trying again may help, and no traceback.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from twisted.internet.error import CannotListenError
from twisted.logger import Logger

CONFIGURATION_EXIT = os.EX_CONFIG
"""Exit code 78: an option or a file is wrong, and stays so until somebody mends it."""

ENVIRONMENT_EXIT = 1
"""Exit code for all else, such as a port in use: trying again may help."""

CONFIGURATION_ERRNOS = frozenset(
    (
        errno.EACCES,
        errno.EFBIG,
        errno.EINVAL,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EPERM,
    )
)
"""Errors of the system about a path, or a right, that do not pass by themselves."""

SOCKET_LOCKED_TEXT = "Cannot acquire lock"
"""What Twisted says where another process listens on a Unix socket."""

CURRENT_FOLDER_GONE = "the current folder has been removed: go to another one with cd"
"""What the system calls ``No such file or directory``, without the name of a file."""

_NO_NUMBER = re.compile(r"invalid literal for int\(\) with base (\d+): (.*)")
"""How Python says that a text is not a number."""

SOCKET_PATH_TEXT = "AF_UNIX path too long"
"""What Python says, without a number, where the system has ENAMETOOLONG."""

_log = Logger()
_program_name = "dartio"


class StartupError(SystemExit, Exception):
    """
    The daemon cannot start; its text is the line the user reads.

    A `SystemExit`, so that Python ends with its exit code and shows no traceback;
    an `Exception`, so that a daemonising ``twistd`` tells its parent about it.
    """

    def __init__(self, line: str, code: int = CONFIGURATION_EXIT) -> None:
        super().__init__(line)
        self.line = line
        self.code = code


class UnusableFileError(ValueError):
    """
    A file cannot be used; the text of this error says which and why.

    :ivar code: the exit code of a process that it keeps from starting.
    """

    def __init__(self, text: str, code: int = CONFIGURATION_EXIT) -> None:
        super().__init__(text)
        self.code = code


@contextmanager
def unusable_files(kind: str) -> Iterator[None]:
    """
    Say of a file that cannot be used what it is for.

    :param kind: such as ``the certificate``.
    :raise UnusableFileError: when reading it raises an `OSError` or a `ValueError`.
    """
    try:
        yield
    except (OSError, ValueError) as error:
        text = f"{kind} {error_text(error)}"
        raise UnusableFileError(text, exit_code(error)) from None


def set_program_name(name: str) -> None:
    """Let all lines that say why this process cannot start begin with *name*."""
    global _program_name
    _program_name = name


def program_name() -> str:
    """What people call the server of this process, such as ``hello``."""
    return _program_name


def fail_startup(line: str, code: int = CONFIGURATION_EXIT) -> NoReturn:
    """
    Say *line* on stderr and in the log, and give up.

    :param code: the exit code.
    :raise StartupError: always.
    """
    # twistd points sys.stderr at its log; a person looks at the real one.
    line = in_one_line(line)
    with suppress(OSError):  # whether or not it can be read, it says why
        print(f"{_program_name}: {line}", file=sys.__stderr__, flush=True)
    _log.error("Cannot start: {line}", line=line)
    raise StartupError(line, code)


def in_one_line(text: str) -> str:
    """*text* with escapes for what would end its line, or change a terminal."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in text
    )


def error_text(error: BaseException) -> str:
    """The cause of *error* in words for people: no number, no class name."""
    if is_address_in_use(error):
        return os.strerror(errno.EADDRINUSE)
    if isinstance(error, CannotListenError):
        return error_text(error.socketError)
    if isinstance(error, FileNotFoundError) and not error.filename and _is_nowhere():
        return CURRENT_FOLDER_GONE
    if isinstance(error, OSError):
        cause = error.strerror or str(error)
        # Of two paths, the second is the one that was to be made.
        path = error.filename2 or error.filename
        if isinstance(path, bytes):  # Twisted locks a Unix socket by a file beside it
            path = os.fsdecode(path).removesuffix(".lock")
        return f"{path}: {cause}" if path else cause
    text = str(error).partition("\n")[0]
    if found := _NO_NUMBER.match(text):
        kind = "octal number" if found[1] == "8" else "number"
        return f"{found[2]} is no {kind}"
    if isinstance(error, TypeError) and "argument" in text:
        return "it has an argument too many, or lacks one"
    return text or type(error).__name__


def _is_nowhere() -> bool:
    """Whether the folder that this process was started in has been removed."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def is_address_in_use(error: BaseException) -> bool:
    """Whether *error* says that somebody else listens there already."""
    if isinstance(error, CannotListenError):
        return error.socketError == SOCKET_LOCKED_TEXT or is_address_in_use(
            error.socketError
        )
    return isinstance(error, OSError) and error.errno == errno.EADDRINUSE


def exit_code(error: BaseException) -> int:
    """The exit code of a process that *error* keeps from starting."""
    if is_address_in_use(error):
        return ENVIRONMENT_EXIT
    if isinstance(error, CannotListenError):
        return exit_code(error.socketError)
    if str(error) == SOCKET_PATH_TEXT:
        return CONFIGURATION_EXIT
    if isinstance(error, OSError) and error.errno not in CONFIGURATION_ERRNOS:
        return ENVIRONMENT_EXIT
    return CONFIGURATION_EXIT


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
    except UnusableFileError as error:  # says more than the subject
        fail_startup(str(error), error.code)
    except Exception as error:  # noqa: BLE001  (endpoints of others raise anything)
        line = f"{subject}: {error_text(error)}"
        if is_address_in_use(error) and re.search(r":\d+$", subject):
            line = f"{line} ({_who_may_listen()})"
        fail_startup(line, exit_code(error))


def _who_may_listen() -> str:
    """Who may have a port that is in use, and what to type instead."""
    if _program_name == "tutorial":
        return "is one of its servers running already? --port 0 picks free ports"
    others = f'"twistd -n tutorial" or another {_program_name}'
    return f"is {others} running? --port 0 picks a free one"
