"""
The store for tests: it keeps every promise, except that it ends with its process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar, cast

from twisted.internet.defer import Deferred, maybeDeferred, succeed

from .interface import (
    Conflict,
    Deleted,
    Document,
    DocumentInfo,
    IdempotencyKeyReused,
    NoSuchEntry,
    NotesState,
    is_as_expected,
    version_of,
)
from .lines import line_of_note, note_from_line
from .names import check_name, fold_name, same_name_taken

T = TypeVar("T")


class _Tokens:
    """What each token came with, and the outcome."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[object, object]] = {}

    def once(self, token: str | None, request: object, do: Callable[[], T]) -> T:
        """Call *do* the first time; from then on, return the first outcome."""
        if token is None:
            return do()
        if token not in self._known:
            self._known[token] = request, do()
        known, outcome = self._known[token]
        if known != request:
            raise IdempotencyKeyReused("the token came with something else before")
        return cast(T, outcome)


class MemoryNotes:
    """Notes in a list; see `dartio_tut.store.Notes`."""

    def __init__(self) -> None:
        self._lines: list[bytes | None] = []
        self._tokens = _Tokens()
        self._epoch = 1

    def append(self, text: str, token: str | None = None) -> Deferred[int]:
        """Add a note."""
        return maybeDeferred(
            self._tokens.once, token, text, lambda: self._append(line_of_note(text))
        )

    def _append(self, line: bytes) -> int:
        self._lines.append(line)
        return len(self._lines) - 1

    def extend(self, start: int, texts: Sequence[str | None]) -> Deferred[None]:
        """Add all notes *texts*, or none of them."""
        return maybeDeferred(self._extend, start, texts)

    def _extend(self, start: int, texts: Sequence[str | None]) -> None:
        lines = [None if text is None else line_of_note(text) for text in texts]
        if start != len(self._lines):
            raise Conflict(f"the next note is {len(self._lines)}")
        self._lines += lines

    def entry(self, number: int) -> Deferred[str]:
        """The note of that number."""
        return maybeDeferred(lambda: note_from_line(self._line(number)))

    def _line(self, number: int) -> bytes:
        if not 0 <= number < len(self._lines):
            raise NoSuchEntry(f"there is no note {number}")
        line = self._lines[number]
        if line is None:
            raise Deleted(f"note {number} was deleted")
        return line

    def entries(self, start: int, limit: int) -> Deferred[list[str | None]]:
        """The notes from *start* on; ``None`` for those that were deleted."""
        lines = self._lines[start:][:limit]
        return succeed(
            [None if line is None else note_from_line(line) for line in lines]
        )

    def count(self) -> Deferred[int]:
        """The number that the next note will get."""
        return succeed(len(self._lines))

    def state(self) -> Deferred[NotesState]:
        """The count, and whether notes were renumbered since."""
        return succeed(NotesState(len(self._lines), self._epoch))

    def delete(self, number: int) -> Deferred[None]:
        """Delete the note of that number."""
        return maybeDeferred(self._delete, number)

    def _delete(self, number: int) -> None:
        self._line(number)
        self._lines[number] = None

    def truncate(self, count: int = 0) -> None:
        """Keep the first *count* notes only, as a person may do to a file of notes."""
        del self._lines[count:]
        self._epoch += 1

    def close(self) -> Deferred[None]:
        """There is nothing to close."""
        return succeed(None)


class MemoryDocuments:
    """
    Documents in a dict; see `dartio_tut.store.Documents`.

    :param now: the time in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._contents: dict[str, bytes] = {}
        self._names: dict[str, str] = {}  # of what folds to each
        self._modified: dict[str, float] = {}
        self._now = now
        self._tokens = _Tokens()

    def get(self, name: str) -> Deferred[Document]:
        """The document *name*."""
        return maybeDeferred(self._get, name)

    def _get(self, name: str) -> Document:
        content = self._contents.get(check_name(name))
        if content is None:
            raise NoSuchEntry(f"there is no document {name}")
        return Document(content, version_of(content))

    def put(
        self,
        name: str,
        content: bytes,
        expected: Collection[str] | None = None,
        token: str | None = None,
    ) -> Deferred[str]:
        """Store *content* as the document *name*."""
        return maybeDeferred(
            self._tokens.once,
            token,
            (name, content),
            lambda: self._put(name, content, expected),
        )

    def _put(self, name: str, content: bytes, expected: Collection[str] | None) -> str:
        self._check(name, expected)
        if name not in self._contents:
            folded = fold_name(name)
            other = self._names.get(folded, name)
            if other != name:
                raise same_name_taken(name, other)
            self._names[folded] = name
        self._contents[name] = content
        self._modified[name] = self._now()
        return version_of(content)

    def delete(
        self, name: str, expected: Collection[str] | None = None
    ) -> Deferred[None]:
        """Remove the document *name*."""
        return maybeDeferred(self._delete, name, expected)

    def _delete(self, name: str, expected: Collection[str] | None) -> None:
        self._check(name, expected)
        if self._contents.pop(name, None) is None:
            raise NoSuchEntry(f"there is no document {name}")
        self._names.pop(fold_name(name), None)

    def list(
        self, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Deferred[list[DocumentInfo]]:
        """The documents whose names begin with *prefix* and come after *after*."""
        # The order of code points is that of their UTF-8 bytes.
        names = [name for name in sorted(self._contents) if name.startswith(prefix)]
        found = [self._info(name) for name in names if name > after]
        return succeed(found[: max(limit, 0)])

    def _info(self, name: str) -> DocumentInfo:
        content = self._contents[name]
        modified, version = self._modified[name], version_of(content)
        return DocumentInfo(name, len(content), modified, version)

    def close(self) -> Deferred[None]:
        """There is nothing to close."""
        return succeed(None)

    def _check(self, name: str, expected: Collection[str] | None) -> None:
        content = self._contents.get(check_name(name))
        if not is_as_expected(
            None if content is None else version_of(content), expected
        ):
            raise Conflict(f"{name} does not have the expected version")
