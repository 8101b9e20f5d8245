"""
Finds out whether a secret is kept anywhere in what hangs together.
"""

from __future__ import annotations

import gc
import types
from collections.abc import Iterator
from typing import Any

SECRET = b"Zq7kWx9vJ3mTb5Yd"
"""A secret in whose place nothing else can be meant, not even a part of it."""

PART_BYTES = 4
"""A part of the secret that is as long has leaked, too."""

_NOT_STATE = (types.ModuleType, types.FunctionType, type, types.CodeType)

_ATOMS = {int, float, bool, types.NoneType}
"""What has neither text nor anything else in it."""

_CONTAINERS = {dict, list, tuple, set, frozenset, types.MethodType, types.CellType}
"""What has all that is in it from the garbage collector's view."""


PARTS_OF_SECRET = tuple(
    SECRET[start : start + PART_BYTES] for start in range(len(SECRET) - PART_BYTES + 1)
)
"""Each part of `SECRET` that is long enough to be told by."""


def leaked(text: bytes) -> list[bytes]:
    """The parts of the secret that are in *text*."""
    return [part for part in PARTS_OF_SECRET if part in text]


def kept_texts(*roots: object) -> Iterator[bytes]:
    """All bytes and text that can be reached from *roots*, except from code."""
    seen: set[int] = set()
    waiting: list[Any] = list(roots)
    for one in waiting:  # which grows meanwhile
        if id(one) in seen:
            continue
        seen.add(id(one))
        kind = type(one)
        if kind in _ATOMS or issubclass(kind, _NOT_STATE):
            continue
        if issubclass(kind, (bytes, bytearray)):
            yield bytes(one)
        elif issubclass(kind, str):
            yield one.encode("utf-8", "surrogatepass")
        else:
            waiting += gc.get_referents(one)
            # Not all that has slots tells of them to the garbage collector.
            if kind not in _CONTAINERS and hasattr(one, "__dict__"):
                waiting.append(vars(one))
