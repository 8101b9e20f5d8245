"""
How many request bodies of one connection may be held in files at a time.

A body that is held and becomes large goes to a temporary file, which takes a
descriptor. One connection by HTTP/1.1 has one body at a time; by HTTP/2 it has a
hundred. So most of them wait, with what fits in memory, for those before them.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

MAX_LARGE_BODIES = 8
"""Large bodies that are taken in at the same time: more than a browser sends."""


class LargeBody(Protocol):
    """A body that is, or would become, large."""

    def go_on(self) -> None:
        """It may become large now."""


class LargeBodies:
    """Those of one connection."""

    def __init__(self) -> None:
        self._active: set[LargeBody] = set()
        self._waiting: deque[LargeBody] = deque()

    def enter(self, body: LargeBody) -> bool:
        """Whether *body* may become large; if not, it is told when it may."""
        if len(self._active) < MAX_LARGE_BODIES:
            self._active.add(body)
            return True
        self._waiting.append(body)
        return False

    def leave(self, body: LargeBody) -> None:
        """*body* is not held any more."""
        if body not in self._active:
            if body in self._waiting:
                self._waiting.remove(body)
            return
        self._active.discard(body)
        if self._waiting:
            following = self._waiting.popleft()
            self._active.add(following)
            following.go_on()
