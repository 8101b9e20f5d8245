"""
The folder that files are served from, or the one file.

Rule: which names may be asked for is decided here, and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from errno import ENOENT, ENOTDIR
from functools import partial
from stat import S_ISDIR

from twisted.logger import Logger

from dartio_tut.wire import RepeatedLine

from .path_segments import PathSegments
from .safe_open import ABSENT_ERRORS, OpenedFile, OpenFunction

WELL_KNOWN = b".well-known"
"""The one name with a dot in front that is meant to be seen (RFC 8615)."""

DOT, SLASH = ord("."), ord("/")
"""Looking for a number in bytes costs a twentieth of looking for bytes there."""


def path_for_log(path: str | bytes) -> str:
    """
    Return *path* as the log may have it, which an operator reads on a terminal: what is
    not UTF-8 in it is replaced, and what is not printed is escaped.
    """
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in text
    )


def _open_file(open: OpenFunction, path: bytes, names: PathSegments) -> OpenedFile:
    """Open the one file *path*, and nothing of a folder that has taken its place."""
    if names:
        raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), path)
    descriptor, status = open(path, ())
    if S_ISDIR(status.st_mode):
        os.close(descriptor)
        raise FileNotFoundError(ENOENT, os.strerror(ENOENT), path)
    return descriptor, status


class Root:
    """
    A folder, and what is below it; or one file.

    :param path: the folder, or the file.
    :param open: opens what is below it.
    :param dotfiles: whether names that begin with a dot may be asked for.
    :ivar is_folder: whether it was a folder when it was last looked at and was there.
    :ivar own_names: the name of the one file, under which it may be asked for as well.
    """

    _log = Logger()

    def __init__(self, path: bytes, open: OpenFunction, dotfiles: bool) -> None:
        self.path = path
        self._dotfiles = dotfiles
        self._unusable = RepeatedLine()
        self.is_folder = os.path.isdir(path)
        self._is_one_file = os.path.isfile(path)
        self.open = partial(
            partial(_open_file, open) if self._is_one_file else open, path
        )
        """Open what *names* lead to; see `safe_open.OpenFunction`."""
        self.own_names: PathSegments | None = None
        if not self.is_folder:
            self.own_names = (os.path.basename(path),)

    def exists(self, names: PathSegments, as_folder: bool = False) -> bool:
        """
        Tell whether *names* lead to something, which may not be readable.

        :param as_folder: whether it has to be a folder.
        """
        try:
            descriptor, status = self.open(names)
        except OSError as error:
            return error.errno not in ABSENT_ERRORS
        os.close(descriptor)
        return S_ISDIR(status.st_mode) or not as_folder

    def listed(self, names: PathSegments) -> list[bytes]:
        """Return the sorted names of what may be asked for in a folder."""
        try:
            descriptor, _ = self.open(names)
        except OSError:
            return []
        try:
            found = os.listdir(descriptor)
        except OSError:
            return []
        finally:
            os.close(descriptor)
        return sorted(filter(self.may_show, map(os.fsencode, found)))

    def is_gone(self) -> bool:
        """
        Tell whether the folder is not there any more; the log tells it, too. One file
        is not found when it is not there, and found when it is there again, whatever
        was in its place meanwhile.
        """
        if self._is_one_file:
            return False
        if os.path.isdir(self.path):
            self.is_folder, self.own_names = True, None
            return False
        if not self.is_folder:
            return False
        self._report("the folder that is served is not there")
        return True

    def say_if_closed(self) -> None:
        """
        Have the log tell it if the folder itself may not be entered, or the one file
        not be read: clients are only refused, whatever they ask for.
        """
        wanted = os.R_OK if self._is_one_file else os.X_OK
        if not os.access(self.path, wanted):
            kind = "file" if self._is_one_file else "folder"
            self._report(f"the {kind} that is served may not be read")

    def _report(self, text: str) -> None:
        """Say *text* in the log, but not too often."""
        if self._unusable.count():
            self._log.error("{root}: {text}", root=path_for_log(self.path), text=text)

    def may_show(self, name: bytes) -> bool:
        """Tell whether a name may be seen, as far as its first character goes."""
        return self._dotfiles or name[:1] != b"." or name == WELL_KNOWN

    def names(self, segments: Sequence[bytes]) -> PathSegments | None:
        """
        Return the names that the decoded *segments* of a path stand for, or ``None``
        when no file may be asked for so.
        """
        names = segments[:-1] if segments and not segments[-1] else segments
        for name in names:
            if not name or SLASH in name or 0 in name or name in (b".", b".."):
                return None
            if name[0] == DOT and not self.may_show(name):
                return None
        return tuple(names)
