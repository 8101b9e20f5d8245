"""
The head of a response, and its chunks: the only place that writes HTTP/1's bytes.

RFC 9112 section 6: a response has no body, or a length, or is chunked, or ends with the
connection. What a resource has set and what the connection does may not disagree.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from twisted.web.http import (
    NO_BODY_CODES,
    NOT_MODIFIED,
    RESET_CONTENT,
    RESPONSES,
    SWITCHING,
)
from twisted.web.http_headers import Headers
from twisted.web.server import version as SERVER

from ..date import date
from ..fields import set_from_attributes
from ..interfaces import Fields, Response
from ..unsendable import (
    FINAL_CODES,
    NO_BREAKS,
    check_status,
    declared_length,
    field_value,
)

TEXT = b"text/plain; charset=utf-8"

REASON_PHRASES = RESPONSES | {
    205: b"Reset Content",
    408: b"Request Timeout",
    413: b"Content Too Large",
    414: b"URI Too Long",
    416: b"Range Not Satisfiable",
    421: b"Misdirected Request",
    422: b"Unprocessable Content",
    428: b"Precondition Required",
    431: b"Request Header Fields Too Large",
    505: b"HTTP Version Not Supported",
    507: b"Insufficient Storage",
}
"""Those of RFC 9110 section 15 and RFC 6585 where Twisted has older ones or none."""

KEPT_FIELDS = 16_384
"""
Fields that were set together, of which the lines are kept: those of as many files as
``resources.files`` remembers.
"""

LAST_CHUNK = b"0\r\n\r\n"

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
"""The interim response that a client awaits before it sends a body."""

_STATUS_LINES = {
    code: b"HTTP/1.1 %d %b\r\n" % (code, REASON_PHRASES[code]) for code in RESPONSES
}

_FRAMING_FIELDS = frozenset((b"Connection", b"Content-Length", b"Transfer-Encoding"))
"""Fields of which the wire has the last word."""

_NO_CONTROLS = bytes(32 if c < 32 or c == 127 else c for c in range(256))


class ConnectionPersistence(Protocol):
    """
    What the head of a response depends on, and decides about, beside the response.

    :ivar persistent: whether the connection goes on after this response.
    :ivar is_http10: whether the client speaks HTTP/1.0.
    """

    persistent: bool
    is_http10: bool


def status_line(code: int, reason: bytes) -> bytes:
    """The status line; no *reason* phrase can smuggle in a header field."""
    if reason in (RESPONSES.get(code), b"Unknown Status"):  # what Twisted calls it
        found = _STATUS_LINES.get(code)
        if found is not None:
            return found
        reason = REASON_PHRASES.get(code, reason)
    return b"HTTP/1.1 %d %b\r\n" % (code, reason.translate(_NO_CONTROLS))


def format_chunk(data: bytes) -> bytes:
    """*data*, which is not empty, as one chunk (RFC 9112 section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def response_head(
    response: Response, is_bodiless: bool, connection: ConnectionPersistence
) -> tuple[bytes, int | None, bool]:
    """
    The whole head of *response*.

    :param is_bodiless: whether no body follows: of HEAD, 204, 205 and 304.
    :return: the head; the length of the body, if the head tells it; whether the body
        is chunked.
    """
    length = response.response_length
    try:
        if (
            response.made_response_headers is None
            and not response.made_cookies
            and response.etag is None
            and response.lastModified is None
        ):
            key = (
                response.code,
                response.code_message,
                length,
                response.bulk_fields,
                response.defaultContentType,
                is_bodiless,
                connection.persistent,
                connection.is_http10,
            )
            head = date.head(key) or _made_head(*key)
            if head is not None:
                return head, None if is_bodiless else length, False
        return _head_of_fields(response, is_bodiless, connection)
    except BaseException:
        response.startedWriting = 0  # so the client can still get a 500
        raise


def _made_head(
    code: int,
    code_message: bytes,
    length: int | None,
    fields: Fields,
    content_type: bytes | None,
    is_bodiless: bool,
    persistent: bool,
    is_http10: bool,
) -> bytes | None:
    """
    The head of all responses of this second that are alike, which is kept; ``None`` for
    one that only `_head_of_fields` can make.
    """
    has_no_length = code in NO_BODY_CODES
    lines, has_type, has_connection = field_lines(fields)
    if (
        has_connection
        or code_message != RESPONSES.get(code)
        or code < 200
        or code == RESET_CONTENT
        or (length is None and code != NOT_MODIFIED)
    ):
        return None
    head = _STATUS_LINES[code] + b"Server: %b\r\nDate: %b\r\n" % (SERVER, date.value())
    if content_type and not (has_type or not length or (is_bodiless and has_no_length)):
        head += b"Content-Type: %b\r\n" % field_value(content_type)
    head += lines
    if not persistent:
        head += b"Connection: close\r\n"
    elif is_http10:
        head += b"Connection: keep-alive\r\n"
    if not has_no_length:
        head += b"Content-Length: %d\r\n" % (length or 0)
    head += b"\r\n"
    key = (code, code_message, length, fields, content_type)
    date.keep((*key, is_bodiless, persistent, is_http10), head)
    return head


def _head_of_fields(
    response: Response, is_bodiless: bool, connection: ConnectionPersistence
) -> tuple[bytes, int | None, bool]:
    """`response_head` of a response that has its fields in ``responseHeaders``."""
    headers = response.responseHeaders
    set_from_attributes(response, headers)
    code = response.code
    if code not in FINAL_CODES:
        check_status(code, headers)
    length = declared_length(headers)
    is_switching = code == SWITCHING
    is_chunked = False
    if length is None and not (is_bodiless or is_switching):
        if connection.is_http10:
            connection.persistent = False
        else:
            headers.setRawHeaders(b"Transfer-Encoding", [b"chunked"])
            is_chunked = True
    apply_connection_close(headers, connection)
    message = response.code_message
    head = head_from_headers(code, message, headers, connection, is_chunked)
    if is_switching:
        connection.persistent = False  # what follows is no request
    return head, None if is_bodiless or is_switching else length, is_chunked


def apply_connection_close(headers: Headers, connection: ConnectionPersistence) -> None:
    """End the *connection* if a resource says so in its own Connection field."""
    for value in headers.getRawHeaders(b"Connection") or ():
        if b"close" in [option.strip() for option in value.lower().split(b",")]:
            connection.persistent = False


def head_from_headers(
    code: int,
    reason: bytes,
    headers: Headers,
    connection: ConnectionPersistence,
    is_chunked: bool,
) -> bytes:
    """The whole head, with those of *headers* that do not contradict it."""
    lines = [status_line(code, reason)]
    is_bodiless = code in NO_BODY_CODES or code < 200
    # Behind a 101 the connection is another protocol's: Connection has to say upgrade.
    closes = not connection.persistent and code != SWITCHING
    for name, values in headers.getAllRawHeaders():
        if name in _FRAMING_FIELDS:
            if name == b"Connection":
                if closes:
                    continue
            elif name == b"Transfer-Encoding":
                if not is_chunked:
                    continue
            elif is_bodiless and (code != NOT_MODIFIED or values == [b"0"]):
                continue  # 204 has none; 304 has that of the 200, which is not 0
        for value in values:
            lines += (name, b": ", value, b"\r\n")
    if closes:
        lines.append(b"Connection: close\r\n")
    elif connection.is_http10:
        lines.append(b"Connection: keep-alive\r\n")
    lines.append(b"\r\n")
    return b"".join(lines).replace(b"\0", b" ")  # Twisted has replaced CR and LF


@lru_cache(KEPT_FIELDS)
def field_lines(fields: Fields) -> tuple[bytes, bool, bool]:
    """
    The lines of *fields*; whether Content-Type is among them; whether Connection is.
    """
    lines = b"".join(
        b"%b: %b\r\n" % (name, value.translate(NO_BREAKS)) for name, value in fields
    )
    names = [name.lower() for name, _ in fields]
    return lines, b"content-type" in names, b"connection" in names


def refusal(code: int, more: Fields = (), is_bodiless: bool = False) -> bytes:
    """
    The whole response to a request that no resource was asked about; the connection
    ends.

    :param more: fields that all responses of a site have.
    :param is_bodiless: whether it was a HEAD request.
    """
    reason = REASON_PHRASES[code]
    body = b"%d %b\n" % (code, reason)
    fields = [
        b"Date: " + date.value(),
        b"Connection: close",
        b"Content-Type: " + TEXT,
        b"Content-Length: %d" % len(body),
    ]
    head = status_line(code, reason) + field_lines(more)[0]
    return head + b"\r\n".join([*fields, b"", b"" if is_bodiless else body])
