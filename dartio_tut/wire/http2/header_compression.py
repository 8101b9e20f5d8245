"""
Header compression (RFC 7541) for the engine by ``h2``, at less cost than its own.

Compression is lossless either way; what differs is what it costs this process. The
dynamic table of each connection makes a few bytes of a response, in Python, for some
20 µs. Without it a header section has the same bytes on every connection: they are made
once and kept.
"""

from __future__ import annotations

from functools import lru_cache

from hpack import Decoder, HPACKError, OversizedHeaderListError
from hpack.hpack import encode_integer
from hpack.table import HeaderTable

from ..interfaces import Fields
from .engine import ConnectionFault, ErrorCode

NO_TABLE = b"\x20"
"""A dynamic table of zero bytes (RFC 7541 section 6.3), which fits any limit of one."""

_NAMES: dict[bytes, int] = {}
_FIELDS: dict[tuple[bytes, bytes], int] = {}
for _index, _field in enumerate(HeaderTable.STATIC_TABLE, 1):
    _NAMES.setdefault(_field[0], _index)
    _FIELDS[_field[0], _field[1]] = _index


def _string(text: bytes) -> bytes:
    return bytes(encode_integer(len(text), 7)) + text


@lru_cache(4096)
def encoded_field(name: bytes, value: bytes) -> bytes:
    """A field, as an index of the static table or as a literal without indexing."""
    index = _FIELDS.get((name, value))
    if index is not None:
        encoded = encode_integer(index, 7)
        encoded[0] |= 0x80
        return bytes(encoded)
    index = _NAMES.get(name, 0)
    head = bytes(encode_integer(index, 4))
    return head + _string(value) if index else head + _string(name) + _string(value)


@lru_cache(1024)
def encoded_fields(fields: Fields) -> bytes:
    """A whole header section."""
    return b"".join(encoded_field(name, value) for name, value in fields)


class StaticEncoder:
    """
    Stands for the encoder of a connection: it has no dynamic table.

    The first header section says so. A client that takes away its memory for a table
    (SETTINGS_HEADER_TABLE_SIZE) waits for that (RFC 7541 section 4.2).

    :ivar header_table_size: what the client would allow; set by `h2`.
    """

    def __init__(self) -> None:
        self.header_table_size = HeaderTable.DEFAULT_SIZE
        self._is_first = True

    def encode(self, headers: Fields) -> bytes:
        """The bytes of a header section."""
        if self._is_first:
            self._is_first = False
            return NO_TABLE + encoded_fields(tuple(headers))
        return encoded_fields(tuple(headers))


MAX_KEPT_SECTIONS = 64
"""Header sections that are kept of a connection."""


class KeepingDecoder(Decoder):
    """
    Decodes header sections, and keeps each for whoever asks for it.

    `h2` gets an empty one: it would judge the fields, slowly, and end the connection
    for what has to end a stream.

    A client sends the same bytes again for the same fields. They mean the same for as
    long as the dynamic table stays as it is; until then they are decoded once.

    :ivar fields: the last header section.
    """

    def __init__(self, max_header_list_size: int) -> None:
        super().__init__(max_header_list_size)
        self.fields: tuple[tuple[bytes, bytes], ...] = ()
        self._kept: dict[bytes, tuple[tuple[bytes, bytes], ...]] = {}

    def decode(self, data: bytes, raw: bool = False) -> list[tuple[bytes, bytes]]:  # type: ignore[override]
        """
        Decode a header section.

        :raise ConnectionFault: when it is no such thing, or larger than any may be.
        """
        kept = self._kept.get(data)
        if kept is not None:
            self.fields = kept
            return []
        before = self._state_of_table()
        self.fields = self._decoded(data)
        after = self._state_of_table()
        is_same = before[:2] == after[:2] and before[2] is after[2]
        if not is_same or len(self._kept) >= MAX_KEPT_SECTIONS:
            self._kept.clear()
        else:
            self._kept[data] = self.fields
        return []

    def _state_of_table(self) -> tuple[int, int, object]:
        """
        What differs when the dynamic table has changed: its size, the number of its
        entries, and the newest one itself. While that is held, no other can be taken
        for it.
        """
        entries = self.header_table.dynamic_entries
        return self.header_table_size, len(entries), entries[0] if entries else None

    def _decoded(self, data: bytes) -> tuple[tuple[bytes, bytes], ...]:
        try:
            return tuple(super().decode(data, raw=True))
        except OversizedHeaderListError:
            raise ConnectionFault(
                ErrorCode.ENHANCE_YOUR_CALM, "header section too large"
            ) from None
        except (HPACKError, IndexError, ValueError):
            raise ConnectionFault(
                ErrorCode.COMPRESSION_ERROR, "malformed header compression"
            ) from None
