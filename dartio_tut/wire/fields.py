"""
Header fields of a response: those that are set together, and those that stand for
attributes of a request.
"""

from __future__ import annotations

from collections.abc import Iterable

from twisted.logger import Logger
from twisted.web.http import (
    NO_BODY_CODES,
    NO_CONTENT,
    NOT_MODIFIED,
    RESET_CONTENT,
    datetimeToString,
)
from twisted.web.http_headers import Headers
from twisted.web.server import version as SERVER

from .date import date
from .interfaces import Fields, Response

_log = Logger()


class FieldSet(tuple[tuple[bytes, bytes], ...]):
    """
    Fields that are set together for one response after the other.

    One is equal to itself alone: so it costs little to find what was made of it before,
    which for other tuples means to look at each name and value.
    """

    __slots__ = ()
    __hash__ = object.__hash__
    __eq__ = object.__eq__
    __ne__ = object.__ne__


def as_headers(fields: Headers | Iterable[tuple[bytes, bytes]]) -> Headers:
    """The header fields that Twisted hands to ``writeHeaders``, in either form."""
    if isinstance(fields, Headers):
        return fields
    headers = Headers()
    for name, value in fields:
        headers.addRawHeader(name, value)
    return headers


def replace_fields(headers: Headers, fields: Fields) -> None:
    """
    Set *fields* in place of what *headers* has of their names; one that comes twice has
    two lines. A Vary joins those set before.
    """
    replaced = {b"Vary"}
    for name, value in fields:
        if name in replaced:
            headers.addRawHeader(name, value)
        else:
            headers.setRawHeaders(name, [value])
            replaced.add(name)


def set_from_attributes(response: Response, headers: Headers) -> None:
    """Set the header fields that stand for attributes of *response*."""
    code, length = response.code, response.response_length
    if response.has_early_headers and response.site is not None:
        for name, value in ((b"Server", SERVER), (b"Date", date.value())):
            if not headers.hasHeader(name):
                headers.setRawHeaders(name, [value])
    if code == RESET_CONTENT:
        headers.setRawHeaders(b"Content-Length", [b"0"])
    elif length is not None and code not in NO_BODY_CODES:
        headers.setRawHeaders(b"Content-Length", [b"%d" % length])
    if (
        response.defaultContentType is not None
        and code not in (NOT_MODIFIED, NO_CONTENT)
        and not headers.hasHeader(b"Content-Type")
        and headers.getRawHeaders(b"Content-Length") != [b"0"]
    ):
        headers.setRawHeaders(b"Content-Type", [response.defaultContentType])
    if response.lastModified is not None:
        if headers.hasHeader(b"Last-Modified"):
            _log.info(
                "Warning: last-modified specified both in header list and "
                "lastModified attribute."
            )
        else:
            changed = datetimeToString(response.lastModified)
            headers.setRawHeaders(b"Last-Modified", [changed])
    if response.etag is not None:
        headers.setRawHeaders(b"ETag", [response.etag])
    if response.made_cookies:
        headers.setRawHeaders(b"Set-Cookie", response.made_cookies)
