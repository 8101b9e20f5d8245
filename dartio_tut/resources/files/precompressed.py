"""
Files that were compressed beforehand: ``app.js.br`` in the place of ``app.js``.

Rule: whoever put such a file there wants it sent; one that is passed over has its line
in the log.

To look for them at each request would cost three system calls that mostly fail, so
what was found is believed for a moment. A new one is seen a little later; one that is
gone is noticed when it is opened.
"""

from __future__ import annotations

import os
from time import monotonic

from twisted.logger import Logger

from .path_segments import PathSegments
from .root import path_for_log

SUFFIXES = {b"br": b".br", b"zstd": b".zst", b"gzip": b".gz"}
"""Content codings, the best first, and how the names of such files end."""

LOOKUP_TTL_SECONDS = 1.0
"""How long the result of a lookup is believed."""

REMEMBERED_FILES = 4096
"""Files of which it is remembered in which codings they are there."""

MTIME_SLACK_SECONDS = 2
"""
How much older than its file a compressed one may be: tools write the two in any order,
and an archive keeps times to within two seconds (FAT, zip).
"""


class PrecompressedFiles:
    """
    Find the compressed forms of files.

    :param root: the folder that paths are below.
    """

    _log = Logger()

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._known: dict[PathSegments, tuple[float, tuple[bytes, ...]]] = {}
        self._reported: set[tuple[PathSegments, bytes, int]] = set()

    def codings(self, names: PathSegments) -> tuple[bytes, ...]:
        """Return the content codings in which the file at *names* is there."""
        now = monotonic()
        known = self._known.get(names)
        if known is not None and now < known[0]:
            return known[1]
        found: tuple[bytes, ...] = ()
        if names:
            path = os.path.join(self._root, *names)
            suffixes = SUFFIXES.items()
            found = tuple(c for c, end in suffixes if os.path.isfile(path + end))
        if len(self._known) >= REMEMBERED_FILES:
            self._known.clear()
        self._known[names] = now + LOOKUP_TTL_SECONDS, found
        return found

    def is_current(
        self,
        names: PathSegments,
        coding: bytes,
        file: os.stat_result,
        form: os.stat_result,
    ) -> bool:
        """
        Tell whether a compressed form is as new as its file, to whole seconds and with
        `MTIME_SLACK_SECONDS`. The first time that one is not, the log tells.

        :param file: the status of the file at *names*.
        :param form: the status of its compressed form.
        """
        if int(form.st_mtime) + MTIME_SLACK_SECONDS >= int(file.st_mtime):
            return True
        self.report(names, coding, file, "it is older than the file: compress it again")
        return False

    def report(
        self, names: PathSegments, coding: bytes, file: os.stat_result, reason: str
    ) -> None:
        """
        Tell in the log, once for a version of the *file* at *names*, for what *reason*
        its compressed form is not sent.
        """
        report = names, coding, file.st_mtime_ns
        if report in self._reported:
            return
        if len(self._reported) >= REMEMBERED_FILES:
            self._reported.clear()
        self._reported.add(report)
        path = b"/".join(names) + SUFFIXES[coding]
        self._log.warn("{path} is not sent: {why}", path=path_for_log(path), why=reason)
