"""
Errors of a folder store: while it is opened they are OSErrors, for one line on stderr;
later the log has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from errno import EBUSY
from pathlib import Path

from ..faults import FaultReport
from ..interface import StoreUnavailable
from .folder_lock import FolderUnusable


@contextmanager
def opening_errors(folder: Path) -> Iterator[None]:
    """
    While the store in *folder* is opened, raise an OSError instead of
    `StoreUnavailable`.

    :raise OSError: its text says what is wrong, and with which folder.
    """
    try:
        yield
    except FolderUnusable as error:
        raise OSError(error.errno, str(error), str(folder)) from None
    except StoreUnavailable as error:
        raise OSError(EBUSY, str(error), str(folder)) from None


def reading_faults(folder: Path) -> FaultReport:
    """Tells the log when *folder* cannot be read."""
    return FaultReport(f"Reading from the store in {folder}")


def writing_faults(folder: Path) -> FaultReport:
    """Tells the log when *folder* cannot be written."""
    return FaultReport(f"Writing to the store in {folder}")
