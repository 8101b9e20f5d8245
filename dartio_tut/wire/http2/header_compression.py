"""
Compresses the header sections of responses (RFC 7541) at little cost.

Compression is lossless either way; what differs is what it costs this process. The
dynamic table of each connection makes a few bytes of a response, in Python, for some
20 µs. Without it a header section has the same bytes on every connection: they are made
once and kept.
"""

from __future__ import annotations

from functools import lru_cache

from hpack.hpack import encode_integer
from hpack.table import HeaderTable

from ..interfaces import Fields

NO_TABLE = b"\x20"
"""A dynamic table of zero bytes (RFC 7541 section 6.3), which fits any limit of one."""

_NAMES: dict[bytes, int] = {}
_FIELDS: dict[tuple[bytes, bytes], int] = {}
for _index, _field in enumerate(HeaderTable.STATIC_TABLE, 1):
    _NAMES.setdefault(_field[0], _index)
    _FIELDS[_field[0], _field[1]] = _index


def _string(text: bytes) -> bytes:
    return bytes(encode_integer(len(text), 7)) + text


KEPT_FIELDS = 4096
KEPT_VALUE_BYTES = 256
"""
Fields of which the bytes are kept, and how long the value of each may be. A longer one
often repeats what a client has sent, such as the Location of a redirect.
"""


def encoded_field(name: bytes, value: bytes) -> bytes:
    """A field, as an index of the static table or as a literal without indexing."""
    if len(value) <= KEPT_VALUE_BYTES:
        return _kept_field(name, value)
    return _encoded_field(name, value)


def _encoded_field(name: bytes, value: bytes) -> bytes:
    index = _FIELDS.get((name, value))
    if index is not None:
        encoded = encode_integer(index, 7)
        encoded[0] |= 0x80
        return bytes(encoded)
    index = _NAMES.get(name, 0)
    head = bytes(encode_integer(index, 4))
    return head + _string(value) if index else head + _string(name) + _string(value)


_kept_field = lru_cache(KEPT_FIELDS)(_encoded_field)


@lru_cache(1024)
def encoded_fields(fields: Fields) -> bytes:
    """A whole header section."""
    return b"".join(encoded_field(name, value) for name, value in fields)


class HeaderSection(tuple[tuple[bytes, bytes], ...]):
    """
    The fields of responses, of which an engine may keep what it makes of them.

    :ivar length: of the body, if the fields tell it and there is one.
    :ivar is_bodiless: whether no body follows: of HEAD, 204 and 304.
    :ivar block: compressed, once that was asked for.
    :ivar frames: what comes before and between the stream's numbers in the frames of
        a whole response: a HEADERS frame, and a DATA frame with `length` bytes.
    """

    length: int | None = None
    is_bodiless = False
    block = b""
    frames: tuple[bytes, bytes] | None = None


def compressed(fields: Fields) -> bytes:
    """
    The bytes of a header section, the same on every connection. Behind `NO_TABLE`,
    which comes first, they are right whatever table a client would allow.
    """
    if isinstance(fields, HeaderSection):
        if not fields.block:
            fields.block = encoded_fields(fields)
        return fields.block
    return encoded_fields(fields)
