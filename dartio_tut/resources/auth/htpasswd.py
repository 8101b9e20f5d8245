"""
The users of an htpasswd file.

Rule: checking a user who is not in the file takes as long as checking one who is. A
file that is wrong keeps the server from starting; one that becomes wrong later changes
nothing.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from codecs import BOM_UTF8
from hashlib import sha256
from time import time_ns
from typing import NamedTuple

from twisted.logger import Logger

from dartio_tut.store import WHOLE_SECONDS_NS, read_regular_file

from .password_hashes import PasswordCheck, password_check

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
"""Characters that no user or password may have (RFC 7617 section 2). That spares the
question of what a hash does at a NUL."""

MAX_USER_BYTES = 255
"""The longest name of a user: htpasswd makes none that is longer, and in a request the
field for one that is much longer is refused."""

TICK_NS = 50_000_000
"""Nanoseconds: more than the tick of the clock of a file system with fine times."""

MAX_FILE_BYTES = 4 * 1024 * 1024
"""The longest file: about 50,000 users."""


_BYTE_ORDER_MARK = "\ufeff"
"""What some editors put before a text; two files in one have it in the middle."""


class _Users(NamedTuple):
    """The checks by the names of users, and all of them in a row."""

    by_name: dict[str, PasswordCheck]
    all: tuple[PasswordCheck, ...]


class HtpasswdFile:
    """
    The users of an htpasswd file, one ``user:hash`` a line. Blank lines and comments,
    which begin with ``#``, are left out.

    The file is read again when it has changed. While it is missing or wrong, its users
    are those that it had before, and the log says so. The log also says when the file
    has no users, because then nobody is let in.

    :ivar path: where the file is.
    :raise OSError: when it cannot be read.
    :raise ValueError: when a line is wrong. The text has the number of the line, never
        what is in it.
    """

    _log = Logger()

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._key = secrets.token_bytes(32)
        self._version = 0
        self._is_fresh = False
        self._digest = b""
        self._seen = self._look()
        self._users = self._read()

    def version(self) -> int:
        """Tell how often the users have changed since the start."""
        seen = self._look()
        is_another = seen != self._seen
        if is_another or self._is_fresh:
            self._seen = seen
            before = self._digest
            try:
                self._users = self._read()
            except (OSError, ValueError) as error:
                if is_another:
                    self._say_wrong(error)
            else:
                self._version += self._digest != before
        return self._version

    def _say_wrong(self, error: OSError | ValueError) -> None:
        why = str(error)
        if isinstance(error, OSError):
            why = f"{self.path}: {error.strerror}"
        self._log.warn("The users are still those of before: {why}", why=why)

    def check(self, user: str, password: str) -> bool:
        """
        Tell whether *password* is that of *user*. This takes a fraction of a second:
        call it in a thread.

        For a user who is not in the file, the hash of another one is checked. Whose it
        is depends on a random key, but is always the same for a name, so that neither
        the kind nor the cost of the hash tells whether the user exists.
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
        """What differs between two states of the file."""
        try:
            status = os.stat(self.path)
        except OSError:
            return None
        changed = status.st_mtime_ns, status.st_ctime_ns
        return status.st_dev, status.st_ino, status.st_size, *changed

    def _read(self) -> _Users:
        """The users; those that the file had already if it is the same."""
        # After another edit in the same tick of its clock it would look the same.
        *_, modified, changed = self._seen or (0, 0)
        is_in_seconds = not (modified % 10**9 or changed % 10**9)
        tick = WHOLE_SECONDS_NS if is_in_seconds else TICK_NS
        self._is_fresh = abs(time_ns() - changed) < tick
        data = read_regular_file(self.path, MAX_FILE_BYTES)
        digest = sha256(data).digest()
        if digest == self._digest:
            return self._users
        users: dict[str, PasswordCheck] = {}
        data = data.removeprefix(BOM_UTF8)
        for number, line in enumerate(data.split(b"\n"), start=1):
            try:
                _add(users, line)
            except ValueError as error:
                raise ValueError(f"{self.path}, line {number}: {error}") from None
        if not users:
            self._log.warn(
                "{path} has no users, so nobody is let in. Add one with: {command}",
                path=self.path,
                command=f"htpasswd -B {self.path} USER",
            )
        self._digest = digest
        return _Users(users, tuple(users.values()))


def open_htpasswd(path: str) -> HtpasswdFile:
    """
    Read the htpasswd file at *path*.

    :raise ValueError: when it cannot be read, or a line is wrong.
    """
    try:
        return HtpasswdFile(os.path.abspath(path))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None


def _add(users: dict[str, PasswordCheck], line: bytes) -> None:
    """Add the user of *line*, unless it is blank or a comment."""
    try:
        text = line.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    if not text or text.startswith("#"):
        return
    user, colon, hashed = text.partition(":")
    if _BYTE_ORDER_MARK in user:
        raise ValueError("a byte order mark is in the middle of the file")
    if not colon or not user or user != user.strip() or CONTROL.search(text):
        raise ValueError("expected user:hash")
    if len(user.encode("utf-8")) > MAX_USER_BYTES:
        raise ValueError(f"the user has more than {MAX_USER_BYTES} bytes")
    if user in users:
        raise ValueError("the same user as in an earlier line")
    users[user] = password_check(hashed.strip())
