"""
The user and the password of a request (RFC 7617), and which of them were right a short
time ago.

Rule: no password is kept. What is remembered is a digest, under a key that only this
process has.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode
from collections.abc import Callable

from twisted.web.server import Request

from .htpasswd import CONTROL

MAX_FIELD_BYTES = 1024
"""The longest Authorization field: hashing takes time that grows with the password."""

REMEMBERED_CREDENTIALS = 1000
"""How many are remembered; then the oldest is forgotten for each new one."""

REMEMBERED_SECONDS = 300.0
"""For how long. A hash takes a fraction of a second, a digest a microsecond: whoever
reads the memory of this process could guess that much faster."""


class Credentials:
    """A user and a password. Its ``repr`` tells neither."""

    __slots__ = ("password", "user")

    def __init__(self, user: str, password: str) -> None:
        self.user = user
        self.password = password


def credentials_of(request: Request) -> Credentials | None:
    """
    Return the credentials in the Authorization field of *request*, or ``None`` when
    the field is missing or malformed.

    They are read as UTF-8, which the challenge asks for, or else as Latin-1, which
    some clients send all the same.
    """
    fields = request.requestHeaders.getRawHeaders(b"Authorization", [])
    if len(fields) != 1 or len(fields[0]) > MAX_FIELD_BYTES:
        return None
    scheme, _, token = fields[0].strip().partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        pair = b64decode(token.strip(b" "), validate=True)
    except ValueError:
        return None
    try:
        text = pair.decode("utf-8")
    except UnicodeDecodeError:
        text = pair.decode("latin-1")
    user, colon, password = text.partition(":")
    if not colon or CONTROL.search(text):
        return None
    return Credentials(user, password)


class RememberedCredentials:
    """
    Credentials that were right a short time ago.

    :param now: tells the time in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._key = secrets.token_bytes(32)
        self._until: dict[bytes, float] = {}

    def __contains__(self, credentials: Credentials) -> bool:
        return self._until.get(self._digest(credentials), 0.0) > self._now()

    def add(self, credentials: Credentials) -> None:
        """Remember *credentials*, which are right now."""
        digest = self._digest(credentials)
        self._until.pop(digest, None)  # so that it becomes the newest
        if len(self._until) >= REMEMBERED_CREDENTIALS:
            del self._until[next(iter(self._until))]
        self._until[digest] = self._now() + REMEMBERED_SECONDS

    def forget(self) -> None:
        """Forget all: what was right may be wrong now."""
        self._until.clear()

    def _digest(self, credentials: Credentials) -> bytes:
        # A colon is never part of the user, so the pair cannot be another one.
        pair = f"{credentials.user}:{credentials.password}"
        return hmac.digest(self._key, pair.encode("utf-8"), "sha256")
