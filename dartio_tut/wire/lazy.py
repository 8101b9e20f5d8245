"""
Attributes that are made at the first look.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class made_once:
    """
    An attribute that is made at the first look and then is the instance's own, to be
    replaced or deleted as ever.
    """

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        value = self._make(instance)
        setattr(instance, self._name, value)
        return value


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
