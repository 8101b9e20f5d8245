"""
Finds out whether a secret is kept anywhere in what hangs together.
"""

from __future__ import annotations

import gc
import types
from collections.abc import Iterator

SECRET = b"Zq7kWx9vJ3mTb5Yd"
"""A secret in whose place nothing else can be meant, not even a part of it."""

PART_BYTES = 4
"""A part of the secret that is as long has leaked, too."""

_NOT_STATE = (types.ModuleType, types.FunctionType, type, types.CodeType)


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
    waiting = list(roots)
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, _NOT_STATE):
            continue
        seen.add(id(one))
        if isinstance(one, (bytes, bytearray)):
            yield bytes(one)
        elif isinstance(one, str):
            yield one.encode("utf-8", "surrogatepass")
        else:
            waiting += gc.get_referents(one)
            # Not all that has slots tells of them to the garbage collector.
            if hasattr(one, "__dict__"):
                waiting.append(vars(one))
