"""
A line of the log that would come for each of many requests, because what fails is the
machine: no file descriptor or no space is left. One a minute says as much, and a
stranger cannot fill the disk with it.
"""

from __future__ import annotations

from collections.abc import Callable
from errno import EDQUOT, EMFILE, ENFILE, ENOMEM, ENOSPC
from time import monotonic

REPEATED_AFTER_SECONDS = 60

FAULTS_OF_THE_MACHINE = frozenset((EDQUOT, EMFILE, ENFILE, ENOMEM, ENOSPC))
"""Errors that all requests meet, whatever file they are for."""


class RepeatedLine:
    """
    Counts what happens, and says when it is time for a line.

    :param seconds: tells the time.
    """

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._due_at = float("-inf")
        self._count = 0

    def count(self) -> int:
        """
        Count one more.

        :return: how many there were since the last line, if there is to be one; else 0.
        """
        self._count += 1
        now = self._seconds()
        if now < self._due_at:
            return 0
        self._due_at = now + REPEATED_AFTER_SECONDS
        count, self._count = self._count, 0
        return count
