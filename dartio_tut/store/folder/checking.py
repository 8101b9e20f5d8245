"""
Whether a store could be opened in a folder; nothing is changed to find out.
"""

from __future__ import annotations

import os
import stat
from errno import EACCES, EINVAL, ELOOP, ENOTDIR, EROFS
from pathlib import Path

from .documents_files import scan_names
from .folder_lock import FolderLock
from .notes import check_is_not_a_document
from .notes_file import NOTES_NAME
from .notes_journal import JOURNAL_NAME
from .opening import opening_errors


def check_folder_notes(folder: str) -> None:
    """
    See that notes can be kept in *folder*, which need not exist.

    :raise OSError: if they cannot.
    """
    path = Path(folder).absolute()
    if _can_be_written(path):
        check_is_not_a_document(path)
        _check_file(path / NOTES_NAME)
        if (path / JOURNAL_NAME).is_symlink():
            raise OSError(ELOOP, "it is a link", str(path / JOURNAL_NAME))
        _check_file(path / JOURNAL_NAME)


def check_folder_documents(folder: str) -> None:
    """
    See that documents can be kept in *folder*, which need not exist.

    :raise OSError: if they cannot.
    """
    path = Path(folder).absolute()
    if _can_be_written(path):
        scan_names(path)


def _can_be_written(folder: Path) -> bool:
    """
    Whether *folder* exists; in any case it can be written, or made.

    :raise OSError: if it cannot.
    """
    is_there = os.path.lexists(folder)
    found = folder
    while not os.path.lexists(found):
        found = found.parent
    if not found.is_dir():
        raise OSError(ENOTDIR, "it is not a folder", str(found))
    if not os.access(found, os.R_OK | os.W_OK | os.X_OK):
        is_read_only = os.statvfs(found).f_flag & os.ST_RDONLY
        number = EROFS if is_read_only else EACCES
        raise OSError(number, os.strerror(number), str(found))
    if is_there:
        with opening_errors(folder), FolderLock(folder).held():
            pass
    return is_there


def _check_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        # A link may lead to a file that is not there yet.
        if not os.path.isdir(os.path.dirname(os.path.realpath(path))):
            raise
        return
    if not stat.S_ISREG(mode):
        raise OSError(EINVAL, "Not a regular file", str(path))
    if not os.access(path, os.R_OK | os.W_OK):
        raise OSError(EACCES, os.strerror(EACCES), str(path))
