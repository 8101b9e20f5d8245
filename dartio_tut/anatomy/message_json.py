"""
A message as JSON, for pages that show it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from .parts import Message

_PART = ("start", "end", "kind", "words", "clause")


def message_json(
    message: Message,
    *,
    total: int | None = None,
    is_complete: bool | None = None,
    arrivals: Sequence[tuple[float, int]] = (),
) -> dict[str, Any]:
    """
    *message* as an object of JSON.

    :param total: how many bytes it had, when only the first of them were kept.
    :param is_complete: whether it came whole, when that is known better than from the
        bytes that were kept.
    :param arrivals: when bytes of it came, in seconds since the exchange started, and
        how many.
    """
    kept = len(message.raw)
    return {
        "sent_by": message.sent_by,
        "complete": message.is_complete if is_complete is None else is_complete,
        "fault": message.fault,
        "total": kept if total is None else total,
        "kept": kept,
        "base64": b64encode(message.raw).decode("ascii"),
        "parts": [dict(zip(_PART, part, strict=True)) for part in message.parts],
        "arrivals": [list(arrival) for arrival in arrivals],
    }
