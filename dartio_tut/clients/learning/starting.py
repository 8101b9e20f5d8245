"""
Copies the file that an exercise begins with.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

from dartio_tut.course import Exercise

from ..errors import ClientError


def start(exercise: Exercise, folder: Path) -> Path:
    """
    Write the start of *exercise* into *folder*, which is made if it is not there.

    :raises ClientError: the reader has such a file already, or it cannot be written.
    """
    path = folder / exercise.file_name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            _fill(file, exercise.start)
    except FileExistsError:
        if folder.is_dir():
            raise ClientError(
                f"{path} is there already, and was left as it is: move it away, or use"
                " --into DIR"
            ) from None
        raise ClientError(f"{folder} is not a folder") from None
    except OSError as error:
        raise ClientError(f"cannot write {path}: {error.strerror}") from None
    return path.absolute()


def _fill(file: TextIO, text: str) -> None:
    """Write *text* to the new *file*. Where that fails, no file is left behind."""
    try:
        file.write(text)
        file.flush()
    except OSError:
        os.unlink(file.name)
        raise
