"""
A random number that is kept as a document, so that all servers which use the same store
have the same number.

Rule: each number is a new version of the document, even when the same number comes up
again. So if two servers replace it at the same moment, only one of them succeeds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from uuid import uuid4

from dartio_tut.store import ABSENT, Conflict, Document, Documents, NoSuchEntry

DOCUMENT_NAME = "number"

NUMBERS = 10
"""How many numbers there are to choose from: 0 to 9."""


class SharedNumber:
    """
    A random number.

    :param documents: the store that keeps it.
    :param choose: returns a random number below its argument.
    """

    def __init__(self, documents: Documents, choose: Callable[[int], int]) -> None:
        self._documents = documents
        self._choose = choose

    async def current(self) -> tuple[int, str]:
        """The number, chosen when it is first asked for, and its version."""
        while True:
            try:
                document = await self._documents.get(DOCUMENT_NAME)
            except NoSuchEntry:
                expected: Collection[str] = ABSENT
            else:
                number = _number_of(document)
                if number is not None:
                    return number, document.version
                expected = {document.version}  # somebody has damaged the document
            await self._choose_another(expected)

    async def replace(self, version: str) -> int | None:
        """
        Choose another number.

        :param version: the version of the number that is replaced.
        :return: the new number; ``None`` if somebody else has replaced it already.
        """
        return await self._choose_another({version})

    async def _choose_another(self, expected: Collection[str]) -> int | None:
        number = self._choose(NUMBERS)
        content = json.dumps({"number": number, "thought": uuid4().hex})
        try:
            await self._documents.put(DOCUMENT_NAME, content.encode(), expected)
        except Conflict:
            return None
        return number


def _number_of(document: Document) -> int | None:
    try:
        number = json.loads(document.content)["number"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return number if number in range(NUMBERS) else None
