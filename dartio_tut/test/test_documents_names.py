"""
`dartio_tut.store.folder.documents_names`: one scan as long as a folder is the same.
"""

from __future__ import annotations

import os
import time
from typing import Any
from unicodedata import normalize

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.store import (
    ABSENT,
    PRESENT,
    Conflict,
    InvalidName,
    MemoryDocuments,
    NameTaken,
    NoSuchEntry,
    StoreUnavailable,
    copying,
)
from dartio_tut.store.folder import documents, documents_files, documents_names
from dartio_tut.store.folder.disk import DEFAULT_QUOTA, TIME_STEP_NS, make_later
from dartio_tut.store.folder.documents import open_folder_documents
from dartio_tut.store.names import fold_name

from .support.folder_case import FolderCase
from .test_group_commit import ManualThread


class ScanTests(FolderCase):
    """How often the folder is scanned."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(documents_names, "TICK_NS", -1)  # no scan is too fresh
        self.scans = 0
        original = documents_files.scan_names

        def scanned(folder: Any) -> list[str]:
            self.scans += 1
            return original(folder)

        self.patch(documents_names, "scan_names", scanned)

    def names(self, documents: Any, *asked: Any) -> list[str]:
        return [info.name for info in self.result_of(documents.list(*asked))]

    def test_a_copy_takes_as_many_scans_however_much_there_is(self) -> None:
        self.patch(copying, "PAGE_DOCUMENTS", 20)
        taken = []
        for count in (30, 90):
            source, target = (
                open_folder_documents(
                    str(self.folder / f"{name}-{count}"), run=maybeDeferred
                )
                for name in ("source", "target")
            )
            for number in range(count):
                path = self.folder / f"source-{count}" / f"{number:02}"
                path.write_bytes(b"1")
            self.scans = 0
            copied = self.result_of(
                Deferred.fromCoroutine(copying.copy_documents(source, target))
            )
            self.assertEqual(copied.written, count)
            taken.append(self.scans)
        self.assertEqual(taken[0], taken[1])

    def test_one_scan_for_many_lists(self) -> None:
        documents = self.documents()
        for number in range(30):
            (self.folder / f"{number:02}").write_bytes(b"1")
        found: list[str] = []
        while page := self.names(documents, "", found[-1] if found else "", 4):
            found += page
        self.assertEqual(found, [f"{number:02}" for number in range(30)])
        self.assertEqual(self.scans, 1)

    def test_own_changes_need_no_scan(self) -> None:
        documents = self.documents()
        self.result_of(documents.put("b", b"1"))
        self.scans = 0
        for name in ("a", "c", "b"):
            self.result_of(documents.put(name, b"2", None, name))
        self.result_of(documents.delete("b"))
        self.assertEqual(self.names(documents), ["a", "c"])
        self.assertEqual(self.names(documents, "", "a"), ["c"])
        self.assertEqual(self.scans, 0)

    def test_folder_that_goes_away_after_a_change_does_not_fail_it(self) -> None:
        documents, away = self.documents(), self.folder.with_name("away")
        original = documents_names.DocumentNames.change

        def changed(names: Any, *what: Any) -> None:
            self.folder.rename(away)
            original(names, *what)

        patched = self.patch(documents_names.DocumentNames, "change", changed)
        self.result_of(documents.put("a", b"1"))  # it is stored
        patched.restore()
        self.failure_of(documents.get("a"), StoreUnavailable)
        away.rename(self.folder)
        self.assertEqual(self.names(documents), ["a"])

    def test_changes_of_others_are_scanned(self) -> None:
        documents, other = self.documents(), self.documents()
        self.result_of(documents.put("b", b"1"))
        self.result_of(other.put("a", b"1"))
        self.assertEqual(self.names(documents), ["a", "b"])
        (self.folder / "c").write_bytes(b"1")
        self.assertEqual(self.names(documents), ["a", "b", "c"])
        (self.folder / "a").unlink()
        self.assertEqual(self.names(other), ["b", "c"])

    def test_change_by_hand_in_the_same_moment_is_seen(self) -> None:
        self.patch(documents_names, "TICK_NS", 10**12)
        documents = self.documents()
        self.result_of(documents.put("a", b"1"))
        self.assertEqual(self.names(documents), ["a"])
        before = self.folder.stat()
        (self.folder / "b").write_bytes(b"1")
        os.utime(self.folder, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.assertEqual(self.names(documents), ["a", "b"])

    def test_lists_that_wait_share_a_scan_and_are_limited(self) -> None:
        self.patch(documents, "MAX_WAITING_PAGES", 5)
        thread = ManualThread()
        store = open_folder_documents(str(self.folder), DEFAULT_QUOTA, thread)
        self.scans = 0
        lists: list[Deferred[Any]] = [store.list() for _ in range(5)]
        self.failure_of(store.list(), StoreUnavailable)
        self.assertEqual(len(thread.waiting), 1)
        thread.all()
        for each in lists:
            self.assertEqual(self.result_of(each), [])
        self.assertLessEqual(self.scans, 1)
        again = store.list()
        thread.all()
        self.assertEqual(self.result_of(again), [])


class WholeSecondsTests(FolderCase):
    """A file system that keeps times in whole seconds."""

    def test_what_another_process_does_in_the_same_second_is_seen(self) -> None:
        second = time.time_ns() // 10**9 * 10**9
        signed = (1, 2, second, second)
        self.patch(documents_names.DocumentNames, "_signed", lambda names: signed)
        one, other = self.documents(), self.documents()
        self.result_of(one.put("first.json", b"1"))
        self.result_of(other.put("readme.json", b"2"))
        self.failure_of(one.put("README.json", b"3"), NameTaken)
        names = [info.name for info in self.result_of(one.list())]
        self.assertEqual(names, ["first.json", "readme.json"])


class CaseIgnoringTests(FolderCase):
    """A file system that takes ``A.json`` and ``a.json`` for one name."""

    def setUp(self) -> None:
        super().setUp()
        self.folder.mkdir()
        listdir = os.listdir

        def real(path: Any) -> Any:
            """The name that the file has, whatever the case of *path*."""
            if not isinstance(path, str | os.PathLike):
                return path
            folder, name = os.path.split(path)
            if folder != str(self.folder):
                return path
            same = [
                each for each in listdir(folder) if fold_name(each) == fold_name(name)
            ]
            return os.path.join(folder, *(same or [name]))

        for call in ("lstat", "stat", "open", "unlink"):
            original = getattr(os, call)

            def one(
                path: Any, *rest: Any, original: Any = original, **more: Any
            ) -> Any:
                return original(real(path), *rest, **more)

            self.patch(os, call, one)
        replace = os.replace
        self.patch(os, "replace", lambda old, new: replace(real(old), real(new)))

    def test_names_are_told_apart_all_the_same(self) -> None:
        documents = self.documents()
        self.result_of(documents.put("a.json", b"1"))
        self.failure_of(documents.put("A.JSON", b"2"), NameTaken)
        self.failure_of(documents.put("A.JSON", b"2", ABSENT), NameTaken)
        self.failure_of(documents.put("A.JSON", b"2", PRESENT), Conflict)
        self.failure_of(documents.get("A.JSON"), NoSuchEntry)
        self.failure_of(documents.delete("A.JSON"), NoSuchEntry)
        self.result_of(documents.put("a.json", b"3", PRESENT))
        self.assertEqual(self.result_of(documents.get("a.json")).content, b"3")
        self.result_of(documents.delete("a.json"))
        self.result_of(documents.put("A.JSON", b"4"))
        self.assertEqual(os.listdir(self.folder), ["A.JSON"])

    def test_what_only_the_file_system_takes_for_one_name_is_not_replaced(self) -> None:
        documents = self.documents()
        self.result_of(documents.put("a.json", b"1"))
        self.patch(documents_names, "fold_name", lambda name: name)
        self.failure_of(documents.put("A.JSON", b"2"), NameTaken)
        self.result_of(documents.put("b.json", b"3"))
        self.assertEqual(self.result_of(documents.get("a.json")).content, b"1")

    def test_notes_are_not_replaced(self) -> None:
        self.with_notes("a")
        documents = self.documents()
        names = (
            "NOTES.TXT",
            "Notes.txt",
            "NOTES.torn",
            "notes\u034f.txt",
            "\ufe0fnotes.txt",
        )
        for name in names:
            self.failure_of(documents.put(name, b"1"), InvalidName)
            self.failure_of(documents.delete(name), InvalidName)
        self.assertEqual(self.file.read_bytes(), b"a\n")


class TwoStoresTests(FolderCase):
    """Two processes that change a folder within one tick of its clock."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(documents_names, "TICK_NS", -1)  # no scan is too fresh
        self.stores = [self.documents() for _ in range(2)]
        tick = os.stat(self.folder).st_mtime_ns
        signed = documents_names.DocumentNames._signed

        def without_change_time(names: Any) -> Any:
            return (*signed(names)[:3], 0)

        self.patch(documents_names.DocumentNames, "_signed", without_change_time)
        for name in ("replace", "unlink"):
            original = getattr(os, name)

            def ticking(*paths: Any, original: Any = original) -> None:
                original(*paths)
                os.utime(self.folder, ns=(tick, tick))

            self.patch(os, name, ticking)

    def test_each_sees_what_the_other_has_stored_or_deleted(self) -> None:
        one, other = self.stores
        names = self.names
        self.assertEqual([names(one), names(other)], [[], []])
        self.result_of(one.put("a", b"1"))
        self.result_of(other.put("b", b"1"))
        self.assertEqual([names(one), names(other)], [["a", "b"]] * 2)
        self.failure_of(one.put("B", b"1"), NameTaken)
        self.result_of(other.delete("b"))
        self.result_of(one.put("B", b"1"))
        self.result_of(other.put("a", b"2"))
        self.result_of(one.delete("B"))
        self.assertEqual([names(one), names(other)], [["a"]] * 2)
        self.result_of(other.delete("a"))
        self.assertEqual([names(one), names(other)], [[], []])

    def names(self, documents: Any) -> list[str]:
        return [info.name for info in self.result_of(documents.list())]


class FolderTimeTests(FolderCase):
    """What becomes of the folder's own time."""

    def test_time_of_the_future_does_not_stay(self) -> None:
        documents = self.documents()
        later = time.time_ns() + 10**17
        os.utime(self.folder, ns=(later, later))
        self.result_of(documents.put("a", b"1"))
        self.assertLess(os.stat(self.folder).st_mtime_ns, later)

    def test_time_is_another_one_within_a_tick(self) -> None:
        self.documents()
        descriptor = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        now = os.fstat(descriptor).st_mtime_ns
        later = now + TIME_STEP_NS
        for before, after in (
            (now - 1, now),
            (now, later),
            (later, later + TIME_STEP_NS),
            (later + 5 * TIME_STEP_NS, later + 6 * TIME_STEP_NS),
        ):
            make_later(descriptor, before)
            self.assertEqual(os.fstat(descriptor).st_mtime_ns, after)


class LongNameTests(FolderCase):
    """A file system that takes no path, or no name, of that length."""

    NAME = "n" * 250

    def setUp(self) -> None:
        super().setUp()
        while len(str(self.folder)) < 3850 - 201:  # PATH_MAX is 4096
            self.folder /= "d" * 200
        self.folder /= "d" * (3850 - len(str(self.folder)) - 1)

    def test_such_a_document_is_refused_and_is_not_there(self) -> None:
        documents = self.documents()
        self.result_of(documents.put("short", b"1"))
        self.failure_of(documents.put(self.NAME, b"1"), InvalidName)
        self.failure_of(documents.put(self.NAME, b"1", token="token"), InvalidName)
        self.failure_of(documents.delete(self.NAME), NoSuchEntry)
        self.failure_of(documents.get(self.NAME), NoSuchEntry)
        self.assertEqual(
            [info.name for info in self.result_of(documents.list())], ["short"]
        )
        self.assertFalse([n for n in os.listdir(self.folder) if "new" in n])

    def test_copying_leaves_it_out(self) -> None:
        source = MemoryDocuments()
        for name in ("short", self.NAME):
            self.result_of(source.put(name, b"1"))
        copied = self.result_of(
            Deferred.fromCoroutine(copying.copy_documents(source, self.documents()))
        )
        self.assertEqual((copied.written, list(copied.taken)), (1, [self.NAME]))


class TwinTests(FolderCase):
    """Files of a person whose names differ in case only."""

    def test_each_counts_until_it_is_gone(self) -> None:
        self.folder.mkdir()
        for name in ("a.json", "A.json", "a.JSON"):
            (self.folder / name).write_bytes(b"{}")
        documents = self.documents()
        self.result_of(documents.put("b.json", b"1"))
        for name in ("a.json", "a.JSON", "A.json"):
            self.failure_of(documents.put("A.JSON", b"2"), NameTaken)
            self.result_of(documents.delete(name))
        self.result_of(documents.put("A.JSON", b"2"))


class FoldingTests(SynchronousTestCase):
    """Which names are the same to a file system that ignores case and encoding."""

    def test_case_does_not_tell_names_apart_in_any_encoding_of_accents(self) -> None:
        for small, capital in (
            ("\u1fb7", "\u0391\u0342\u0345"),  # alpha: perispomeni, iota below
            ("\u1fc7", "\u0397\u0342\u0345"),
            ("\u1ff7", "\u03a9\u0342\u0345"),
            ("\u03ae\u0327\u0345", "\u0397\u0327\u0301\u0345"),
            ("\u1ec7", "\u1eb8\u0302"),
            ("\u01f0", "J\u030c"),
        ):
            with self.subTest(ascii(small)):
                self.assertEqual(
                    {
                        fold_name(normalize(form, name))
                        for form in ("NFC", "NFD")
                        for name in (small, capital)
                    },
                    {fold_name(small)},
                )

    def test_what_nobody_sees_does_not_tell_names_apart(self) -> None:
        for point in (0x34F, 0x115F, 0x17B4, 0x180D, 0x180F, 0x3164, 0xFE0F, 0xE0100):
            self.assertEqual(fold_name(f"no{chr(point)}tes"), "notes")
        self.assertNotEqual(fold_name("e\u0301"), "e")
