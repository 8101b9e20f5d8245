"""
One note, one line.

A line break inside a note would shift the numbers of all that follow, so breaks
are written as ``\\n`` and ``\\r``, and a backslash as two. A NUL is written as ``\\0``:
one in the file is a page that never reached the disk. A person who edits the file may
write any other backslash as it is.
"""

from __future__ import annotations

import re

_ESCAPED = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\0": "\\0"}
_ODD = re.compile(r"[\\\n\r\0]")
_PLAIN = {escaped: plain for plain, escaped in _ESCAPED.items()}


def to_line(note: str) -> bytes:
    """
    The line for *note*, with its line feed.

    :raise UnicodeEncodeError: for lone surrogates.
    """
    if _ODD.search(note):
        note = _ODD.sub(lambda found: _ESCAPED[found[0]], note)
    return note.encode("utf-8") + b"\n"


def from_line(line: bytes) -> str:
    """The note of *line*, with or without its line feed."""
    text = line.rstrip(b"\r\n").decode("utf-8", "replace")
    return re.sub(r"\\[\\nr0]", lambda found: _PLAIN[found[0]], text)
