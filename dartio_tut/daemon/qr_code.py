"""
A QR code for a terminal, so that a telephone need not be typed a URL into.

Rule: it is drawn in black on white whatever the colours of the terminal are, because
not every camera reads a code in other colours, or without its margin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TextIO

MISSING = "For a QR code of it: pip install 'dartio-tut[qr]'"
"""What to say where segno is not installed."""

MARGIN_MODULES = 4
"""Width of the margin (ISO/IEC 18004 section 5.3.8)."""

BLACK_ON_WHITE = "\x1b[38;5;16;48;5;231m"
"""Of the 256 colours: the first 16 are what a person has chosen them to be."""

RESET = "\x1b[0m"

HALVES = {(0, 0): " ", (1, 0): "\u2580", (0, 1): "\u2584", (1, 1): "\u2588"}
"""The character for two modules, one above the other; 1 is black."""


def can_show_qr_code(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether *stream* is a terminal that has the characters and colours."""
    if not stream.isatty() or environ.get("TERM", "dumb") == "dumb":
        return False
    try:
        "".join(HALVES.values()).encode(stream.encoding)
    except UnicodeEncodeError:
        return False
    return True


def qr_code(text: str) -> str:
    """
    The lines of a QR code of *text*.

    :raise ImportError: when segno is not installed.
    """
    import segno

    code = segno.make_qr(text, error="l")
    return drawn([list(row) for row in code.matrix_iter(border=MARGIN_MODULES)])


def drawn(rows: Sequence[Sequence[int]]) -> str:
    """*rows* of modules as lines, two rows a line."""
    pairs = [*rows, *([[0] * len(rows[0])] if len(rows) % 2 else [])]
    lines = (
        "".join(HALVES[bool(a), bool(b)] for a, b in zip(upper, lower, strict=True))
        for upper, lower in zip(pairs[::2], pairs[1::2], strict=True)
    )
    return "".join(f"{BLACK_ON_WHITE}{line}{RESET}\n" for line in lines)
