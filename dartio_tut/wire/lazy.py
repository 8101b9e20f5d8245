"""
Properties that are made at the first look.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar, cast

_Owner = TypeVar("_Owner")
_Value = TypeVar("_Value")


def cached_attribute(make: Callable[[_Owner], _Value]) -> _Value:
    """
    A cached property. It can be set and deleted, too, so for mypy it is an attribute.
    """
    return cast("_Value", cached_property(make))


def cached_in_slot(slot: str, make: Callable[[_Owner], _Value]) -> _Value:
    """
    A property that is made at the first look and kept in *slot*, where the request
    can see for itself whether it was made. For mypy it is an attribute.
    """

    def get(request: _Owner) -> object:
        value = getattr(request, slot)
        if value is None:
            value = make(request)
            setattr(request, slot, value)
        return value

    def put(request: _Owner, value: object) -> None:
        setattr(request, slot, value)

    made = property(get, put, lambda request: setattr(request, slot, None))
    return cast("_Value", made)
