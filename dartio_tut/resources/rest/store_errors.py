"""
What a store says, in HTTP's terms: one place where its errors become status codes, and
preconditions become what it is to expect.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Collection
from typing import TypeVar

from twisted.logger import Logger
from twisted.web.http import (
    BAD_REQUEST,
    CONFLICT,
    GONE,
    INSUFFICIENT_STORAGE_SPACE,
    INTERNAL_SERVER_ERROR,
    NOT_FOUND,
    PRECONDITION_FAILED,
    SERVICE_UNAVAILABLE,
)
from twisted.web.server import Request

from dartio_tut.store import (
    ABSENT,
    PRESENT,
    Conflict,
    Deleted,
    NameTaken,
    NoSuchEntry,
    StoreFull,
    TokenReused,
    Unavailable,
)

from ..bodies.json_body import UNPROCESSABLE_CONTENT
from ..fields import field_of
from ..responses import HTTPError

PRECONDITION_REQUIRED = 428
"""RFC 6585 section 3; Twisted has no name for it."""

MAX_KEY = 255
"""Characters of an Idempotency-Key: more than any uuid or digest has."""

T = TypeVar("T")

_log = Logger()

NOTHING: Collection[str] = frozenset({"nothing"})
"""As *expected*: a version that no document has."""

_tags = re.compile(r'(W/)?"([^"]*)"').findall

_version = re.compile("[0-9a-f]{64}").fullmatch


async def from_store(asked: Awaitable[T]) -> T:
    """
    What was *asked* of a store.

    :raise InvalidName: as it is: it is the client's to mend, or just not there.
    :raise Refusal: in place of all else that the store raises.
    """
    try:
        return await asked
    except Deleted as error:
        raise HTTPError(GONE, _sentence(error)) from None
    except NoSuchEntry as error:
        raise HTTPError(NOT_FOUND, _sentence(error)) from None
    except Conflict:
        text = "It is not the version that was expected."
        raise HTTPError(PRECONDITION_FAILED, text) from None
    except NameTaken as error:
        raise HTTPError(CONFLICT, _sentence(error)) from None
    except TokenReused:
        text = "This Idempotency-Key came with something else before."
        raise HTTPError(UNPROCESSABLE_CONTENT, text) from None
    except StoreFull as error:
        raise HTTPError(INSUFFICIENT_STORAGE_SPACE, _sentence(error)) from None
    except Unavailable as error:
        text = "The store cannot be reached. Try again."
        retry = ((b"Retry-After", b"%d" % error.retry_after),)
        raise HTTPError(SERVICE_UNAVAILABLE, text, retry) from None
    except OSError as error:
        _log.failure("The store failed")
        text = f"Exception during file I/O: {error.strerror or 'it failed'}."
        raise HTTPError(INTERNAL_SERVER_ERROR, text) from None


def precondition(request: Request, required: bool = False) -> Collection[str] | None:
    """
    The versions that *request* expects a document to have, as a store takes them.

    If-Match and ``If-None-Match: *`` are honoured (RFC 9110 section 13.1); weak tags
    never match.

    :param required: whether to ask for one of them.
    :raise Refusal: 428 when it is required and there is none; 400 when it cannot be
        understood.
    """
    field = field_of(request)
    match, none = field(b"if-match"), field(b"if-none-match")
    if none is not None and none.strip() != b"*":
        raise HTTPError(BAD_REQUEST, "Only * is understood in If-None-Match here.")
    if match is not None and none is not None:
        return NOTHING  # there must be one, and none
    if match is not None:
        return PRESENT if match.strip() == b"*" else _versions(match)
    if none is None and required:
        raise HTTPError(
            PRECONDITION_REQUIRED, "Say If-Match, or If-None-Match: *, with a change."
        )
    return None if none is None else ABSENT


def _versions(match: bytes) -> Collection[str]:
    """The versions in the value of an If-Match; a tag of our own is nothing else."""
    tags = _tags(match.decode("latin-1"))
    return {tag for weak, tag in tags if not weak and _version(tag)} or NOTHING


def idempotency_key(request: Request) -> str | None:
    """
    The Idempotency-Key of *request*.

    :raise Refusal: 400 when it is too long, or empty.
    """
    key = field_of(request)(b"idempotency-key")
    if key is None:
        return None
    text = key.decode("latin-1").strip()
    if not 0 < len(text) <= MAX_KEY:
        raise HTTPError(BAD_REQUEST, f"Idempotency-Key has 1 to {MAX_KEY} characters.")
    return text


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
