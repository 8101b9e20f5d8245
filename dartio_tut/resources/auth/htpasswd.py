"""
Who may come in, as an htpasswd file says.

Rule: a user who is not there costs as much as one who is. A file that is wrong keeps
the server from starting; one that becomes wrong changes nothing.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from typing import NamedTuple

from twisted.logger import Logger

from .password_hashes import Check, check_of

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
"""What no user or password may hold (RFC 7617 section 2). That spares all questions of
what a hash does at a NUL."""

MAX_FILE = 4 * 1024 * 1024
"""Bytes of a file: 50,000 users."""


class _Users(NamedTuple):
    """The checks by user, and again in a row."""

    by_name: dict[str, Check]
    all: tuple[Check, ...]


class HtpasswdFile:
    """
    The users of an htpasswd file, one ``user:hash`` a line; blank lines and such as
    begin with ``#`` are left out.

    The file is read again when it has changed. While it is gone or wrong, the users
    are those it had before, and the log says so.

    :param path: where it is.
    :raise OSError: when it cannot be read.
    :raise ValueError: when a line is wrong; it tells the line's number, never what is
        in it.
    """

    _log = Logger()

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._key = secrets.token_bytes(32)
        self._version = 0
        self._seen = self._look()
        self._users = self._read()

    def version(self) -> int:
        """How often the users have changed since the start, by now."""
        seen = self._look()
        if seen != self._seen:
            self._seen = seen
            try:
                self._users = self._read()
            except (OSError, ValueError) as error:
                self._log.warn(
                    "The users are as they were before: {error}", error=str(error)
                )
            else:
                self._version += 1
        return self._version

    def check(self, user: str, password: str) -> bool:
        """
        Whether that is *user*'s password. Takes its time: call it in a thread.

        For a user who is not there, the hash of another is checked, of whom is random
        but always the same for that name: kind and cost of it tell nothing.
        """
        users = self._users
        known = user in users.by_name
        if known:
            check = users.by_name[user]
        elif users.all:
            digest = hmac.digest(self._key, user.encode("utf-8"), "sha256")
            check = users.all[int.from_bytes(digest) % len(users.all)]
        else:
            return False
        right = check(password.encode("utf-8"))
        return right and known

    def _look(self) -> tuple[int, ...] | None:
        """What tells one state of the file from another."""
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

    def _read(self) -> _Users:
        with open(self._path, "rb") as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise ValueError(f"{self._path}: longer than {MAX_FILE} bytes")
        users: dict[str, Check] = {}
        for number, line in enumerate(data.split(b"\n"), start=1):
            try:
                _add(users, line)
            except ValueError as error:
                raise ValueError(f"{self._path}, line {number}: {error}") from None
        return _Users(users, tuple(users.values()))


def open_htpasswd(path: str) -> HtpasswdFile:
    """
    The users of the file at *path*.

    :raise ValueError: when it cannot be read, or a line is wrong.
    """
    try:
        return HtpasswdFile(os.path.abspath(path))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None


def _add(users: dict[str, Check], line: bytes) -> None:
    """Add the user of *line*, if it has one."""
    try:
        text = line.decode("utf-8").removesuffix("\r")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    if not text.strip() or text.startswith("#"):
        return
    user, colon, hashed = text.partition(":")
    if not colon or not user or user != user.strip() or CONTROL.search(text):
        raise ValueError("expected user:hash")
    if user in users:
        raise ValueError("the same user as in a line before")
    users[user] = check_of(hashed)
