"""
A chunked body (RFC 9112 section 7.1).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from . import faults
from .fields import take_fields
from .line_ends import line_at
from .part_list import PartList

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_EXTENSION = rb";%b(?:=(?:%b|%b))?" % (_TOKEN, _TOKEN, _QUOTED)
_size_line = re.compile(rb"([0-9A-Fa-f]{1,15})(?:%b)*" % _EXTENSION).fullmatch
_plain_size = re.compile(rb"([0-9A-Fa-f]{1,15})\r\n").match
_size_so_far = re.compile(
    rb"([0-9A-Fa-f]{1,15})(?:;[\t\x20-\x7e\x80-\xff]*)?"
).fullmatch


class Chunks(NamedTuple):
    """
    :ivar end: where the body ends, as far as it can be read.
    :ivar has_ended: whether its end has come.
    """

    end: int
    has_ended: bool


class Size(NamedTuple):
    """
    The size of a chunk.

    :ivar end: where the line behind it begins.
    :ivar bytes: how many bytes the chunk has; -1 when that is not to be known.
    """

    end: int
    bytes: int


def take_chunks(raw: bytes, at: int, parts: PartList) -> Chunks:
    """The chunked body that begins *at*, with its trailer fields."""
    while True:
        at, count = _take_size(raw, at, parts)
        if count <= 0:
            break
        at, has_ended = _take_data(raw, at, count, parts)
        parts.shorten()
        if not has_ended:
            break
    parts.shorten()
    parts.close_uncut(at, "more-chunks")
    if count:
        return Chunks(at, False)
    trailers = take_fields(raw, at, parts, is_trailer=True)
    return Chunks(trailers.end, trailers.has_ended)


def _take_size(raw: bytes, at: int, parts: PartList) -> Size:
    """The line with the size of a chunk."""
    plain = _plain_size(raw, at)
    if plain is not None:
        count, end = int(plain[1], 16), plain.end()
        _add_size(parts, at, end - 2, count)
        parts.add(end - 2, end, "line-end")
        return Size(end, count)
    line = line_at(raw, at)
    text = raw[at : line.stop]
    found = _size_line(text) if line.is_whole else _size_so_far(text)
    if found is None:
        if text or line.is_whole:
            parts.note(faults.CHUNK_SIZE)
            return Size(at, -1)
        parts.add_line_end(line)
        return Size(line.end, -1)
    size_end = at + found.end(1)
    if line.is_whole:
        count = int(found[1], 16)
        _add_size(parts, at, size_end, count)
    else:
        count = -1
        parts.add(at, size_end, "chunk-size")
    parts.add(size_end, line.stop, "chunk-extension")
    parts.add_line_end(line, faults.CHUNK_LINE_END)
    return Size(line.end, count)


def _add_size(parts: PartList, start: int, end: int, count: int) -> None:
    if not count:
        parts.add(start, end, "last-chunk")
    else:
        number = "1 byte" if count == 1 else f"{count:,} bytes"
        words = f"The next chunk has {number}; the size is a hexadecimal number."
        parts.explain(start, end, "chunk-size", words)


def _take_data(raw: bytes, at: int, count: int, parts: PartList) -> Chunks:
    """The data of a chunk, with the line end behind it."""
    end = min(at + count, len(raw))
    parts.add(at, end, "chunk-data")
    behind = raw[end : end + 2]
    if behind in (b"\r\n", b"\r", b""):
        parts.add(end, end + len(behind), "line-end")
        return Chunks(end + len(behind), len(behind) == 2)
    parts.note(faults.BEHIND_CHUNK)
    return Chunks(end, False)
