"""
Bytes of a stranger as lines that a terminal can show.
"""

from __future__ import annotations

import re

from ..terminal import printable

TEXT_CHARACTERS = 2000
"""Characters of a body that are shown, some 25 lines of a terminal."""

DUMPED_BYTES = 256
"""Bytes of a body that are shown in hexadecimal."""

BYTES_A_LINE = 16

_SHORT = {"\r": "\\r", "\n": "\\n", "\t": "\\t"}

_no_text = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def one_line(data: bytes, limit: int) -> str:
    """*data* on one line of at most *limit* characters, with escapes."""
    text = "".join(_SHORT.get(c, c) for c in data[: limit + 1].decode("latin-1"))
    shown = printable(text.encode("ascii", "backslashreplace").decode(), keep="")
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def body_lines(data: bytes) -> list[str]:
    """
    *data* as text, or as a hex dump if it is not text; the beginning of long data.
    """
    try:
        text = data[: 4 * TEXT_CHARACTERS].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < 4 * TEXT_CHARACTERS - 4 or len(data) <= error.start + 4:
            return hex_lines(data)
        text = data[: error.start].decode("utf-8")
    if _no_text.search(text):
        return hex_lines(data)
    shown = text[:TEXT_CHARACTERS].replace("\r\n", "\n")
    lines = printable(shown.removesuffix("\n"), keep="\n\t").split("\n")
    left = len(data) - len(text[:TEXT_CHARACTERS].encode("utf-8"))
    return [*lines, *_more(left)]


def hex_lines(data: bytes) -> list[str]:
    """The beginning of *data* in hexadecimal, with its printable characters beside."""
    lines = []
    for at in range(0, min(len(data), DUMPED_BYTES), BYTES_A_LINE):
        piece = data[at : min(at + BYTES_A_LINE, DUMPED_BYTES)]
        shown = "".join(chr(b) if 0x20 <= b < 0x7F else "." for b in piece)
        lines.append(f"{at:08x}  {piece.hex(' '):<{3 * BYTES_A_LINE}} {shown}")
    return [*lines, *_more(len(data) - DUMPED_BYTES)]


def _more(count: int) -> list[str]:
    return [f"... {count} bytes more"] if count > 0 else []
