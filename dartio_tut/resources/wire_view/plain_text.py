"""
What was sent, as text in a page of HTML.

Rule: text that is not our own enters a page through `shown`.
"""

from __future__ import annotations

from html import escape

_VISIBLE = (
    {number: chr(0x2400 + number) for number in range(0x20)}
    | {0x7F: "\u2421"}
    | dict.fromkeys(range(0x80, 0xA0), "\ufffd")
    # These make text read as another.
    | dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F)], "\ufffd")
    | dict.fromkeys(range(0x2066, 0x206A), "\ufffd")
)
"""Visible characters in the place of those that cannot be seen."""


def shown(value: bytes | str) -> str:
    """*value* as HTML, with nothing in it that cannot be seen."""
    text = (
        value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
    )
    return escape(text.translate(_VISIBLE))
