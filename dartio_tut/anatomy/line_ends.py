"""
Where lines end (RFC 9112 section 2.2).
"""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """
    :ivar start: where it begins.
    :ivar stop: where its text ends.
    :ivar end: where the next line begins.
    :ivar is_whole: whether its end has come.
    """

    start: int
    stop: int
    end: int
    is_whole: bool

    @property
    def has_bare_lf(self) -> bool:
        """Whether it ends with LF only."""
        return self.is_whole and self.end - self.stop == 1


def line_at(raw: bytes, start: int) -> Line:
    """The line that begins at *start*; a CR at the very end is not of its text."""
    lf = raw.find(b"\n", start)
    if lf < 0:
        end = len(raw)
        return Line(start, end - raw.endswith(b"\r", start), end, False)
    return Line(start, lf - raw.endswith(b"\r", start, lf), lf + 1, True)
