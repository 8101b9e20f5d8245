"""
What a store promises.

Rule: when a Deferred fires, what was written survives the process, and as much more
as the store's own page in the docs says; when it fails, nothing of it is there, but
for `Unavailable`: then it may be there, and the same token finds out.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, Protocol

from twisted.internet.defer import Deferred

ABSENT: frozenset[str] = frozenset()
"""As *expected*: there must be no such document."""

PRESENT: frozenset[str] = frozenset({"*"})
"""As *expected*: there must be one, of whatever version."""


class NoSuchEntry(LookupError):
    """There is no note of that number, or no document of that name."""


class InvalidName(ValueError):
    """What cannot be the name of a document; its text says why."""


class Conflict(Exception):
    """The document is not of a version that was expected."""


class TokenReused(Exception):
    """The token came with something else before."""


class StoreFull(Exception):
    """No room: a limit is reached, or the disk is full; its text says which."""


class Unavailable(Exception):
    """
    The store cannot be reached; whether a write was done is not known.

    :ivar retry_after: seconds after which it is worth another try.
    """

    def __init__(self, text: str, retry_after: int = 1) -> None:
        super().__init__(text)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Quota:
    """
    How much may be stored; 0 is any amount.

    :param notes: how many notes.
    :param documents: how many documents.
    :param size: the bytes of all of them.
    :param free: bytes of the disk that are left to others, where the store has one.
    """

    notes: int = 0
    documents: int = 0
    size: int = 0
    free: int = 16 * 1024 * 1024


class Document(NamedTuple):
    """
    A document.

    :ivar version: the SHA-256 of the content, in hexadecimal.
    """

    content: bytes
    version: str


class DocumentInfo(NamedTuple):
    """A document's name, and the bytes of its content."""

    name: str
    size: int


def version_of(content: bytes) -> str:
    """The version of a document with that *content*."""
    return sha256(content).hexdigest()


def fulfils(version: str | None, expected: Collection[str] | None) -> bool:
    """Whether a document of *version* (``None``: there is none) is as *expected*."""
    if expected is None:
        return True
    if version is None:
        return not expected
    return version in expected or "*" in expected


class Notes(Protocol):
    """
    A log of notes, numbered from 0 in the order they came in.

    Every Deferred may fail with `Unavailable`, or with `OSError` when a disk fails.
    """

    def append(self, text: str, token: str | None = None) -> Deferred[int]:
        """
        Add a note; fires with its number once it is stored.

        :param token: the same token and text again, within a day, store nothing and
            give the number there is.
        :raise UnicodeEncodeError: (in the Deferred) for lone surrogates.
        :raise TokenReused: (in the Deferred) when the token came with another text.
        :raise StoreFull: (in the Deferred) when there is no room.
        """

    def entry(self, number: int) -> Deferred[str]:
        """
        The note of that number, just as it came in.

        :raise NoSuchEntry: (in the Deferred) when there is none.
        """

    def entries(self, start: int, limit: int) -> Deferred[list[str]]:
        """The notes from *start* on (0 or more), at most *limit* of them."""

    def count(self) -> Deferred[int]:
        """How many notes there are."""

    def close(self) -> Deferred[None]:
        """Let go of what is held open, after what is under way has ended."""


class Documents(Protocol):
    """
    Documents by name.

    Every Deferred may fail with `InvalidName`, `Unavailable`, or with `OSError` when a
    disk fails.
    """

    def get(self, name: str) -> Deferred[Document]:
        """
        The document *name*.

        :raise NoSuchEntry: (in the Deferred) when there is none.
        """

    def put(
        self,
        name: str,
        content: bytes,
        expected: Collection[str] | None = None,
        token: str | None = None,
    ) -> Deferred[str]:
        """
        Store *content* as the document *name*; fires with its version once it is.

        A reader sees the old or the new, never a part.

        :param expected: versions that the document must have, `PRESENT`, `ABSENT`, or
            ``None`` for whatever.
        :param token: the same token, name and content again, within a day, store
            nothing, whatever was stored since.
        :raise Conflict: (in the Deferred) when it is not as expected.
        :raise TokenReused: (in the Deferred) when the token came with something else.
        :raise StoreFull: (in the Deferred) when there is no room.
        """

    def delete(
        self, name: str, expected: Collection[str] | None = None
    ) -> Deferred[None]:
        """
        Remove the document *name*.

        :raise NoSuchEntry: (in the Deferred) when there is none and nothing else was
            expected.
        :raise Conflict: (in the Deferred) when it is not as expected.
        """

    def list(
        self, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Deferred[list[DocumentInfo]]:
        """
        The documents whose name begins with *prefix* and comes after *after*, by name
        (in the order of their UTF-8 bytes), at most *limit* of them.
        """

    def close(self) -> Deferred[None]:
        """Let go of what is held open, after what is under way has ended."""
