r"""
The listing of a folder as JSON, for programs, and as text, for a shell.

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
from collections.abc import Sequence

from ...negotiation import ANY_TYPE, member_weights, named_weight
from .model import Entry, date_and_time, url_segment

HTML = b"text/html"
JSON = b"application/json"
TEXT = b"text/plain"

FORMATS = (HTML, JSON, TEXT)
"""Of those that a client names with one weight, the first is sent."""

_is_plain_text = re.compile(rb"[ -\[\]-~]*").fullmatch
# Control characters, also those that turn the direction of what follows.
_UNSAFE_IN_TEXT = re.compile(
    "[\0-\x1f\\\\\x7f-\x9f\u2028-\u202e\u2066-\u2069\udc80-\udcff]"
)
_SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\\": r"\\"}


def choose_format(accept: bytes | None, user_agent: bytes | None) -> tuple[bytes, bool]:
    """
    Return the one of `FORMATS` that a client prefers, and whether its User-Agent
    decided.

    What it names beats what only ``*/*`` admits. One that names none gets a page, with
    links that a mirror can follow; curl gets text, because a person reads it there.
    """
    named = [named_weight(accept or b"", kind) or 0.0 for kind in FORMATS]
    if max(named) > 0:
        return FORMATS[named.index(max(named))], False
    asked = member_weights(accept or ANY_TYPE)
    refused = [kind for kind in FORMATS if asked.get(kind) == 0.0]
    by_curl = (user_agent or b"").lower().startswith(b"curl/")
    preferred = (TEXT, HTML, JSON) if by_curl else FORMATS
    return next((k for k in preferred if k not in refused), preferred[0]), True


def as_json(path: bytes, entries: Sequence[Entry]) -> bytes:
    """Return *entries* of the folder *path* as JSON, in UTF-8."""
    described = {
        "path": path.decode("utf-8", "replace"),
        "entries": [_described(entry) for entry in entries],
    }
    return json.dumps(described, ensure_ascii=False).encode() + b"\n"


def _described(entry: Entry) -> dict[str, str | int]:
    day, clock, second = date_and_time(entry.changed)
    slash = "/" if entry.is_folder else ""
    about: dict[str, str | int] = {
        "name": entry.name.decode("utf-8", "replace"),
        "type": "folder" if entry.is_folder else "file",
        "modified": f"{day}T{clock}:{second:02}Z",
        "url": f"{url_segment(entry.name)}{slash}",
    }
    if not entry.is_folder:
        about["size"] = entry.size
    return about


def as_text(path: bytes, entries: Sequence[Entry]) -> bytes:
    """Return *entries* as lines, in UTF-8; *path* is not repeated."""
    return b"".join(
        (entry.name if _is_plain_text(entry.name) else _escaped(entry.name))
        + (b"/\n" if entry.is_folder else b"\n")
        for entry in entries
    )


def _escaped(name: bytes) -> bytes:
    text = name.decode("utf-8", "surrogateescape")
    return _UNSAFE_IN_TEXT.sub(_escape, text).encode()


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    octal = (rf"\0{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))
    return _SHORT_ESCAPES.get(character) or "".join(octal)
