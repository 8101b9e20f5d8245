"""
A request as a tool can be told to send it: method, target, fields, body.

Rule: what could be read in two ways is not read here at all. Then there is a sentence
that says why, which has no byte of the request in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_request_line = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP/1\.([01])"
).fullmatch
_field = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*"
).fullmatch
_chunk_size = re.compile(rb"[0-9A-Fa-f]{1,15}").fullmatch
_length = re.compile(rb"[0-9]{1,18}").fullmatch

FRAMING_FIELDS = (b"content-length", b"transfer-encoding")
"""Fields that say where the body ends."""


class Unsendable(Exception):
    """Why no tool that makes its requests itself can send these bytes."""


class PlainRequest(NamedTuple):
    """
    A request that means one thing only.

    :ivar fields: names and values, in their order.
    :ivar body: the content; ``None`` if the request has no body.
    """

    method: str
    target: str
    is_http10: bool
    fields: Sequence[tuple[str, bytes]]
    body: bytes | None
    is_chunked: bool

    def values(self, name: str) -> list[bytes]:
        """The value of each line of the field *name*, which is in lower case."""
        return [value for other, value in self.fields if other.lower() == name]

    def has(self, name: str) -> bool:
        """Whether there is a field *name*, which is in lower case."""
        return bool(self.values(name))


def plain_request(raw: bytes) -> PlainRequest:
    """
    Read *raw*, which must be one whole request and nothing else.

    :raise Unsendable: when it is something else.
    """
    head, end, rest = raw.partition(b"\r\n\r\n")
    if not end:
        raise Unsendable("its head does not end")
    line, *lines = head.split(b"\r\n")
    found = _request_line(line)
    if found is None:
        raise Unsendable("its first line is not a request line")
    fields = [_read_field(line) for line in lines]
    is_http10 = found[3] == b"0"
    bare = PlainRequest(
        found[1].decode(), found[2].decode(), is_http10, fields, None, False
    )
    hosts = len(bare.values("host"))
    if hosts > 1:
        raise Unsendable("it has more than one Host field")
    if not (hosts or is_http10):
        raise Unsendable("it has no Host field")
    return _with_body(bare, rest)


def _read_field(line: bytes) -> tuple[str, bytes]:
    found = _field(line)
    if found is None:
        raise Unsendable("one of its lines is not a header field")
    return found[1].decode(), found[2]


def _with_body(request: PlainRequest, rest: bytes) -> PlainRequest:
    lengths = request.values("content-length")
    codings = request.values("transfer-encoding")
    if len(lengths) + len(codings) > 1:
        raise Unsendable("it says more than once where its body ends")
    if codings:
        if codings[0].lower() != b"chunked" or request.is_http10:
            raise Unsendable("its Transfer-Encoding is not just chunked, in HTTP/1.1")
        return request._replace(body=_content_of_chunks(rest), is_chunked=True)
    if lengths and not _length(lengths[0]):
        raise Unsendable("its Content-Length is not a number")
    length = int(lengths[0]) if lengths else 0
    if len(rest) < length:
        raise Unsendable("its body is not all there")
    if len(rest) > length:
        raise Unsendable("more bytes follow its end")
    return request._replace(body=rest) if lengths else request


def _content_of_chunks(rest: bytes) -> bytes:
    content = bytearray()
    at = 0
    while True:
        end = rest.find(b"\r\n", at)
        if end < 0:
            raise Unsendable("its body is not all there")
        line = rest[at:end]
        if not _chunk_size(line):
            raise Unsendable(
                "it has a chunk size that is not just a hexadecimal number"
            )
        size, start = int(line, 16), end + 2
        if not size:
            break
        at = start + size + 2
        if len(rest) < at:
            raise Unsendable("its body is not all there")
        if rest[at - 2 : at] != b"\r\n":
            raise Unsendable("a chunk does not end where its size says")
        content += rest[start : at - 2]
    if rest[start:] != b"\r\n":
        raise Unsendable("it has trailer fields, or more bytes follow its end")
    return bytes(content)
