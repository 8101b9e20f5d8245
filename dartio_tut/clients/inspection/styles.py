"""
Colours, where there is a terminal that shows them and nobody has asked for none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

STYLES = {
    "title": "1",
    "line": "36",
    "field": "34",
    "framing": "35",
    "words": "2",
    "fault": "31",
}
"""Select Graphic Rendition (ECMA-48): what stands for bold, cyan, blue and so on."""


class Styles:
    """Puts text in its colours, or leaves it as it is."""

    def __init__(self, is_on: bool) -> None:
        self._is_on = is_on

    def __call__(self, style: str, text: str) -> str:
        """*text*, as *style* says."""
        if not self._is_on or not text:
            return text
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m"


def styles_for(stream: TextIO, environ: Mapping[str, str] = os.environ) -> Styles:
    """
    The colours for *stream*: none unless it is a terminal, or when ``NO_COLOR`` is set
    (https://no-color.org), or the terminal is a dumb one.
    """
    is_wanted = not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return Styles(stream.isatty() and is_wanted)
