"""
Disks that fail, for tests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase


def same_file(descriptor: int, path: Path) -> bool:
    """Whether *descriptor* is of the file *path*."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def no_flushes(case: SynchronousTestCase) -> None:
    """
    Flush nothing to the disk: nobody cuts the power during *case*, and the thousands of
    flushes of all cases take seconds. It still fails for a descriptor that is not open.
    """

    def look_only(descriptor: int) -> None:
        os.fstat(descriptor)

    case.patch(os, "fsync", look_only)


@contextmanager
def failing(
    case: SynchronousTestCase, call: str, number: int, path: Path | None = None
) -> Iterator[list[object]]:
    """
    Let the system call *call* fail with error *number*, for *path* or for all files.

    Gives a list that grows by what it was called with when it failed.
    """
    original = getattr(os, call)
    calls: list[object] = []

    def faulty(where: Any, *rest: Any) -> Any:
        if path is None or (isinstance(where, int) and same_file(where, path)):
            calls.append((where, *rest))
            raise OSError(number, os.strerror(number))
        return original(where, *rest)

    patched = case.patch(os, call, faulty)
    try:
        yield calls
    finally:
        patched.restore()
    assert calls, f"{call} was not called"
