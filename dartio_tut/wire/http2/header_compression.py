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


MAX_KEPT_SECTION_BYTES = 8 * 1024
MAX_KEPT_SECTIONS_BYTES = 1024 * 1024
"""
What a header section may have, compressed and as fields, to be kept; and all of them.
Most have a Date, so that a busy server has new ones each second.
"""

FIELD_OVERHEAD_BYTES = 150
"""What a field takes in memory beside its bytes."""


class EncodedSections:
    """
    Header sections that were compressed lately.

    :ivar kept_bytes: what all of them take.
    """

    def __init__(self) -> None:
        self._kept: dict[Fields, bytes] = {}
        self.kept_bytes = 0

    def encoded(self, fields: Fields) -> bytes:
        """The bytes of *fields*."""
        block = self._kept.get(fields)
        if block is None:
            block = b"".join(encoded_field(name, value) for name, value in fields)
            size = 2 * len(block) + FIELD_OVERHEAD_BYTES * len(fields)
            if size <= MAX_KEPT_SECTION_BYTES:
                if self.kept_bytes + size > MAX_KEPT_SECTIONS_BYTES:
                    self._kept.clear()
                    self.kept_bytes = 0
                self._kept[fields] = block
                self.kept_bytes += size
        return block


encoded_fields = EncodedSections().encoded


class HeaderSection:
    """
    The header fields of responses, of which an engine may keep what it makes of them.

    :ivar fields: all of them.
    :ivar length: of the body, if the fields tell it and there is one.
    :ivar is_bodiless: whether no body follows: of HEAD, 204, 205 and 304.
    :ivar block: compressed, once that was asked for.
    :ivar frames: what comes before and between the stream's numbers in the frames of
        a whole response: a HEADERS frame, and a DATA frame with `length` bytes.
    """

    __slots__ = ("block", "fields", "frames", "is_bodiless", "length")

    def __init__(
        self, fields: Fields, is_bodiless: bool = False, length: int | None = None
    ) -> None:
        self.fields = fields
        self.is_bodiless = is_bodiless
        self.length = length
        self.block = b""
        self.frames: tuple[bytes, bytes] | None = None


def compressed(section: HeaderSection) -> bytes:
    """
    The bytes of a header section, the same on every connection. Behind `NO_TABLE`,
    which comes first, they are right whatever table a client would allow.
    """
    if not section.block:
        section.block = encoded_fields(section.fields)
    return section.block
