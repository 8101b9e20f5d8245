"""
The marks that pictures are made of, and how they look in light and in dark.

Pictures have no script and load nothing. They bring their own background along, since
the page around them may be light when the reader's system is dark.
"""

from __future__ import annotations

from html import escape

STYLE = """\
svg { --paper: #ffffff; --ink: #1f2328; --soft: #656d76; --line: #8c959f;
  --box: #f6f8fa; --edge: #d0d7de; --first: #0a5bb5; --second: #8a3ffc;
  --third: #a04100; --good: #1a7f37; --bad: #b3261e; --name: #0a5bb5; --value: #1f2328;
  --sealed: #eef2ff; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #0d1117; --ink: #e6edf3; --soft: #9ba5b0; --line: #6e7681;
    --box: #161b22; --edge: #3d444d; --first: #6cb6ff; --second: #cba6f7;
    --third: #ffb77c; --good: #56d364; --bad: #ff8a80; --name: #6cb6ff;
    --value: #e6edf3; --sealed: #1c2340; } }
text { font: 14px system-ui, "DejaVu Sans", sans-serif; fill: var(--ink); }
.mono { font: 13px ui-monospace, "DejaVu Sans Mono", monospace; white-space: pre; }
.lane { font-weight: 600; }
.prose { font: 13px system-ui, "DejaVu Sans", sans-serif; }
.soft { fill: var(--soft); font-size: 13px; }
.method, .status-code { fill: var(--third); font-weight: 600; }
.target { fill: var(--second); font-weight: 600; }
.field-name { fill: var(--name); }
.field-value, .body, .chunk-data { fill: var(--value); }
.colon, .version, .reason-phrase, .line-end { fill: var(--soft); }
.paper { fill: var(--paper); stroke: var(--edge); }
.box { fill: var(--box); stroke: var(--edge); }
.sealed { fill: var(--sealed); stroke: var(--edge); }
.note { fill: var(--paper); stroke: var(--line); }
.axis { stroke: var(--line); stroke-dasharray: 2 4; }
.arrow { stroke: var(--ink); stroke-width: 1.5; fill: none; }
.thin { stroke: var(--line); }
.head { fill: var(--ink); }
.first { fill: var(--first); }
.second { fill: var(--second); }
.waits { fill: none; stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 4 3; }
.bad { fill: var(--bad); }
.good { fill: var(--good); }
"""

Span = tuple[str, str]
"""A piece of text and its class."""


def text(
    x: float, y: float, spans: list[Span], kind: str, anchor: str = "start"
) -> str:
    """A line of text at (*x*, *y*)."""
    pieces = "".join(
        f'<tspan class="{name}">{escape(piece)}</tspan>' if name else escape(piece)
        for piece, name in spans
    )
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{kind}" x="{x:g}" y="{y:g}"{where}>{pieces}</text>'


def rect(
    x: float, y: float, width: float, height: float, kind: str, radius: float = 6
) -> str:
    """A rectangle."""
    return (
        f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" '
        f'height="{height:g}" rx="{radius:g}"/>'
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line."""
    return f'<path class="{kind}" d="M{x1:g} {y1:g}L{x2:g} {y2:g}"/>'


def arrow(x1: float, x2: float, y: float, kind: str = "arrow") -> str:
    """An arrow from *x1* to *x2*."""
    back = 9 if x2 < x1 else -9
    tip = f"M{x2:g} {y:g}l{back} -5v10z"
    return line(x1, y, x2 + back, y, kind) + f'<path class="head" d="{tip}"/>'


def picture(
    name: str,
    title: str,
    description: str,
    width: float,
    height: float,
    marks: list[str],
) -> str:
    """
    The whole file.

    :param name: of the picture, from which its ids are made.
    :param description: the text alternative: all that the picture shows.
    """
    inside = "\n".join(marks)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" \
width="{width:g}" height="{height:g}" role="img" \
aria-labelledby="{name}-title {name}-text">
<title id="{name}-title">{escape(title)}</title>
<desc id="{name}-text">{escape(description)}</desc>
<style>
{STYLE}</style>
{rect(0.5, 0.5, width - 1, height - 1, "paper", 10)}
{inside}
</svg>
"""
