"""
Files that were compressed beforehand: ``app.js.br`` in the place of ``app.js``.

Rule: whoever put such a file there wants it sent; one that is passed over has its line
in the log.

To look for them at each request would cost three system calls that mostly fail, so
what was found is believed for a moment, and that there is none is believed as long as
the folder does not change. A new one is seen a little later; one that is gone is
noticed when it is opened.
"""

from __future__ import annotations

import os
from contextlib import suppress
from time import monotonic, time_ns

from twisted.logger import Logger

from .path_segments import PathSegments
from .remembered import Remembered, may_be_remembered
from .root import path_for_log
from .unpacking import why_refused

SUFFIXES = {b"br": b".br", b"zstd": b".zst", b"gzip": b".gz"}
"""Content codings, the best first, and how the names of such files end."""

LOOKUP_TTL_SECONDS = 1.0
"""How long the result of a lookup is believed."""

FOLDER_TTL_SECONDS = 60.0
"""
How much longer it is believed while the folder is the same: where folders are no files,
as on mounts of object stores, their times may stand still.
"""

SETTLED_NS = 3 * 10**9
"""
How long ago a folder must have changed, if its time is to tell of the next change: in
some filesystems times are whole seconds, and in FAT two of them.
"""

Version = tuple[int, int, int]
"""A folder, and when it changed."""

Found = tuple[float, Version | None, tuple[bytes, ...]]
"""Until when something is believed, or for which version of the folder; and what."""

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
        self._known: Remembered[PathSegments, Found] = Remembered()
        self._folders: Remembered[PathSegments, tuple[float, Version | None]]
        self._folders = Remembered()
        self._reported: Remembered[tuple[PathSegments, bytes, int], bool]
        self._reported = Remembered()

    def codings(self, names: PathSegments) -> tuple[bytes, ...]:
        """Return the content codings in which the file at *names* is there."""
        now = monotonic()
        known = self._known.get(names)
        if known is not None:
            until, version, found = known
            if now < until or (
                now < until + FOLDER_TTL_SECONDS
                and version
                and version == self._version(names, now)
            ):
                return found
        found, version = (), None
        is_short = may_be_remembered(names)
        if names:
            version = self._version(names, now) if is_short else None
            path = os.path.join(self._root, *names)
            there = [c for c, end in SUFFIXES.items() if os.path.lexists(path + end)]
            if there:  # as a link, which may lead to another file any time
                version = None
                found = tuple(c for c in there if os.path.isfile(path + SUFFIXES[c]))
        if is_short:
            self._known.put(names, (now + LOOKUP_TTL_SECONDS, version, found))
        return found

    def is_there(self, names: PathSegments, coding: bytes) -> bool:
        """Tell whether the compressed form of the file at *names* is there just now."""
        return os.path.isfile(os.path.join(self._root, *names) + SUFFIXES[coding])

    def had_any(self, names: PathSegments) -> bool:
        """Tell whether there was a compressed form of the file at the last look."""
        known = self._known.get(names)
        return known is not None and bool(known[2])

    def none_until(self, names: PathSegments) -> float:
        """
        Return until when it is known that there is no compressed form of the file at
        *names*, by the clock that goes on steadily; 0 when there is one.
        """
        if self.codings(names):
            return 0.0
        until, version, _ = self._known.get(names) or (0.0, None, ())
        folder = self._folders.get(names[:-1]) if version else None
        return until if folder is None else max(until, folder[0])

    def _version(self, names: PathSegments, now: float) -> Version | None:
        """
        What changes when a file is added to the folder of *names*; ``None`` when that
        cannot be told, because the folder has changed just now.
        """
        folder = names[:-1]
        known = self._folders.get(folder)
        if known is not None and now < known[0]:
            return known[1]
        version: Version | None = None
        with suppress(OSError):
            status = os.stat(os.path.join(self._root, *folder))
            changed = max(status.st_mtime_ns, status.st_ctime_ns)
            if changed < time_ns() - SETTLED_NS:
                version = status.st_dev, status.st_ino, changed
        self._folders.put(folder, (now + LOOKUP_TTL_SECONDS, version))
        return version

    def may_be_sent(
        self,
        names: PathSegments,
        coding: bytes,
        file: os.stat_result,
        form: os.stat_result,
        descriptor: int,
    ) -> bool:
        """
        Tell whether a compressed form has content, is as new as its file, to whole
        seconds and with `MTIME_SLACK_SECONDS`, and can be unpacked by clients. The
        first time that one is not, the log tells.

        :param file: the status of the file at *names*.
        :param form: the status of its compressed form.
        :param descriptor: the compressed form.
        """
        reason = None
        if not form.st_size:  # even of an empty file, each coding makes some bytes
            reason = "it is empty: compress it again"
        elif int(form.st_mtime) + MTIME_SLACK_SECONDS < int(file.st_mtime):
            reason = "it is older than the file: compress it again"
        else:
            reason = why_refused(coding, descriptor)
        if reason is not None:
            self.report(names, coding, file, reason)
        return reason is None

    def report(
        self, names: PathSegments, coding: bytes, file: os.stat_result, reason: str
    ) -> None:
        """
        Tell in the log, once for a version of the *file* at *names*, for what *reason*
        its compressed form is not sent.
        """
        report = names, coding, file.st_mtime_ns
        if self._reported.get(report):
            return
        self._reported.put(report, True)
        path = b"/".join(names) + SUFFIXES[coding]
        self._log.warn("{path} is not sent: {why}", path=path_for_log(path), why=reason)
