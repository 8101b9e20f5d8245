"""
The results as a picture: how much more than nginx each server costs.

Drawn by hand, so that nothing has to be installed. It takes the colour of the text
around it, or, as an image of its own, follows the reader's light or dark theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from ..measuring import Result
from ..page import TIMES, Row, rows

WIDTH, LABELS, BARS, ROW, TITLE = 640, 90, 440, 15, 28
"""Pixels: the picture, the names at its left, the longest bar, a bar's row, a title."""

LONGEST = 12.0
"""The ratio that fills the width; longer bars are cut, and the number tells."""

STYLE = """\
svg { color: #24292f; font: 11px system-ui, sans-serif }
@media (prefers-color-scheme: dark) { svg { color: #d0d7de } }
text, rect, line { fill: currentColor }
line { stroke: currentColor; stroke-opacity: .35; stroke-dasharray: 2 3 }
.title { font-weight: 600; font-size: 12px }
rect { fill-opacity: .35 }
.ours { fill-opacity: .9; font-weight: 600 }
"""


def chart(results: Sequence[Result]) -> str:
    """The picture as SVG: a group of bars for each case, the cheapest at its top."""
    parts: list[str] = []
    y = 4
    for result in results:
        found = [row for row in rows(result) if row.figure.ratio]
        found.sort(key=lambda row: row.figure.ratio)
        if not found:
            continue
        parts.append(_text("title", 4, y + 16, result.case.heading))
        y += TITLE - 6
        x = LABELS + round(BARS / LONGEST)
        bottom = y + ROW * len(found)
        parts.append(f'<line x1="{x}" x2="{x}" y1="{y}" y2="{bottom}"/>')
        for row in found:
            parts += _bar(row, y)
            y += ROW
        y += TITLE - ROW
    title = "Cost of each server as a multiple of the reference, nginx"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}"',
            f'viewBox="0 0 {WIDTH} {y}" role="img" aria-label="{title}">',
            f"<title>{title}</title>",
            f"<style>\n{STYLE}</style>",
            *parts,
            "</svg>\n",
        ]
    )


def _bar(row: Row, y: int) -> list[str]:
    kind = "ours" if row.subject.ours else "peer"
    ratio = row.figure.ratio
    width = max(1, round(min(ratio, LONGEST) / LONGEST * BARS))
    cut = " →" if ratio > LONGEST else ""
    label = _text(kind, 4, y + 11, row.subject.name)
    number = _text(kind, LABELS + width + 5, y + 11, f"{TIMES}{ratio:.2f}{cut}")
    bar = f'<rect class="{kind}" x="{LABELS}" y="{y + 2}" width="{width}" '
    return [label, bar + f'height="{ROW - 4}" rx="2"/>', number]


def _text(kind: str, x: int, y: int, words: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(words)}</text>'
