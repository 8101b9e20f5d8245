"""
Which engine speaks HTTP/2 here.

An engine is imported when it is chosen: most servers speak HTTP/1 alone.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from .engine import EngineMaker

NGH2_SERIES = "0.3."
"""The releases of ``ngh2`` that are used: it promises nothing from one to the next."""


class EngineChoice(NamedTuple):
    """An engine, and its name with its version."""

    name: str
    make: EngineMaker


def h2_engine() -> EngineChoice:
    """The engine in Python, which is always there."""
    from . import engine_h2

    return EngineChoice(engine_h2.NAME, engine_h2.H2Engine)


def ngh2_engine() -> EngineChoice | None:
    """The engine on libnghttp2; ``None`` where it is not installed."""
    try:
        if not version("ngh2").startswith(NGH2_SERIES):
            return None
        from . import engine_ngh2
    except (PackageNotFoundError, ImportError):
        return None
    return EngineChoice(engine_ngh2.NAME, engine_ngh2.NGH2Engine)


@cache
def best_engine() -> EngineChoice:
    """The fastest engine that there is."""
    return ngh2_engine() or h2_engine()
