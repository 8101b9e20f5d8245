"""
A store's folder that cannot be locked, is gone, or is another one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES, EBADF, EDQUOT, EIO, ENOLCK, ENOSPC, ENOTCONN, ESTALE
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.store import (
    Quota,
    StoreFull,
    StoreUnavailable,
    open_documents,
    open_notes,
)
from dartio_tut.store.folder import folder_lock
from dartio_tut.store.folder.notes_file import NEW_TOKENS_PREFIX
from dartio_tut.store.folder.token_log import IdempotencyLog, is_note_number

from .support.folder_case import FolderCase


class LoggedCase(FolderCase):
    """What is logged meanwhile is kept."""

    def setUp(self) -> None:
        super().setUp()
        self.logged: list[str] = []
        observe: Any = lambda event: self.logged.append(formatEvent(event))  # noqa: E731
        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)


class HeldLockTests(LoggedCase):
    """Another process holds the lock, and is stopped."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(folder_lock, "LOCK_SECONDS", 0.02)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock, as another process would."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            flock(descriptor, LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def test_writes_are_unavailable_and_reads_go_on(self) -> None:
        notes, documents = self.with_notes("a"), self.documents()
        self.result_of(documents.put("a", b"1"))
        with self.held():
            for _ in range(3):
                failure = self.failure_of(notes.append("b"), StoreUnavailable)
                self.assertEqual(failure.value.retry_after, 5)
                self.failure_of(documents.put("b", b"1"), StoreUnavailable)
                self.failure_of(documents.delete("a"), StoreUnavailable)
                self.failure_of(notes.delete(0), StoreUnavailable)
            self.assertEqual(self.all(notes), ["a"])
            self.assertEqual(self.result_of(documents.get("a")).content, b"1")
            self.assertEqual(len(self.result_of(documents.list())), 1)
            self.result_of(notes.close())
        warnings = [line for line in self.logged if "has held the lock" in line]
        self.assertEqual(len(warnings), 2)  # one for each store
        self.assertIn(f"process {os.getpid()} (", warnings[0])
        self.assertIn(str(self.folder), warnings[0])

    def test_works_again_when_the_lock_is_free(self) -> None:
        notes = self.with_notes("a")
        with self.held():
            self.failure_of(notes.append("b"), StoreUnavailable)
        lock = folder_lock.FolderLock(self.folder)
        with lock.held():
            pass  # so the thread that waited had the lock, and has let go of it
        self.patch(folder_lock, "LOCK_SECONDS", 5.0)
        self.assertEqual(self.all(self.notes()), ["a"])

    def test_reads_see_what_another_process_has_acknowledged(self) -> None:
        notes, other = self.with_notes("a"), self.notes()
        self.result_of(other.append("b"))
        with self.held():
            self.add_by_hand(b"not yet")  # that process is about to add it
            self.assertEqual(self.all(notes), ["a", "b"])
            self.assertEqual(self.result_of(notes.count()), 2)

    def test_opening_fails_with_one_line(self) -> None:
        self.with_notes("a")
        with self.held():
            for opening in (open_notes, open_documents):
                with self.assertRaisesRegex(OSError, "holds the lock") as caught:
                    opening(str(self.folder))
                self.assertEqual(caught.exception.filename, str(self.folder))

    def test_network_file_system_is_named(self) -> None:
        self.folder.mkdir()
        for number in (EBADF, ENOLCK):

            def refused(descriptor: int, how: int, number: int = number) -> None:
                raise OSError(number, os.strerror(number))

            patched = self.patch(folder_lock, "flock", refused)
            with self.assertRaisesRegex(OSError, "network file system") as caught:
                self.notes()
            self.assertEqual(caught.exception.filename, str(self.folder))
            patched.restore()


class FolderGoneTests(LoggedCase):
    """The folder is moved away, or another one takes its place."""

    def test_everything_is_unavailable_and_nothing_is_made(self) -> None:
        notes, documents = self.with_notes("a"), self.documents()
        self.result_of(documents.put("a", b"1"))
        elsewhere = self.folder.with_name("elsewhere")
        self.folder.rename(elsewhere)
        for is_mount_point in (False, True):
            if is_mount_point:
                self.folder.mkdir()
            for failing in (
                notes.append("b"),
                notes.entry(0),
                notes.entries(0, 9),
                notes.count(),
                notes.state(),
                notes.delete(0),
                documents.get("a"),
                documents.get("b"),
                documents.list(),
                documents.put("a", b"2"),
                documents.delete("a"),
            ):
                self.failure_of(failing, StoreUnavailable)
            if is_mount_point:
                self.assertEqual(os.listdir(self.folder), [])
        self.folder.rmdir()
        elsewhere.rename(self.folder)
        self.assertEqual(self.all(notes), ["a"])
        self.assertEqual(self.result_of(documents.get("a")).content, b"1")
        self.result_of(documents.put("a", b"2"))
        self.result_of(notes.append("b"))
        said = [line for line in self.logged if "cannot be used" in line]
        self.assertEqual(len(said), 2)  # one for each store
        self.assertEqual(sum("is back" in line for line in self.logged), 2)

    def test_folder_that_cannot_be_read_is_unavailable(self) -> None:
        notes, documents = self.with_notes("a"), self.documents()
        for number in (ESTALE, ENOTCONN, EIO):

            def failed(*args: Any, number: int = number, **more: Any) -> Any:
                raise OSError(number, os.strerror(number))

            patches = [self.patch(os, call, failed) for call in ("open", "stat")]
            for failing in (
                notes.append("b"),
                notes.entry(0),
                documents.get("a"),
                documents.list(),
                documents.put("a", b"1"),
            ):
                self.failure_of(failing, StoreUnavailable)
            for patch in patches:
                patch.restore()

    def test_opening_tells_why_the_folder_cannot_be_used(self) -> None:
        original = os.open

        def refused(path: Any, *args: Any, **more: Any) -> int:
            if str(path) == str(self.folder):
                raise OSError(EACCES, os.strerror(EACCES), str(path))
            return original(path, *args, **more)

        self.folder.mkdir(exist_ok=True)
        self.patch(os, "open", refused)
        for opened in (open_notes, open_documents):
            error = self.assertRaises(OSError, opened, str(self.folder))
            self.assertEqual(error.errno, EACCES)

    def test_opening_names_the_folder_if_no_file_can_be_made_in_it(self) -> None:
        original = os.open

        def refused(path: Any, flags: int, *rest: Any, **more: Any) -> int:
            if flags & os.O_CREAT:
                raise OSError(EACCES, os.strerror(EACCES), str(path))
            return original(path, flags, *rest, **more)

        self.folder.mkdir(exist_ok=True)
        self.patch(os, "open", refused)
        error = self.assertRaises(PermissionError, open_documents, str(self.folder))
        self.assertEqual(error.filename, str(self.folder))

    def test_folder_that_may_not_be_opened_is_not_back_because_reads_work(self) -> None:
        documents = self.documents()
        self.result_of(documents.put("a", b"1"))
        original = os.open

        def refused(path: Any, *args: Any, **more: Any) -> int:
            if str(path) == str(self.folder):
                raise OSError(EACCES, os.strerror(EACCES), str(path))
            return original(path, *args, **more)

        patch = self.patch(os, "open", refused)
        for _ in range(3):
            self.failure_of(documents.delete("a"), StoreUnavailable)
            self.assertEqual(self.result_of(documents.get("a")).content, b"1")
        patch.restore()
        self.result_of(documents.delete("a"))
        self.assertEqual(sum("cannot be used" in line for line in self.logged), 1)
        self.assertEqual(sum("is back" in line for line in self.logged), 1)


class NoRoomForFilesTests(FolderCase):
    """A disk that has no inodes left, or whose quota does not allow another file."""

    @contextmanager
    def no_new_files(self, number: int) -> Iterator[None]:
        original = os.open

        def full(path: Any, flags: int, *rest: Any, **more: Any) -> int:
            makes = flags & os.O_CREAT and not os.path.lexists(path)
            if makes or flags & os.O_TMPFILE == os.O_TMPFILE:
                raise OSError(number, os.strerror(number), str(path))
            return original(path, flags, *rest, **more)

        patch = self.patch(os, "open", full)
        try:
            yield
        finally:
            patch.restore()

    def test_store_is_full(self) -> None:
        notes, documents = self.with_notes(), self.documents()
        self.result_of(documents.put("a", b"1"))
        for number in (ENOSPC, EDQUOT):
            with self.no_new_files(number):
                self.failure_of(documents.put("b", b"1"), StoreFull)
                self.failure_of(documents.put("a", b"2", None, "t"), StoreFull)
                self.failure_of(notes.append("a", "t"), StoreFull)
                self.assertEqual(self.result_of(documents.get("a")).content, b"1")
            self.file.unlink(missing_ok=True)
            with self.no_new_files(number):
                self.failure_of(notes.append("a"), StoreFull)
                self.assertEqual(self.all(notes), [])
            self.result_of(notes.append("a"))
            self.result_of(notes.delete(0))
            self.file.unlink()


class FilesOfAPersonTests(FolderCase):
    """What a person keeps in the folder of a store."""

    def test_files_that_only_look_like_ours_are_left_alone(self) -> None:
        self.folder.mkdir()
        names = (".new-draft.txt", ".new-0123456789abcdeg", ".notes-new-draft", ".new-")
        for name in names:
            (self.folder / name).write_bytes(b"mine")
        for name in (".new-x", ".new-0123456789abcdef", ".notes-new-0123456789abcdef"):
            (self.folder / name).mkdir()
            (self.folder / name / "mine").write_bytes(b"mine")
        self.documents()
        self.notes()
        for name in names:
            self.assertEqual((self.folder / name).read_bytes(), b"mine")
        self.assertEqual(len(list(self.folder.glob("*/mine"))), 3)

    def test_document_called_notes_txt_is_not_taken_for_notes(self) -> None:
        self.folder.mkdir()
        self.file.write_bytes(b'{"a": 1}')
        self.documents()
        with self.assertRaisesRegex(OSError, "a folder of their own"):
            self.notes()
        self.assertEqual(self.file.read_bytes(), b'{"a": 1}')

    def test_notes_txt_of_a_person_is_taken_over(self) -> None:
        self.folder.mkdir()
        self.file.write_bytes(b"Buy milk\n")
        (self.folder / "readme.txt").write_bytes(b"mine")
        self.assertEqual(self.all(self.notes()), ["Buy milk"])

    def test_modes_of_documents_are_kept(self) -> None:
        documents = self.documents()
        for mode in (0o600, 0o640, 0o444, 0o755):
            self.result_of(documents.put("a", b"1"))
            (self.folder / "a").chmod(mode)
            self.result_of(documents.put("a", b"2"))
            self.assertEqual((self.folder / "a").stat().st_mode & 0o7777, mode)

    def test_only_root_gives_files_away(self) -> None:
        documents = self.documents()
        self.result_of(documents.put("a", b"1"))
        given: list[Any] = []
        self.patch(os, "fchown", lambda *given_to: given.append(given_to))
        lstat = os.lstat

        def of_another(path: Any, **more: Any) -> os.stat_result:
            fields = list(lstat(path, **more))
            fields[4] += 1  # the user
            return os.stat_result(fields)

        self.patch(os, "lstat", of_another)
        for user, times in ((1000, 0), (0, 1)):
            self.patch(os, "geteuid", lambda user=user: user)
            self.result_of(documents.put("a", b"2"))
            self.assertEqual(len(given), times)

    def test_nothing_is_left_of_what_is_being_written(self) -> None:
        documents = open_documents(str(self.folder), run=maybeDeferred)
        fsync, found = os.fsync, []

        def flushing(descriptor: int) -> None:
            found.append(sorted(os.listdir(self.folder)))
            fsync(descriptor)

        self.patch(os, "fsync", flushing)
        self.result_of(documents.put("a", b"1"))
        self.assertEqual(found, [[], ["a"]])

    def test_names_with_capital_letters_of_reserved_files(self) -> None:
        self.with_notes("a")
        documents = self.documents()
        for name in ("NOTES.TXT", "notes.TORN", "Notes.txt"):
            failure = self.failure_of(documents.put(name, b"1"), ValueError)
            self.assertIn("notes are kept", str(failure.value))
        self.assertEqual(Path(self.file).read_bytes(), b"a\n")


class StrangeFilesTests(SynchronousTestCase):
    """What somebody has put into a store's folder."""

    def test_fifo_in_the_place_of_the_tokens_is_an_error_not_a_hang(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        os.mkfifo(folder / ".notes-tokens")
        tokens = IdempotencyLog(
            folder / ".notes-tokens", NEW_TOKENS_PREFIX, is_note_number, lambda: 0.0
        )
        self.assertRaises(OSError, tokens._content, 0, 1)

    def test_fifo_in_the_place_of_the_count_is_an_error_not_a_hang(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        os.mkfifo(folder / ".documents")
        for quota in (Quota(documents=5), Quota(size=5)):
            error = self.assertRaises(OSError, open_documents, str(folder), quota)
            self.assertIn("Not a regular file", str(error))
        open_documents(str(folder), run=maybeDeferred)  # nothing is counted
        self.assertTrue((folder / ".documents").is_fifo())

    def test_document_with_the_name_of_the_notes_in_capitals(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / ".documents").write_bytes(b"")
        (folder / "NOTES.TXT").write_bytes(b"{}")
        error = self.assertRaises(OSError, open_notes, str(folder))
        self.assertIn("documents are kept in this folder", str(error))
