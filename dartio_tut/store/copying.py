"""
Copying one store into another, for the day that one is outgrown.

Rule: what is there already is compared, not written again, so that a copy that was cut
off is resumed by starting it anew; what is there and differs ends it. All of it is read
back before it is called a copy.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from .interface import ABSENT, Conflict, DocumentInfo, Documents, NoSuchEntry, Notes

PAGE_SIZE = 25
"""Notes or documents asked for at a time: a note may have a megabyte."""


class CopyConflict(Exception):
    """What is there already is not what is to be copied; its text says which."""


class Copied(NamedTuple):
    """How many were written, and how many were there."""

    written: int
    there: int


async def copy_notes(
    source: Notes, target: Notes, tell: Callable[[int], None] = lambda count: None
) -> Copied:
    """
    Copy all notes of *source*, in their order.

    :param tell: is called with the number of those done, now and then.
    :raise Differs: when *target* has others, or more of them.
    """
    there = await target.count()
    if there > await source.count():
        raise CopyConflict("there are more notes than are to be copied")
    await _compare_notes(source, target, there)
    number = there
    while texts := await source.entries(number, PAGE_SIZE):
        for text in texts:
            # A token of the place: one whose answer was lost is not stored twice.
            if await target.append(text, f"copy of note {number}") != number:
                raise CopyConflict("somebody else adds notes meanwhile")
            number += 1
        tell(number)
    await _compare_notes(source, target, number)
    return Copied(number - there, there)


async def _compare_notes(source: Notes, target: Notes, count: int) -> None:
    for start in range(0, count, PAGE_SIZE):
        limit = min(PAGE_SIZE, count - start)
        ours, theirs = (
            await source.entries(start, limit),
            await target.entries(start, limit),
        )
        if ours != theirs:
            pairs = zip(ours, theirs, strict=False)
            same = next((k for k, (a, b) in enumerate(pairs) if a != b), 0)
            raise CopyConflict(f"note {start + same} is another one there")


async def copy_documents(
    source: Documents,
    target: Documents,
    tell: Callable[[int], None] = lambda count: None,
) -> Copied:
    """
    Copy all documents of *source*.

    :param tell: is called with the number of those done, now and then.
    :raise Differs: when *target* has another of the same name.
    """
    written = there = 0
    async for listed in _all(source):
        document = await source.get(listed.name)
        try:
            await target.put(listed.name, document.content, ABSENT)
            written += 1
        except Conflict:
            there += 1
        try:
            found = await target.get(listed.name)
        except NoSuchEntry:
            raise CopyConflict(f"{listed.name} is deleted there meanwhile") from None
        if found != document:
            raise CopyConflict(f"{listed.name} is another one there")
        tell(written + there)
    return Copied(written, there)


async def _all(documents: Documents) -> AsyncIterator[DocumentInfo]:
    after = ""
    while page := await documents.list(after=after, limit=PAGE_SIZE):
        for listed in page:
            yield listed
        after = page[-1].name
