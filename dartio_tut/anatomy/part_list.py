"""
The parts that were found so far, and the first fault.

A message of millions of tiny fields or chunks would have millions of parts. Those
beyond `MAX_PARTS` are dropped, and the bytes they were of become one part.
"""

from __future__ import annotations

from functools import cache

from . import faults
from .faults import Fault
from .line_ends import Line
from .parts import PART_KINDS, Part
from .words import WordKind, word_for, words_by_name

MAX_PARTS = 10_000
"""A browser can show so many; a usual message has a hundred."""

MAX_WORD_BYTES = 64
"""Longer than any word of the list."""

_WORD_KINDS: dict[str, WordKind] = {
    "method": "method",
    "status-code": "status",
    "version": "version",
}
"""Where the word list has parts of these kinds."""


@cache
def kind_texts() -> dict[str, tuple[str, str, str]]:
    """Kind, words and clause of each kind."""
    words = words_by_name("framing")
    return {kind: (kind, words[kind].words, words[kind].clause) for kind in PART_KINDS}


class PartList:
    """
    :ivar parts: without gaps, from the first byte on.
    :ivar fault: the first that was found.
    """

    __slots__ = ("_most", "_texts", "_uncut_from", "fault", "parts")

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.fault: Fault | None = None
        self._uncut_from = -1
        self._most = MAX_PARTS
        self._texts = kind_texts()

    def add(self, start: int, end: int, kind: str) -> None:
        """The bytes from *start* to *end*, if there are any, are of this *kind*."""
        if start < end:
            self.parts.append(Part(start, end, *self._texts[kind]))

    def explain(self, start: int, end: int, kind: str, words: str) -> None:
        """As `add`, with words of its own."""
        if start < end:
            self.parts.append(Part(start, end, kind, words, self._texts[kind][2]))

    def add_word(self, start: int, end: int, kind: str, name: bytes) -> None:
        """As `add`, with the words that the word list has for *name*."""
        text = name[:MAX_WORD_BYTES].decode("latin-1")
        word = word_for(_WORD_KINDS[kind], text)
        if word is None:
            self.add(start, end, kind)
        else:
            self.parts.append(Part(start, end, kind, word.words, word.clause))

    def add_not_http(self, start: int, end: int, fault: Fault) -> int:
        """The bytes up to *end* are not HTTP, as *fault* says; return *end*."""
        self.note(fault)
        self.parts.append(Part(start, end, "not-http", fault.sentence, fault.clause))
        return end

    def add_line_end(self, line: Line, fault: Fault = faults.BARE_LF) -> None:
        """The end of *line*, which is a *fault* when it is LF only."""
        if line.has_bare_lf:
            self.add(line.stop, line.end, "bare-lf")
            self.note(fault)
        else:
            self.add(line.stop, line.end, "line-end")

    def note(self, fault: Fault) -> None:
        """Remember *fault* if it is the first one."""
        if self.fault is None:
            self.fault = fault

    @property
    def is_uncut(self) -> bool:
        """Whether parts were dropped, and not replaced yet."""
        return self._uncut_from >= 0

    def shorten(self) -> None:
        """Drop the parts that are too many."""
        if len(self.parts) > self._most:
            if self._uncut_from < 0:
                self._uncut_from = self.parts[self._most].start
            del self.parts[self._most :]

    def close_uncut(self, end: int, kind: str) -> None:
        """The bytes up to *end* whose parts were dropped are of this *kind*."""
        if self._uncut_from >= 0:
            self.add(self._uncut_from, end, kind)
            self._uncut_from = -1
            self._most = len(self.parts) + MAX_PARTS
