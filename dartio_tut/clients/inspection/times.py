"""
How long each step of an exchange took.
"""

from __future__ import annotations

from ..web import Times

STEPS = ("name_lookup", "connect", "tls", "first_byte", "body", "total")


def durations(times: Times) -> dict[str, float | None]:
    """
    Seconds of each of `STEPS`; ``None`` for those that did not take place, or to an
    end. Until the first byte of the response, the server works.
    """
    between = {
        "name_lookup": (times.started, times.resolved),
        "connect": (times.resolved or times.started, times.connected),
        "tls": (times.connected, times.secured),
        "first_byte": (times.sent, times.first_byte),
        "body": (times.first_byte, times.ended),
        "total": (times.started, times.ended),
    }
    return {
        step: None if begin is None or end is None else max(0.0, end - begin)
        for step, (begin, end) in between.items()
    }
