r"""
The listing of a folder: which entries, in which order, as JSON and as text.

Pure: from entries to bytes. Which entries may be listed is known elsewhere, and so is
the query; the page for people is `listing_page`.

Names are bytes, as the system has them. A link to one is always its bytes, percent-
encoded; what is shown of one that is no UTF-8 has U+FFFD in it.

JSON, in UTF-8::

    {"path": "/a/", "entries": [
      {"name": "b", "type": "folder", "modified": "2026-01-02T03:04:05Z",
       "url": "b/"},
      {"name": "c d", "type": "file", "modified": "2026-01-02T03:04:05Z",
       "url": "c%20d", "size": 12}]}

``url`` is relative to the folder's own. ``size`` is in bytes; a folder has none.

Text is for a shell: a name a line, a folder's with a slash at its end, as ``ls -p`` has
it. What would break a line, speak to a terminal or be no UTF-8 is escaped, and so is
the backslash; ``printf %b`` undoes it::

    curl -s $url/ | while IFS= read -r name; do printf '%b\n' "$name"; done
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from time import gmtime, strftime
from typing import NamedTuple
from unicodedata import normalize

KEYS = ("name", "size", "changed")

LONGEST_FILTER = 255
"""No name is longer than this where Linux keeps files (NAME_MAX)."""

DAY = 24 * 60 * 60

YEAR_1, YEAR_9999 = -62135596800, 253402300799
"""The times that ISO 8601 writes with four digits; a disk may hold others."""

_CLOCK = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(24 * 60)]
_UNRESERVED = rb"0-9A-Za-z._~-"
_ENCODED = {
    number: f"%{number:02X}"
    for number in range(256)
    if not re.match(rb"[%b]" % _UNRESERVED, bytes([number]))
}
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])
"""Nobody types these, and no page should repeat them."""

_UNSAFE_IN_TEXT = re.compile("[\0-\x1f\\\\\x7f-\x9f\u2028\u2029\udc80-\udcff]")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\\": r"\\"}

plain = re.compile(rb"[%b]+" % _UNRESERVED).fullmatch
"""Whether a name stands for itself in URLs, HTML and text alike: most do."""

_plain_in_text = re.compile(rb"[ -\[\]-~]*").fullmatch
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

    :ivar key: one of `KEYS`.
    """

    key: str = "name"
    descending: bool = False


BY_NAME = Order()


def order_from(args: Mapping[bytes, list[bytes]]) -> Order:
    """The order a query asks for, as ``?sort=size&order=desc``; by name if unclear."""
    key = _only(args, b"sort", b"name").decode("latin-1")
    direction = _only(args, b"order", b"asc")
    if key not in KEYS or direction not in (b"asc", b"desc"):
        return BY_NAME
    return Order(key, direction == b"desc")


def filter_from(args: Mapping[bytes, list[bytes]]) -> str:
    """What a name must contain, as ``?filter=text`` asks; all do contain ``""``."""
    text = _only(args, b"filter", b"").decode("utf-8", "replace")
    return text.translate(_CONTROLS)[:LONGEST_FILTER]


def _only(args: Mapping[bytes, list[bytes]], name: bytes, default: bytes) -> bytes:
    """The argument *name*, if it is there, and once."""
    values = args.get(name, [default])
    return values[0] if len(values) == 1 else b""


def arranged(
    entries: Iterable[Entry], order: Order = BY_NAME, filter: str = ""
) -> list[Entry]:
    """
    Those of *entries* that contain *filter*, whatever its case; folders first.

    Folders have no size: where it counts, they stay in the order of their names.
    Equals stay so too, whichever way the others go.
    """
    wanted = filter.lower()
    if wanted:
        entries = (entry for entry in entries if wanted in decoded(entry).lower())
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


def decoded(entry: Entry) -> str:
    """The name of *entry* as it is read; a folder's has a slash at its end."""
    name = entry.name.decode("utf-8", "replace")
    return name + "/" if entry.is_folder else name


def url_of(name: bytes) -> str:
    """*name* percent-encoded: a single segment, in which nothing has a meaning."""
    return name.decode("latin-1").translate(_ENCODED)


def day_and_clock(changed: float) -> tuple[str, str, int]:
    """A time in UTC, as its date, its hour and minute, and its second."""
    if not YEAR_1 <= changed <= YEAR_9999:
        changed = YEAR_1 if changed < 0 else YEAR_9999
    day, second = divmod(int(changed // 1), DAY)
    return _date(day), _CLOCK[second // 60], second % 60


@lru_cache(4096)
def _date(day: int) -> str:
    """The date of a day since the epoch: most files share theirs with others."""
    moment = gmtime(day * DAY)
    return f"{moment.tm_year:04}{strftime('-%m-%d', moment)}"


def as_json(path: bytes, entries: Sequence[Entry]) -> bytes:
    """*entries* of the folder *path* for programs, as told above."""
    described = {
        "path": path.decode("utf-8", "replace"),
        "entries": [_described(entry) for entry in entries],
    }
    return json.dumps(described, ensure_ascii=False).encode() + b"\n"


def _described(entry: Entry) -> dict[str, str | int]:
    day, clock, second = day_and_clock(entry.changed)
    slash = "/" if entry.is_folder else ""
    about: dict[str, str | int] = {
        "name": entry.name.decode("utf-8", "replace"),
        "type": "folder" if entry.is_folder else "file",
        "modified": f"{day}T{clock}:{second:02}Z",
        "url": f"{url_of(entry.name)}{slash}",
    }
    if not entry.is_folder:
        about["size"] = entry.size
    return about


def as_text(path: bytes, entries: Sequence[Entry]) -> bytes:
    """*entries* for a shell, a line each, as told above; *path* is not repeated."""
    return b"".join(
        (entry.name if _plain_in_text(entry.name) else _escaped(entry.name))
        + (b"/\n" if entry.is_folder else b"\n")
        for entry in entries
    )


def _escaped(name: bytes) -> bytes:
    text = name.decode("utf-8", "surrogateescape")
    return _UNSAFE_IN_TEXT.sub(_escape, text).encode()


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    octal = (rf"\0{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))
    return _SHORT.get(character) or "".join(octal)
