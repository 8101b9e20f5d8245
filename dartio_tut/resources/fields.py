"""
Header fields of requests and responses, of our own wire or any other ``twisted.web``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from twisted.web.server import Request

from dartio_tut.wire import replace_fields

Fields = tuple[tuple[bytes, bytes], ...]

_name = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_value = re.compile(r"[\t\x20-\x7e\xa0-\xff]*").fullmatch

SECURITY_FIELDS: Fields = (
    (b"X-Content-Type-Options", b"nosniff"),
    (b"X-Frame-Options", b"SAMEORIGIN"),
    (b"Referrer-Policy", b"strict-origin-when-cross-origin"),
)
"""These keep browsers from guessing a type, from framing a page of another origin, and
from telling other origins the path that a person came from. They break no page."""

NOSNIFF: Fields = ((b"X-Content-Type-Options", b"nosniff"),)
"""Keeps browsers from guessing a type: text that a person has sent is not a page."""

CONNECTION_FIELDS = (
    "connection",
    "content-length",
    "date",
    "server",
    "transfer-encoding",
)
"""Header fields that only the wire may set."""


def option_bytes(text: str) -> bytes:
    """The bytes in UTF-8 of what a command line said, valid or not."""
    return text.encode("utf-8", "surrogateescape")


def is_field_value(text: str) -> bool:
    """Whether *text* can be the value of a header field (RFC 9110 section 5.5)."""
    return _value(text) is not None


def parse_field(text: str) -> tuple[bytes, bytes]:
    """
    Return the name and the value of a header field such as ``X-Robots-Tag: noindex``.

    :raise ValueError: when *text* is not a header field, or is one that only the
        server may set.
    """
    name, mark, value = text.partition(":")
    if not (mark and _name(name) and is_field_value(value)):
        raise ValueError(
            f"{text!r} is not a header field; write one such as X-Robots-Tag: noindex"
        )
    if name.lower() in CONNECTION_FIELDS:
        raise ValueError(f"{name} is set by the server itself")
    return name.encode("ascii"), value.strip().encode("latin-1")


def merge_fields(fields: Fields, given: Sequence[tuple[bytes, bytes]]) -> Fields:
    """
    Return *fields*, with those *given* in place of those of the same name. A given one
    without a value only removes; a given Vary joins the others.
    """
    replaced = {name.lower() for name, _ in given} - {b"vary"}
    kept = [field for field in fields if field[0].lower() not in replaced]
    both = [*kept, *(field for field in given if field[1])]
    varies = [value for name, value in both if name.lower() == b"vary"]
    if len(varies) > 1:
        both = [field for field in both if field[0].lower() != b"vary"]
        both.append((b"Vary", b", ".join(varies)))
    return tuple(both)


def set_fields(request: Request, fields: Fields) -> None:
    """
    Set header *fields* of the response in place of those that had their names. A Vary
    joins those that were set before.
    """
    at_once = getattr(request, "set_fields", None)
    if at_once is not None:
        at_once(fields)
    else:
        replace_fields(request.responseHeaders, fields)


def field_of(request: Request) -> Callable[[bytes], bytes | None]:
    """
    Return a function that takes the lower-case name of a header field of *request* and
    returns its value, all lines joined by commas.
    """
    fields = getattr(request, "fields", None)
    return partial(_joined, request) if fields is None else fields.joined


def lines_of(request: Request) -> Callable[[bytes], Sequence[bytes] | None]:
    """
    Return a function that takes the lower-case name of a header field of *request* and
    returns the values of all its lines, or ``None``.
    """
    fields = getattr(request, "fields", None)
    return request.requestHeaders.getRawHeaders if fields is None else fields.values.get


def lines_if_conditional(
    request: Request,
) -> Callable[[bytes], Sequence[bytes] | None] | None:
    """As `lines_of`; ``None`` if *request* has no precondition and no Range."""
    fields = getattr(request, "fields", None)
    if fields is None:
        return request.requestHeaders.getRawHeaders
    return fields.values.get if fields.conditional else None


def _joined(request: Request, name: bytes) -> bytes | None:
    values = request.requestHeaders.getRawHeaders(name)
    return b", ".join(values) if values else None
