"""
Printing what a server has sent.

A terminal obeys control sequences: they can clear the screen, rename the window, and on
some terminals type a command. So on a terminal control characters are shown as escapes.
A pipe or a file gets the bytes as they are.
"""

from __future__ import annotations

import re
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .web import charset_of

CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f"
    # Marks that show text in another order than it has (Unicode, UAX #9), and line
    # separators of Unicode.
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    # Half of a character, which no encoding has.
    "\ud800-\udfff]"
)

LINE_CONTROLS = "\n\t"
"""Control characters that text of several lines has."""


def printable(text: str, keep: str = LINE_CONTROLS) -> str:
    """*text* with its control characters as escapes, other than those in *keep*."""
    return CONTROLS.sub(lambda found: _escaped(found[0], keep), text)


def _escaped(character: str, keep: str) -> str:
    if character in keep:
        return character
    return character.encode("unicode_escape").decode("ascii")


def print_text(text: str) -> None:
    """Print the line *text*."""
    print(printable(text) if sys.stdout.isatty() else text)


@contextmanager
def standard_output(response: Any) -> Iterator[Callable[[bytes], Any]]:
    """A function that writes pieces of the content of *response* to standard output."""
    if not sys.stdout.isatty():
        yield _write_bytes
        return
    writer = _TerminalWriter(charset_of(response.headers))
    try:
        yield writer.write
    finally:
        writer.end()


def _write_bytes(data: bytes) -> None:
    """Write *data* at once: whoever reads an event stream waits for each event."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


class _TerminalWriter:
    """Shows bytes that arrive in pieces on a terminal, as text in *charset*."""

    def __init__(self, charset: str) -> None:
        self._decoder = getincrementaldecoder(charset)("replace")
        self._carriage_return = ""
        self._last = "\n"

    def write(self, data: bytes) -> None:
        """Show *data*."""
        self._show(self._decoder.decode(data))
        sys.stdout.flush()

    def end(self) -> None:
        """Show what is left, and begin a new line for the shell's prompt."""
        self._show(self._decoder.decode(b"", final=True))
        self._put(printable(self._carriage_return))
        if self._last != "\n":
            self._put("\n")
        sys.stdout.flush()

    def _show(self, text: str) -> None:
        """A carriage return waits for what follows: it is right before a line feed."""
        text = self._carriage_return + text
        self._carriage_return = "\r" if text.endswith("\r") else ""
        text = text.removesuffix("\r").replace("\r\n", "\n")
        self._put(printable(text))

    def _put(self, text: str) -> None:
        if text:
            self._last = text[-1]
            sys.stdout.write(text)
