"""
Files that lie beside a file and are the same, compressed: ``app.js.br``.

Looking for them at each request would cost three system calls that mostly fail, so
what was found is believed for a moment. A new one is seen a little later; one that is
gone is noticed when it is opened.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from time import monotonic

CODINGS = {b"br": b".br", b"zstd": b".zst", b"gzip": b".gz"}
"""Content codings, the best first, and what the names of such siblings end with."""

LOOKUP_TTL_SECONDS = 1.0
"""Seconds for which what was found is taken to be there."""

REMEMBERED_FILES = 4096
"""Files whose siblings are remembered."""

_COMPRESSED = ("application/gzip", "application/zstd", "image/", "video/", "audio/")


def is_compressible(kind: str | None) -> bool:
    """
    Whether content of the type *kind* is worth compressing.

    Not archives and the like: ``data.tar.gz`` may well be other than ``data.tar``.
    """
    if kind is None or kind == "application/x-tar":
        return False
    return kind == "image/svg+xml" or not kind.startswith(_COMPRESSED)


class PrecompressedFiles:
    """
    Which compressed siblings files have.

    :param root: the folder that paths are below.
    :param type_of: gives the type that a name stands for.
    """

    def __init__(self, root: bytes, type_of: Callable[[bytes], str | None]) -> None:
        self._root = root
        self._type_of = type_of
        self._known: dict[tuple[bytes, ...], tuple[float, tuple[bytes, ...]]] = {}

    def of(self, names: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """The content codings in which the file at *names* lies there as well."""
        now = monotonic()
        known = self._known.get(names)
        if known is not None and now < known[0]:
            return known[1]
        found: tuple[bytes, ...] = ()
        if names and is_compressible(self._type_of(names[-1])):
            path = os.path.join(self._root, *names)
            ends = CODINGS.items()
            found = tuple(coding for coding, end in ends if os.path.lexists(path + end))
        if len(self._known) >= REMEMBERED_FILES:
            self._known.clear()
        self._known[names] = now + LOOKUP_TTL_SECONDS, found
        return found
