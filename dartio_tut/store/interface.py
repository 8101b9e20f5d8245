"""
What a store promises.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred


class NoSuchEntry(LookupError):
    """There is no note of that number, or no document of that name."""


class NotAName(ValueError):
    """What cannot be the name of a document; its text says why."""


class Notes(Protocol):
    """A log of notes, numbered from 0 in the order they came in."""

    def append(self, text: str) -> Deferred[int]:
        """
        Add a note; fires with its number once it is on disk.

        :raise UnicodeEncodeError: (in the Deferred) for lone surrogates.
        :raise OSError: (in the Deferred) when it could not be stored.
        """

    def entry(self, number: int) -> Deferred[str]:
        """
        The note of that number, just as it came in.

        :raise NoSuchEntry: (in the Deferred) when there is none.
        """

    def count(self) -> Deferred[int]:
        """How many notes there are."""


class Documents(Protocol):
    """Documents by name."""

    def put(self, name: str, content: bytes) -> Deferred[None]:
        """
        Store *content* as the document *name*, in place of what was there.

        Fires once it is on disk; a reader sees the old or the new, never a part.

        :raise NotAName: (in the Deferred) for what cannot be a document's name.
        :raise OSError: (in the Deferred) when it could not be stored.
        """

    def get(self, name: str) -> Deferred[bytes]:
        """
        The content of the document *name*.

        :raise NoSuchEntry: (in the Deferred) when there is none.
        """
