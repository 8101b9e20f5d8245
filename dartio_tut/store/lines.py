"""
One note is one line.

A line break inside a note would shift the numbers of all notes that follow, so line
feeds and carriage returns are written as ``\\n`` and ``\\r``, and a backslash as two
backslashes. A NUL is written as ``\\0``, because NULs in the file come from a disk that
lost power. A byte order mark is written as ``\\ufeff``, because one at the beginning of
the file comes from an editor. A person who edits the file may write any other backslash
as it is.
"""

from __future__ import annotations

import re

DELETED_LINE = b"\\deleted"
"""
The line of a note that was deleted: its number stays. Blanks may follow, in the place
of what the note had. No note is written like this, as the backslash of a note is
doubled.
"""

BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}".encode()
"""Some editors write it at the beginning of a file in UTF-8."""

_ESCAPED = {
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\0": "\\0",
    "\ufeff": "\\ufeff",
}
_NEEDS_ESCAPE = re.compile("[\\\\\n\r\0\ufeff]")
_PLAIN = {escaped: plain for plain, escaped in _ESCAPED.items()}
_ESCAPE = re.compile(r"\\(?:[\\nr0]|ufeff)")


def line_of_note(note: str) -> bytes:
    """
    The line for *note*, with its line feed.

    :raise UnicodeEncodeError: if there are lone surrogates.
    """
    if _NEEDS_ESCAPE.search(note):
        note = _NEEDS_ESCAPE.sub(lambda found: _ESCAPED[found[0]], note)
    return note.encode("utf-8") + b"\n"


def note_from_line(line: bytes) -> str:
    """The note of *line*, with or without its line feed."""
    text = line.rstrip(b"\r\n").decode("utf-8", "replace")
    return _ESCAPE.sub(lambda found: _PLAIN[found[0]], text)


def is_deleted(line: bytes) -> bool:
    """Whether *line* stands for a note that was deleted."""
    return line.rstrip(b" \r\n") == DELETED_LINE
