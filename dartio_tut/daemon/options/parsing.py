"""
Checks of what the command line says: from the text of an option to its value.

Rule: a check raises `ValueError` with a message that says what is wrong and, where
it helps, what is right; the caller puts the name of the option before it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from twisted.internet.interfaces import IStreamServerEndpointStringParser
from twisted.plugin import getPlugins

from ..listening import endpoint_parts

TWISTED_ENDPOINTS = frozenset(("ssl", "tcp", "unix"))
"""Types of endpoints that are no plugins."""

PORT_ENDPOINTS = frozenset(("https", "ssl", "tcp", "tcp6"))
"""Types of endpoints that listen on a TCP port."""

LARGEST_PORT = 65535
"""Ports have 16 bits (RFC 9293 section 3.1)."""

LARGEST_NUMBER = 10**15 - 1
"""The largest number that an option takes: a float keeps all of its digits."""

LARGEST_BACKLOG = 2**31 - 1
"""The kernel takes a C int; of a larger backlog than it allows, it takes its own."""

SHOWN_CHARACTERS = 40
"""How much of a number is shown that is far too long."""

LONGEST_SECONDS = 10**9
"""Seconds of the longest time that an option takes, some 30 years."""


def port_number(text: str) -> int:
    """
    The TCP port that *text* stands for; 0 lets the system pick one.

    :raise ValueError: when it is not a number from 0 to 65535.
    """
    if not _is_whole(text) or int(text) > LARGEST_PORT:
        line = f"is no port: use a number from 0 to {LARGEST_PORT}"
        raise ValueError(f"{_short(text)!r} {line}")
    return int(text)


def endpoint_string(text: str) -> str:
    """
    *text*, which says where to listen, as Twisted's ``serverFromString`` takes it.

    :raise ValueError: when it does not begin with a type of endpoint, or when its TCP
        port is not a number from 0 to 65535.
    """
    kind, first, settings = endpoint_parts(text)
    plugins = getPlugins(IStreamServerEndpointStringParser)
    if kind not in TWISTED_ENDPOINTS and kind not in {each.prefix for each in plugins}:
        right = "one such as tcp:4040 or unix:/run/hello.socket"
        if text.isdigit():
            right = f"tcp:{text}"
        elif first.isdigit():
            right = f"tcp:{first}:interface={kind}"
        raise ValueError(f"{text!r} is no endpoint string: write {right}")
    if kind in PORT_ENDPOINTS and "over" not in settings:
        try:
            port_number(settings.get("port", first))
        except ValueError as error:
            raise ValueError(f"{text}: {error}") from None
    return text


def whole_number(text: str) -> int:
    """
    The number that *text* stands for.

    :raise ValueError: when it is not a whole number, or is below 0.
    """
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{_short(text)!r} is not a whole number")
    if not _is_whole(text):
        raise ValueError(f"{_short(text)} is too large: use at most {LARGEST_NUMBER}")
    return int(text)


def positive_number(text: str) -> int:
    """
    The number that *text* stands for.

    :raise ValueError: when it is not a whole number, or is below 1.
    """
    number = whole_number(text)
    if not number:
        raise ValueError("it must be at least 1")
    return number


def backlog_length(text: str) -> int:
    """
    The length of a queue of the kernel's that *text* stands for.

    :raise ValueError: when it is not a whole number from 1 to 2147483647.
    """
    number = positive_number(text)
    if number > LARGEST_BACKLOG:
        raise ValueError(f"{text} is too large: use at most {LARGEST_BACKLOG}")
    return number


def seconds(text: str) -> float:
    """
    The time that *text* stands for.

    :raise ValueError: when it is not a number, or not above 0.
    """
    try:
        time = float(text) if _is_plain(text) else 0
    except ValueError:
        time = 0
    if time >= LONGEST_SECONDS:
        raise ValueError(f"{_short(text)} is too long: use less than {LONGEST_SECONDS}")
    if not time > 0:
        raise ValueError(f"{_short(text)!r} is not a time in seconds above 0")
    return time


def seconds_or_zero(text: str) -> float:
    """
    A time in seconds that may be zero.

    :raise ValueError: when it is not a number, or below 0.
    """
    return 0.0 if re.fullmatch(r"0+(\.0*)?", text) else seconds(text)


NUMBER_CHECKS = frozenset[object](
    (
        port_number,
        whole_number,
        positive_number,
        backlog_length,
        seconds,
        seconds_or_zero,
    )
)
"""The checks of options that take a number; all others take any text."""


def one_of(words: Sequence[str]) -> Callable[[str], str]:
    """A check for an option that takes one of *words*."""

    def check(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text!r} is none of {', '.join(words)}")
        return text

    return check


def existing_folder(path: str) -> str:
    """
    The absolute form of *path*.

    :raise ValueError: when it is not a folder, or cannot be read.
    """
    if not path:
        raise ValueError("it is empty; write . for the current folder")
    folder = Path(path).absolute()
    mode = _mode(path)
    if mode is None:
        raise ValueError(f"{path}: no such folder")
    if not stat.S_ISDIR(mode):
        raise ValueError(f"{path}: not a folder")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise ValueError(f"{path}: permission denied")
    return str(folder)


def absolute_path(path: str) -> str:
    """
    The absolute form of *path*, for files that are opened later.

    :raise ValueError: when it is empty.
    """
    if not path:
        raise ValueError("the name of a file is expected")
    return os.path.abspath(path)


def log_file(path: str) -> str:
    """
    The absolute form of *path*, to which a log may be appended; ``-`` is stdout.

    :raise ValueError: when it is a folder, or cannot be written.
    """
    if path == "-":
        return path
    file = Path(path).absolute()
    mode = _mode(path)
    if mode is not None and stat.S_ISDIR(mode):
        raise ValueError(f"{path or file}: is a folder")
    if not os.access(file.parent if mode is None else file, os.W_OK):
        raise ValueError(f"{path}: cannot be written")
    return str(file)


def _mode(path: str) -> int | None:
    """
    The mode of what has that *path*; ``None`` when nothing has.

    :raise ValueError: when that cannot be found out, because a folder above it may not
        be entered, for example.
    """
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ValueError(f"{path}: {os.strerror(error.errno or 0).lower()}") from None


def _is_whole(text: str) -> bool:
    if not (text.isascii() and text.isdigit()):
        return False
    digits = text.lstrip("0")
    return len(digits) <= len(str(LARGEST_NUMBER))


def _is_plain(text: str) -> bool:
    """Whether *text* has only what a number has: Python allows ``1_0``."""
    return text.isascii() and "_" not in text and not any(map(str.isspace, text))


def _short(text: str) -> str:
    """*text* as it fits a line."""
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
