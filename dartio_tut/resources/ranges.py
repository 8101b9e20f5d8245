"""
Which parts of a representation a Range field asks for (RFC 9110 section 14).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_RANGES = 100
"""Players and downloaders ask for fewer at once; Apache allows 200."""

_MAX_DIGITS = 18
"""A number with more digits is beyond the end of any file, and is not converted."""

_spec = re.compile(rb"([0-9]+)-([0-9]*)|-([0-9]+)").fullmatch

ByteRange = tuple[int, int]
"""The offset of the first byte, and the number of bytes."""


def parse_ranges(asked: bytes, size: int) -> Sequence[ByteRange] | None:
    """
    Return the parts that *asked*, the value of a Range field, asks for. They are empty
    when it cannot be satisfied.

    ``None`` stands for a field that is ignored, as a server may do (section 14.2): it
    has another unit, is malformed, or has too many ranges. Parts that overlap or touch
    become one, so that no byte is sent twice, and are then in their order in the file.
    """
    unit, _, listed = asked.partition(b"=")
    specs = [spec.strip(b" \t") for spec in listed.split(b",", MAX_RANGES + 1)]
    specs = [spec for spec in specs if spec]
    if unit.strip(b" \t").lower() != b"bytes" or not 0 < len(specs) <= MAX_RANGES:
        return None
    parts: list[ByteRange] = []
    for spec in specs:
        found = _spec(spec)
        if found is None:
            return None
        first, last = found[1], found[2]
        if last and _number(last) < _number(first):
            return None
        part = _part(first, last, found[3], size)
        if part[1] > 0:
            parts.append(part)
    return _coalesce(parts)


def _part(
    first: bytes | None, last: bytes | None, suffix: bytes | None, size: int
) -> ByteRange:
    if suffix is not None:
        length = min(_number(suffix), size)
        return size - length, length
    start = _number(first or b"0")
    end = min(_number(last), size - 1) if last else size - 1
    return start, end - start + 1


def _number(digits: bytes) -> int:
    digits = digits.lstrip(b"0")
    return int(digits or b"0") if len(digits) <= _MAX_DIGITS else 10**_MAX_DIGITS


def _coalesce(parts: list[ByteRange]) -> list[ByteRange]:
    """Join the *parts* that overlap or touch; if none do, their order is kept."""
    merged: list[ByteRange] = []
    for offset, length in sorted(parts):
        if merged and offset <= sum(merged[-1]):
            start, before = merged[-1]
            merged[-1] = start, max(before, offset + length - start)
        else:
            merged.append((offset, length))
    return merged if len(merged) < len(parts) else parts
