"""
What a resource has set that no response can have: how the log tells it, or what is
sent instead.

Rule: how a response ends is decided by the wire alone. What a resource says about that
is sent only if a client can read it in one way.
"""

from __future__ import annotations

from twisted.logger import Logger
from twisted.web.http import NO_BODY_CODES, RESET_CONTENT, RESPONSES, SWITCHING
from twisted.web.http_headers import Headers

MAX_LENGTH_DIGITS = 18
"""Digits of a Content-Length: 64 bits hold as many, and no body has more bytes."""

MAX_LOGGED_VALUES = 100
"""Characters of values that make no sense, in the log."""

FINAL_CODES = frozenset(code for code in RESPONSES if code >= 200)
"""The status codes that Twisted has a name for, of responses that are not interim."""

BODILESS_CODES = frozenset((*NO_BODY_CODES, RESET_CONTENT))
"""
Those of responses that never have a body, whatever a resource writes: 204, 205 and 304
(RFC 9110 section 15). Only a 205 says so by a Content-Length, which is 0.
"""

NO_BREAKS = bytes.maketrans(b"\0\r\n", b"   ")
"""A client may take each of these for the end of a field (RFC 9110 section 5.5)."""

_log = Logger()


class UnsendableError(TypeError):
    """A resource has given something that cannot be sent: the message says what."""


class StatusCodeError(UnsendableError):
    """A resource has set a status code that no response can have."""

    def __init__(self, code: object) -> None:
        super().__init__(
            f"the status code of a response is {code!r}; it must be a number from 200 "
            "to 999. See twisted.web.server.Request.setResponseCode."
        )


def check_status(code: object, headers: Headers | None = None) -> None:
    """
    See that a response can have the status *code*.

    101 is one if *headers* say which protocol follows: then all that is written behind
    the head is of that protocol. HTTP/2 has no 101.

    :raise StatusCodeError: if it cannot.
    """
    if code in FINAL_CODES or (isinstance(code, int) and 200 <= code <= 999):
        return
    if code != SWITCHING or headers is None or not headers.hasHeader(b"Upgrade"):
        raise StatusCodeError(code)


def declared_length(headers: Headers) -> int | None:
    """
    The length of the body that *headers* tell; ``None`` if they tell none.

    A Content-Length that nobody can read is removed, as are several that differ: a
    client and a proxy could each take another one for right.
    """
    values = headers.getRawHeaders(b"Content-Length")
    if values is None:
        return None
    value = values[0] if len(values) == 1 else b""
    if value.isdigit() and len(value) <= MAX_LENGTH_DIGITS:
        return int(value)
    said = {part.strip() for value in values for part in value.split(b",")}
    only = said.pop() if len(said) == 1 else b""
    if only.isdigit() and len(only) <= MAX_LENGTH_DIGITS:
        headers.setRawHeaders(b"Content-Length", [only])
        return int(only)
    headers.removeHeader(b"Content-Length")
    _log.warn(
        "A resource has set Content-Length to {values}. That is left out of the "
        "response, because it must be one number of bytes.",
        values=repr(values)[:MAX_LOGGED_VALUES],
    )
    return None


def field_value(value: bytes | str) -> bytes:
    """*value* as Twisted's headers would have made it, so that it stays one line."""
    made = value.encode() if isinstance(value, str) else value
    return made.translate(NO_BREAKS)
