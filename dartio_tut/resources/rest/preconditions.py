"""
Header fields that say under which condition a change is to be made: If-Match,
If-None-Match and Idempotency-Key.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from twisted.web.http import BAD_REQUEST
from twisted.web.server import Request

from dartio_tut.store import ABSENT, PRESENT

from ..fields import field_of
from ..responses import PRECONDITION_REQUIRED, HTTPError

MAX_KEY_LENGTH = 255
"""Characters of an Idempotency-Key: more than any UUID or digest has."""

NO_VERSION: Collection[str] = frozenset({"nothing"})
"""A set of expected versions that no document has."""

_tags = re.compile(r'(W/)?"([^"]*)"').findall

_version = re.compile("[0-9a-f]{64}").fullmatch


def precondition(request: Request, required: bool = False) -> Collection[str] | None:
    """
    Return the versions of a document that *request* allows to be changed, in the form
    that a store's *expected* has; ``None`` for any.

    If-Match and ``If-None-Match: *`` are honoured (RFC 9110 section 13.1); weak tags
    never match.

    :param required: whether a request must have one of the two.
    :raise HTTPError: 428 when it must and has not; 400 for an If-None-Match that is
        not ``*``.
    """
    field = field_of(request)
    match, none = field(b"if-match"), field(b"if-none-match")
    if none is not None and none.strip() != b"*":
        raise HTTPError(BAD_REQUEST, "Only * is understood in If-None-Match here.")
    if match is not None and none is not None:
        return NO_VERSION  # both cannot be fulfilled
    if match is not None:
        return PRESENT if match.strip() == b"*" else _versions(match)
    if none is None and required:
        raise HTTPError(
            PRECONDITION_REQUIRED, "Say If-Match, or If-None-Match: *, with a change."
        )
    return None if none is None else ABSENT


def _versions(match: bytes) -> Collection[str]:
    """The versions in the value of an If-Match; other tags cannot be ours."""
    tags = _tags(match.decode("latin-1"))
    return {tag for weak, tag in tags if not weak and _version(tag)} or NO_VERSION


def idempotency_key(request: Request) -> str | None:
    """
    Return the Idempotency-Key of *request*, or ``None``.

    :raise HTTPError: 400 when it is empty, longer than 255 characters, or comes twice.
    """
    keys = request.requestHeaders.getRawHeaders(b"Idempotency-Key")
    if not keys:
        return None
    if len(keys) > 1:
        raise HTTPError(BAD_REQUEST, "Idempotency-Key comes more than once.")
    text = keys[0].decode("latin-1").strip()
    if not 0 < len(text) <= MAX_KEY_LENGTH:
        raise HTTPError(
            BAD_REQUEST, f"Idempotency-Key has 1 to {MAX_KEY_LENGTH} characters."
        )
    return text
