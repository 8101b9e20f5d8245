"""
Sequence diagrams: who sends what to whom, in its order from top to bottom.

Where a step stands depends on its place in the order only, never on a clock: the same
order is the same picture.
"""

from __future__ import annotations

from collections.abc import Sequence as Sequence_
from dataclasses import dataclass, field

from dartio_tut.anatomy import Message

from . import svg
from .svg import Span

WIDTH = 800
MARGIN = 24
TOP = 64
"""Where the lanes begin, below their names."""

LINE = 18
CHARACTER = 7.85
"""How wide a character of 13 pixels is in a monospaced font, at most."""

PROSE = 0.9
"""How wide a usual character is, beside a monospaced one."""

INDENT = "    "
"""In front of what goes on with the row above."""

SEALED = "encrypted"
"""What stands in the corner of a box: its color alone would tell too few."""

BAR = 12
"""How wide the bar is that shows that a server works on something."""


@dataclass(frozen=True)
class Sent:
    """
    Something that goes from one lane to another.

    :param words: it in words, for the text alternative.
    :param lines: what stands above the arrow.
    :param is_sealed: whether it is encrypted.
    """

    source: str
    target: str
    words: str
    lines: tuple[tuple[Span, ...], ...] = ()
    is_sealed: bool = False


@dataclass(frozen=True)
class Note:
    """Something that happens at a lane."""

    lane: str
    words: str
    kind: str = "soft"


@dataclass(frozen=True)
class Bar:
    """
    From here, or until here, a lane works on something, or something waits there.

    :param name: of the bar; the second step of this name ends it.
    :param side: -1 for left of the lane's line, 1 for right.
    """

    lane: str
    name: str
    kind: str
    side: int = 0


Step = Sent | Note | Bar


@dataclass
class Sequence:
    """
    A diagram.

    :param lanes: the programs that take part, from left to right, and what each is.
    """

    name: str
    title: str
    lanes: dict[str, str]
    steps: list[Step] = field(default_factory=list)

    def description(self) -> str:
        """What the picture shows, in words."""
        parts = [f"{name}: {text}." for name, text in self.lanes.items()]
        for step in self.steps:
            if isinstance(step, Sent):
                parts.append(f"{step.source} to {step.target}: {step.words}.")
            elif isinstance(step, Note):
                parts.append(f"{step.lane}: {step.words}.")
        return " ".join(parts)

    def draw(self) -> str:
        """The picture."""
        return _Drawing(self).draw()


class _Drawing:
    """Draws one sequence."""

    def __init__(self, sequence: Sequence) -> None:
        self.sequence = sequence
        count = len(sequence.lanes)
        first, last = (120, WIDTH - 120) if count == 2 else (96, WIDTH - 96)
        step = (last - first) / (count - 1)
        self.x = {name: first + step * i for i, name in enumerate(sequence.lanes)}
        self.y = float(TOP + 22)
        self.marks: list[str] = []
        self.begun: dict[str, tuple[float, Bar]] = {}
        self.bars: list[str] = []

    def draw(self) -> str:
        for step in self.sequence.steps:
            if isinstance(step, Sent):
                self.sent(step)
            elif isinstance(step, Note):
                self.note(step)
            else:
                self.bar(step)
        bottom = self.y + 4
        lanes = []
        for name, text in self.sequence.lanes.items():
            x = self.x[name]
            lanes += [
                svg.text(x, 30, [(name, "")], "lane", "middle"),
                svg.text(x, 49, [(text, "")], "soft", "middle"),
                svg.line(x, TOP, x, bottom, "axis"),
            ]
        sequence = self.sequence
        return svg.picture(
            sequence.name,
            sequence.title,
            sequence.description(),
            WIDTH,
            bottom + MARGIN / 2,
            [*lanes, *self.bars, *self.marks],
        )

    def sent(self, step: Sent) -> None:
        """An arrow, with what is sent above it."""
        start, end = self.x[step.source], self.x[step.target]
        left, right = min(start, end), max(start, end)
        lines = step.lines or (((step.words, "soft"),),)
        longest = max(map(_width, lines))
        if step.is_sealed:
            longest = max(longest, _width(lines[0]) + len(SEALED) + 2)
        if step.lines:
            width = min(longest * CHARACTER + 20, right - left - 2 * BAR)
            x = (left + right - width) / 2
            height = len(lines) * LINE + 10
            kind = "sealed" if step.is_sealed else "box"
            self.marks.append(svg.rect(x, self.y, width, height, kind))
            if step.is_sealed:
                spans = [(SEALED, "")]
                where = x + width - 10
                self.marks.append(svg.text(where, self.y + 17, spans, "soft", "end"))
            for number, line in enumerate(lines):
                y = self.y + 17 + number * LINE
                if line:
                    self.marks.append(svg.text(x + 10, y, list(line), "mono"))
            self.y += height + 12
        else:
            middle = (left + right) / 2
            spans = [(step.words, "")]
            self.marks.append(svg.text(middle, self.y + 4, spans, "soft", "middle"))
            self.y += 14
        self.marks.append(svg.arrow(start, end, self.y))
        self.y += 22

    def note(self, step: Note) -> None:
        """A box at a lane, which stays within the picture."""
        lines = step.words.split("\n")
        width = max(len(line) for line in lines) * 7.4 + 20
        height = len(lines) * LINE + 8
        x = self.x[step.lane] - width / 2
        x = min(max(x, MARGIN / 2), WIDTH - MARGIN / 2 - width)
        self.marks.append(svg.rect(x, self.y, width, height, "note"))
        for number, line in enumerate(lines):
            y = self.y + 17 + number * LINE
            spans = [(line, step.kind)]
            self.marks.append(svg.text(x + width / 2, y, spans, "", "middle"))
        self.y += height + 16

    def bar(self, step: Bar) -> None:
        """The beginning or the end of a bar."""
        y = self.y - 20
        if step.name not in self.begun:
            self.begun[step.name] = y, step
            return
        start, first = self.begun.pop(step.name)
        x = self.x[step.lane] - BAR / 2 + first.side * (BAR + 2)
        self.bars.append(svg.rect(x, start, BAR, y - start, first.kind, 3))


def _width(line: Sequence_[Span]) -> float:
    """How wide *line* is, in characters of a monospaced font."""
    return sum(len(piece) * (PROSE if kind == "prose" else 1) for piece, kind in line)


def message_lines(message: Message, longest: int) -> tuple[tuple[Span, ...], ...]:
    """
    The lines of *message*, each part with its kind as the class.

    :param longest: longer lines go on in a line below.
    """
    lines: list[list[Span]] = [[]]
    for part in message.parts:
        piece = message.raw[part.start : part.end].decode("latin-1")
        if part.kind in ("line-end", "blank-line"):
            lines.append([])
            continue
        for number, row in enumerate(piece.rstrip("\n").split("\n")):
            if number:
                lines.append([])
            lines[-1].append((row, part.kind))
    while not lines[-1]:
        lines.pop()
    return tuple(row for line in lines for row in _wrapped(line, longest))


def _wrapped(line: list[Span], longest: int) -> list[tuple[Span, ...]]:
    """*line* in rows of at most so many characters."""
    rows: list[list[Span]] = [[]]
    left = longest
    for piece, kind in line:
        while len(piece) > left:
            end = piece.rfind(" ", 1, left) + 1 or left
            rows[-1].append((piece[:end], kind))
            rows.append([(INDENT, kind)])
            piece, left = piece[end:], longest - len(INDENT)
        rows[-1].append((piece, kind))
        left -= len(piece)
    return [tuple(row) for row in rows]
