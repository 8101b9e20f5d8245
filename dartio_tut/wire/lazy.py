"""
Properties that are made at the first look.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def kept_as(slot: str, make: Callable[[Any], Any]) -> Any:
    """
    A property that is made at the first look and kept in *slot*, where the request
    can see for itself whether it was made.
    """

    def get(request: Any) -> Any:
        value = getattr(request, slot)
        if value is None:
            value = make(request)
            setattr(request, slot, value)
        return value

    def put(request: Any, value: Any) -> None:
        setattr(request, slot, value)

    return property(get, put, lambda request: setattr(request, slot, None))
