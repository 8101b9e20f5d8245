"""
The user and password that a request brings (RFC 7617), and who has shown them lately.

Rule: neither is kept. What is remembered is a digest under a key that dies with the
process.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode
from collections.abc import Callable

from twisted.web.server import Request

from .htpasswd import CONTROL

MAX_FIELD = 1024
"""Bytes of the field: hashing takes time that grows with the password."""

MANY = 1000
"""Users who are remembered; beyond it the first of them are forgotten."""

WHILE = 300.0
"""Seconds for which they are, as long as a leaked memory could serve for guessing."""


class Credentials:
    """A user and a password. Nothing that is shown of them tells the password."""

    __slots__ = ("password", "user")

    def __init__(self, user: str, password: str) -> None:
        self.user = user
        self.password = password


def credentials_of(request: Request) -> Credentials | None:
    """
    What the Authorization field of *request* says, if it is well formed.

    They are UTF-8, as our challenge asks for; of what cannot be, Latin-1, which some
    clients send regardless.
    """
    fields = request.requestHeaders.getRawHeaders(b"Authorization", [])
    if len(fields) != 1 or len(fields[0]) > MAX_FIELD:
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


class Remembered:
    """
    Credentials that were right a short time ago.

    :param now: the time, in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._key = secrets.token_bytes(32)
        self._until: dict[bytes, float] = {}

    def __contains__(self, credentials: Credentials) -> bool:
        return self._until.get(self._digest(credentials), 0.0) > self._now()

    def add(self, credentials: Credentials) -> None:
        """They are right, now."""
        digest = self._digest(credentials)
        self._until.pop(digest, None)  # so that it is the last
        if len(self._until) >= MANY:
            del self._until[next(iter(self._until))]
        self._until[digest] = self._now() + WHILE

    def forget(self) -> None:
        """Whatever was right may be wrong now."""
        self._until.clear()

    def _digest(self, credentials: Credentials) -> bytes:
        # No user holds a colon.
        pair = f"{credentials.user}:{credentials.password}"
        return hmac.digest(self._key, pair.encode("utf-8"), "sha256")
