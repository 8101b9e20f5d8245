"""
`dartio_tut.store`: documents in a folder.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.store import (
    ABSENT,
    PRESENT,
    Conflict,
    Documents,
    IdempotencyKeyReused,
    InvalidName,
    NameTaken,
    NoSuchEntry,
    Quota,
    StoreFull,
    StoreUnavailable,
    open_documents,
    open_notes,
)
from dartio_tut.store.folder.documents import open_folder_documents
from dartio_tut.store.folder.new_file import new_file

from .support.disk_faults import failing, no_flushes
from .support.store_suite import DocumentsSuite, SynchronousResults


class FolderDocumentsTests(SynchronousResults, DocumentsSuite, SynchronousTestCase):
    """Documents in a folder."""

    def setUp(self) -> None:
        no_flushes(self)
        self.folder = Path(self.mktemp())

    def open(self) -> Documents:
        return open_documents(str(self.folder), run=maybeDeferred)

    def test_each_document_is_a_file_of_its_name(self) -> None:
        self.successResultOf(self.open().put("file.txt", b"{}"))
        self.assertEqual(os.listdir(self.folder), ["file.txt"])
        self.assertEqual((self.folder / "file.txt").read_bytes(), b"{}")

    def test_list_tells_an_edit_that_leaves_size_and_time(self) -> None:
        documents, file = self.open(), self.folder / "file.txt"
        self.result_of(documents.put("file.txt", b"[1]"))
        (before,) = self.result_of(documents.list())
        status = file.stat()
        while self.changed_ns("another") <= status.st_ctime_ns:
            pass  # for some milliseconds the time of a change is the same
        file.write_bytes(b"[2]")
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        (after,) = self.result_of(documents.list())
        self.assertEqual(after[:4], before[:4])
        self.assertNotEqual(after, before)

    def changed_ns(self, name: str) -> int:
        """When a file, which is made now, was changed."""
        file = self.folder.with_name(f"{self.folder.name}-{name}")
        file.write_bytes(b"")
        return file.stat().st_ctime_ns

    def test_files_of_notes_are_not_documents(self) -> None:
        documents = self.open()
        self.result_of(documents.put("notes.txt", b"{}"))
        self.assertEqual(self.result_of(documents.get("notes.txt")).content, b"{}")
        with self.assertRaisesRegex(OSError, "a folder of their own") as caught:
            open_notes(str(self.folder), run=maybeDeferred)
        self.assertIn("notes.txt", str(caught.exception))
        self.assertEqual((self.folder / "notes.txt").read_bytes(), b"{}")
        (self.folder / ".notes").touch()
        notes = open_notes(str(self.folder), run=maybeDeferred)
        self.result_of(notes.append("Buy milk"))
        for name in ("notes.txt", "notes.torn", "NOTES.TXT", "Notes.Torn"):
            self.failure_of(documents.put(name, b"{}"), InvalidName)
            self.failure_of(documents.delete(name), InvalidName)
            self.failure_of(documents.get(name), InvalidName)
        self.assertEqual(self.result_of(documents.list()), [])
        self.assertEqual(self.result_of(notes.entry(1)), "Buy milk")

    def test_content_is_flushed_before_the_rename(self) -> None:
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

    def test_a_failed_put_leaves_the_old_document(self) -> None:
        documents = self.open()
        self.result_of(documents.put("file.txt", b"old"))
        for call, number, error in (
            ("write", 28, StoreFull),
            ("write", 5, OSError),
            ("fsync", 122, StoreFull),
            ("fsync", 5, OSError),
            ("replace", 28, StoreFull),
            ("replace", 5, OSError),
        ):
            with failing(self, call, number):
                self.failure_of(documents.put("file.txt", b"new"), error)
            self.assertEqual(os.listdir(self.folder), ["file.txt"])
            self.assertEqual(self.result_of(documents.get("file.txt")).content, b"old")

    def test_a_failed_flush_of_the_folder_is_unavailable(self) -> None:
        documents = self.open()
        self.result_of(documents.put("b", b"1", None, "b"))
        with failing(self, "fsync", 5, self.folder):
            self.failure_of(documents.put("a", b"1", ABSENT, "t"), StoreUnavailable)
            self.failure_of(documents.delete("b"), StoreUnavailable)
        self.result_of(documents.put("a", b"1", ABSENT, "t"))
        self.result_of(documents.put("a", b"2"))
        self.result_of(documents.put("a", b"1", ABSENT, "t"))
        self.assertEqual(self.result_of(documents.get("a")).content, b"2")

    def test_a_token_whose_rename_failed_can_be_used_again(self) -> None:
        documents, other = self.open(), self.open()
        for number, store in enumerate((documents, other, self.open())):
            with failing(self, "replace", 5):
                self.failure_of(documents.put("a", b"1", None, f"t{number}"), OSError)
            self.result_of(store.put("a", b"2", None, f"t{number}"))

    def test_a_put_fails_when_its_token_cannot_be_written(self) -> None:
        documents = self.open()
        self.result_of(documents.put("a", b"1", None, "t"))
        tokens = self.folder / ".documents-tokens"
        for call in ("write", "fsync"):
            with failing(self, call, 28, tokens):
                self.failure_of(documents.put("a", b"2", None, "u"), StoreFull)
                self.result_of(documents.put("b", b"2"))
                self.result_of(documents.delete("b"))
            self.assertEqual(self.result_of(documents.get("a")).content, b"1")
        self.result_of(documents.put("a", b"2", None, "u"))

    def test_tokens_are_shared_by_all_stores_of_a_folder(self) -> None:
        one, two = self.open(), self.open()
        self.result_of(one.put("a", b"1", ABSENT, "t"))
        self.result_of(two.put("a", b"1", ABSENT, "t"))
        self.result_of(self.open().put("a", b"1", ABSENT, "t"))
        self.failure_of(two.put("a", b"2", None, "t"), IdempotencyKeyReused)

    def test_expected_versions_hold_between_two_stores(self) -> None:
        one, two = self.open(), self.open()
        version = self.result_of(one.put("a", b"1"))
        self.result_of(two.put("a", b"2", {version}))
        self.failure_of(one.put("a", b"3", {version}), Conflict)

    def test_what_is_no_document(self) -> None:
        documents = self.open()
        self.result_of(documents.put("real", b"1"))
        os.symlink("real", self.folder / "link")
        os.mkfifo(self.folder / "fifo")
        (self.folder / "folder").mkdir()
        for hidden in (".hidden", ".new-1", "a:b"):
            (self.folder / hidden).write_bytes(b"1")
        (self.folder / os.fsdecode(b"\xff")).write_bytes(b"1")
        (info,) = self.result_of(documents.list())
        self.assertEqual((info.name, info.size), ("real", 1))
        for name in ("link", "fifo", "folder"):
            self.failure_of(documents.get(name), NoSuchEntry)
            self.failure_of(documents.delete(name), NoSuchEntry)
            self.failure_of(documents.put(name, b"2", PRESENT), Conflict)
            self.failure_of(documents.put(name, b"2"), NameTaken)
            self.failure_of(documents.put(name, b"2", ABSENT), NameTaken)
        self.assertEqual(self.result_of(documents.get("real")).content, b"1")
        self.assertTrue((self.folder / "link").is_symlink())
        self.assertTrue((self.folder / "fifo").is_fifo())
        self.assertTrue((self.folder / "folder").is_dir())

    def test_left_over_files_are_removed_unless_they_are_open(self) -> None:
        self.open()
        (self.folder / ".new-0123456789abcdef").write_bytes(b"half")
        being_written = new_file(self.folder, ".new-")
        self.open()
        self.assertEqual(os.listdir(self.folder), [being_written.path.name])
        being_written.discard()

    def test_new_files_have_modes_by_the_umask(self) -> None:
        self.addCleanup(os.umask, os.umask(0o027))
        self.result_of(self.open().put("a", b"1", None, "t"))
        for name in ("a", ".documents-tokens"):
            mode = os.stat(self.folder / name).st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o640, name)
        self.assertEqual(stat.S_IMODE(os.stat(self.folder).st_mode), 0o750)


class QuotaTests(SynchronousResults, SynchronousTestCase):
    """How much may be stored."""

    def setUp(self) -> None:
        no_flushes(self)
        self.folder = str(Path(self.mktemp()))
        self.now = 0.0

    def open(self, quota: Quota) -> Documents:
        return open_folder_documents(
            self.folder, quota, run=maybeDeferred, now=lambda: self.now
        )

    def test_number_of_documents_is_limited(self) -> None:
        quota = Quota(documents=2)
        one, two = self.open(quota), self.open(quota)
        self.result_of(one.put("a", b"1"))
        self.result_of(two.put("b", b"1"))
        for documents in (one, two):
            failure = self.failure_of(documents.put("c", b"1"), StoreFull)
            self.assertIn("2 documents", str(failure.value))
            self.result_of(documents.put("a", b"22"))
        self.result_of(two.delete("a"))
        self.result_of(one.put("c", b"1"))
        self.failure_of(one.put("d", b"1"), StoreFull)

    def test_total_size_is_limited(self) -> None:
        documents = self.open(Quota(size=10))
        self.result_of(documents.put("a", b"12345678"))
        self.failure_of(documents.put("b", b"123"), StoreFull)
        self.result_of(documents.put("b", b"12"))
        self.failure_of(documents.put("a", b"123456789"), StoreFull)
        self.result_of(documents.put("a", b"1"))
        self.result_of(documents.put("c", b"1234567"))

    def test_a_failed_put_does_not_count(self) -> None:
        documents = self.open(Quota(documents=1))
        for _ in range(3):
            with failing(self, "replace", 5):
                self.failure_of(documents.put("a", b"1"), OSError)
        self.result_of(documents.put("a", b"1"))

    def test_changes_by_hand_are_counted_in_time(self) -> None:
        documents = self.open(Quota(documents=2))
        self.result_of(documents.put("a", b"1"))
        Path(self.folder, "by hand").write_bytes(b"")
        self.now += 60
        self.failure_of(documents.put("b", b"1"), StoreFull)
        Path(self.folder, "by hand").unlink()
        self.failure_of(documents.put("b", b"1"), StoreFull)  # not counted each time
        self.now += 1
        self.result_of(documents.put("b", b"1"))

    def test_documents_of_others_who_have_no_limit_count(self) -> None:
        limited, other = self.open(Quota(documents=3)), self.open(Quota())
        self.result_of(limited.put("a", b"1"))
        for name in ("b", "c"):
            self.result_of(other.put(name, b"1"))
        self.failure_of(limited.put("d", b"1"), StoreFull)
        self.result_of(other.delete("b"))
        self.result_of(limited.put("d", b"1"))
        self.failure_of(limited.put("e", b"1"), StoreFull)

    def test_no_count_without_a_limit(self) -> None:
        self.result_of(self.open(Quota()).put("a", b"1"))
        self.assertEqual(os.listdir(self.folder), ["a"])

    def test_free_bytes_of_the_disk_are_kept(self) -> None:
        documents = self.open(Quota(free=1 << 60))
        failure = self.failure_of(documents.put("a", b"1"), StoreFull)
        self.assertIn("free", str(failure.value))
