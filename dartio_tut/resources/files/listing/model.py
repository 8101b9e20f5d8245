r"""
The listing of a folder: which entries, and in which order.

Pure. Which entries may be listed is decided elsewhere.

Names are bytes, as the file system has them. A link has these bytes, percent-encoded.
What is shown of a name that is not UTF-8 has U+FFFD in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import attrgetter
from time import gmtime, strftime
from typing import NamedTuple
from unicodedata import normalize

SORT_KEYS = ("name", "size", "changed")

MAX_FILTER_CHARACTERS = 255
"""No file system of Linux has longer names (NAME_MAX)."""

DAY_SECONDS = 24 * 60 * 60

YEAR_1, YEAR_9999 = -62135596800, 253402300799
"""The times that ISO 8601 writes with four digits; a disk may hold others."""

_CLOCK = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(24 * 60)]
_UNRESERVED = rb"0-9A-Za-z._~-"
_PERCENT_ENCODED = {
    number: f"%{number:02X}"
    for number in range(256)
    if not re.match(rb"[%b]" % _UNRESERVED, bytes([number]))
}
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])
"""Control characters, which nobody types and no page should repeat."""


is_unreserved = re.compile(rb"[%b]+" % _UNRESERVED).fullmatch
"""Tells whether a name is the same in a URL, in HTML and in text: most names are."""

_replace_numbers = re.compile("[0-9]+").sub
_drop_marks = re.compile("[\u0300-\u036f]").sub


class Entry(NamedTuple):
    """
    A file or a folder in a folder.

    :ivar name: as the file system has it, without a slash.
    :ivar size: bytes; 0 for a folder.
    :ivar changed: seconds since the epoch.
    """

    name: bytes
    is_folder: bool
    size: int
    changed: float


class SortOrder(NamedTuple):
    """
    How entries are sorted.

    :ivar key: one of `SORT_KEYS`.
    """

    key: str = "name"
    descending: bool = False


BY_NAME = SortOrder()


def parse_order(args: Mapping[bytes, list[bytes]]) -> SortOrder:
    """Return the order of ``?sort=size&order=desc``; by name if that is not clear."""
    key = _only(args, b"sort", b"name").decode("latin-1")
    direction = _only(args, b"order", b"asc")
    if key not in SORT_KEYS or direction not in (b"asc", b"desc"):
        return BY_NAME
    return SortOrder(key, direction == b"desc")


def parse_filter(args: Mapping[bytes, list[bytes]]) -> str:
    """Return the text of ``?filter=text``, which a name must contain."""
    text = _only(args, b"filter", b"").decode("utf-8", "replace")
    return text.translate(_CONTROLS)[:MAX_FILTER_CHARACTERS]


def _only(args: Mapping[bytes, list[bytes]], name: bytes, default: bytes) -> bytes:
    """Return the argument *name* if it is there once, and empty bytes if more often."""
    values = args.get(name, [default])
    return values[0] if len(values) == 1 else b""


def filter_and_sort(
    entries: Iterable[Entry], order: SortOrder = BY_NAME, filter: str = ""
) -> list[Entry]:
    """
    Return those of *entries* that contain *filter*, in any case, with folders first.

    Folders have no size. When entries are sorted by size, folders stay in the order of
    their names, and so do files of one size.
    """
    wanted = normalized_name(filter)
    if wanted:
        entries = (
            entry for entry in entries if wanted in normalized_name(display_name(entry))
        )
    by_name = sorted(entries, key=_reading_order)
    folders = [entry for entry in by_name if entry.is_folder]
    files = [entry for entry in by_name if not entry.is_folder]
    if order.key == "name":
        if order.descending:
            folders.reverse()
            files.reverse()
    else:
        files.sort(key=attrgetter(order.key), reverse=order.descending)
        if order.key == "changed":
            folders.sort(key=attrgetter("changed"), reverse=order.descending)
    return folders + files


def _reading_order(entry: Entry) -> tuple[str, bytes]:
    """Return a key that sorts file2 before File10, and é beside e."""
    name = entry.name
    text = name.decode("utf-8", "replace").lower()
    if not text.isascii():
        text = _drop_marks("", normalize("NFD", text))
    return _replace_numbers(_as_long_as, text), name


def _as_long_as(found: re.Match[str]) -> str:
    """Return a number with its length before it, so that as text it sorts by value."""
    digits = found[0].lstrip("0")
    return f"{len(digits):03}{digits}"


def normalized_name(text: str) -> str:
    """
    Return *text* in the one form in which names are compared: in lower case, and an
    accent is part of its letter, however it was typed (NFC).
    """
    return text.lower() if text.isascii() else normalize("NFC", text.lower())


def display_name(entry: Entry) -> str:
    """Return the name of *entry* as text; that of a folder ends with a slash."""
    name = entry.name.decode("utf-8", "replace")
    return name + "/" if entry.is_folder else name


def url_segment(name: bytes) -> str:
    """Return *name* percent-encoded, as one segment of a URL."""
    return name.decode("latin-1").translate(_PERCENT_ENCODED)


def date_and_time(changed: float) -> tuple[str, str, int]:
    """Return a time in UTC as a date, as hour and minute, and as a second."""
    if not YEAR_1 <= changed <= YEAR_9999:
        changed = YEAR_1 if changed < 0 else YEAR_9999
    day, second = divmod(int(changed // 1), DAY_SECONDS)
    return _date(day), _CLOCK[second // 60], second % 60


@lru_cache(4096)
def _date(day: int) -> str:
    """Return the date of a day since the epoch. Many files have the same one."""
    moment = gmtime(day * DAY_SECONDS)
    return f"{moment.tm_year:04}{strftime('-%m-%d', moment)}"
