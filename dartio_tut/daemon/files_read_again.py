"""
Files that are read again when they have changed, or could not be read the last time.

What cannot be read now may be readable in a moment, though no file changes: a disk that
fails may work again, and a folder above may get other permissions.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from twisted.logger import Logger

from .startup import error_text

T = TypeVar("T")

_log = Logger()


class FilesReadAgain(Generic[T]):
    """
    What *read* makes of the files at *paths*.

    :param otherwise: for the log, what is done while they cannot be read.
    :raise OSError: when they cannot be read now.
    :raise ValueError: when they do not have what they should.
    :ivar value: what they had when they could be read last.
    :ivar fault: why they could not be read the last time; empty if they could.
    """

    def __init__(
        self, read: Callable[[], T], paths: Sequence[str], otherwise: str
    ) -> None:
        self._read = read
        self._paths = paths
        self._otherwise = otherwise
        self._seen = self._state()
        self.fault = ""
        self.value = read()

    def is_due(self) -> bool:
        """Whether they are to be read again."""
        return bool(self.fault) or self._state() != self._seen

    def read_again(self, repeats_fault: bool = False) -> bool:
        """
        Read them: whether that could be done. If not, the log says why.

        :param repeats_fault: whether it says again what it has said the last time.
        """
        self._seen = self._state()
        before, self.fault = self.fault, ""
        try:
            self.value = self._read()
        except (OSError, ValueError) as error:
            self.fault = error_text(error)
            if repeats_fault or self.fault != before:
                _log.error(
                    "{otherwise}: {fault}", otherwise=self._otherwise, fault=self.fault
                )
            return False
        return True

    def _state(self) -> list[tuple[int, ...] | None]:
        """What changes when somebody changes the files, or replaces them."""
        return [_state_of(path) for path in self._paths]


def _state_of(path: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    times = found.st_mtime_ns, found.st_ctime_ns  # the second tells of permissions
    return found.st_dev, found.st_ino, found.st_size, *times
