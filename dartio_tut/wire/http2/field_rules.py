"""
What a header section of HTTP/2 may hold (RFC 9113 sections 8.1.1, 8.2 and 8.3).

libnghttp2 keeps these rules itself. The library ``h2`` keeps them too, but ends the
connection for each breach; the rule is to end the stream.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

CONNECTION_FIELDS = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Fields of HTTP/1.1 that speak of its connection (RFC 9113 section 8.2.2)."""

PSEUDO_FIELDS = frozenset({b":method", b":scheme", b":authority", b":path"})

_is_name = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+").fullmatch
_is_value = re.compile(
    rb"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?"
).fullmatch
_is_method = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_is_scheme = re.compile(rb"[A-Za-z][A-Za-z0-9+\-.]*").fullmatch
_is_target = re.compile(rb"[\x21-\x7e\x80-\xff]+").fullmatch


KEPT_FIELDS = 2048
KEPT_FIELD_BYTES = 256
"""Fields that were right are kept, and how long each may be, with its name."""


class Malformed(Exception):
    """A message that is to be treated as a stream error of type PROTOCOL_ERROR."""


def check_trailers(fields: Sequence[tuple[bytes, bytes]]) -> None:
    """
    Judge a trailer section.

    :raise Malformed: when a rule is broken.
    """
    for name, value in fields:
        _check_field(name, value)  # no pseudo-header field has a name that is right


def check_request(fields: Sequence[tuple[bytes, bytes]]) -> int | None:
    """
    Judge the header section of a request.

    :raise Malformed: when a rule is broken.
    :return: the length of the body, if there is a Content-Length.
    """
    pseudo: dict[bytes, bytes] = {}
    length = None
    hosts = others = 0
    judged: set[int] = set()
    for field in fields:
        name, value = field
        if name[:1] == b":":
            if others or name in pseudo or name not in PSEUDO_FIELDS:
                raise Malformed(
                    "a pseudo-header field is unknown, repeated or out of order"
                )
            pseudo[name] = value
            continue
        others += 1
        if len(name) + len(value) <= KEPT_FIELD_BYTES:
            _check_kept_field(name, value)
        elif id(field) not in judged:  # an index of a byte may repeat a large one
            judged.add(id(field))
            _check_field(name, value)
        if name == b"host":
            hosts += 1
        elif name == b"content-length":
            if length is not None or not value.isdigit() or len(value) > 18:
                raise Malformed("malformed Content-Length")
            length = int(value)
    if hosts > 1:
        raise Malformed("Host repeated")
    _check_pseudo(pseudo, hosts > 0)
    return length


def _check_field(name: bytes, value: bytes) -> None:
    if not _is_name(name):
        raise Malformed("malformed field name")
    if not _is_value(value):
        raise Malformed("malformed field value")
    if name in CONNECTION_FIELDS:
        raise Malformed("a field that speaks of the connection")
    if name == b"te" and value.lower() != b"trailers":
        raise Malformed("TE with anything but trailers")


_check_kept_field = lru_cache(KEPT_FIELDS)(_check_field)


def _check_pseudo(pseudo: dict[bytes, bytes], has_host: bool) -> None:
    """See that the pseudo-header fields are there, and what they hold."""
    method, path = pseudo.get(b":method"), pseudo.get(b":path")
    scheme, authority = pseudo.get(b":scheme"), pseudo.get(b":authority")
    if method is None or not _is_method(method):
        raise Malformed("malformed :method")
    if authority is not None and not _is_value(authority):
        raise Malformed("malformed :authority")
    if method == b"CONNECT":
        if path is not None or scheme is not None or not authority:
            raise Malformed("CONNECT has :authority only")
        return
    if scheme is None or not _is_scheme(scheme):
        raise Malformed("malformed :scheme")
    if not authority and not has_host:
        raise Malformed("neither :authority nor Host")
    if not path or not _is_target(path):
        raise Malformed("malformed :path")
    if path[:1] != b"/" and not (path == b"*" and method == b"OPTIONS"):
        raise Malformed(":path does not begin with a slash")
