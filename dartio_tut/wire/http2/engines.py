"""
Which engine speaks HTTP/2.

An engine is imported when it is chosen: most servers speak HTTP/1 alone.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from .engine import EngineMaker


class EngineChoice(NamedTuple):
    """An engine, and its name with its version."""

    name: str
    make: EngineMaker


@cache
def own_engine() -> EngineChoice:
    """The engine of this package."""
    from . import engine_hpack

    return EngineChoice(engine_hpack.NAME, engine_hpack.HPACKEngine)
