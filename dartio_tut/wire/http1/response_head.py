"""
The head of a response: status line and fields, to be read in one way only.

RFC 9112 section 6: a response has no content, or a length, or is chunked, or ends with
the connection. What a resource has set and what the connection does may not disagree.
"""

from __future__ import annotations

from functools import lru_cache

from twisted.web.http import (
    NO_BODY_CODES,
    NO_CONTENT,
    RESPONSES,
)
from twisted.web.http_headers import Headers
from twisted.web.server import version

from ..deadlines import date

SERVER = version

TEXT = b"text/plain; charset=utf-8"

_REASONS = RESPONSES | {
    408: b"Request Timeout",
    413: b"Content Too Large",
    414: b"URI Too Long",
    421: b"Misdirected Request",
    422: b"Unprocessable Content",
    428: b"Precondition Required",
    431: b"Request Header Fields Too Large",
    505: b"HTTP Version Not Supported",
    507: b"Insufficient Storage",
}
"""Names of RFC 9110 section 15 and RFC 6585 where Twisted has older ones or none."""

_STATUS_LINES = {
    code: b"HTTP/1.1 %d %b\r\n" % (code, reason) for code, reason in RESPONSES.items()
}


_NO_CONTROLS = bytes(32 if c < 32 or c == 127 else c for c in range(256))


def status_line(code: int, reason: bytes) -> bytes:
    """The status line; a *reason* cannot smuggle in a field."""
    if reason == b"Unknown Status":  # to Twisted
        reason = _REASONS.get(code, reason)
    if reason == RESPONSES.get(code):
        return _STATUS_LINES[code]
    return b"HTTP/1.1 %d %b\r\n" % (code, reason.translate(_NO_CONTROLS))


def response_head(
    code: int, reason: bytes, headers: Headers, persistent: bool, old: bool
) -> bytes:
    """
    The whole head.

    :param persistent: the connection goes on behind this response.
    :param old: the client speaks HTTP/1.0 and must be told that it goes on.
    """
    lines = [status_line(code, reason)]
    bodiless = code in NO_BODY_CODES
    for name, values in headers.getAllRawHeaders():
        if (
            name == b"Content-Length"
            and bodiless
            and (code == NO_CONTENT or values == [b"0"])
        ):
            continue  # 204 has none; 304 has that of the 200, which is not 0
        if name == b"Connection" and not persistent:
            continue
        for value in values:
            lines += (name, b": ", value, b"\r\n")
    if not persistent:
        lines.append(b"Connection: close\r\n")
    elif old:
        lines.append(b"Connection: keep-alive\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


def common_head(code: int, kind: bytes | None) -> bytes:
    """
    The status line, and the fields that all responses of this second have whose
    content is of type *kind*.
    """
    now = date.value()
    head = date.heads.get((code, kind))
    if head is None:
        head = _STATUS_LINES[code] + b"Server: %b\r\nDate: %b\r\n" % (SERVER, now)
        if kind:
            head += b"Content-Type: %b\r\n" % kind
        date.heads[code, kind] = head
    return head


def replace_fields(headers: Headers, fields: tuple[tuple[bytes, bytes], ...]) -> None:
    """
    Set *fields* in place of what *headers* has of their names; one that comes twice
    has two lines. A Vary joins what others have said.
    """
    replaced = {b"Vary"}
    for name, value in fields:
        if name in replaced:
            headers.addRawHeader(name, value)
        else:
            headers.setRawHeaders(name, [value])
            replaced.add(name)


@lru_cache(4096)
def field_lines(fields: tuple[tuple[bytes, bytes], ...]) -> tuple[bytes, bool]:
    """
    The lines of *fields*, which may not hold line breaks, and whether a Content-Type
    is among them.
    """
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    return lines, any(name.lower() == b"content-type" for name, _ in fields)


def refusal(
    code: int, more: tuple[tuple[bytes, bytes], ...] = (), bodiless: bool = False
) -> bytes:
    """
    The whole response to what got no further than the wire; the connection ends.

    :param more: fields that all responses of a site have.
    """
    reason = _REASONS[code]
    body = b"%d %b\n" % (code, reason)
    fields = [
        b"Date: " + date.value(),
        b"Connection: close",
        b"Content-Type: " + TEXT,
        b"Content-Length: %d" % len(body),
    ]
    head = status_line(code, reason) + field_lines(more)[0]
    return head + b"\r\n".join([*fields, b"", b"" if bodiless else body])
