"""
Files that are never served, whatever they are called: the daemon's own.

A log, a pid file or a list of passwords may lie in the folder that is served, by
accident. What is refused is the file itself (its device and inode), so that no link
and no other name leads to it; also what it is called after its rotation.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from time import monotonic

from twisted.logger import Logger

from .root import path_for_log

Identity = tuple[int, int]
"""A file's device and inode."""

LOOKUP_TTL_SECONDS = 1.0
"""How long the list of rotated logs is believed: it is made by reading a folder."""


class PrivateFiles:
    """
    The files at *paths*, what they are renamed to when they are rotated, and what
    editors leave: the same name with a dot, a date or a tilde and more behind it.

    *paths* are looked at again with each file, because there may be more by then; those
    that come later are absolute.
    """

    _log = Logger()

    def __init__(self, paths: Collection[str] = ()) -> None:
        self._given = paths
        # The daemon may change its folder before the files are there.
        self._paths = [os.path.abspath(path) for path in paths]
        self._recent: frozenset[Identity] = frozenset()
        self._until = 0.0

    def tell(self, root: str) -> None:
        """Tell in the log which of them are, or will be, below the folder *root*."""
        for path in self.below(root):
            self._log.info(
                "Never served, because it is private: {path}", path=path_for_log(path)
            )

    def include(self, status: os.stat_result) -> bool:
        """Tell whether the file of this *status* is one of them."""
        return (status.st_dev, status.st_ino) in self.identities()

    def identities(self) -> frozenset[Identity]:
        """Return the device and the inode of each of them that is there."""
        self._learn()
        if not self._paths:
            return frozenset()
        now = monotonic()
        if now >= self._until:
            self._recent = self._find_rotated()
            self._until = now + LOOKUP_TTL_SECONDS
        # Those of before are kept for a while: they may have been rotated since.
        self._recent |= frozenset(filter(None, map(_identity, self._paths)))
        return self._recent

    def below(self, root: str) -> list[str]:
        """Return the paths of those that are, or will be, below the folder *root*."""
        real_root = os.path.join(os.path.realpath(root), "")
        return [
            path for path in self._paths if os.path.realpath(path).startswith(real_root)
        ]

    def _learn(self) -> None:
        """Add the paths that have come since."""
        known = set(self._paths)
        self._paths += [
            path for path in self._given if os.path.isabs(path) and path not in known
        ]

    def _find_rotated(self) -> frozenset[Identity]:
        found: set[Identity] = set()
        # Copies of a file that a link leads to are made beside the file.
        paths = {*self._paths, *map(os.path.realpath, self._paths)}
        for folder in {os.path.dirname(path) for path in paths}:
            is_copy = _copies_of(
                os.path.basename(path)
                for path in paths
                if os.path.dirname(path) == folder
            )
            try:
                with os.scandir(folder) as entries:
                    names = [e.path for e in entries if is_copy.fullmatch(e.name)]
            except OSError:
                continue
            found.update(filter(None, map(_identity, names)))
        return frozenset(found)


def _copies_of(names: Iterable[str]) -> re.Pattern[str]:
    """
    What matches the names of copies of files with these *names*: by number, by date
    (logrotate's ``dateext``), before an extension, too, and what editors leave. Capital
    letters count as small ones, as they do on some file systems.
    """
    parts = [map(re.escape, (name, *os.path.splitext(name))) for name in names]
    copies = (
        rf"{name}(?:\..*|-\d.*|~)|{stem}[.-]\d.*{end}(?:\..*|~)?|#{name}#|\.{name}\.sw[a-z]"
        for name, stem, end in parts
    )
    return re.compile("|".join(copies), re.DOTALL | re.IGNORECASE)


def _identity(path: str) -> Identity | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
