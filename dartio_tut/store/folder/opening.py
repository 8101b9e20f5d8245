"""
Errors while a folder store is opened: they are OSErrors, for one line on stderr.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from errno import EBUSY
from pathlib import Path

from ..interface import StoreUnavailable


@contextmanager
def opening_errors(folder: Path) -> Iterator[None]:
    """
    While the store in *folder* is opened, raise an OSError instead of
    `StoreUnavailable`.

    :raise OSError: its text says what is wrong, and with which folder.
    """
    try:
        yield
    except StoreUnavailable as error:
        raise OSError(EBUSY, str(error), str(folder)) from None
