"""
One suite, every store.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.store import (
    Documents,
    MemoryDocuments,
    MemoryNotes,
    NoSuchEntry,
    NotAName,
    Notes,
    open_documents,
    open_notes,
)

ODD_NOTES = [
    "plain",
    "",
    "a\nb",
    "\n",
    "\\",
    "\\n",
    "\\\n",
    "a\r\nb\r",
    "\t",
    "\N{PILE OF POO}",
    "\u2028\x0b\x0c\x85",
    "\0",
    " spaces ",
    "x" * 1_000_000,
]


class NotesSuite:
    """What every store of notes promises."""

    def open(self) -> Notes:
        raise NotImplementedError

    def ended(self: Any, deferred: Deferred[Any]) -> Any:
        return self.successResultOf(deferred)

    def test_numbered_from_zero(self: Any) -> None:
        notes = self.open()
        self.assertEqual(self.ended(notes.count()), 0)
        for number, note in enumerate(ODD_NOTES):
            self.assertEqual(self.ended(notes.append(note)), number)
        self.assertEqual(self.ended(notes.count()), len(ODD_NOTES))

    def test_come_back_as_they_went_in(self: Any) -> None:
        notes = self.open()
        for note in ODD_NOTES:
            self.ended(notes.append(note))
        for number, note in enumerate(ODD_NOTES):
            self.assertTrue(self.ended(notes.entry(number)) == note, note[:20])

    def test_no_such_entry(self: Any) -> None:
        notes = self.open()
        self.ended(notes.append("only"))
        for number in (1, -1, 10**30):
            self.failureResultOf(notes.entry(number), NoSuchEntry)

    def test_surrogates_are_refused(self: Any) -> None:
        notes = self.open()
        self.failureResultOf(notes.append("\ud800"), UnicodeEncodeError)
        self.assertEqual(self.ended(notes.count()), 0)


class MemoryNotesTests(NotesSuite, SynchronousTestCase):
    """Notes in memory."""

    def open(self) -> Notes:
        return MemoryNotes()


class FolderNotesTests(NotesSuite, SynchronousTestCase):
    """Notes in a folder."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.file = self.folder / "notes.txt"

    def open(self) -> Notes:
        return open_notes(str(self.folder), maybeDeferred)

    def test_survive_a_restart(self) -> None:
        for note in ODD_NOTES:
            self.ended(self.open().append(note))
        self.assertEqual(self.ended(self.open().entry(2)), ODD_NOTES[2])

    def test_the_file_is_a_persons_to_read(self) -> None:
        notes = self.open()
        for note in ("Buy milk", "two\nlines", "a\\b"):
            self.ended(notes.append(note))
        self.assertEqual(self.file.read_text(), "Buy milk\ntwo\\nlines\na\\\\b\n")

    def test_the_file_is_a_persons_to_edit(self) -> None:
        notes = self.open()
        self.ended(notes.append("one"))
        self.file.write_bytes("zero\r\nC:\\temp\nopen end é\xff".encode("latin-1"))
        self.assertEqual(self.ended(notes.count()), 3)
        self.assertEqual(self.ended(notes.entry(0)), "zero")
        self.assertEqual(self.ended(notes.entry(1)), "C:\\temp")
        self.assertEqual(self.ended(notes.append("next")), 3)
        self.assertEqual(self.ended(notes.entry(3)), "next")
        self.assertEqual(self.ended(notes.entry(2)), "open end \ufffd\ufffd")

    def test_a_file_taken_away_begins_anew(self) -> None:
        notes = self.open()
        self.ended(notes.append("one"))
        self.file.unlink()
        self.assertEqual(self.ended(notes.count()), 0)
        self.assertEqual(self.ended(notes.append("first again")), 0)

    def test_on_disk_before_it_is_acknowledged(self) -> None:
        synced: list[int] = []
        self.patch(os, "fsync", synced.append)
        notes = self.open()
        synced.clear()
        self.ended(notes.append("one"))
        self.assertEqual(len(synced), 1)

    def test_a_failed_append_leaves_nothing(self) -> None:
        notes = self.open()
        self.ended(notes.append("one"))

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        patched = self.patch(os, "fsync", full)
        self.failureResultOf(notes.append("lost"), OSError)
        patched.restore()
        self.assertEqual(self.file.read_bytes(), b"one\n")
        self.assertEqual(self.ended(notes.append("two")), 1)
        self.assertEqual(self.ended(notes.entry(1)), "two")

    def test_lines_across_blocks_are_counted(self) -> None:
        self.folder.mkdir()
        for block in (1, 2, 3, 7):
            self.patch(
                __import__("dartio_tut.store.folder").store.folder, "SCAN", block
            )
            self.file.write_bytes(b"ab\n\nc\n\n\nlast")
            notes = self.open()
            self.assertEqual(self.ended(notes.count()), 6)
            self.assertEqual(self.ended(notes.entry(2)), "c")
            self.assertEqual(self.ended(notes.entry(5)), "last")


class DocumentsSuite:
    """What every store of documents promises."""

    def open(self) -> Documents:
        raise NotImplementedError

    def test_bytes_as_sent(self: Any) -> None:
        documents = self.open()
        for content in (b"", b"\xff\0\r\n", b"x" * 100_000):
            self.successResultOf(documents.put("file.txt", content))
            self.assertEqual(self.successResultOf(documents.get("file.txt")), content)

    def test_names_of_any_script(self: Any) -> None:
        documents = self.open()
        for name in ("a", "two words", "ж-1_2.json", "日本", "é", "e\u0301", "x" * 255):
            self.successResultOf(documents.put(name, name.encode()))
            self.assertEqual(self.successResultOf(documents.get(name)), name.encode())

    def test_what_is_no_name(self: Any) -> None:
        documents = self.open()
        for name in (
            "", ".", "..", ".hidden", "a/b", "../b", "/etc/passwd", "a\0b", "a\nb",
            "a\\b", "a:b", "a*", "end.", "end ", " start", "x" * 256, "é" * 128,
            "\ud800", "a\u202eb", "<b>",
        ):  # fmt: skip
            self.failureResultOf(documents.put(name, b"x"), NotAName)
            self.failureResultOf(documents.get(name), NotAName)

    def test_no_such_document(self: Any) -> None:
        self.failureResultOf(self.open().get("nothing"), NoSuchEntry)


class MemoryDocumentsTests(DocumentsSuite, SynchronousTestCase):
    """Documents in memory."""

    def open(self) -> Documents:
        return MemoryDocuments()


class FolderDocumentsTests(DocumentsSuite, SynchronousTestCase):
    """Documents in a folder."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())

    def open(self) -> Documents:
        return open_documents(str(self.folder), maybeDeferred)

    def test_a_document_is_the_file_of_its_name(self) -> None:
        self.successResultOf(self.open().put("file.txt", b"{}"))
        self.assertEqual(os.listdir(self.folder), ["file.txt"])
        self.assertEqual((self.folder / "file.txt").read_bytes(), b"{}")

    def test_flushed_before_it_is_renamed(self) -> None:
        steps: list[str] = []
        replace = os.replace

        def fsync(descriptor: int) -> None:
            folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
            steps.append("fsync folder" if folder else "fsync file")

        def recorded(new: Path, old: Path) -> None:
            steps.append("rename")
            replace(new, old)

        documents = self.open()
        self.patch(os, "fsync", fsync)
        self.patch(os, "replace", recorded)
        self.successResultOf(documents.put("file.txt", b"{}"))
        self.assertEqual(steps, ["fsync file", "rename", "fsync folder"])

    def test_a_failed_put_leaves_what_was_there(self) -> None:
        documents = self.open()
        self.successResultOf(documents.put("file.txt", b"old"))

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        patched = self.patch(os, "fsync", full)
        self.failureResultOf(documents.put("file.txt", b"new"), OSError)
        patched.restore()
        self.assertEqual(os.listdir(self.folder), ["file.txt"])
        self.assertEqual(self.successResultOf(documents.get("file.txt")), b"old")


class OpeningTests(SynchronousTestCase):
    """Folders that cannot be a store."""

    def test_a_file_in_the_way(self) -> None:
        path = self.mktemp()
        Path(path).write_bytes(b"")
        self.assertRaises(OSError, open_notes, path)
        self.assertRaises(OSError, open_documents, path)
