"""
How many request bodies of one connection may be held in files at a time.

A body that is held and becomes large goes to a temporary file, which takes a
descriptor. One connection by HTTP/1.1 has one body at a time; by HTTP/2 it has a
hundred. So most of them wait, with what fits in memory, for those before them.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from .open_files import ConnectionFiles

MAX_LARGE_BODIES = 8
"""Large bodies that are taken in at the same time: more than a browser sends."""


class LargeBody(Protocol):
    """A body that is, or would become, large."""

    def go_on(self) -> None:
        """It may become large now."""


class LargeBodies:
    """
    Those of one connection.

    :param files: counts the files, together with those of responses.
    """

    def __init__(self, files: ConnectionFiles) -> None:
        self._files = files
        self._active: set[LargeBody] = set()
        self._waiting: deque[LargeBody] = deque()
        self._is_going_on = False

    def enter(self, body: LargeBody) -> bool:
        """Whether *body* may become large; if not, it is told when it may."""
        if not self._waiting and self._may_another():
            self._begin(body)
            return True
        self._waiting.append(body)
        return False

    def leave(self, body: LargeBody) -> None:
        """*body* is not held any more."""
        if body not in self._active:
            if body in self._waiting:
                self._waiting.remove(body)
            return
        self._active.remove(body)
        self._files.closed()
        if self._is_going_on:
            return  # one that had waited was whole: the loop goes on with the next
        self._is_going_on = True
        try:
            while self._waiting and self._may_another():
                following = self._waiting.popleft()
                self._begin(following)
                following.go_on()
        finally:
            self._is_going_on = False

    def _may_another(self) -> bool:
        active = len(self._active)
        return not active or (active < MAX_LARGE_BODIES and not self._files.is_full())

    def _begin(self, body: LargeBody) -> None:
        self._active.add(body)
        self._files.opened()
