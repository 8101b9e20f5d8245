"""
Copying one store into another, when the first one has become too small.

Rule: what is in the target already is compared and not written again, so that a copy
that was interrupted continues when it is started again. A difference ends the copy. All
of it is read back before it counts as copied.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from twisted.internet.defer import (
    Deferred,
    DeferredSemaphore,
    FirstError,
    gatherResults,
)
from twisted.python.failure import Failure

from .interface import (
    ABSENT,
    Conflict,
    DocumentInfo,
    Documents,
    InvalidName,
    NameTaken,
    NoSuchEntry,
    Notes,
)
from .names import fold_name

PAGE_NOTES = 1000
"""Notes that are copied together, if they are short."""

PAGE_CHARACTERS = 1024 * 1024
"""Characters of the notes that are copied together, unless a single note has more."""

FIRST_PAGE_NOTES = 25
"""Notes that are read at first: how long they are shows how many to read next."""

PAGE_DOCUMENTS = 1000
"""Documents that are listed together."""

PAGE_BYTES = 16 * 1024 * 1024
"""Bytes of the documents that are in memory together."""

CONCURRENT_DOCUMENTS = 50
"""Documents that are copied at the same time: they share the flushes of the target."""

ProgressCallback = Callable[[int], None]
"""Is called now and then with the number of those that are done."""


class CopyConflict(Exception):
    """The target has something else already; the text says what."""


class CopyResult(NamedTuple):
    """
    What became of a copy.

    :ivar written: how many were written.
    :ivar there: how many were there already.
    :ivar taken: the names of documents that the target cannot have, and why: most often
        it cannot tell them from others; they were left out.
    """

    written: int
    there: int
    taken: Mapping[str, str] = MappingProxyType({})


async def copy_notes(
    source: Notes, target: Notes, progress: ProgressCallback = lambda count: None
) -> CopyResult:
    """
    Copy all notes of *source*, in their order; deleted ones stay deleted.

    :raise CopyConflict: if *target* has other notes, or more of them.
    """
    there = await target.count()
    if there > await source.count():
        raise CopyConflict("the target has more notes than the source")
    await _compare_notes(source, target, there)
    number = there
    async for texts in _pages(source, there):
        try:
            await target.extend(number, texts)
        except Conflict:
            raise CopyConflict("somebody else adds notes to the target") from None
        number += len(texts)
        progress(number)
    await _compare_notes(source, target, number)
    return CopyResult(number - there, there)


async def _pages(notes: Notes, start: int) -> AsyncIterator[Sequence[str | None]]:
    """The notes from *start* on, in pages that are not too large."""
    limit = FIRST_PAGE_NOTES
    while texts := await notes.entries(start, limit):
        yield texts
        start += len(texts)
        size = sum(len(text or "") for text in texts)
        fitting = PAGE_CHARACTERS * len(texts) // max(size, 1)
        limit = max(1, min(2 * limit, fitting, PAGE_NOTES))


async def _compare_notes(source: Notes, target: Notes, count: int) -> None:
    number = 0
    async for ours in _pages(source, 0):
        ours = ours[: count - number]
        if not ours:
            return
        theirs = await target.entries(number, len(ours))
        if ours != theirs:
            pairs = enumerate(zip(ours, theirs, strict=False))
            same = next((k for k, (a, b) in pairs if a != b), len(theirs))
            raise CopyConflict(f"note {number + same} is another one there")
        number += len(ours)


async def copy_documents(
    source: Documents,
    target: Documents,
    progress: ProgressCallback = lambda count: None,
) -> CopyResult:
    """
    Copy all documents of *source*, but for those whose names the target cannot tell
    from others: of these, the one that is there already is kept, else the first in the
    order of the list is copied.

    :raise CopyConflict: if *target* has another document of the same name.
    """
    written = there = 0
    taken: dict[str, str] = {}
    limit = DeferredSemaphore(CONCURRENT_DOCUMENTS)
    async for page in _lists(source):
        for some in _told_apart(_of_size(page)):
            try:
                are_new = await gatherResults(
                    [
                        limit.run(_copied, source, target, info.name, taken)
                        for info in some
                    ],
                    consumeErrors=True,
                )
            except FirstError as error:
                failure: Failure = error.subFailure
                raise _exception(failure) from None
            written += are_new.count(True)
            there += are_new.count(False)
            progress(written + there)
    return CopyResult(written, there, taken)


def _exception(failure: Failure) -> BaseException:
    return failure.value or RuntimeError("a document was not copied")


def _copied(
    source: Documents, target: Documents, name: str, taken: dict[str, str]
) -> Deferred[bool | None]:
    return Deferred.fromCoroutine(_copy_document(source, target, name, taken))


async def _copy_document(
    source: Documents, target: Documents, name: str, taken: dict[str, str]
) -> bool | None:
    """Copy the document *name*; whether it was written, ``None`` if it cannot be."""
    document = await source.get(name)
    try:
        await target.put(name, document.content, ABSENT)
        is_new = True
    except (InvalidName, NameTaken) as error:
        taken[name] = str(error)
        return None
    except Conflict:
        is_new = False
    try:
        found = await target.get(name)
    except NoSuchEntry:
        raise CopyConflict(f"somebody else has deleted {name}") from None
    if found != document:
        raise CopyConflict(f"{name} is another one there")
    return is_new


async def _lists(documents: Documents) -> AsyncIterator[list[DocumentInfo]]:
    after = ""
    while page := await documents.list(after=after, limit=PAGE_DOCUMENTS):
        yield page
        after = page[-1].name


def _told_apart(parts: list[list[DocumentInfo]]) -> Iterator[list[DocumentInfo]]:
    """
    The same *parts*, but what some file system takes for the same document as another
    comes in a part behind that.
    """
    for part in parts:
        rest = part
        while rest:
            first: dict[str, DocumentInfo] = {}
            for info in rest:
                first.setdefault(fold_name(info.name), info)
            yield list(first.values())
            rest = [info for info in rest if first[fold_name(info.name)] is not info]


def _of_size(page: list[DocumentInfo]) -> list[list[DocumentInfo]]:
    """The documents of *page*, in parts that are not too large for the memory."""
    parts: list[list[DocumentInfo]] = [[]]
    size = 0
    for info in page:
        if parts[-1] and size + info.size > PAGE_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(info)
        size += info.size
    return parts
