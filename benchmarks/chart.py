"""
The results as a picture: how much more than nginx each server costs.

Drawn by hand, so that nothing has to be installed. It takes the colour of the text
around it, or, as an image of its own, follows the reader's light or dark theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from .cases import Case
from .figures import REFERENCE, TIMES, Figure

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


def chart(results: Sequence[tuple[Case, Sequence[Figure]]]) -> str:
    """The picture as SVG: a group of bars a case, the cheapest at its top."""
    parts: list[str] = []
    y = 4
    for case, found in results:
        shown = [figure for figure in found if figure.ratio]
        if not shown:
            continue
        parts.append(_text("title", 4, y + 16, case.title))
        y += TITLE - 6
        x = LABELS + round(BARS / LONGEST)
        bottom = y + ROW * len(shown)
        parts.append(f'<line x1="{x}" x2="{x}" y1="{y}" y2="{bottom}"/>')
        for figure in shown:
            parts += _bar(figure, y)
            y += ROW
        y += TITLE - ROW
    title = f"Cost of each server as a multiple of {REFERENCE}"
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


def _bar(figure: Figure, y: int) -> list[str]:
    kind = "ours" if figure.peer.startswith("ours") else "peer"
    width = max(1, round(min(figure.ratio, LONGEST) / LONGEST * BARS))
    cut = " →" if figure.ratio > LONGEST else ""
    label = _text(kind, 4, y + 11, figure.peer)
    number = _text(kind, LABELS + width + 5, y + 11, f"{TIMES}{figure.ratio:.2f}{cut}")
    bar = f'<rect class="{kind}" x="{LABELS}" y="{y + 2}" width="{width}" '
    return [label, bar + f'height="{ROW - 4}" rx="2"/>', number]


def _text(kind: str, x: int, y: int, words: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(words)}</text>'
