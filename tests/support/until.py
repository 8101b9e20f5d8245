"""
Waiting for what tells nobody that it has happened: the state of another program.

Rule: whatever can be waited for itself (the end of a process, a line that a program
writes, a socket) is waited for there. All else is asked for here, again and again, and
not for ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .harness import PATIENCE

T = TypeVar("T")

ASK_AGAIN_SECONDS = 0.05
"""A program that is asked so often has time left for what it is to do."""


def until(
    what: str,
    happens: Callable[[], T | None],
    seconds: float = PATIENCE,
    pause: float = ASK_AGAIN_SECONDS,
) -> T:
    """
    Wait until something *happens*; what that gave.

    :param what: what is waited for, in words.
    :raise AssertionError: when it has not happened in so many *seconds*.
    """
    deadline = time.monotonic() + seconds
    while not (found := happens()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s until {what}")
        time.sleep(pause)
    return found
