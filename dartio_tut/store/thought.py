"""
A number that somebody thinks of, kept as a document: all who share the store think of
the same one.

Rule: each thought is a version of its own, even of the same number, so that of two who
replace it at once one does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from uuid import uuid4

from .interface import ABSENT, Conflict, Document, Documents, NoSuchEntry

NAME = "number"
"""The document's."""

MANY = 10
"""Numbers there are to think of, from 0 on."""


class Thought:
    """
    A thought.

    :param documents: where it is kept.
    :param think: returns a random number below its argument.
    """

    def __init__(self, documents: Documents, think: Callable[[int], int]) -> None:
        self._documents = documents
        self._think = think

    async def number(self) -> tuple[int, str]:
        """The number, and the version of the thought; one is thought of if need be."""
        while True:
            try:
                thought = await self._documents.get(NAME)
            except NoSuchEntry:
                expected: Collection[str] = ABSENT
            else:
                number = _number_of(thought)
                if number is not None:
                    return number, thought.version
                expected = {thought.version}  # somebody has spoiled it
            await self._think_of_another(expected)

    async def another(self, instead_of: str) -> int | None:
        """
        Think of another number.

        :param instead_of: the version of the thought that it replaces.
        :return: the number; ``None`` when somebody else was faster.
        """
        return await self._think_of_another({instead_of})

    async def _think_of_another(self, expected: Collection[str]) -> int | None:
        number = self._think(MANY)
        thought = json.dumps({"number": number, "thought": uuid4().hex})
        try:
            await self._documents.put(NAME, thought.encode(), expected)
        except Conflict:
            return None
        return number


def _number_of(thought: Document) -> int | None:
    try:
        number = json.loads(thought.content)["number"]
    except (ValueError, LookupError, TypeError):
        return None
    return number if number in range(MANY) else None
