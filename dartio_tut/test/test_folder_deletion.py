"""
Notes of a folder are deleted where they are: the file stays, and so does all else in
it, at whatever moment the process, or the machine, goes down.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, product
from typing import Any

from twisted.internet.defer import maybeDeferred

from dartio_tut.store import (
    Deleted,
    Notes,
    Quota,
    StoreFull,
    StoreUnavailable,
    open_notes,
)
from dartio_tut.store.folder import line_index, notes_deletion, notes_file
from dartio_tut.store.folder.read_only import read_folder_notes

from .support.disk_faults import failing, same_file
from .support.folder_case import FolderCase, Killed
from .support.in_full import IN_FULL

TEXTS = ("", "b", "1234567", "12345678", "a note that is longer", "ž😀", "x" * 9000)
"""Shorter than the line of a deleted note, as long as that, and longer."""

CHANGING_CALLS = ("write", "fsync", "ftruncate", "link", "replace", "unlink")
"""The system calls that change what is on the disk."""


class DeletionCase(FolderCase):
    """A test of one folder, or of several, one after the other."""

    def setUp(self) -> None:
        super().setUp()
        self.base = self.folder
        # There are hundreds of folders, and trial takes its time to remove one.
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)

    def begin(self, name: str, *texts: str) -> Notes:
        """Go to another folder, with the notes *texts*."""
        self.folder = self.base / name
        self.file = self.folder / "notes.txt"
        self.torn = self.folder / "notes.torn"
        return self.with_notes(*texts)

    def open_again(self) -> Notes:
        """Open the notes of the folder, as another process does."""
        return self.notes()


class SameFileTests(DeletionCase):
    """The file stays, for whoever has it open or has linked it."""

    def test_program_that_appends_to_the_open_file_loses_nothing(self) -> None:
        for number, text in enumerate(TEXTS):
            notes = self.begin(str(number), "first", text, "last")
            with self.file.open("ab", buffering=0) as theirs:
                theirs.write(b"before\n")
                self.result_of(notes.delete(1))
                theirs.write(b"after\n")
                found = self.all(notes)
                self.assertEqual(found, ["first", None, "last", "before", "after"])
                self.result_of(notes.delete(0))
                theirs.write(b"at last\n")
            found = self.all(self.open_again())
            self.assertEqual(found, [None, None, "last", "before", "after", "at last"])

    def test_symbolic_link_stays_and_its_target_is_changed(self) -> None:
        for number, text in enumerate(TEXTS):
            notes = self.begin(str(number), "first", text, "last")
            target = self.base / f"elsewhere-{number}.txt"
            self.file.rename(target)
            self.file.symlink_to(target)
            self.result_of(notes.delete(1))
            self.assertTrue(self.file.is_symlink())
            self.assertEqual(self.all(notes), ["first", None, "last"])
            self.assertIn(b"first\n\\deleted", target.read_bytes())

    def test_mode_and_hard_links_stay(self) -> None:
        notes = self.with_notes("a", "b")
        self.file.chmod(0o640)
        os.link(self.file, self.folder / "other")
        self.result_of(notes.delete(0))
        self.assertTrue(self.file.samefile(self.folder / "other"))
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o640)

    def test_whatever_is_added_while_a_note_is_deleted_is_kept(self) -> None:
        few = ("", "12345678", "a note that is longer")
        for number, text in enumerate(TEXTS if IN_FULL else few):
            for call in count():
                notes = self.begin(f"{number}-{call}", "first", text, "last")
                if not self.delete_while(notes, call):
                    break
                found = self.all(notes)
                self.assertEqual(found, ["first", None, "last", "theirs"], (text, call))
                self.assertEqual(self.all(self.open_again()), found)
            self.assertGreater(call, 3)

    def delete_while(self, notes: Notes, call: int) -> bool:
        """Delete a note, and append a line before that call; whether it came to it."""
        with self.before_call(call, lambda: self.add_by_hand(b"theirs\n")) as made:
            self.result_of(notes.delete(1))
        return made[0] > call

    @contextmanager
    def before_call(self, call: int, do: Callable[[], Any]) -> Iterator[list[int]]:
        """Call *do* before the call of that number which changes the disk."""
        made, patches = [0], []

        def counted(original: Callable[..., Any]) -> Callable[..., Any]:
            def counted_call(*args: Any) -> Any:
                made[0] += 1
                if made[0] == call + 1:
                    do()
                return original(*args)

            return counted_call

        for name in CHANGING_CALLS:
            patches.append(self.patch(os, name, counted(getattr(os, name))))
        try:
            yield made
        finally:
            for patch in patches:
                patch.restore()


class NotesTests(DeletionCase):
    """What else a deletion does, and does not."""

    def test_text_of_a_deleted_note_is_nowhere_any_more(self) -> None:
        for number, text in enumerate(("secret", "a secret that is longer")):
            notes = self.begin(str(number), "first", text)
            self.result_of(notes.delete(1))
            for path in self.folder.iterdir():
                self.assertNotIn(b"secret", path.read_bytes(), path)

    def test_text_is_nowhere_even_if_it_was_the_last_that_was_stored(self) -> None:
        notes = self.begin("a", "secret of some length")
        self.assertIn(b"secret", (self.folder / ".notes").read_bytes())
        self.result_of(notes.delete(0))
        self.assertNotIn(b"secret", (self.folder / ".notes").read_bytes())

    def test_epoch_stays(self) -> None:
        notes = self.with_notes("a", "b", "a longer one than that")
        epoch = self.result_of(notes.state()).epoch
        for number in (2, 0):
            self.result_of(notes.delete(number))
            self.assertEqual(self.result_of(notes.state()).epoch, epoch)
        self.assertEqual(self.result_of(self.open_again().state()).epoch, epoch)

    def test_lines_of_other_programs_are_deleted(self) -> None:
        for content, number in (
            (b"a\r\nlonger line\r\nb", 0),
            (b"a\r\nlonger line\r\nb", 1),
            (b"a\r\nlonger line\r\nb", 2),
            (b"\\delete", 0),
            (b"\xef\xbb\xbflonger line\n", 0),
        ):
            notes = self.begin(f"{number}-{len(content)}")
            self.file.write_bytes(content)
            wanted: list[str | None] = list(self.all(notes))
            wanted[number] = None
            self.result_of(notes.delete(number))
            self.assertEqual(self.all(notes), wanted)
            self.assertEqual(self.all(self.open_again()), wanted)
            self.failure_of(notes.delete(number), Deleted)
            self.result_of(notes.append("more"))
            self.assertEqual(self.all(notes), [*wanted, "more"])

    def test_blanks_of_a_deleted_note_do_not_count(self) -> None:
        for block in (7, 16, 64, 1024 * 1024):
            self.patch(line_index, "BLOCK_BYTES", block)
            self.folder = self.base / str(block)
            notes = open_notes(
                str(self.folder), quota=Quota(size=100), run=maybeDeferred
            )
            self.result_of(notes.append("x" * 79))
            self.failure_of(notes.append("y" * 79), StoreFull)
            self.result_of(notes.delete(0))
            self.result_of(notes.append("y" * 79))
            self.failure_of(notes.append("z" * 79), StoreFull)

    def test_note_can_be_deleted_though_its_store_is_full(self) -> None:
        notes = open_notes(
            str(self.folder), quota=Quota(size=4, notes=2), run=maybeDeferred
        )
        for text in "ab":
            self.result_of(notes.append(text))
        self.failure_of(notes.append("c"), StoreFull)
        self.result_of(notes.delete(0))
        self.result_of(notes.delete(1))
        self.assertEqual(self.all(notes), [None, None])

    def test_note_that_is_read_while_another_is_deleted_is_the_right_one(self) -> None:
        notes = self.with_notes("first", "b", "last")
        self.assertEqual(self.all(notes), ["first", "b", "last"])
        pread, todo = os.pread, [True]

        def interrupted(descriptor: int, length: int, offset: int) -> bytes:
            if todo and same_file(descriptor, self.file):
                todo.pop()
                self.result_of(notes.delete(1))
            return pread(descriptor, length, offset)

        self.patch(os, "pread", interrupted)
        self.assertEqual(self.result_of(notes.entry(2)), "last")
        self.assertEqual(todo, [])

    def test_note_that_is_read_while_another_process_deletes_is_right(self) -> None:
        notes, other = self.with_notes("first", "b", "last"), self.notes()
        self.assertEqual(self.all(notes), ["first", "b", "last"])
        self.assertEqual(self.all(other), ["first", "b", "last"])
        pread, todo = os.pread, [True]

        def interrupted(descriptor: int, length: int, offset: int) -> bytes:
            if todo and same_file(descriptor, self.file):
                todo.pop()
                self.result_of(other.delete(1))
            return pread(descriptor, length, offset)

        self.patch(os, "pread", interrupted)
        self.assertEqual(self.result_of(notes.entry(2)), "last")
        self.assertEqual(todo, [])


class CrashTests(DeletionCase):
    """The process, or the machine, goes down while a note is deleted."""

    @contextmanager
    def killed_at(self, call: int, part: int | None = None) -> Iterator[list[str]]:
        """
        Kill the process before the call of that number, or, given *part*, when that
        many bytes of it are written.
        """
        made: list[str] = []
        patches = []

        def counted(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
            def counted_call(*args: Any) -> Any:
                if len(made) >= call:
                    if len(made) == call and name == "write" and part is not None:
                        original(args[0], bytes(args[1][:part]))
                    made.append(f"{name}, never")
                    raise Killed
                made.append(name)
                return original(*args)

            return counted_call

        for name in CHANGING_CALLS:
            patches.append(self.patch(os, name, counted(name, getattr(os, name))))
        try:
            yield made
        finally:
            for patch in patches:
                patch.restore()

    def test_killed_at_any_call_keeps_all_other_notes(self) -> None:
        self.patch(notes_deletion, "BLOCK_BYTES", 4)
        texts = ("", "1234567", "some more text")
        for added, tried in ((b"", texts), (b"c\n", texts if IN_FULL else texts[2:])):
            for number, text in enumerate(tried):
                for call in count():
                    name = f"{number}{added!r}{call}"
                    calls = self.check_kill(name, text, call, None, added)
                    if len(calls) == call:  # it was not killed any more
                        break
                    if calls[call] == "write, never":
                        self.check_kill(f"{name}-3", text, call, 3, added)
                self.assertGreater(call, 4)

    def check_kill(
        self, name: str, text: str, call: int, part: int | None, added: bytes
    ) -> list[str]:
        """
        Kill it at that *call*, and append *added* before it is opened again.

        :return: the calls that were made.
        """
        more = [line.decode() for line in added.splitlines()]
        notes = self.begin(name, "a", text, "c")
        outcome: list[object] = []
        with self.killed_at(call, part) as calls:
            notes.delete(1).addBoth(outcome.append)
        self.add_by_hand(added)
        again = self.open_again()
        found = self.all(again)
        deleted, kept = ["a", None, "c", *more], ["a", text, "c", *more]
        if outcome == [None]:
            self.assertEqual(found, deleted)
            return calls
        self.assertIn(found, (deleted, kept), calls)
        self.assertEqual(self.result_of(again.append(text, text)), 1)
        self.assertEqual(self.result_of(again.append("d")), 3 + len(more))
        self.result_of(again.delete(0))
        self.assertEqual(self.all(self.open_again())[0], None)
        return calls

    def test_any_bytes_that_a_power_cut_leaves_are_mended(self) -> None:
        for text in ("", "some more text"):
            for name, content, journal in self.power_cuts(text):
                self.folder = self.base / name
                self.folder.mkdir()
                self.file = self.folder / "notes.txt"
                self.file.write_bytes(content)
                (self.folder / ".notes").write_bytes(journal)
                self.patch(notes_file, "boot_id", lambda name=name: name)
                found = self.all(self.notes())
                wanted = ["a", None, "c"], ["a", text, "c"]
                self.assertIn(found, wanted, content)

    def power_cuts(self, text: str) -> Iterator[tuple[str, bytes, bytes]]:
        """Files that a power cut may leave, each byte old or new, with the journal."""
        notes = self.begin(f"of {text}", "a", text, "c")
        old = self.file.read_bytes()
        journal: list[bytes] = []
        overwrite = notes_deletion._overwrite

        def recorded(*args: Any) -> None:
            journal.append((self.folder / ".notes").read_bytes())
            overwrite(*args)

        patch = self.patch(notes_deletion, "_overwrite", recorded)
        self.result_of(notes.delete(1))
        patch.restore()
        new = self.file.read_bytes()
        old, growth = old.ljust(len(new), b"\0"), len(new) - len(old)
        contents = [
            old[:since] + new[since:until] + old[until:]
            for until in range(len(new) - growth + 1)
            for since in range(until)
        ]
        # What makes the file longer is written when all else is on the disk.
        contents += [new[: len(new) - n] + b"\0" * n for n in range(growth)]
        for number, content in enumerate(contents):
            yield f"{len(text)}-{number}", content, journal[0]

    def test_lines_that_a_person_has_changed_since_are_left_alone(self) -> None:
        notes = self.begin("edited", "a", "some text", "c")
        with self.killed_at(3):
            notes.delete(1).addErrback(lambda failure: failure.trap(Killed))
        self.file.write_bytes(b"a\nother text, c\nand d\n")
        self.assertEqual(self.all(self.open_again()), ["a", "other text, c", "and d"])
        warned = self.flushLoggedErrors()
        self.assertEqual(warned, [])

    def test_unfinished_deletion_is_not_read_from_a_folder_for_reading(self) -> None:
        notes = self.begin("read only", "a", "b", "c")
        with self.killed_at(4):
            notes.delete(1).addErrback(lambda failure: failure.trap(Killed))
        error = self.assertRaises(
            OSError, read_folder_notes, str(self.folder), run=maybeDeferred
        )
        self.assertIn("start notes there once", str(error))

    def test_failing_disk_leaves_the_note_or_says_that_it_is_not_known(self) -> None:
        for number, text in enumerate(("b", "some more text")):
            for name in ("write", "fsync", "ftruncate"):
                for code in (5, 28):
                    self.check_failing(f"{number}{name}{code}", text, name, code)

    def check_failing(self, folder: str, text: str, name: str, code: int) -> None:
        """Delete a note while all calls of that *name* fail."""
        notes = self.begin(folder, "a", text, "c")
        with failing(self, name, code):
            self.failure_of(notes.delete(1), OSError, StoreFull, StoreUnavailable)
        found = self.all(notes)
        self.assertIn(found, (["a", None, "c"], ["a", text, "c"]))
        self.assertEqual(self.all(self.open_again()), found)
        self.result_of(notes.append("d"))

    def test_a_call_that_fails_once_leaves_the_note_or_deletes_it(self) -> None:
        for text in ("b", "some more text"):
            for name, code in product(("write", "fsync", "ftruncate"), (5, 28)):
                for number in count():
                    if not self.check_failing_once(text, name, code, number):
                        break

    def check_failing_once(self, text: str, name: str, code: int, number: int) -> bool:
        """Whether there is a call of that *name* and *number* that can fail."""
        notes = self.begin(f"{len(text)}{name}{code}-{number}", "a", text, "c")
        calls = count()
        original = getattr(os, name)

        def faulty(*arguments: Any) -> Any:
            if next(calls) == number:
                raise OSError(code, os.strerror(code))
            return original(*arguments)

        patched = self.patch(os, name, faulty)
        outcome: list[Any] = []
        notes.delete(1).addBoth(outcome.append)
        patched.restore()
        if next(calls) <= number:
            return False
        found = self.all(notes)
        self.assertIn(found, (["a", None, "c"], ["a", text, "c"]), (name, number))
        if outcome != [None] and not outcome[0].check(StoreUnavailable):
            self.assertEqual(found, ["a", text, "c"])  # nothing was done
        self.assertEqual(self.all(self.open_again()), found)
        self.assertNotIn(b"\0", self.file.read_bytes())
        self.assertEqual(self.result_of(notes.append("d")), 3)
        return True
