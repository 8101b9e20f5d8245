"""
Checks of what the command line says: from the text of an option to its value.

Rule: a check raises `ValueError` with a message that says what is wrong and, where
it helps, what is right; the caller puts the name of the option before it.
"""

from __future__ import annotations

import os
from pathlib import Path

LARGEST_PORT = 65535
"""Ports have 16 bits (RFC 9293 section 3.1)."""

MOST_DIGITS = 15
"""Digits of the largest number that an option takes: as many as a float keeps."""

LONGEST_SECONDS = 10**9
"""Seconds of the longest time that an option takes, some 30 years."""


def port_number(text: str) -> int:
    """
    The TCP port that *text* stands for; 0 lets the system pick one.

    :raise ValueError: when it is not a number from 0 to 65535.
    """
    if not _is_whole(text) or int(text) > LARGEST_PORT:
        raise ValueError(f"{text!r} is no port: use a number from 0 to {LARGEST_PORT}")
    return int(text)


def whole_number(text: str) -> int:
    """
    The number that *text* stands for.

    :raise ValueError: when it is not a whole number, or is below 0.
    """
    if not _is_whole(text):
        raise ValueError(f"{text!r} is not a whole number")
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


def seconds(text: str) -> float:
    """
    The time that *text* stands for.

    :raise ValueError: when it is not a number, or not above 0.
    """
    try:
        time = float(text)
    except ValueError:
        time = 0
    if not 0 < time < LONGEST_SECONDS:
        raise ValueError(f"{text!r} is not a time in seconds")
    return time


def seconds_or_zero(text: str) -> float:
    """
    A time in seconds that may be zero.

    :raise ValueError: when it is not a number, or below 0.
    """
    return 0.0 if text in ("0", "0.0") else seconds(text)


def existing_folder(path: str) -> str:
    """
    The absolute form of *path*.

    :raise ValueError: when it is not a folder, or cannot be read.
    """
    if not path:
        raise ValueError("it is empty; write . for the current folder")
    folder = Path(path).absolute()
    if not folder.exists():
        raise ValueError(f"{path}: no such folder")
    if not folder.is_dir():
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
    if file.is_dir():
        raise ValueError(f"{path}: is a folder")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise ValueError(f"{path}: cannot be written")
    return str(file)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
