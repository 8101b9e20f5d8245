"""
The entries of a folder, as far as they would be served.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from stat import S_ISDIR, S_ISREG

from ..safe_open import OpenedFile
from .model import Entry


def scan_folder(
    folder: int,
    may_show: Callable[[bytes], bool],
    open_link: Callable[[bytes], OpenedFile],
    private: Collection[tuple[int, int]] = (),
) -> list[Entry]:
    """
    Return the entries of the open *folder*, which is closed. It takes a while: call it
    in a thread.

    :param may_show: tells whether a name may be shown.
    :param open_link: opens a link by its name, and raises `OSError` when it would not
        be served.
    :param private: the devices and inodes of files that are never served.
    """
    found = []
    try:
        with os.scandir(folder) as items:
            for item in items:
                name = os.fsencode(item.name)
                if not may_show(name):
                    continue
                try:
                    status = _status(item, name, open_link)
                except OSError:
                    continue  # gone meanwhile, or a link that leads nowhere
                if (status.st_dev, status.st_ino) in private:
                    continue
                if S_ISREG(status.st_mode):
                    found.append(Entry(name, False, status.st_size, status.st_mtime))
                elif S_ISDIR(status.st_mode):
                    found.append(Entry(name, True, 0, status.st_mtime))
    finally:
        os.close(folder)
    return found


def _status(
    item: os.DirEntry[str], name: bytes, open_link: Callable[[bytes], OpenedFile]
) -> os.stat_result:
    if not item.is_symlink():
        return item.stat(follow_symlinks=False)
    descriptor, status = open_link(name)
    os.close(descriptor)
    return status
