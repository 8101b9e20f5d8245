"""
`dartio_tut.store`: notes in a folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.store import NoSuchEntry, Notes, StoreFull, StoreUnavailable, open_notes
from dartio_tut.store.folder import folder_lock

from .support.disk_faults import failing, no_flushes, same_file
from .support.store_suite import ODD_NOTES, NotesSuite, SynchronousResults


class FolderNotesTests(SynchronousResults, NotesSuite, SynchronousTestCase):
    """Notes in a folder."""

    def setUp(self) -> None:
        no_flushes(self)
        self.folder = Path(self.mktemp())
        self.file = self.folder / "notes.txt"

    def open(self) -> Notes:
        return open_notes(str(self.folder), run=maybeDeferred)

    def test_notes_survive_a_restart(self) -> None:
        for note in ODD_NOTES:
            self.result_of(self.open().append(note))
        self.assertEqual(self.result_of(self.open().entry(2)), ODD_NOTES[2])

    def test_notes_are_lines_of_a_text_file(self) -> None:
        notes = self.open()
        for note in ("Buy milk", "two\nlines", "a\\b"):
            self.result_of(notes.append(note))
        self.assertEqual(self.file.read_text(), "Buy milk\ntwo\\nlines\na\\\\b\n")

    def test_a_person_may_edit_the_file(self) -> None:
        notes = self.open()
        self.result_of(notes.append("one"))
        self.file.write_bytes("zero\r\nC:\\temp\nopen end é\xff".encode("latin-1"))
        self.assertEqual(self.result_of(notes.count()), 3)
        self.assertEqual(self.result_of(notes.entry(0)), "zero")
        self.assertEqual(self.result_of(notes.entry(1)), "C:\\temp")
        self.assertEqual(self.result_of(notes.append("next")), 3)
        self.assertEqual(self.result_of(notes.entry(3)), "next")
        self.assertEqual(self.result_of(notes.entry(2)), "open end \ufffd\ufffd")

    def test_removed_file_begins_again_at_zero(self) -> None:
        notes = self.open()
        self.result_of(notes.append("one"))
        self.file.unlink()
        self.assertEqual(self.result_of(notes.count()), 0)
        self.assertEqual(self.result_of(notes.append("first again")), 0)

    def test_append_flushes_once_before_it_fires(self) -> None:
        synced: list[int] = []
        self.patch(os, "fsync", synced.append)
        notes = self.open()
        synced.clear()
        self.result_of(notes.append("one"))
        self.assertEqual(len(synced), 1)

    def test_failed_append_leaves_nothing(self) -> None:
        for call in ("fsync", "write"):
            for number, error in ((28, StoreFull), (122, StoreFull), (5, OSError)):
                notes = self.open()
                token = f"{call} {number}"
                before = self.result_of(notes.append("one"))
                content = self.file.read_bytes()
                with failing(self, call, number, self.file):
                    self.failure_of(notes.append("lost", token), error)
                self.assertEqual(self.file.read_bytes(), content, call)
                # Another's note of the same text is not taken for it.
                self.assertEqual(self.result_of(notes.append("lost")), before + 1)
                self.assertEqual(
                    self.result_of(notes.append("lost", token)), before + 2
                )
                self.assertEqual(self.result_of(notes.entry(before + 2)), "lost")

    def test_short_write_leaves_nothing(self) -> None:
        notes = self.open()
        self.result_of(notes.append("one"))
        write = os.write

        def short(descriptor: int, content: bytes) -> int:
            if not same_file(descriptor, self.file):
                return write(descriptor, content)
            if len(content) < 4:
                raise OSError(28, "No space left on device")
            return write(descriptor, content[:4])

        patched = self.patch(os, "write", short)
        self.failure_of(notes.append("lost one"), StoreFull)
        patched.restore()
        self.assertEqual(self.file.read_bytes(), b"one\n")
        self.assertEqual(self.result_of(notes.append("two")), 1)

    def test_failed_note_is_taken_back_later_if_not_at_once(self) -> None:
        """No note joins what a failed one has left, in this store or another."""
        notes, other = self.open(), self.open()
        self.result_of(notes.append("one"))
        write = os.write

        def torn(descriptor: int, content: bytes) -> int:
            if not same_file(descriptor, self.file):
                return write(descriptor, content)
            if len(content) < 4:
                raise OSError(5, "Input/output error")
            return write(descriptor, content[:4])

        with failing(self, "ftruncate", 5, self.file):
            patched = self.patch(os, "write", torn)
            self.failure_of(notes.append("lost", "t"), OSError)
            patched.restore()
            self.assertEqual(self.file.read_bytes(), b"one\nlost")
            self.failure_of(notes.append("not yet"), OSError)
            self.failure_of(other.count(), OSError)
        self.assertEqual(len(self.flushLoggedErrors()), 0)
        self.assertEqual(self.result_of(other.count()), 1)
        self.assertEqual(self.result_of(notes.append("two", "t")), 1)
        self.assertEqual(self.file.read_bytes(), b"one\ntwo\n")

    def test_reads_do_not_wait_for_a_flush(self) -> None:
        notes = self.open()
        self.result_of(notes.append("one"))
        fsync, read = os.fsync, []

        def nobody_waits(descriptor: int, how: int) -> None:
            raise AssertionError("a read waits for the lock")

        def flushing(descriptor: int) -> None:
            patched = self.patch(folder_lock, "flock", nobody_waits)
            read.append(self.result_of(notes.entry(0)))
            read.append(self.result_of(notes.count()))
            self.failure_of(notes.entry(1), NoSuchEntry)
            patched.restore()
            fsync(descriptor)

        self.patch(os, "fsync", flushing)
        self.assertEqual(self.result_of(notes.append("two")), 1)
        self.assertEqual(read, ["one", 1])

    def test_append_writes_journal_then_tokens_then_notes(self) -> None:
        notes = self.open()
        calls: list[str] = []

        def named(descriptor: int) -> str:
            return os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))

        for call in ("write", "fsync"):
            original = getattr(os, call)

            def recorded(
                descriptor: int,
                *rest: object,
                original: Any = original,
                call: str = call,
            ) -> Any:
                calls.append(f"{call} {named(descriptor)}")
                return original(descriptor, *rest)

            self.patch(os, call, recorded)
        done = notes.append("one").addCallback(lambda _: calls.append("told"))
        self.result_of(done)
        plain = ["write .notes", "write notes.txt", "fsync notes.txt", "write .notes"]
        self.assertEqual(calls, [*plain, "told"])
        self.result_of(notes.append("two", "t0"))
        calls.clear()
        self.result_of(notes.append("three", "t1"))
        tokens = ["write .notes-tokens", "fsync .notes-tokens"]
        self.assertEqual(calls, [plain[0], *tokens, *plain[1:]])

    def test_reads_go_on_when_nothing_can_be_written(self) -> None:
        notes = self.open()
        self.result_of(notes.append("one"))
        with failing(self, "write", 28):
            self.failure_of(notes.append("lost"), StoreFull)
            self.assertEqual(self.result_of(notes.entry(0)), "one")


class EditedFileTests(SynchronousResults, SynchronousTestCase):
    """A person's edits, and other processes."""

    def setUp(self) -> None:
        no_flushes(self)
        self.folder = Path(self.mktemp())
        self.file = self.folder / "notes.txt"

    def open(self) -> Notes:
        return open_notes(str(self.folder), run=maybeDeferred)

    def all(self, notes: Notes) -> list[str]:
        found: list[str] = self.result_of(notes.entries(0, 1000))
        return found

    def test_two_stores_of_one_folder_share_the_numbers(self) -> None:
        one, two = self.open(), self.open()
        for number in range(0, 30, 3):
            self.assertEqual(self.result_of(one.append(f"{number}")), number)
            self.assertEqual(self.result_of(two.append(f"{number + 1}")), number + 1)
            self.assertEqual(self.result_of(two.append(f"{number + 2}")), number + 2)
            self.assertEqual(self.result_of(one.count()), number + 3)
            self.assertEqual(self.result_of(one.entry(number + 2)), str(number + 2))
        self.assertEqual(self.all(one), [str(n) for n in range(30)])

    def test_only_lines_of_another_store_are_read(self) -> None:
        one, two = self.open(), self.open()
        for _ in range(100):
            self.result_of(one.append("x" * 100))
        self.result_of(two.count())
        self.result_of(one.append("new"))
        read: list[int] = []
        pread = os.pread

        def recorded(descriptor: int, length: int, offset: int) -> bytes:
            if same_file(descriptor, self.file):
                read.append(offset)
            return pread(descriptor, length, offset)

        self.patch(os, "pread", recorded)
        self.assertEqual(self.result_of(two.count()), 101)
        # Beside the new line, only the last kilobyte is read, for the journal.
        self.assertGreaterEqual(min(read), 10100 - 1024)

    def test_edit_in_place_is_read_again(self) -> None:
        one, two = self.open(), self.open()
        for note in "abc":
            self.result_of(one.append(note))
        self.assertEqual(self.all(two), ["a", "b", "c"])
        self.file.write_bytes(b"begin\na\nb\nc\nend\n")
        self.assertEqual(self.result_of(one.append("more")), 5)
        self.assertEqual(self.all(two), ["begin", "a", "b", "c", "end", "more"])

    def test_replaced_file_is_read_again(self) -> None:
        one, two = self.open(), self.open()
        self.result_of(one.append("a"))
        self.result_of(two.append("b"))
        edited = self.folder / "edited"
        edited.write_bytes(b"A\nB\nC")
        edited.rename(self.file)
        self.assertEqual(self.result_of(one.count()), 3)
        self.assertEqual(self.result_of(two.append("d")), 3)
        self.assertEqual(self.all(one), ["A", "B", "C", "d"])

    def test_append_follows_a_file_replaced_meanwhile(self) -> None:
        notes = self.open()
        self.result_of(notes.append("a"))
        fsync, edits = os.fsync, [b"A\nB\n"]

        def replaced(descriptor: int) -> None:
            fsync(descriptor)
            if same_file(descriptor, self.file) and edits:
                edited = self.folder / "edited"
                edited.write_bytes(edits.pop())
                edited.rename(self.file)

        self.patch(os, "fsync", replaced)
        self.assertEqual(self.result_of(notes.append("c", "t")), 2)
        self.assertEqual(self.result_of(notes.append("c", "t")), 2)
        self.assertEqual(self.file.read_bytes(), b"A\nB\nc\n")
        edits.extend([b"1\n"] * 9)
        self.failure_of(notes.append("never"), StoreUnavailable)

    def test_line_added_behind_a_new_note_is_kept(self) -> None:
        notes = self.open()
        self.result_of(notes.append("a"))
        fsync, theirs = os.fsync, [b"theirs\n"]

        def added(descriptor: int) -> None:
            fsync(descriptor)
            if same_file(descriptor, self.file) and theirs:
                with self.file.open("ab") as file:
                    file.write(theirs.pop())

        self.patch(os, "fsync", added)
        self.assertEqual(self.result_of(notes.append("mine")), 1)
        self.assertEqual(self.result_of(notes.append("next")), 3)
        self.assertEqual(self.all(notes), ["a", "mine", "theirs", "next"])

    def test_open_last_line_is_a_note(self) -> None:
        self.result_of(self.open().append("a"))
        with self.file.open("ab") as file:
            file.write(b"open")
        for notes in (self.open(), self.open()):
            self.assertEqual(self.all(notes), ["a", "open"])
        self.assertEqual(self.result_of(notes.append("b")), 2)
        self.assertEqual(self.file.read_bytes(), b"a\nopen\nb\n")

    def test_open_last_line_ended_by_another_store_is_one_note(self) -> None:
        one, two = self.open(), self.open()
        self.file.write_bytes(b"open")
        for notes in (one, two):
            self.assertEqual(self.all(notes), ["open"])
        self.assertEqual(self.result_of(one.append("a")), 1)
        self.assertEqual(self.result_of(two.count()), 2)
        self.assertEqual(self.result_of(two.entry(1)), "a")

    def test_removed_journal_is_made_again(self) -> None:
        one, two = self.open(), self.open()
        self.result_of(one.append("a"))
        self.assertEqual(self.all(two), ["a"])
        (self.folder / ".notes").unlink()
        self.file.write_bytes(b"A\nB\nopen")
        for notes in (one, two):
            self.assertEqual(self.all(notes), ["A", "B", "open"])
        self.assertEqual(self.result_of(two.append("c")), 3)
        self.assertEqual(self.result_of(one.count()), 4)
