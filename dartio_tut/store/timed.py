"""
Stores that tell how long each of their operations took.

Rule: who wants to know hands in what is called; a store that nobody asks about is not
wrapped, and costs nothing more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from .interface import (
    Document,
    DocumentInfo,
    Documents,
    Notes,
    NotesState,
    StoreFull,
    StoreUnavailable,
)

T = TypeVar("T")

FAULTS = (StoreFull, StoreUnavailable, OSError)
"""What is wrong with the store itself. All other errors say no more than what was asked
for does not exist, or is not as expected."""


class OperationDone(NamedTuple):
    """
    An operation has ended.

    :ivar kind: of which store it was: ``notes`` or ``documents``.
    :ivar operation: the name of the method.
    :ivar seconds: from the call until the Deferred fired.
    :ivar failed: whether something is wrong with the store: see `FAULTS`.
    """

    kind: str
    operation: str
    seconds: float
    failed: bool


OperationObserver = Callable[[OperationDone], None]


class _Timed:
    """
    Times the operations of a store.

    :param observe: is told each of them, in the thread of its Deferred.
    :param now: a clock, in seconds, that is never set back.
    """

    kind: str

    def __init__(
        self, observe: OperationObserver, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._observe = observe
        self._now = now

    def _time(self, operation: str, run: Callable[[], Deferred[T]]) -> Deferred[T]:
        """Run *operation*, and tell when it has ended."""
        started = self._now()

        def ended(result: T | Failure) -> T | Failure:
            failed = isinstance(result, Failure) and result.check(*FAULTS) is not None
            seconds = self._now() - started
            self._observe(OperationDone(self.kind, operation, seconds, failed))
            return result

        return cast("Deferred[T]", run().addBoth(ended))


class TimedNotes(_Timed):
    """*notes*, whose operations are timed; see `dartio_tut.store.Notes`."""

    kind = "notes"

    def __init__(
        self,
        notes: Notes,
        observe: OperationObserver,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(observe, now)
        self._notes = notes

    def append(self, text: str, token: str | None = None) -> Deferred[int]:
        """Add a note."""
        return self._time("append", lambda: self._notes.append(text, token))

    def extend(self, start: int, texts: Sequence[str | None]) -> Deferred[None]:
        """Add all notes *texts*, or none of them."""
        return self._time("extend", lambda: self._notes.extend(start, texts))

    def entry(self, number: int) -> Deferred[str]:
        """The note of that number."""
        return self._time("entry", lambda: self._notes.entry(number))

    def entries(self, start: int, limit: int) -> Deferred[list[str | None]]:
        """The notes from *start* on; ``None`` for those that were deleted."""
        return self._time("entries", lambda: self._notes.entries(start, limit))

    def count(self) -> Deferred[int]:
        """The number that the next note will get."""
        return self._time("count", self._notes.count)

    def state(self) -> Deferred[NotesState]:
        """The count, and whether notes were renumbered since."""
        return self._time("state", self._notes.state)

    def delete(self, number: int) -> Deferred[None]:
        """Delete the note of that number."""
        return self._time("delete", lambda: self._notes.delete(number))

    def close(self) -> Deferred[None]:
        """Release what is held open; this is not timed, because it happens once."""
        return self._notes.close()


class TimedDocuments(_Timed):
    """*documents*, whose operations are timed; see `dartio_tut.store.Documents`."""

    kind = "documents"

    def __init__(
        self,
        documents: Documents,
        observe: OperationObserver,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(observe, now)
        self._documents = documents

    def get(self, name: str) -> Deferred[Document]:
        """The document *name*."""
        return self._time("get", lambda: self._documents.get(name))

    def put(
        self,
        name: str,
        content: bytes,
        expected: Collection[str] | None = None,
        token: str | None = None,
    ) -> Deferred[str]:
        """Store *content* as the document *name*."""
        return self._time(
            "put", lambda: self._documents.put(name, content, expected, token)
        )

    def delete(
        self, name: str, expected: Collection[str] | None = None
    ) -> Deferred[None]:
        """Remove the document *name*."""
        return self._time("delete", lambda: self._documents.delete(name, expected))

    def list(
        self, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Deferred[list[DocumentInfo]]:
        """The documents whose names begin with *prefix* and come after *after*."""
        return self._time("list", lambda: self._documents.list(prefix, after, limit))

    def close(self) -> Deferred[None]:
        """Release what is held open; this is not timed, because it happens once."""
        return self._documents.close()


S = TypeVar("S")


def timed(store: S, observe: OperationObserver) -> S:
    """
    *store*, but *observe* is told each of its operations; a store that has neither
    notes nor documents is left as it is.
    """
    # Whoever uses it knows the store as one of these two interfaces.
    if isinstance(store, Notes):
        return cast("S", TimedNotes(store, observe))
    if isinstance(store, Documents):
        return cast("S", TimedDocuments(store, observe))
    return store
