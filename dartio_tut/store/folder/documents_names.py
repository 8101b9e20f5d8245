"""
The names of all documents of a folder, in memory as long as the folder is the same.

Rule: one scan is enough until somebody else adds, renames or removes a file: then the
folder has another time of modification. What this process changes itself, while it
holds the lock, is entered here without another scan.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection
from pathlib import Path
from threading import Lock

from ..names import fold_name
from .disk import TICK_NS, WHOLE_SECONDS_NS
from .documents_files import scan_names

MANY_NAMES = 10_000
"""To scan more takes so long that a fresh scan is kept for a second in any case."""

RESCAN_SECONDS = 60.0
"""When to scan again though nobody else seems to have changed anything."""

FolderSignature = tuple[int, int, int, int]


class DocumentNames:
    """The names of the documents in *folder*; may be used by several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._signature: FolderSignature | None = None
        self._scanned = 0.0
        self._is_fresh = self._is_in_seconds = False
        self._names: list[str] = []
        self._folded: dict[str, str] | None = None
        self._twins: set[str] = set()

    def page(self, prefix: str, after: str, limit: int) -> list[str]:
        """As `Documents.list`: the names, in order; some may be gone meanwhile."""
        with self._lock:
            self._refresh()
            names = self._names
            start = bisect_left(names, prefix)
            if after >= prefix:
                start = bisect_right(names, after)
            page = names[start : start + max(limit, 0)]
        end = next((k for k, n in enumerate(page) if not n.startswith(prefix)), limit)
        return page[: max(end, 0)]

    def all(self) -> list[str]:
        """All names, in order."""
        with self._lock:
            self._refresh()
            return list(self._names)

    def same_as(self, name: str) -> str | None:
        """
        The document that some file system would take for *name*: *name* itself, or one
        that differs only in case or in the encoding of accents.

        The caller holds the lock of the folder.
        """
        with self._lock:
            self._refresh(is_locked=True)
            if self._folded is None:
                self._folded = self._fold()
            place = bisect_left(self._names, name)
            if self._names[place : place + 1] == [name]:
                return name
            return self._folded.get(fold_name(name))

    def is_current(self) -> bool:
        """
        Whether nobody has changed the folder since the last scan or change.

        The caller holds the lock of the folder.
        """
        with self._lock:
            return self._is_current(is_locked=True)

    def change(self, added: Collection[str], removed: Collection[str]) -> None:
        """
        Enter what this process has changed.

        It holds the lock of the folder, and the names were current before.
        """
        with self._lock:
            for name in added:
                place = bisect_left(self._names, name)
                if self._names[place : place + 1] != [name]:
                    insort(self._names, name)
                if self._folded is not None:
                    self._folded[fold_name(name)] = name
            for name in removed:
                place = bisect_left(self._names, name)
                if self._names[place : place + 1] == [name]:
                    del self._names[place]
                if self._folded is not None:
                    self._forget(fold_name(name))
            try:
                self._signature = self._signed()
            except OSError:  # it was moved away just now; what was changed is changed
                self._signature = None

    def _fold(self) -> dict[str, str]:
        """A name for each folded one, of which a person may have made several."""
        folded: dict[str, str] = {}
        self._twins.clear()
        for name in self._names:
            key = fold_name(name)
            if key in folded:
                self._twins.add(key)
            folded[key] = name
        return folded

    def _forget(self, folded: str) -> None:
        if folded in self._twins:
            self._folded = None  # its twin is still there
        elif self._folded is not None:
            self._folded.pop(folded, None)

    def _is_current(self, is_locked: bool) -> bool:
        age = abs(time.monotonic() - self._scanned)
        is_small = len(self._names) < MANY_NAMES
        may_be_other = self._is_in_seconds or not is_locked
        if self._is_fresh and may_be_other and (is_small or age > 1):
            return False  # somebody may have added a file in the same moment, by hand
        return age < RESCAN_SECONDS and self._signature == self._signed()

    def _refresh(self, is_locked: bool = False) -> None:
        if self._is_current(is_locked):
            return
        signature = self._signed()
        self._scanned = time.monotonic()
        self._names = scan_names(self._folder)
        self._folded = None
        self._is_in_seconds = not any(moment % 10**9 for moment in signature[2:])
        tick = WHOLE_SECONDS_NS if self._is_in_seconds else TICK_NS
        # Another change in the same tick would not be seen: the scan is soon repeated.
        self._is_fresh = time.time_ns() - signature[2] < tick
        self._signature = signature

    def _signed(self) -> FolderSignature:
        status = os.stat(self._folder)
        return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns
