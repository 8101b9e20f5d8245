"""
`dartio_tut.store`: the fake in memory, and what cannot be opened.
"""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.store import (
    Documents,
    MemoryDocuments,
    MemoryNotes,
    Notes,
    open_documents,
    open_notes,
)

from .support.store_suite import DocumentsSuite, NotesSuite, SynchronousResults


class MemoryNotesTests(SynchronousResults, NotesSuite, SynchronousTestCase):
    """Notes in memory."""

    def open(self) -> Notes:
        return MemoryNotes()


class MemoryDocumentsTests(SynchronousResults, DocumentsSuite, SynchronousTestCase):
    """Documents in memory."""

    def open(self) -> Documents:
        return MemoryDocuments()


class OpeningTests(SynchronousTestCase):
    """Folders that cannot be a store."""

    def test_a_file_cannot_be_opened_as_a_store(self) -> None:
        path = self.mktemp()
        Path(path).write_bytes(b"")
        self.assertRaises(OSError, open_notes, path)
        self.assertRaises(OSError, open_documents, path)
