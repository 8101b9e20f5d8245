"""
Header fields and trailer fields (RFC 9112 section 5).
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from . import faults
from .faults import Fault
from .line_ends import Line, line_at
from .part_list import PartList, kind_texts
from .parts import Part
from .words import words_by_name

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_plain_field = re.compile(
    rb"(%b++):([ \t]*+)([\t\x20-\x7e\x80-\xff]*+)\r\n" % _TOKEN
).match
_token = re.compile(rb"%b+" % _TOKEN).fullmatch
_value = re.compile(rb"[\t\x20-\x7e\x80-\xff]*").fullmatch

WHITE = b" \t"

Values = dict[bytes, list[bytes]]
"""The values of fields, by name in lower case."""

UNKNOWN_FIELD = (
    "A field that the word list does not have; those who send it and those who read "
    "it have agreed on what it means."
)


class HeadFields(NamedTuple):
    """
    A block of fields.

    :ivar end: where it ends.
    :ivar has_ended: whether the empty line behind it has come.
    """

    end: int
    has_ended: bool
    values: Values


@cache
def _field_texts() -> dict[bytes, tuple[str, str, str]]:
    """What a name means, its clause, and what the value says, by name in lower case."""
    default = kind_texts()["field-value"][1]
    return {
        name.encode(): (word.words, word.clause, word.value or default)
        for name, word in words_by_name("field").items()
    }


def take_fields(raw: bytes, at: int, parts: PartList, is_trailer: bool) -> HeadFields:
    """The fields that begin *at*, with the empty line behind them."""
    values: Values = {}
    start, was_uncut = at, parts.is_uncut
    while True:
        found = _plain_field(raw, at)
        if found is not None:
            _take_plain(found, parts, values)
            at = found.end()
        else:
            line = line_at(raw, at)
            if line.stop == at:
                break
            _take_odd_line(raw, line, parts, values, is_trailer, at == start)
            at = line.end
        parts.shorten()
    if not was_uncut:
        parts.close_uncut(at, "more-fields")
    if line.has_bare_lf:
        parts.note(faults.CHUNK_LINE_END if is_trailer else faults.BARE_LF)
    parts.add(at, line.end, "blank-line")
    return HeadFields(line.end, line.is_whole, values)


def _take_plain(found: re.Match[bytes], parts: PartList, values: Values) -> None:
    """A field as it should be."""
    name, white, value = found.groups()
    start = found.start()
    colon = start + len(name)
    value_start = colon + 1 + len(white)
    stop = value_start + len(value)
    stripped = value.rstrip(WHITE)
    key = name.lower()
    values.setdefault(key, []).append(stripped)
    _add_name_and_colon(parts, key, start, colon)
    parts.add(colon + 1, value_start, "whitespace")
    _add_value(parts, key, value_start, value_start + len(stripped))
    parts.add(value_start + len(stripped), stop, "whitespace")
    parts.add(stop, stop + 2, "line-end")


def _add_name_and_colon(parts: PartList, key: bytes, start: int, colon: int) -> None:
    text = _field_texts().get(key)
    if text is None:
        clause = kind_texts()["field-name"][2]
        parts.parts.append(Part(start, colon, "field-name", UNKNOWN_FIELD, clause))
    else:
        parts.parts.append(Part(start, colon, "field-name", text[0], text[1]))
    parts.add(colon, colon + 1, "colon")


def _add_value(parts: PartList, key: bytes, start: int, end: int) -> None:
    text = _field_texts().get(key)
    if text is None:
        parts.add(start, end, "field-value")
    elif start < end:
        parts.parts.append(Part(start, end, "field-value", text[2], text[1]))


def _take_odd_line(
    raw: bytes,
    line: Line,
    parts: PartList,
    values: Values,
    is_trailer: bool,
    is_first: bool,
) -> None:
    """A line that is no whole field, or not as it should be."""
    text = raw[line.start : line.stop]
    fault: Fault | None = None
    if text[0] in WHITE:
        fault = faults.FOLDED
        rest = text.lstrip(WHITE)
        white_end = line.stop - len(rest)
        parts.add(line.start, white_end, "whitespace" if is_first else "fold")
        parts.add(white_end, line.stop, "junk" if is_first else "field-value")
    elif b":" in text:
        fault = _take_odd_field(text, line.start, parts, values)
    elif line.is_whole:
        fault = faults.NO_COLON
        parts.add(line.start, line.stop, "junk")
    else:
        parts.add(line.start, line.stop, "field-name")
    if b"\r" in text:
        fault = faults.BARE_CR
    if fault is not None:
        parts.note(faults.TRAILER_FIELD if is_trailer else fault)
    parts.add_line_end(line, faults.CHUNK_LINE_END if is_trailer else faults.BARE_LF)


def _take_odd_field(
    text: bytes, start: int, parts: PartList, values: Values
) -> Fault | None:
    """A field with something wrong, or one whose line has not ended."""
    before, _, after = text.partition(b":")
    name = before.rstrip(WHITE)
    value = after.strip(WHITE)
    name_end, colon = start + len(name), start + len(before)
    value_start = colon + 1 + len(after) - len(after.lstrip(WHITE))
    key = name.lower()
    values.setdefault(key, []).append(value)
    if name:
        parts.add(start, name_end, "field-name")
    parts.add(name_end, colon, "whitespace")
    parts.add(colon, colon + 1, "colon")
    parts.add(colon + 1, value_start, "whitespace")
    _add_value(parts, key, value_start, value_start + len(value))
    parts.add(value_start + len(value), start + len(text), "whitespace")
    if name and name_end < colon:
        return faults.SPACE_BEFORE_COLON
    if not _token(name):
        return faults.FIELD_NAME
    return None if _value(value) else faults.FIELD_VALUE
