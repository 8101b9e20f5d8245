"""
What was found out of files, for as many as memory is given for.

When there are more, one that is chosen by chance is forgotten for each new one. A
browser, a crawler or a mirror that asks for one file after the other, and then for all
of them again, would find nothing if the oldest were forgotten: each would be gone just
before its turn. By chance, most are still there.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from random import randrange
from typing import Generic, TypeVar

from .path_segments import PathSegments

REMEMBERED_FILES = 16_384
"""
Files of which something is remembered. What is told of one takes some 2 KiB, so that
all take 32 MiB at most; nginx's ``open_file_cache`` is set to thousands in most guides.
"""

MAX_REMEMBERED_PATH_BYTES = 2048
"""
What the names of a path may take in memory, if something is to be remembered of it.
Anybody can ask for paths of thousands of names that lead nowhere. Such paths are looked
for each time that they come.
"""

NAME_BYTES = 48
"""What each name of a path takes in memory beside its bytes."""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """
    Values by their keys.

    :param most: how many there are at most.
    :param choose: gives a number below another, by chance.
    :ivar get: gives the value of a key, or ``None``.
    """

    __slots__ = ("_choose", "_keys", "_most", "_values", "get")

    def __init__(
        self,
        most: int = REMEMBERED_FILES,
        choose: Callable[[int], int] = randrange,
    ) -> None:
        self._most = most
        self._choose = choose
        self._values: dict[Key, Value] = {}
        self._keys: list[Key] = []
        self.get = self._values.get

    def __len__(self) -> int:
        return len(self._keys)

    def put(self, key: Key, value: Value) -> None:
        """Remember *value*, in the place of another if there are too many."""
        if key not in self._values:
            if len(self._keys) < self._most:
                self._keys.append(key)
            else:
                place = self._choose(self._most)
                del self._values[self._keys[place]]
                self._keys[place] = key
        self._values[key] = value


def may_be_remembered(names: PathSegments) -> bool:
    """Whether the path *names* is short enough for something to be remembered of it."""
    size = sum(map(len, names)) + NAME_BYTES * len(names)
    return size <= MAX_REMEMBERED_PATH_BYTES
