"""
Errors while a folder store is opened: they are OSErrors, for one line on stderr.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from errno import EBUSY
from pathlib import Path

from ..interface import Unavailable


@contextmanager
def opening_errors(folder: Path) -> Iterator[None]:
    """
    While the store in *folder* is opened, raise an OSError in place of `Unavailable`.

    :raise OSError: its text says what is wrong, and with which folder.
    """
    try:
        yield
    except Unavailable as error:
        raise OSError(EBUSY, str(error), str(folder)) from None
