"""
The store for tests: keeps the same promises, but for surviving the process.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from twisted.internet.defer import Deferred, maybeDeferred, succeed

from .interface import (
    Conflict,
    Document,
    DocumentInfo,
    NoSuchEntry,
    TokenReused,
    fulfils,
    version_of,
)
from .lines import from_line, to_line
from .names import check_name

T = TypeVar("T")


class _Tokens:
    """What came with each token, and what became of it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[object, object]] = {}

    def once(self, token: str | None, request: object, do: Callable[[], T]) -> T:
        """The outcome of *do* the first time, that one ever after."""
        if token is None:
            return do()
        if token not in self._known:
            self._known[token] = request, do()
        known, outcome = self._known[token]
        if known != request:
            raise TokenReused("the token came with something else before")
        return outcome  # type: ignore[return-value]


class MemoryNotes:
    """Notes in a list; see `dartio_tut.store.Notes`."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._tokens = _Tokens()

    def append(self, text: str, token: str | None = None) -> Deferred[int]:
        """Add a note."""
        return maybeDeferred(
            self._tokens.once, token, text, lambda: self._append(to_line(text))
        )

    def _append(self, line: bytes) -> int:
        self._lines.append(line)
        return len(self._lines) - 1

    def entry(self, number: int) -> Deferred[str]:
        """The note of that number."""
        return maybeDeferred(self._entry, number)

    def _entry(self, number: int) -> str:
        if not 0 <= number < len(self._lines):
            raise NoSuchEntry(f"there is no note {number}")
        return from_line(self._lines[number])

    def entries(self, start: int, limit: int) -> Deferred[list[str]]:
        """The notes from *start* on."""
        return succeed([from_line(line) for line in self._lines[start:][:limit]])

    def count(self) -> Deferred[int]:
        """How many notes there are."""
        return succeed(len(self._lines))

    def close(self) -> Deferred[None]:
        """Nothing is held open."""
        return succeed(None)


class MemoryDocuments:
    """Documents in a dict; see `dartio_tut.store.Documents`."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}
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
        self._contents[name] = content
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

    def list(
        self, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Deferred[list[DocumentInfo]]:
        """The documents whose name begins with *prefix*."""
        names = sorted(self._contents, key=str.encode)
        found = [
            DocumentInfo(n, len(self._contents[n]))
            for n in names
            if n.startswith(prefix) and n.encode() > after.encode()
        ]
        return succeed(found[:limit])

    def close(self) -> Deferred[None]:
        """Nothing is held open."""
        return succeed(None)

    def _check(self, name: str, expected: Collection[str] | None) -> None:
        content = self._contents.get(check_name(name))
        if not fulfils(None if content is None else version_of(content), expected):
            raise Conflict(f"{name} is not as it was expected")
