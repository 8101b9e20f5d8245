"""
``notes.txt`` written anew, with other bytes in the place of some.

Rule: the file is replaced in one step, and keeps its mode and owner. What a person adds
to the old file meanwhile is added to the new one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..interface import Unavailable
from .disk import copy_owner_and_mode, identity, read_all, sync_folder, write_all
from .line_index import BLOCK_BYTES
from .new_file import new_file
from .notes_journal import ending, ending_digest


def replace_bytes(
    path: Path, prefix: str, file: int, place: tuple[int, int, int], content: bytes
) -> None:
    """
    Replace the file *path*, which is open as *file*.

    :param prefix: what the new file is called until it is whole.
    :param place: where the bytes begin that *content* replaces, where they end, and
        where the file ends.
    """
    start, end, size = place
    new = new_file(path.parent, prefix)
    try:
        copy_owner_and_mode(os.fstat(file), new.descriptor)
        _copy(file, 0, start, new.descriptor)
        write_all(new.descriptor, content)
        _copy(file, end, size, new.descriptor)
        os.fsync(new.descriptor)
        new.rename(path)
    finally:
        new.discard()


def after_replacing(path: Path, old: int, size: int) -> dict[str, Any]:
    """
    Make it last that *path* is another file than *old*, of which *size* bytes were
    copied; what a record of the journal has to say about the new file.

    :raise Unavailable: if it is not known whether it will last.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        try:
            if (more := os.fstat(old).st_size) > size:
                _copy(old, size, more, file)
                os.fsync(file)
            sync_folder(path.parent)
            found = identity(os.fstat(file))
            return {"notes": found, "ending": ending_digest(ending(file, found[2]))}
        finally:
            os.close(file)
    except OSError as error:
        raise Unavailable(f"the folder cannot be flushed: {error}") from None


def _copy(source: int, start: int, end: int, target: int) -> None:
    """Write the bytes from *start* to *end* of *source* to the file *target*."""
    while start < end:
        block = read_all(source, min(BLOCK_BYTES, end - start), start)
        write_all(target, block)
        start += len(block)
        if not block:
            return
