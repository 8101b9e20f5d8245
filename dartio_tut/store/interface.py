"""
What every store promises.

Rule: when a Deferred fires, what was written survives the end of the process, and as
much more as the documentation of that store says. When a Deferred fails, nothing was
written. `StoreUnavailable` is the exception: then it is not known whether it was
written, and a second try with the same idempotency key finds out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, Protocol, runtime_checkable

from twisted.internet.defer import Deferred

ABSENT: frozenset[str] = frozenset()
"""As *expected*: there must be no such document."""

PRESENT: frozenset[str] = frozenset({"*"})
"""As *expected*: there must be such a document, of any version."""


class NoSuchEntry(LookupError):
    """There is no note of that number, or no document of that name."""


class Deleted(NoSuchEntry):
    """There was a note of that number, but it was deleted."""


class InvalidName(ValueError):
    """No document can have this name; the text says why."""


class NameTaken(Exception):
    """
    The name belongs to something else: to a folder, a link or another special file, or
    to a document whose name differs only in case or in how its accents are encoded. The
    text says which. Nothing was changed.
    """


class Conflict(Exception):
    """
    The document does not have a version that was expected, or a log does not have as
    many notes as were expected.
    """


class IdempotencyKeyReused(Exception):
    """The token came with other content before."""


class StoreFull(Exception):
    """There is no room: a limit is reached or the disk is full; the text says which."""


class StoreUnavailable(Exception):
    """
    The store cannot be reached; whether a write was done is not known.

    :ivar retry_after: after so many seconds another try may succeed.
    """

    def __init__(self, text: str, retry_after: int = 1) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class StoreFailed(OSError):
    """The disk or the database has failed, and the store has said so in the log."""


@dataclass(frozen=True)
class Quota:
    """
    How much may be stored; 0 means any amount.

    :param notes: the number of notes.
    :param documents: the number of documents.
    :param size: the bytes of all of them together.
    :param free: the bytes of the disk that are left to others, if the store is on one.
    """

    notes: int = 0
    documents: int = 0
    size: int = 0
    free: int = 16 * 1024 * 1024


@dataclass(frozen=True)
class NotesState:
    """
    How far a log of notes has come.

    :ivar count: the number that the next note will get.
    :ivar epoch: this changes when notes that were there got other numbers, or went
        away: because somebody has emptied, shortened or rearranged the log by hand. A
        follower that sees another epoch, or a count below its own position, has to
        begin again.
    """

    count: int
    epoch: int


class Document(NamedTuple):
    """
    A document.

    :ivar version: the SHA-256 of the content, in hexadecimal.
    """

    content: bytes
    version: str


class DocumentInfo(NamedTuple):
    """
    What a list says of a document.

    :ivar size: the bytes of its content.
    :ivar modified: when it was stored, in seconds since 1970 (UTC); ``None`` if that is
        not known.
    :ivar version: as in `Document`; ``None`` where the store would have to read the
        document to find out. A folder would: it keeps plain files that people may edit,
        and files have no version.
    :ivar identity: where there is no version, numbers that change whenever the content
        does. Size and time do not tell: a person's tools may leave both as they were.
    """

    name: str
    size: int
    modified: float | None = None
    version: str | None = None
    identity: tuple[int, ...] = ()


def version_of(content: bytes) -> str:
    """The version of a document with that *content*."""
    return sha256(content).hexdigest()


def is_as_expected(version: str | None, expected: Collection[str] | None) -> bool:
    """Whether a document of *version* (``None``: no document) is as *expected*."""
    if expected is None:
        return True
    if version is None:
        return not expected
    return version in expected or "*" in expected


@runtime_checkable
class Notes(Protocol):
    """
    A log of notes, numbered from 0 in the order in which they were added.

    Every Deferred may fail with `StoreUnavailable`, or with `OSError` if a disk fails.
    """

    def append(self, text: str, token: str | None = None) -> Deferred[int]:
        """
        Add a note; the Deferred fires with its number once it is stored.

        :param token: if the same token and text come again within a day, nothing is
            stored, and the number of the note that is there is returned, even if that
            note was deleted meanwhile.
        :raise UnicodeEncodeError: (in the Deferred) if there are lone surrogates.
        :raise IdempotencyKeyReused: (in the Deferred) if it came with another text.
        :raise StoreFull: (in the Deferred) if there is no room.
        """

    def extend(self, start: int, texts: Sequence[str | None]) -> Deferred[None]:
        """
        Add all notes *texts*, or none of them; ``None`` takes a number, as a note that
        was deleted.

        :param start: the number that the first of them is to have.
        :raise Conflict: (in the Deferred) if the next note has another number.
        :raise UnicodeEncodeError: (in the Deferred) if there are lone surrogates.
        :raise StoreFull: (in the Deferred) if there is no room for all of them.
        """

    def entry(self, number: int) -> Deferred[str]:
        """
        The note of that number, exactly as it was added.

        :raise NoSuchEntry: (in the Deferred) if it does not exist.
        :raise Deleted: (in the Deferred) if it was deleted; this is a `NoSuchEntry`.
        """

    def entries(self, start: int, limit: int) -> Deferred[list[str | None]]:
        """
        The notes from *start* (0 or more) on, *limit* of them at most.

        The first is note *start*, the next is *start* + 1, and so on: for a note that
        was deleted there is ``None``.
        """

    def count(self) -> Deferred[int]:
        """The number that the next note will get: deleted notes are counted too."""

    def state(self) -> Deferred[NotesState]:
        """The count, and whether notes were renumbered since."""

    def delete(self, number: int) -> Deferred[None]:
        """
        Delete the note of that number. Its number is not used again.

        :raise NoSuchEntry: (in the Deferred) if it does not exist.
        :raise Deleted: (in the Deferred) if it was deleted before.
        """

    def close(self) -> Deferred[None]:
        """Release what is held open, once all pending operations have ended."""


@runtime_checkable
class Documents(Protocol):
    """
    Documents by name.

    Every Deferred may fail with `InvalidName`, `StoreUnavailable`, or with `OSError` if
    a disk fails.
    """

    def get(self, name: str) -> Deferred[Document]:
        """
        The document *name*.

        :raise NoSuchEntry: (in the Deferred) if it does not exist.
        """

    def put(
        self,
        name: str,
        content: bytes,
        expected: Collection[str] | None = None,
        token: str | None = None,
    ) -> Deferred[str]:
        """
        Store *content* as the document *name*; the Deferred fires with its version.

        Whoever reads meanwhile gets the old or the new content, never a part of it.

        :param expected: the versions that the document may have now, or `PRESENT`, or
            `ABSENT`; ``None`` stores it in any case.
        :param token: if the same token, name and content come again within a day,
            nothing is stored, whatever was stored meanwhile.
        :raise Conflict: (in the Deferred) if the document is not as expected.
        :raise NameTaken: (in the Deferred) if the name belongs to something else.
        :raise IdempotencyKeyReused: (in the Deferred) if it came with other content.
        :raise StoreFull: (in the Deferred) if there is no room.
        """

    def delete(
        self, name: str, expected: Collection[str] | None = None
    ) -> Deferred[None]:
        """
        Remove the document *name*.

        :raise NoSuchEntry: (in the Deferred) if it does not exist, and *expected*
            does not say anything about that.
        :raise Conflict: (in the Deferred) if the document is not as expected.
        """

    def list(
        self, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Deferred[list[DocumentInfo]]:
        """
        The documents whose names begin with *prefix* and come after *after*, in the
        order of the UTF-8 bytes of their names, *limit* of them at most.
        """

    def close(self) -> Deferred[None]:
        """Release what is held open, once all pending operations have ended."""
