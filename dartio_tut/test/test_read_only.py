"""
Stores that must exist, and stores in folders that cannot be written.
"""

from __future__ import annotations

import os
from errno import EACCES, EROFS
from typing import Any

from twisted.internet.defer import maybeDeferred

from dartio_tut.store import (
    Documents,
    NoSuchEntry,
    Notes,
    files_left_out,
    open_documents,
    open_notes,
)
from dartio_tut.store.folder import notes_file, read_only

from .support.folder_case import FolderCase

WRITING_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class ReadOnlyTests(FolderCase):
    """A folder on a disk that is mounted read-only."""

    number = EROFS

    def mount_read_only(self) -> None:
        """From now on, nothing can be written, and no lock is refused."""
        original = os.open

        def read_only_open(path: Any, flags: int, *rest: Any, **more: Any) -> int:
            if flags & WRITING_FLAGS:
                raise OSError(self.number, os.strerror(self.number), str(path))
            return original(path, flags, *rest, **more)

        self.patch(os, "open", read_only_open)

    def notes_there(self) -> Notes:
        return open_notes(str(self.folder), run=maybeDeferred, must_exist=True)

    def documents_there(self) -> Documents:
        return open_documents(str(self.folder), run=maybeDeferred, must_exist=True)

    def test_notes_are_read(self) -> None:
        self.result_of(self.with_notes("a", "b", "c").delete(1))
        before = sorted(os.listdir(self.folder))
        self.mount_read_only()
        notes = self.notes_there()
        self.assertEqual(self.all(notes), ["a", None, "c"])
        self.assertEqual(self.result_of(notes.entry(2)), "c")
        self.assertEqual(self.result_of(notes.count()), 3)
        self.failure_of(notes.append("d"), OSError)
        self.failure_of(notes.delete(0), OSError)
        self.result_of(notes.close())
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_documents_are_read(self) -> None:
        self.result_of(self.documents().put("a", b"1"))
        self.mount_read_only()
        documents = self.documents_there()
        self.assertEqual(self.result_of(documents.get("a")).content, b"1")
        self.failure_of(documents.get("b"), NoSuchEntry)
        self.assertEqual(len(self.result_of(documents.list())), 1)
        self.failure_of(documents.put("b", b"1"), OSError)
        self.result_of(documents.close())

    def test_batch_that_was_cut_off_is_left_out(self) -> None:
        self.kill(self.with_notes("a"), "lost", written=3)
        self.mount_read_only()
        self.assertEqual(self.all(self.notes_there()), ["a"])

    def test_batch_that_was_cut_off_before_other_lines_is_an_error(self) -> None:
        self.kill(self.with_notes("a"), "lost", written=5)
        self.add_by_hand(b"mine\n")
        self.mount_read_only()
        with self.assertRaisesRegex(OSError, "were not finished"):
            self.notes_there()

    def test_half_a_note_after_a_power_cut_is_left_out(self) -> None:
        self.with_notes("a")
        self.add_by_hand(b"hal")
        self.patch(notes_file, "boot_id", lambda: "another")
        self.mount_read_only()
        self.assertEqual(self.all(self.notes_there()), ["a"])

    def test_notes_without_a_journal_are_read(self) -> None:
        self.folder.mkdir()
        self.file.write_bytes(b"a\nopen")
        self.mount_read_only()
        self.assertEqual(self.all(self.notes_there()), ["a", "open"])


class ForbiddenTests(ReadOnlyTests):
    """A folder of another user."""

    number = EACCES


class MustExistTests(FolderCase):
    """What is not there is not made."""

    def test_missing_folder(self) -> None:
        for opening in (open_notes, open_documents):
            with self.assertRaisesRegex(OSError, "no such folder") as caught:
                opening(str(self.folder), must_exist=True)
            self.assertEqual(caught.exception.filename, str(self.folder))
        self.assertFalse(self.folder.exists())

    def test_folder_without_notes(self) -> None:
        self.folder.mkdir()
        with self.assertRaisesRegex(OSError, "no notes are kept there"):
            open_notes(str(self.folder), must_exist=True)
        self.assertEqual(os.listdir(self.folder), [])

    def test_other_errors_are_told(self) -> None:
        self.with_notes("a")
        self.patch(read_only, "FolderLock", None)  # it is not asked
        self.file.unlink()
        self.file.mkdir()
        with self.assertRaises(OSError):
            open_notes(str(self.folder), must_exist=True)


class LeftOutTests(FolderCase):
    """The files of a folder that are no documents."""

    def test_files_are_named_with_the_reason(self) -> None:
        self.with_notes("a")
        for name in ("a.json", "my+doc.json", ".hidden", "NUL.txt"):
            (self.folder / name).write_bytes(b"1")
        (self.folder / "folder").mkdir()
        os.symlink("a.json", self.folder / "link")
        os.mkfifo(self.folder / "fifo")
        (self.folder / os.fsdecode(b"\xff")).write_bytes(b"1")
        self.assertEqual(
            files_left_out(str(self.folder)),
            {
                "NUL.txt": "Windows takes that name for a device",
                "fifo": "it is a special file",
                "folder": "it is a folder",
                "link": "it is a link",
                "my+doc.json": "a name has letters, digits, spaces, dots, - and _ only",
                "\udcff": "a name has letters, digits, spaces, dots, - and _ only",
            },
        )
        self.assertEqual(files_left_out("postgresql://h/d"), {})
