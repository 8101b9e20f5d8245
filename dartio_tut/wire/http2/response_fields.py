"""
The header section of a response: the only place that makes HTTP/2's.

RFC 9113 section 8.2: names are in lower case, and nothing speaks of the connection.
What a resource has set and what is sent may not disagree.
"""

from __future__ import annotations

from functools import lru_cache

from twisted.web.http import NO_BODY_CODES, NO_CONTENT, NOT_MODIFIED
from twisted.web.http_headers import Headers
from twisted.web.server import version as SERVER

from ..date import date
from ..fields import set_from_attributes
from ..http1.response_head import REASON_PHRASES, TEXT
from ..interfaces import Fields, Response
from .field_rules import CONNECTION_FIELDS

CONTINUE: Fields = ((b":status", b"100"),)
"""The interim response that a client awaits before it sends a body."""


class FieldsOfNow:
    """
    Header sections that responses of this second have had.

    :ivar sections: by what they depend on.
    """

    def __init__(self) -> None:
        self._now = b""
        self.sections: dict[object, Fields] = {}

    def of(self, now: bytes) -> dict[object, Fields]:
        """The sections that have *now* as their Date."""
        if now is not self._now:
            self._now = now
            self.sections.clear()
        return self.sections


_fields_of_now = FieldsOfNow()

MAX_SECTIONS = 1024
"""Sections that are kept of a second."""


def response_fields(response: Response, is_bodiless: bool) -> tuple[Fields, int | None]:
    """
    The whole header section of *response*.

    :param is_bodiless: whether no body follows: of HEAD, 204 and 304.
    :return: the fields; the length of the body, if they tell it.
    """
    code, length = response.code, response.response_length
    if (
        response.made_response_headers is not None
        or (length is None and code != NOT_MODIFIED)
        or response.made_cookies
        or response.etag is not None
        or response.lastModified is not None
    ):
        return _fields_of_headers(response, is_bodiless)
    has_no_length = code in NO_BODY_CODES
    content_type = response.defaultContentType
    bulk = response.bulk_fields
    sections = _fields_of_now.of(date.value())
    key = (code, content_type, length, bulk, is_bodiless)
    fields = sections.get(key)
    if fields is None:
        named, has_type = _lower(bulk)
        fields = (
            (b":status", b"%d" % code),
            (b"server", SERVER),
            (b"date", date.value()),
        )
        needs_no_type = has_type or not length or (is_bodiless and has_no_length)
        if content_type is not None and not needs_no_type:
            fields += ((b"content-type", content_type),)
        fields += named
        if not has_no_length:
            fields += ((b"content-length", b"%d" % (length or 0)),)
        if len(sections) < MAX_SECTIONS:
            sections[key] = fields
    return fields, None if is_bodiless or has_no_length else length


@lru_cache(4096)
def _lower(fields: Fields) -> tuple[Fields, bool]:
    """*fields* with their names in lower case, and whether one is Content-Type."""
    lower = tuple((name.lower(), value.strip(b" \t")) for name, value in fields)
    allowed = tuple(field for field in lower if field[0] not in CONNECTION_FIELDS)
    return allowed, any(name == b"content-type" for name, _ in lower)


def _fields_of_headers(
    response: Response, is_bodiless: bool
) -> tuple[Fields, int | None]:
    """`response_fields` of a response that has them in ``responseHeaders``."""
    headers = response.responseHeaders
    set_from_attributes(response, headers)
    lengths = headers.getRawHeaders(b"Content-Length")
    declared = None
    if lengths and lengths[0].isdigit() and not is_bodiless:
        declared = int(lengths[0])
    return fields_from_headers(response.code, headers), declared


def fields_from_headers(code: int, headers: Headers) -> Fields:
    """The section with all of *headers* that HTTP/2 has."""
    fields = [(b":status", b"%d" % code)]
    is_bodiless = code in NO_BODY_CODES
    for name, values in headers.getAllRawHeaders():
        lower = name.lower()
        if lower in CONNECTION_FIELDS:
            continue
        if (
            lower == b"content-length"
            and is_bodiless
            and (code == NO_CONTENT or values == [b"0"])
        ):
            continue  # 204 has none; 304 has that of the 200, which is not 0
        for value in values:
            fields.append((lower, value.strip(b" \t")))
    return tuple(fields)


def refusal_fields(code: int, more: Fields, is_bodiless: bool) -> tuple[Fields, bytes]:
    """
    The response to a request that no resource was asked about: its fields and its body.

    :param more: fields that all responses of a site have.
    :param is_bodiless: whether it was a HEAD request.
    """
    body = b"%d %b\n" % (code, REASON_PHRASES[code])
    fields: Fields = (
        (b":status", b"%d" % code),
        (b"date", date.value()),
        (b"content-type", TEXT),
        (b"content-length", b"%d" % len(body)),
        *_lower(more)[0],
    )
    return fields, b"" if is_bodiless else body
