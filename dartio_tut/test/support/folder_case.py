"""
Tests of a store in a folder that somebody else changes, too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.store import Documents, Notes, open_documents, open_notes

from .disk_faults import no_flushes, same_file
from .store_suite import SynchronousResults


class Killed(BaseException):
    """The process ends here."""


class FolderCase(SynchronousResults, SynchronousTestCase):
    """A test of stores in one folder."""

    def setUp(self) -> None:
        no_flushes(self)
        self.folder = Path(self.mktemp()).absolute()
        self.file = self.folder / "notes.txt"
        self.torn = self.folder / "notes.torn"

    def notes(self) -> Notes:
        """Open the notes of the folder."""
        return open_notes(str(self.folder), run=maybeDeferred)

    def documents(self) -> Documents:
        """Open the documents of the folder."""
        return open_documents(str(self.folder), run=maybeDeferred)

    def with_notes(self, *texts: str) -> Notes:
        """Open the notes, and add *texts*."""
        notes = self.notes()
        for text in texts:
            self.result_of(notes.append(text, text))
        return notes

    def all(self, notes: Notes) -> list[str | None]:
        """All notes."""
        found: list[str | None] = self.result_of(notes.entries(0, 10_000))
        return found

    def add_by_hand(self, content: bytes) -> None:
        """As ``echo content >> notes.txt`` does."""
        with self.file.open("ab") as file:
            file.write(content)

    @contextmanager
    def before_write(self, do: Callable[[], None]) -> Iterator[None]:
        """Call *do* once, just before ``notes.txt`` is written next."""
        write, todo = os.write, [do]

        def patched(descriptor: int, content: Any) -> int:
            if todo and same_file(descriptor, self.file):
                todo.pop()()
            return write(descriptor, content)

        patch = self.patch(os, "write", patched)
        try:
            yield
        finally:
            patch.restore()
        self.assertEqual(todo, [])

    @contextmanager
    def after_write(self, do: Callable[[], None]) -> Iterator[None]:
        """Call *do* once, just after ``notes.txt`` was written."""
        write, todo = os.write, [do]

        def patched(descriptor: int, content: Any) -> int:
            written = write(descriptor, content)
            if todo and same_file(descriptor, self.file):
                todo.pop()()
            return written

        patch = self.patch(os, "write", patched)
        try:
            yield
        finally:
            patch.restore()
        self.assertEqual(todo, [])

    def kill(self, notes: Notes, text: str, written: int = 0, token: str = "") -> None:
        """Kill the process while it adds *text*, when so many bytes were *written*."""
        write = os.write

        def killed(descriptor: int, content: Any) -> int:
            if not same_file(descriptor, self.file):
                return write(descriptor, content)
            if written:
                write(descriptor, bytes(content[:written]))
            raise Killed

        patch = self.patch(os, "write", killed)
        outcome: list[Failure] = []
        try:
            notes.append(text, token or None).addErrback(outcome.append)
            self.assertTrue(outcome[0].check(Killed))
        finally:
            patch.restore()

    def failure_text(self, deferred: Deferred[Any], *errors: type[Exception]) -> str:
        """What the exception says with which *deferred* fails."""
        return str(self.failure_of(deferred, *errors).value)
