"""
``notes.txt`` when a person and a store write it at the same time, and when a process
was killed between.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from twisted.internet.defer import maybeDeferred
from twisted.logger import capturedLogs, formatEvent

from dartio_tut.store import (
    IdempotencyKeyReused,
    NoSuchEntry,
    NotesState,
    StoreUnavailable,
    open_notes,
)
from dartio_tut.store.folder import disk, notes_deletion, notes_file
from dartio_tut.store.folder.notes_repair import find_batch
from dartio_tut.store.folder.read_only import read_folder_notes

from .support.disk_faults import failing
from .support.folder_case import FolderCase


class WrittenTogetherTests(FolderCase):
    """A person adds to the file just before a note is written."""

    def test_note_gets_the_number_of_its_line(self) -> None:
        notes = self.with_notes("a")
        with self.before_write(lambda: self.add_by_hand(b"theirs\nand more\n")):
            self.assertEqual(self.result_of(notes.append("mine", "t")), 3)
        self.assertEqual(self.all(notes), ["a", "theirs", "and more", "mine"])
        self.assertEqual(self.result_of(notes.append("mine", "t")), 3)
        self.assertEqual(self.result_of(self.notes().append("mine", "t")), 3)
        self.failure_of(notes.append("other", "t"), IdempotencyKeyReused)
        self.assertEqual(self.result_of(notes.append("next")), 4)

    def test_note_does_not_join_an_open_line(self) -> None:
        notes = self.with_notes("a")
        with self.before_write(lambda: self.add_by_hand(b"theirs")):
            self.assertEqual(self.result_of(notes.append("mine", "t")), 2)
        self.assertEqual(self.file.read_bytes(), b"a\ntheirs\nmine\n")
        self.assertEqual(self.result_of(notes.append("mine", "t")), 2)

    def test_person_ends_an_open_line(self) -> None:
        notes = self.with_notes("a")
        self.add_by_hand(b"open")
        with self.before_write(lambda: self.add_by_hand(b" end\ntheirs\n")):
            self.assertEqual(self.result_of(notes.append("mine", "t")), 3)
        self.assertEqual(self.all(notes), ["a", "open end", "theirs", "mine"])

    def test_file_is_emptied(self) -> None:
        notes = self.with_notes("a", "b")
        with self.before_write(lambda: os.truncate(self.file, 0)):
            self.assertEqual(self.result_of(notes.append("mine", "t")), 0)
        self.assertEqual(self.all(notes), ["mine"])
        self.assertEqual(self.result_of(notes.append("mine", "t")), 0)

    def test_file_is_removed(self) -> None:
        notes = self.with_notes("a")
        with self.before_write(self.file.unlink):
            self.assertEqual(self.result_of(notes.append("mine", "t")), 0)
        self.assertEqual(self.all(notes), ["mine"])

    def test_failed_note_behind_a_line_leaves_the_line(self) -> None:
        notes = self.with_notes("a")
        for theirs in (b"theirs\n", b"theirs"):
            self.file.write_bytes(b"a\n")
            self.all(notes)
            with (
                failing(self, "fsync", 5, self.file),
                self.before_write(lambda theirs=theirs: self.add_by_hand(theirs)),  # type: ignore[misc]
            ):
                self.failure_of(notes.append("lost", "t"), OSError, StoreUnavailable)
            self.assertEqual(self.all(notes), ["a", "theirs"])

    def test_failed_note_before_a_line_leaves_the_line(self) -> None:
        notes = self.with_notes("a")
        with (
            failing(self, "fsync", 5, self.file),
            self.after_write(lambda: self.add_by_hand(b"theirs\n")),
        ):
            self.failure_of(notes.append("lost", "t"), OSError)
        self.assertEqual(self.all(self.notes()), ["a", "theirs"])
        self.assertEqual(self.result_of(notes.append("lost", "t")), 2)

    def test_text_in_the_midst_of_a_short_write(self) -> None:
        notes = self.with_notes("a")
        write, parts = os.write, [b"x"]

        def short(descriptor: int, content: bytes) -> int:
            if not os.path.samestat(os.fstat(descriptor), os.stat(self.file)):
                return write(descriptor, content)
            if not parts:
                return write(descriptor, content)
            written = write(descriptor, content[:3])
            with self.file.open("ab") as file:
                file.write(parts.pop())
            return written

        self.patch(os, "write", short)
        number = self.result_of(notes.append("my note", "t"))
        self.assertEqual(self.all(notes)[number], "my note")
        self.assertEqual(self.all(notes), ["a", "x", "my note"])


class KilledTests(FolderCase):
    """A process was killed while it added a note; then a person edits the file."""

    def test_line_added_before_the_note_was_written(self) -> None:
        for theirs in (b"mine\n", b"mine", b"\n", b"lost\n", b"mine\nand mine\n"):
            self.with_notes("a")
            self.kill(self.notes(), "lost keys", token="t")
            self.add_by_hand(theirs)
            content = self.file.read_bytes()
            notes = self.notes()
            self.all(notes)
            self.assertEqual(self.file.read_bytes(), content)
            count = self.result_of(notes.count())
            self.assertEqual(self.result_of(notes.append("lost keys", "t")), count)
            shutil.rmtree(self.folder)

    def test_line_added_behind_the_note(self) -> None:
        for theirs in (b"mine\n", b"mine"):
            self.with_notes("a")
            self.kill(self.notes(), "lost\nkeys", written=len(b"lost\\nkeys\n"))
            self.add_by_hand(theirs)
            self.assertEqual(self.all(self.notes()), ["a", "mine"])
            self.assertEqual(self.torn.read_bytes(), b"lost\\nkeys\n")
            shutil.rmtree(self.folder)

    def test_line_added_before_and_behind_the_note(self) -> None:
        notes = self.with_notes("a")
        with self.before_write(lambda: self.add_by_hand(b"before\n")):
            self.kill(notes, "lost", written=5)
        self.add_by_hand(b"behind\n")
        self.assertEqual(self.all(self.notes()), ["a", "before", "behind"])

    def test_half_a_note_is_kept_in_notes_torn(self) -> None:
        self.kill(self.with_notes("a"), "lost keys", written=4)
        self.assertEqual(self.all(self.notes()), ["a"])
        self.assertEqual(self.torn.read_bytes(), b"lost\n")

    def test_line_added_behind_a_page_of_the_note(self) -> None:
        notes = self.with_notes("a")
        self.kill(notes, "x" * 9000, written=4096 - len(b"a\n"))
        self.add_by_hand(b"mine\n")
        self.assertEqual(self.all(self.notes()), ["a", "mine"])
        self.assertEqual(self.torn.read_bytes(), b"x" * 4094 + b"\n")

    def test_file_edited_in_place(self) -> None:
        for content in (b"A\nmine\nand a longer one\n", b"", b"a\nlost\nmine", b"A\n"):
            self.with_notes("a")
            self.kill(self.notes(), "lost", written=5)
            with self.file.open("r+b") as file:
                file.truncate()
                file.write(content)
            os.truncate(self.file, len(content))
            before = self.file.read_bytes()
            self.all(self.notes())
            if not before.startswith(b"a\nlost\n"):
                self.assertEqual(self.file.read_bytes(), before)
            shutil.rmtree(self.folder)

    def test_file_replaced_by_an_editor(self) -> None:
        self.kill(self.with_notes("a"), "lost", written=3)
        edited = self.folder / "edited"
        edited.write_bytes(b"a\nlosmine\n")
        edited.rename(self.file)
        self.assertEqual(self.all(self.notes()), ["a", "losmine"])

    def test_batch_is_found_by_its_content(self) -> None:
        page = 4096
        for added, batch, offset, found in (
            (b"", b"a\n", 0, None),
            (b"a\n", b"a\n", 0, (0, 2)),
            (b"a", b"a\n", 0, (0, 1)),
            (b"b\na\n", b"a\n", 0, (2, 4)),
            (b"ba\n", b"a\n", 0, None),
            (b"banana\n", b"a\n", 0, None),
            (b"a\nb\n", b"a\n", 0, (0, 2)),
            (b"abX\n", b"abc\n", 0, None),
            (b"abX\n", b"abc\n", page - 2, (0, 2)),
            (b"x\n", b"\n", 0, None),
            (b"\n", b"\n", 0, (0, 1)),
        ):
            self.assertEqual(find_batch(added, batch, offset), found, (added, batch))


class EpochTests(FolderCase):
    """Whether notes got other numbers."""

    def epoch(self) -> int:
        state: NotesState = self.result_of(self.notes().state())
        return state.epoch

    def test_growing_keeps_the_epoch(self) -> None:
        notes = self.with_notes(*"abcdef")
        epoch = self.epoch()
        self.add_by_hand(b"by hand\nopen")
        self.assertEqual(self.epoch(), epoch)
        self.add_by_hand(b" end\n")
        self.assertEqual(self.epoch(), epoch)
        self.file.write_bytes(self.file.read_bytes().replace(b"a\n", b"corrected\n"))
        self.assertEqual(self.epoch(), epoch)
        with failing(self, "fsync", 5, self.file):
            self.failure_of(notes.append("x"), OSError)
        with self.before_write(lambda: self.add_by_hand(b"theirs\n")):
            self.result_of(notes.append("mine"))
        self.kill(notes, "lost", written=2)
        self.result_of(notes.delete(3))
        self.result_of(notes.close())
        self.assertEqual(self.epoch(), epoch)
        self.assertEqual(self.result_of(notes.state()).epoch, epoch)

    def test_renumbering_changes_the_epoch(self) -> None:
        for content in (
            b"",
            b"a\n",
            b"a\nc\nd\n",
            b"a\nc\nd\ne\nf\n",
            b"0\na\nb\nc\nd\n",
            b"other\n" * 9,
        ):
            notes, other = self.with_notes(*"abcd"), self.notes()
            epoch = self.epoch()
            self.assertEqual(self.result_of(other.state()), NotesState(4, epoch))
            self.file.write_bytes(content)
            states = [self.result_of(one.state()) for one in (notes, other)]
            self.assertEqual(states[0].count, content.count(b"\n"))
            self.assertNotEqual(states[0].epoch, epoch, content)
            self.assertEqual(states[0], states[1])
            self.assertEqual(self.epoch(), states[0].epoch)
            shutil.rmtree(self.folder)

    def test_log_begun_anew_has_another_epoch(self) -> None:
        notes = self.with_notes("a")
        epoch = self.epoch()
        self.file.unlink()
        self.assertEqual(self.result_of(notes.state()).count, 0)
        self.assertFalse(self.file.exists())
        self.result_of(notes.append("a"))
        self.assertNotEqual(self.epoch(), epoch)


class TokenTests(FolderCase):
    """A token finds its note wherever it is."""

    def test_lines_removed_or_added_before_the_note(self) -> None:
        for content, numbers in (
            (b"two\nthree\n", (1, 0)),
            (b"zero\none\ntwo\nthree\n", (3, 2)),
            (b"three\r\none\r\ntwo\r\n", (0, 2)),
            (b"two\nthree", (1, 0)),
        ):
            notes = self.with_notes("one", "two", "three")
            self.file.write_bytes(content)
            for text, number in zip(("three", "two"), numbers, strict=True):
                self.assertEqual(self.result_of(notes.append(text, text)), number)
            self.assertEqual(
                self.result_of(notes.count()), len(content.splitlines()), content
            )
            shutil.rmtree(self.folder)


class CopiedFolderTests(FolderCase):
    """A folder that was copied while it was used."""

    def copied(self, added: bytes) -> Path:
        copy = self.folder.with_name("copy")
        shutil.copytree(self.folder, copy)  # as cp -a does: the times stay, too
        with (copy / "notes.txt").open("ab") as file:
            file.write(added)
        return copy

    def test_half_a_note_is_put_aside(self) -> None:
        self.with_notes("one", "two")
        copy = self.copied(b"three\nfou")
        with capturedLogs() as logged:
            notes = open_notes(str(copy), run=maybeDeferred)
            self.assertEqual(self.all(notes), ["one", "two", "three"])
        self.assertEqual((copy / "notes.torn").read_bytes(), b"fou\n")
        said = "\n".join(map(formatEvent, logged))
        self.assertIn(f"the torn end of notes.txt is now in {copy}/notes.torn", said)
        self.assertEqual(self.result_of(notes.append("two", "two")), 1)
        self.result_of(notes.append("three", "three"))
        again = open_notes(str(copy), run=maybeDeferred)
        self.assertEqual(self.all(again), ["one", "two", "three", "three"])

    def test_half_a_note_is_put_aside_where_the_copy_has_the_inodes_again(self) -> None:
        self.with_notes("one", "two")
        copy = self.copied(b"three\nfou")
        past = 1700000000 * 10**9
        for path in copy.iterdir():  # as if the files were removed, and made again
            original = self.folder / path.name
            original.write_bytes(path.read_bytes())
            os.utime(original, ns=(past, past))
        reading = read_folder_notes(str(self.folder), maybeDeferred)
        self.assertEqual(self.all(reading), ["one", "two", "three"])
        self.assertEqual(self.all(self.notes()), ["one", "two", "three"])
        self.assertEqual((self.folder / "notes.torn").read_bytes(), b"fou\n")

    def test_open_line_of_a_person_stays_when_the_folder_is_touched(self) -> None:
        self.with_notes("one")
        with self.file.open("ab") as file:
            file.write(b"open")
        self.file.chmod(0o600)
        self.assertEqual(self.all(self.notes()), ["one", "open"])

    def test_half_a_batch_is_put_aside(self) -> None:
        notes = self.with_notes("one")
        copies = []
        with self.after_write(lambda: copies.append(self.copied(b""))):
            self.result_of(notes.append("two"))
        os.truncate(copies[0] / "notes.txt", len(b"one\ntw"))
        copy = open_notes(str(copies[0]), run=maybeDeferred)
        self.assertEqual(self.all(copy), ["one"])

    def test_open_line_of_a_closed_store_is_a_note(self) -> None:
        self.result_of(self.with_notes("one").close())
        copy = open_notes(str(self.copied(b"open")), run=maybeDeferred)
        self.assertEqual(self.all(copy), ["one", "open"])


class SmallEditsTests(FolderCase):
    """What editors do."""

    def test_byte_order_mark_is_not_part_of_the_first_note(self) -> None:
        notes = self.notes()
        self.file.write_bytes(b"\xef\xbb\xbfone\ntwo\n")
        self.assertEqual(self.all(notes), ["one", "two"])
        self.assertEqual(self.result_of(notes.entry(0)), "one")
        self.result_of(notes.delete(0))
        self.assertEqual(self.file.read_bytes(), b"\xef\xbb\xbf\\deleted\ntwo\n")
        self.file.write_bytes(b"\xef\xbb\xbf")
        self.assertEqual(self.all(notes), [])
        self.assertEqual(self.result_of(notes.append("a")), 0)
        self.assertEqual(self.all(notes), ["a"])

    def test_edit_in_the_same_whole_second_is_seen(self) -> None:
        identity = disk.file_identity

        def in_seconds(status: os.stat_result) -> disk.FileIdentity:
            device, inode, size, *times = identity(status)
            whole = (max(0, moment // 10**9 * 10**9) for moment in times)
            return device, inode, size, *whole  # type: ignore[return-value]

        for module in (notes_file, notes_deletion):
            self.patch(module, "file_identity", in_seconds)
        notes = self.with_notes("aa", "bbbbbb")
        self.assertEqual(self.all(notes), ["aa", "bbbbbb"])
        with self.file.open("r+b") as file:
            file.write(b"aaaa\nbbbb\n")
        self.assertEqual(self.all(notes), ["aaaa", "bbbb"])
        self.assertEqual(self.all(notes), ["aaaa", "bbbb"])
        self.result_of(notes.delete(0))
        self.assertEqual(self.file.read_bytes(), b"\\deleted\nbbbb\n")

    def test_edit_that_keeps_size_and_time_is_seen(self) -> None:
        notes = self.with_notes("aaaa", "b")
        self.assertEqual(self.all(notes), ["aaaa", "b"])
        status = self.file.stat()
        self.file.write_bytes(b"aa\nab\n\n")
        os.utime(self.file, ns=(status.st_atime_ns, status.st_mtime_ns))
        self.assertEqual(self.all(notes), ["aa", "ab", ""])

    def test_deleted_note_is_a_line_of_its_own(self) -> None:
        notes = self.with_notes("a", "b", "c")
        self.file.chmod(0o640)
        self.result_of(notes.delete(1))
        self.assertEqual(self.file.read_bytes(), b"a\n\\deleted\nc\n")
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o640)
        self.file.write_bytes(b"a\n\\deleted\n\\deleted\r\n")  # a person may do so, too
        self.assertEqual(self.all(notes), ["a", None, None])
        self.failure_of(notes.entry(2), NoSuchEntry)
