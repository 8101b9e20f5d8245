"""
The store for tests: keeps the same promises, but for surviving the process.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed

from .interface import NoSuchEntry, NotAName
from .lines import from_line, to_line
from .names import check_name


class MemoryNotes:
    """Notes in a list; see `dartio_tut.store.Notes`."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []

    def append(self, text: str) -> Deferred[int]:
        """Add a note."""
        try:
            self._lines.append(to_line(text))
        except UnicodeEncodeError as error:
            return fail(error)
        return succeed(len(self._lines) - 1)

    def entry(self, number: int) -> Deferred[str]:
        """The note of that number."""
        if not 0 <= number < len(self._lines):
            return fail(NoSuchEntry(f"there is no note {number}"))
        return succeed(from_line(self._lines[number]))

    def count(self) -> Deferred[int]:
        """How many notes there are."""
        return succeed(len(self._lines))


class MemoryDocuments:
    """Documents in a dict; see `dartio_tut.store.Documents`."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    def put(self, name: str, content: bytes) -> Deferred[None]:
        """Store *content* as the document *name*."""
        try:
            self._contents[check_name(name)] = content
        except NotAName as error:
            return fail(error)
        return succeed(None)

    def get(self, name: str) -> Deferred[bytes]:
        """The content of the document *name*."""
        try:
            return succeed(self._contents[check_name(name)])
        except NotAName as error:
            return fail(error)
        except KeyError:
            return fail(NoSuchEntry(f"there is no document {name}"))
