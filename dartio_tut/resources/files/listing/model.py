r"""
The listing of a folder: which entries, and in which order.

Pure. Which entries may be listed is known elsewhere, and so is
the query; the page for people is made in `page`.

Names are bytes, as the system has them. A link to one is always its bytes, percent-
encoded; what is shown of one that is no UTF-8 has U+FFFD in it.
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
"""No name is longer than this where Linux keeps files (NAME_MAX)."""

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
"""Nobody types these, and no page should repeat them."""


is_unreserved = re.compile(rb"[%b]+" % _UNRESERVED).fullmatch
"""Whether a name stands for itself in URLs, HTML and text alike: most do."""

_replace_numbers = re.compile("[0-9]+").sub
_drop_marks = re.compile("[\u0300-\u036f]").sub


class Entry(NamedTuple):
    """
    What a folder holds under one name.

    :ivar name: as the system has it, without a slash.
    :ivar size: bytes; 0 for a folder.
    :ivar changed: seconds since the epoch.
    """

    name: bytes
    is_folder: bool
    size: int
    changed: float


class Order(NamedTuple):
    """
    How entries are sorted.

    :ivar key: one of `SORT_KEYS`.
    """

    key: str = "name"
    descending: bool = False


BY_NAME = Order()


def parse_order(args: Mapping[bytes, list[bytes]]) -> Order:
    """The order a query asks for, as ``?sort=size&order=desc``; by name if unclear."""
    key = _only(args, b"sort", b"name").decode("latin-1")
    direction = _only(args, b"order", b"asc")
    if key not in SORT_KEYS or direction not in (b"asc", b"desc"):
        return BY_NAME
    return Order(key, direction == b"desc")


def parse_filter(args: Mapping[bytes, list[bytes]]) -> str:
    """What a name must contain, as ``?filter=text`` asks; all do contain ``""``."""
    text = _only(args, b"filter", b"").decode("utf-8", "replace")
    return text.translate(_CONTROLS)[:MAX_FILTER_CHARACTERS]


def _only(args: Mapping[bytes, list[bytes]], name: bytes, default: bytes) -> bytes:
    """The argument *name*, if it is there, and once."""
    values = args.get(name, [default])
    return values[0] if len(values) == 1 else b""


def arrange(
    entries: Iterable[Entry], order: Order = BY_NAME, filter: str = ""
) -> list[Entry]:
    """
    Those of *entries* that contain *filter*, whatever its case; folders first.

    Folders have no size: where it counts, they stay in the order of their names.
    Equals stay so too, whichever way the others go.
    """
    wanted = comparable(filter)
    if wanted:
        entries = (entry for entry in entries if wanted in comparable(decoded(entry)))
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
    """A key that puts file2 before File10, and e with its accents beside e."""
    name = entry.name
    text = name.decode("utf-8", "replace").lower()
    if not text.isascii():
        text = _drop_marks("", normalize("NFD", text))
    return _replace_numbers(_as_long_as, text), name


def _as_long_as(found: re.Match[str]) -> str:
    """A number with its length before it: as text, it sorts by its value."""
    digits = found[0].lstrip("0")
    return f"{len(digits):03}{digits}"


def comparable(text: str) -> str:
    """
    Return *text* in the one form in which names are compared: in lower case, and an
    accent is part of its letter, however it was typed (NFC).
    """
    return text.lower() if text.isascii() else normalize("NFC", text.lower())


def decoded(entry: Entry) -> str:
    """The name of *entry* as it is read; a folder's has a slash at its end."""
    name = entry.name.decode("utf-8", "replace")
    return name + "/" if entry.is_folder else name


def url_of(name: bytes) -> str:
    """*name* percent-encoded: a single segment, in which nothing has a meaning."""
    return name.decode("latin-1").translate(_PERCENT_ENCODED)


def day_and_clock(changed: float) -> tuple[str, str, int]:
    """A time in UTC, as its date, its hour and minute, and its second."""
    if not YEAR_1 <= changed <= YEAR_9999:
        changed = YEAR_1 if changed < 0 else YEAR_9999
    day, second = divmod(int(changed // 1), DAY_SECONDS)
    return _date(day), _CLOCK[second // 60], second % 60


@lru_cache(4096)
def _date(day: int) -> str:
    """The date of a day since the epoch: most files share theirs with others."""
    moment = gmtime(day * DAY_SECONDS)
    return f"{moment.tm_year:04}{strftime('-%m-%d', moment)}"
