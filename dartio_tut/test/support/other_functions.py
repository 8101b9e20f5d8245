"""
A module of which a test replaces some functions, for one user of it alone.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any


class OtherFunctions:
    """*module*, but for some functions."""

    def __init__(self, module: ModuleType, **functions: Callable[..., Any]) -> None:
        self._module = module
        vars(self).update(functions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)
