"""
How many documents a folder has, and how many bytes: they are counted now and then.

Rule: what stores change is counted exactly, for all processes, in a small file. What a
person changes by hand is found when the documents are counted again. Nothing is counted
if there is no limit.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..interface import Quota, StoreFull
from .disk import NEW_FILE_MODE, open_regular, write_all

COUNT_NAME = ".documents"
"""The name of the file: documents are kept in every folder that has it."""

RECOUNT_SECONDS = 60
"""Seconds between counts: 100,000 documents take about half a second."""

RECOUNT_WHEN_FULL_SECONDS = 1
"""Seconds between counts if a document was refused because of them."""

_OPEN_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_COUNT_BYTES = 64


class DocumentsCount:
    """
    The count of the documents; all calls are made under the folder's lock.

    :param sizes: gives the sizes of all documents.
    :param now: the time in seconds.
    """

    def __init__(
        self,
        path: Path,
        quota: Quota,
        sizes: Callable[[], list[int]],
        now: Callable[[], float],
    ) -> None:
        self.path = path
        self._quota = quota
        self._sizes = sizes
        self._now = now
        self._limited = bool(quota.documents or quota.size)
        self._number = self._bytes = 0
        # Decided and not yet made: this is not found when the documents are counted.
        self._more = self._more_bytes = 0
        self._counted = 0.0

    def mark_folder(self) -> None:
        """Make the file, which shows that documents are kept in the folder."""
        os.close(os.open(self.path, _OPEN_FLAGS, NEW_FILE_MODE))

    def read(self, anew: bool = False) -> None:
        """Find out how many there are."""
        if not self._limited:
            return
        self._more = self._more_bytes = 0
        age: float = RECOUNT_SECONDS
        try:
            with os.fdopen(open_regular(self.path, _READ_FLAGS), "rb") as file:
                number, size, counted = file.read(_COUNT_BYTES).split()
            self._number, self._bytes = int(number), int(size)
            self._counted = float(counted)
            age = abs(self._now() - self._counted)
        except (FileNotFoundError, ValueError):
            anew = True
        if anew or age >= RECOUNT_SECONDS:
            self._count()

    def check(self, old: int | None, new: int) -> None:
        """
        Check that there is room for a document of *new* bytes, which replaces
        one of *old* bytes, unless that is ``None``.

        :raise StoreFull: if there is not.
        """
        if not self._limited:
            return
        try:
            self._check(old, new)
        except StoreFull:
            if abs(self._now() - self._counted) < RECOUNT_WHEN_FULL_SECONDS:
                raise
            self._count()  # somebody may have made room
            self._check(old, new)

    def change(self, old: int | None, new: int | None) -> None:
        """
        A document of *old* bytes will have *new* bytes; ``None`` means that there is no
        document.
        """
        self._more += (new is not None) - (old is not None)
        self._more_bytes += (new or 0) - (old or 0)

    def made(self) -> None:
        """All that was to be changed has been changed."""
        if self._limited:
            self._number += self._more
            self._bytes += self._more_bytes
            self._write()
            return
        with suppress(OSError):  # let a process that has a limit count again
            if os.stat(self.path).st_size:
                os.truncate(self.path, 0)

    def _write(self) -> None:
        """Keep the count, for all processes, without a flush: it is only a count."""
        with suppress(OSError):  # then it is counted again
            descriptor = os.open(self.path, _OPEN_FLAGS, NEW_FILE_MODE)
            try:
                counted = f"{self._number} {self._bytes} {self._counted:.3f}"
                write_all(descriptor, counted.ljust(_COUNT_BYTES - 1).encode() + b"\n")
            finally:
                os.close(descriptor)

    def _count(self) -> None:
        sizes = self._sizes()
        self._number, self._bytes = len(sizes), sum(sizes)
        self._counted = self._now()
        self._write()

    def _check(self, old: int | None, new: int) -> None:
        quota = self._quota
        if (
            quota.documents
            and old is None
            and self._number + self._more >= quota.documents
        ):
            raise StoreFull(f"the limit of {quota.documents} documents is reached")
        more = new - (old or 0)
        if (
            quota.size
            and more > 0
            and self._bytes + self._more_bytes + more > quota.size
        ):
            raise StoreFull(f"all documents together may have {quota.size} bytes")
