"""
The listing of a folder as a page for people.

The page works without its script, which filters while a person types, moves the focus
with the arrow keys, and shows local time. Nothing is loaded from elsewhere, and the
content security policy forbids it.

Rule: text that is not our own enters the page through `_shown`, `_attribute` or
`url_segment`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

from .model import BY_NAME, Entry, SortOrder, date_and_time, is_unreserved, url_segment

_ASSETS = Path(__file__).with_name("assets")
_STYLE = (_ASSETS / "listing.css").read_text("utf-8")
_SCRIPT = (_ASSETS / "listing.js").read_text("utf-8")


def _hash(inline: str) -> str:
    return f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'"


CONTENT_SECURITY_POLICY = (
    "default-src 'none'; "
    f"style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; "
    # The script may not make HTML of text, not even by mistake.
    "require-trusted-types-for 'script'; trusted-types 'none'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
).encode("ascii")
"""The value of the header field of that name that is sent with the page."""

_COLUMNS = (
    ("name", "Name", False),
    ("size", "Size", True),
    ("changed", "Changed", True),
)
"""The key, the head of the column, and whether the largest are first at a click."""

_SIZE_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")

_MARKUP = {ord(c): f"&#{ord(c)};" for c in "&<>\"'"}
_CONTROL_PICTURES = (
    {number: chr(0x2400 + number) for number in range(0x20)}
    | {0x7F: "\u2421"}
    | dict.fromkeys(range(0x80, 0xA0), "\ufffd")
)
"""Visible characters in the place of control characters."""

# Embeddings, overrides and isolates make a name read as another: "exe.jpg".
_DIRECTION_CHANGES = dict.fromkeys(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd"
)
_VISIBLE = _CONTROL_PICTURES | _DIRECTION_CHANGES | _MARKUP


def as_html(
    path: bytes, entries: Sequence[Entry], order: SortOrder = BY_NAME, filter: str = ""
) -> bytes:
    """
    Return the page of the folder *path*, in UTF-8.

    :param path: the display_name path below the root: ``b"/a b/c/"``.
    :param entries: sorted and filtered already.
    """
    names = [name for name in path.split(b"/") if name]
    parent = _PARENT if names else ""
    return "".join(
        [
            _HEAD.format(title=_visible(path)),
            f"<header>{_breadcrumbs(names)}{_filter_form(order, filter)}</header>\n",
            "<main>\n",
            f"<p id=count role=status>{_counted(entries, filter)}</p>\n",
            f"<table>\n<thead><tr>{_column_heads(order, filter)}</tr></thead>\n",
            parent,
            "<tbody id=entries>\n",
            *_rows(entries),
            "</tbody>\n</table>\n</main>\n",
            _FOOT,
        ]
    ).encode()


_HEAD = (
    "<!DOCTYPE html>\n"
    "<html lang=en>\n<meta charset=utf-8>\n<title dir=auto>{title}</title>\n"
    '<meta name=viewport content="width=device-width, initial-scale=1">\n'
    '<meta name=color-scheme content="light dark">\n'
    f"<style>{_STYLE.replace('{', '{{').replace('}', '}}')}</style>\n"
)
_PARENT = (
    '<tbody><tr><th scope=row><a href="../" rel=up>Parent folder</a><td><td></tbody>\n'
)
_FOOT = f"<script>{_SCRIPT}</script>\n</html>\n"


def _visible(name: bytes) -> str:
    """Return *name* as text without invisible characters and without markup."""
    return name.decode("utf-8", "replace").translate(_VISIBLE)


def _shown(name: bytes) -> str:
    """Return *name* as HTML; its writing direction ends with it."""
    return f"<bdi>{_visible(name)}</bdi>"


def _attribute(text: str) -> str:
    """Return *text* as it stands in a quoted attribute."""
    return text.translate(_MARKUP)


def _rows(entries: Sequence[Entry]) -> list[str]:
    rows = []
    for name, is_folder, size, changed in entries:
        if is_unreserved(name):
            url = shown = name.decode("ascii")
        else:
            url, shown = url_segment(name), _shown(name)
        day, clock, second = date_and_time(changed)
        if is_folder:
            slash, measured = "/", "<td>"
        else:
            slash, measured = (
                "",
                f'<td title="{size:,} byte{"s" * (size != 1)}">{human_size(size)}',
            )
        rows.append(
            f'<tr><th scope=row><a href="{url}{slash}">{shown}{slash}</a>{measured}'
            f"<td><time datetime={day}T{clock}:{second:02}Z>{day} {clock}</time>\n"
        )
    return rows


def human_size(size: int) -> str:
    """Return *size* with two or three digits, in units of 1,024 bytes."""
    if size < 1024:
        return f"{size} B"
    value = size / 1024
    for unit in _SIZE_UNITS:
        if value < 9.95:
            return f"{value:.1f} {unit}"
        if value < 1023.5:
            return f"{value:.0f} {unit}"
        value /= 1024
    return f"{value * 1024:.0f} {_SIZE_UNITS[-1]}"


def _counted(entries: Sequence[Entry], filter: str) -> str:
    if not entries:
        return "Nothing here matches." if filter else "This folder is empty."
    folders = sum(entry.is_folder for entry in entries)
    files = len(entries) - folders
    counted = []
    if folders:
        counted.append(f"{folders:,} folder{'s' * (folders != 1)}")
    if files:
        total = human_size(sum(entry.size for entry in entries))
        counted.append(f"{files:,} file{'s' * (files != 1)}, {total}")
    return ", ".join(counted)


def _breadcrumbs(names: list[bytes]) -> str:
    """Return the links to the folders above; they are relative."""
    steps = ["<nav aria-label=Path><h1>"]
    for up, name in zip(range(len(names), -1, -1), [b"", *names], strict=True):
        here = "" if up else " aria-current=page"
        shown = _shown(name) if name else "<span>Top folder</span>"
        steps.append(f'<a href="{"../" * up or "./"}"{here}>{shown}</a><i>/</i>')
    return "".join([*steps, "</h1></nav>\n"])


def _filter_form(order: SortOrder, filter: str) -> str:
    kept = "".join(
        f'<input type=hidden name={name} value="{value}">'
        for name, value in _query(order, "").items()
    )
    return (
        f'<form action="./" role=search>{kept}<input id=filter type=search name=filter '
        f'value="{_attribute(filter)}" placeholder=Filter aria-label="Filter by name" '
        "aria-keyshortcuts=/ autocomplete=off autocapitalize=none spellcheck=false>"
        "<button>Filter</button></form>\n"
    )


def _column_heads(order: SortOrder, filter: str) -> str:
    heads = []
    for key, label, largest_first in _COLUMNS:
        if key == order.key:
            way = "descending" if order.descending else "ascending"
            sorted_ = f" aria-sort={way}"
            turned = SortOrder(key, not order.descending)
        else:
            sorted_ = ""
            turned = SortOrder(key, largest_first)
        target = _attribute("?" + urlencode(_query(turned, filter)))
        zone = " <small>UTC</small>" if key == "changed" else ""
        heads.append(f'<th scope=col{sorted_}><a href="./{target}">{label}</a>{zone}')
    return "".join(heads)


def _query(order: SortOrder, filter: str) -> dict[str, str]:
    asked = {"sort": order.key, "order": "desc" if order.descending else "asc"}
    return asked | ({"filter": filter} if filter else {})
