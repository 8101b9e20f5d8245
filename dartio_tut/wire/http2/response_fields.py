"""
The header section of a response: the only place that makes HTTP/2's.

RFC 9113 section 8.2: names are in lower case, and nothing speaks of the connection.
What a resource has set and what is sent may not disagree.
"""

from __future__ import annotations

from functools import lru_cache

from twisted.web.http import NO_BODY_CODES, NO_CONTENT, NOT_MODIFIED, RESET_CONTENT
from twisted.web.http_headers import Headers
from twisted.web.server import version as SERVER

from ..date import date
from ..fields import set_from_attributes
from ..http1.response_head import KEPT_FIELDS, REASON_PHRASES, TEXT
from ..interfaces import Fields, Response
from ..unsendable import (
    BODILESS_CODES,
    check_status,
    declared_length,
    field_value,
)
from .field_rules import CONNECTION_FIELDS
from .header_compression import HeaderSection

CONTROLS = bytes({*range(32), 127} - {ord("\t")})

NO_CONTROLS = bytes.maketrans(CONTROLS, b" " * len(CONTROLS))
"""Some clients refuse a section that has one of these (RFC 9110 section 5.5)."""

CONTINUE = HeaderSection(((b":status", b"100"),))
"""The interim response that a client awaits before it sends a body."""


class SectionsOfNow:
    """
    Header sections that responses of this second have had.

    :ivar sections: by what they depend on; right after `keep_up`.
    """

    def __init__(self) -> None:
        self._now = b""
        self.sections: dict[object, HeaderSection] = {}

    def keep_up(self) -> None:
        """
        Forget those of another second. Looking at the clock costs more than finding a
        section, so it is done once for all requests that come together.
        """
        now = date.value()
        if now is not self._now:
            self._now = now
            self.sections.clear()


_of_now = SectionsOfNow()

keep_up = _of_now.keep_up

MAX_SECTIONS = 1024
MAX_SECTION_BYTES = 2048
"""Sections that are kept of a second, and how large each may be."""


def response_section(response: Response) -> HeaderSection:
    """The whole header section of *response*, for some moments after `keep_up`."""
    try:
        code, length = response.code, response.response_length
        if (
            response.made_response_headers is not None
            or (length is None and code != NOT_MODIFIED)
            or response.made_cookies
            or response.etag is not None
            or response.lastModified is not None
        ):
            return _section_of_headers(response)
        content_type, bulk = response.defaultContentType, response.bulk_fields
        key = (code, content_type, length, bulk, response.method == b"HEAD")
        section = _of_now.sections.get(key)
        if section is None:
            section = _new_section(response, length or 0)
            size = sum(len(name) + len(value) for name, value in section.fields)
            if len(_of_now.sections) < MAX_SECTIONS and size <= MAX_SECTION_BYTES:
                _of_now.sections[key] = section
        return section
    except BaseException:
        response.startedWriting = 0  # so the client can still get a 500
        raise


def _new_section(response: Response, length: int) -> HeaderSection:
    """A section of a response whose header fields were set together, or not at all."""
    code, content_type = response.code, response.defaultContentType
    check_status(code)
    if code == RESET_CONTENT:
        length = 0
    has_no_length = code in NO_BODY_CODES
    named, has_type = _lower(response.bulk_fields)
    fields: Fields = (
        (b":status", b"%d" % code),
        (b"server", SERVER),
        (b"date", date.value()),
    )
    if content_type is not None and length and not (has_type or has_no_length):
        fields += ((b"content-type", _as_sent(field_value(content_type))),)
    fields += named
    if not has_no_length:
        fields += ((b"content-length", b"%d" % length),)
    is_bodiless = code in BODILESS_CODES or response.method == b"HEAD"
    return HeaderSection(fields, is_bodiless, None if is_bodiless else length)


def _as_sent(value: bytes) -> bytes:
    """
    A field value that RFC 9113 section 8.2.1 allows: a client resets the stream for any
    other. RFC 9110 section 5.5 has what is not allowed replaced by a space.
    """
    return value.translate(NO_CONTROLS).strip(b" \t")


@lru_cache(KEPT_FIELDS)
def _lower(fields: Fields) -> tuple[Fields, bool]:
    """*fields* with their names in lower case, and whether one is Content-Type."""
    lower = tuple((name.lower(), _as_sent(value)) for name, value in fields)
    allowed = tuple(field for field in lower if field[0] not in CONNECTION_FIELDS)
    return allowed, any(name == b"content-type" for name, _ in lower)


def _section_of_headers(response: Response) -> HeaderSection:
    """That of a response that has its fields in ``responseHeaders``."""
    headers = response.responseHeaders
    set_from_attributes(response, headers)
    check_status(response.code)
    length = declared_length(headers)
    is_bodiless = response.method == b"HEAD" or response.code in BODILESS_CODES
    fields = fields_from_headers(response.code, headers)
    return HeaderSection(fields, is_bodiless, None if is_bodiless else length)


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
            fields.append((lower, _as_sent(value)))
    return tuple(fields)


def refusal_section(
    code: int, more: Fields, is_bodiless: bool
) -> tuple[HeaderSection, bytes]:
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
    length = None if is_bodiless else len(body)
    section = HeaderSection(fields, is_bodiless, length)
    return section, b"" if is_bodiless else body
