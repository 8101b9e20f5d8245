"""
Reads compressed header sections (RFC 7541).

A client sends the same bytes again for the same fields. They mean the same for as long
as the dynamic table stays as it is; until then they are read once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from hpack.table import HeaderTable

from . import huffman
from .engine import ConnectionFault, ErrorCode
from .huffman import MalformedCode

Field = tuple[bytes, bytes]
Section = tuple[Field, ...]

STATIC: Section = ((b"", b""), *((n, v) for n, v in HeaderTable.STATIC_TABLE))
"""The static table (RFC 7541 appendix A), which begins with 1."""

DYNAMIC = len(STATIC)
"""The first index of the dynamic table."""

TABLE_BYTES = 4096
"""The size of a dynamic table, unless it was agreed otherwise."""

ENTRY_BYTES = 32
"""What an entry counts beside its bytes (RFC 7541 section 4.1)."""

MAX_SHIFT_BITS = 28
"""A number that goes on behind so many bits is above any index or length."""

MAX_KEPT_SECTIONS = 64
MAX_KEPT_BLOCK_BYTES = 2048
"""Header sections that are kept of a connection, and how large each may be."""

MAX_KEPT_BYTES = 64 * 1024
MAX_KEPT_SECTION_BYTES = MAX_KEPT_BYTES // 4
"""
What all of them may have, and one: compressed, and what they say. A byte may stand for
a field of 4 KiB, so the former tells little of the latter.
"""

INDEXED, INCREMENTAL, TABLE_SIZE = 0x80, 0x40, 0x20
"""Bits that tell how a field is represented (RFC 7541 section 6)."""

HUFFMAN = 0x80

Kept = TypeVar("Kept")


class HeaderDecoder(Generic[Kept]):
    """
    Reads the header sections of one connection.

    :param max_bytes: a section with more ends the connection; names, values and 32 for
        each field count.
    :param max_fields: likewise a section with more fields.
    :param read: reads what was decoded; ``None`` is not kept.
    :ivar kept: what was read, by the compressed bytes.
    """

    __slots__ = (
        "_kept_bytes",
        "_kept_sizes",
        "_limit",
        "_max_bytes",
        "_max_fields",
        "_read",
        "_size",
        "_table",
        "kept",
    )

    def __init__(
        self,
        max_bytes: int,
        max_fields: int,
        read: Callable[[Section], Kept | None],
    ) -> None:
        self._max_bytes = max_bytes
        self._max_fields = max_fields
        self._read = read
        self._table: deque[Field] = deque()
        self._size, self._limit = 0, TABLE_BYTES
        self.kept: dict[bytes, Kept] = {}
        self._kept_sizes: deque[int] = deque()
        self._kept_bytes = 0

    def decode(self, block: bytes) -> Kept | None:
        """
        What is read of a header section.

        :raise ConnectionFault: when it is no such thing, or larger than any may be.
        """
        found = self.kept.get(block)
        if found is None:
            fields, has_changed, size = self._fields(block)
            found = self._read(fields)
            if not has_changed and found is not None:
                self._keep(block, found, size + len(block))
        return found

    def _keep(self, block: bytes, found: Kept, size: int) -> None:
        """Keep what was read of *block*, if it is not too large."""
        if len(block) > MAX_KEPT_BLOCK_BYTES or size > MAX_KEPT_SECTION_BYTES:
            return
        kept, sizes = self.kept, self._kept_sizes
        self._kept_bytes += size
        while len(kept) >= MAX_KEPT_SECTIONS or self._kept_bytes > MAX_KEPT_BYTES:
            del kept[next(iter(kept))]  # the oldest
            self._kept_bytes -= sizes.popleft()
        kept[block] = found
        sizes.append(size)

    def fields(self, block: bytes) -> Section:
        """The fields of a header section of any kind; errors as of `decode`."""
        return self._fields(block)[0]

    def _fields(self, block: bytes) -> tuple[Section, bool, int]:
        """The fields, whether the table is another one since, and their size."""
        try:
            fields, has_changed, size = self._decoded(block)
        except (MalformedCode, IndexError):
            raise _malformed("malformed header compression") from None
        if has_changed:
            self.kept.clear()
            self._kept_sizes.clear()
            self._kept_bytes = 0
        return tuple(fields), has_changed, size

    def _decoded(self, block: bytes) -> tuple[list[Field], bool, int]:
        fields: list[Field] = []
        table, has_changed, at, size = self._table, False, 0, 0
        end = len(block)
        while at < end:
            first = block[at]
            at += 1
            if first & INDEXED:
                index = first & 0x7F
                if index == 0x7F:
                    index, at = _number(block, at, 0x7F)
                if index >= DYNAMIC:
                    field = table[index - DYNAMIC]
                elif index:
                    field = STATIC[index]
                else:
                    raise _malformed("the index 0")
            elif first & INCREMENTAL:
                field, at = self._literal(block, at, first & 0x3F, 0x3F)
                self._add(field)
                has_changed = True
            elif first & TABLE_SIZE:
                at = self._resize(block, at, first, bool(fields))
                has_changed = True
                continue
            else:
                field, at = self._literal(block, at, first & 0x0F, 0x0F)
            size += len(field[0]) + len(field[1]) + ENTRY_BYTES
            fields.append(field)
            if size > self._max_bytes or len(fields) > self._max_fields:
                raise ConnectionFault(
                    ErrorCode.ENHANCE_YOUR_CALM, "header section too large"
                )
        return fields, has_changed, size

    def _literal(
        self, block: bytes, at: int, index: int, most: int
    ) -> tuple[Field, int]:
        """A field with a value of its own, and where the next one begins."""
        if index == most:
            index, at = _number(block, at, most)
        if not index:
            name, at = _string(block, at)
        elif index < DYNAMIC:
            name = STATIC[index][0]
        else:
            name = self._table[index - DYNAMIC][0]
        value, at = _string(block, at)
        return (name, value), at

    def _add(self, field: Field) -> None:
        """Put *field* at the beginning of the dynamic table."""
        self._size += len(field[0]) + len(field[1]) + ENTRY_BYTES
        self._table.appendleft(field)
        self._shrink()

    def _shrink(self) -> None:
        table = self._table
        while self._size > self._limit:
            name, value = table.pop()
            self._size -= len(name) + len(value) + ENTRY_BYTES

    def _resize(self, block: bytes, at: int, first: int, is_late: bool) -> int:
        """The client has chosen another size: where its first field begins."""
        limit = first & 0x1F
        if limit == 0x1F:
            limit, at = _number(block, at, limit)
        if is_late or limit > TABLE_BYTES:
            raise _malformed("a size of a table that may not be")
        self._limit = limit
        self._shrink()
        return at


def _number(block: bytes, at: int, value: int) -> tuple[int, int]:
    """
    A number that does not fit into the bits of its first byte (RFC 7541 section 5.1).

    :param value: what these bits say.
    """
    shift = 0
    while True:
        byte = block[at]
        at += 1
        value += (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at
        if shift > MAX_SHIFT_BITS:
            raise _malformed("a huge number")


def _string(block: bytes, at: int) -> tuple[bytes, int]:
    """A string, and where it ends (RFC 7541 section 5.2)."""
    first = block[at]
    length, at = first & 0x7F, at + 1
    if length == 0x7F:
        length, at = _number(block, at, length)
    end = at + length
    if end > len(block):
        raise _malformed("a string is cut off")
    text = block[at:end]
    return huffman.decoded(text) if first & HUFFMAN else text, end


def _malformed(reason: str) -> ConnectionFault:
    return ConnectionFault(ErrorCode.COMPRESSION_ERROR, reason)
