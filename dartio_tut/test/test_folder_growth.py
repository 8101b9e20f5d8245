"""
What grows: `dartio_tut.store.folder.line_index` and ``token_log``.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.store import IdempotencyKeyReused, Notes, Quota, StoreFull
from dartio_tut.store.folder import line_index, token_log
from dartio_tut.store.folder.disk import DEFAULT_QUOTA
from dartio_tut.store.folder.notes import open_folder_notes

from .support.disk_faults import no_flushes
from .support.store_suite import SynchronousResults

TOKEN_SECONDS = 24 * 60 * 60


class LineIndexTests(SynchronousTestCase):
    """Where lines begin."""

    CONTENTS = (
        b"", b"\n", b"a", b"a\n", b"ab\n\nc\n\n\nlast", b"\n\n\n",
        b"a\r\nb\x0b\x0c\r\r\n",
    )  # fmt: skip

    def index(self, *contents: bytes) -> list[tuple[int, int]]:
        """The lines of a file that grew by each of *contents*."""
        path = Path(self.mktemp())
        found = line_index.LineIndex()
        for content in contents:
            with path.open("ab") as file:
                file.write(content)
            with path.open("rb") as file:
                found.scan(file.fileno(), os.fstat(file.fileno()).st_size)
        self.assertEqual(found.last_is_open, not path.read_bytes().endswith(b"\n"))
        return [found.line(number) for number in range(len(found))]

    def expected(self, content: bytes) -> list[tuple[int, int]]:
        lines, start = [], 0
        for line in content.split(b"\n"):
            end = min(start + len(line) + 1, len(content))
            lines.append((start, end))
            start = end
        return [line for line in lines if line[0] < line[1]]

    def test_lines_may_cross_blocks(self) -> None:
        for block in (1, 2, 3, 7, line_index.BLOCK_BYTES):
            self.patch(line_index, "BLOCK_BYTES", block)
            for content in self.CONTENTS:
                if content:
                    found = self.index(content)
                    self.assertEqual(found, self.expected(content), (block, content))

    def test_scan_continues_where_it_ended(self) -> None:
        grown = self.index(b"a\n", b"\n", b"bc\nd\n", b"e")
        self.assertEqual(grown, self.expected(b"a\n\nbc\nd\ne"))

    def test_index_takes_eight_bytes_a_line(self) -> None:
        index = line_index.LineIndex()
        index.add([40] * 100_000)
        self.assertLess(index._starts.__sizeof__(), 100_000 * 10)
        self.assertEqual(index.line(99_999), (40 * 99_999, 40 * 100_000))


class FolderCase(SynchronousResults, SynchronousTestCase):
    """Notes in a folder, and a clock."""

    def setUp(self) -> None:
        no_flushes(self)
        self.folder = Path(self.mktemp())
        self.now = 1e9

    def open(self, quota: Quota = DEFAULT_QUOTA) -> Notes:
        return open_folder_notes(
            str(self.folder), quota, run=maybeDeferred, now=lambda: self.now
        )


class TokensTests(FolderCase):
    """Tokens of notes, as time goes by."""

    def lines(self) -> int:
        return (self.folder / ".notes-tokens").read_bytes().count(b"\n")

    def test_tokens_are_known_to_all_stores_for_a_day(self) -> None:
        one, two = self.open(), self.open()
        self.result_of(one.append("a", "t"))
        for notes in (two, self.open()):
            self.now += TOKEN_SECONDS // 2
            self.assertEqual(self.result_of(notes.append("a", "t")), 0)
            self.failure_of(notes.append("b", "t"), IdempotencyKeyReused)
        self.now += 1
        self.assertEqual(self.result_of(two.append("b", "t")), 1)
        self.assertEqual(self.result_of(one.append("b", "t")), 1)

    def test_token_log_is_rewritten_when_it_has_grown(self) -> None:
        self.patch(token_log, "MIN_REWRITE_LINES", 10)
        one, two = self.open(), self.open()
        for number in range(60):
            self.now += TOKEN_SECONDS // 10
            token = f"{number}" * 500
            self.assertEqual(self.result_of(one.append("a", token)), number)
            self.assertEqual(self.result_of(two.append("a", token)), number)
            self.assertLess(self.lines(), 30)

    def test_log_that_got_the_inode_of_the_one_before_it_is_read_anew(self) -> None:
        one = self.open()
        for number in range(3):
            self.result_of(one.append("a", f"{number}"))
        folder, self.folder = self.folder, self.folder / "other"
        other = self.open()
        for number in range(10):
            self.result_of(other.append("a", f"new {number}"))
        content = (self.folder / ".notes-tokens").read_bytes()
        self.folder = folder
        with (folder / ".notes-tokens").open("r+b") as file:
            file.write(content)
        self.assertEqual(self.result_of(one.append("a", "new 0")), 0)

    def test_torn_line_of_another_process_is_no_part_of_the_log(self) -> None:
        self.folder.mkdir()
        path = self.folder / "log"
        one, other = (
            token_log.IdempotencyLog(path, ".new-", token_log.is_note_number)
            for _ in range(2)
        )
        path.write_bytes(b"0" * 140)  # of one that was killed
        for number, log in enumerate((one, other, one, other)):
            log.read()
            token = bytes([number]) * token_log.DIGEST_BYTES
            log.add([log.entry(token, token, f"{number}")])
        for log in (one, other):
            log.read()
            for number in range(4):
                token = bytes([number]) * token_log.DIGEST_BYTES
                found = log.find(token)
                self.assertEqual(found and found.place, f"{number}")

    def test_newest_tokens_are_kept(self) -> None:
        self.patch(token_log, "MIN_REWRITE_LINES", 4)
        self.patch(token_log, "MAX_IDEMPOTENCY_KEYS", 4)
        notes = self.open()
        for number in range(50):
            self.result_of(notes.append("a", f"{number}"))
            for back in range(min(4, number)):
                self.assertEqual(
                    self.result_of(notes.append("a", f"{number - back}")), number - back
                )
            self.assertLess(self.lines(), 12)

    def test_note_that_a_person_has_corrected_is_not_stored_again(self) -> None:
        for content in (
            b"b\nA\nc\n",
            b"b\r\nA\r\nc",
            b"b\nsomething else\nc\n",
            b"b\n\nc\n",
        ):
            notes = self.open()
            for text in "bac":
                self.result_of(notes.append(text, f"{content!r}{text}"))
            first = self.result_of(notes.count()) - 3
            file = self.folder / "notes.txt"
            whole = file.read_bytes().splitlines(keepends=True)[:first]
            file.write_bytes(b"".join(whole) + content)
            token = f"{content!r}a"
            for again in (notes, self.open()):
                self.assertEqual(self.result_of(again.append("a", token)), first + 1)
                self.failure_of(again.append("z", token), IdempotencyKeyReused)
            self.assertEqual(self.result_of(notes.count()), first + 3)
            self.result_of(notes.append("end the line"))

    def test_note_that_went_with_all_others_is_stored_again(self) -> None:
        self.patch(token_log, "MIN_REWRITE_LINES", 12)
        notes = self.open()
        for text in "abc":
            self.result_of(notes.append(text, text))
        (self.folder / "notes.txt").unlink()
        for other in "xy":
            self.result_of(notes.append(other))
        # Where a note was, there is one that is no correction of it.
        for number in range(20):  # until the log is rewritten
            self.result_of(notes.append("more", f"{number}"))
            self.result_of(self.open().count())
        for again in (self.open(), notes):
            self.assertEqual(self.result_of(again.append("a", "a")), 22)
        self.assertEqual(self.result_of(self.open().append("b", "b")), 23)
        self.assertEqual(self.result_of(notes.append("a", "a")), 22)

    def test_note_that_moved_because_one_before_it_was_removed_is_found(self) -> None:
        notes = self.open()
        for text in "abc":
            self.result_of(notes.append(text, text))
        (self.folder / "notes.txt").write_bytes(b"b\nc\n")
        self.assertEqual(self.result_of(notes.append("c", "c")), 1)
        self.assertEqual(self.result_of(self.open().append("b", "b")), 0)

    def test_note_of_a_line_that_is_gone_is_stored_again(self) -> None:
        notes = self.open()
        self.result_of(notes.append("a", "t"))
        (self.folder / "notes.txt").write_bytes(b"")
        self.assertEqual(self.result_of(notes.append("a", "t")), 0)
        self.assertEqual(self.result_of(notes.append("a", "t")), 0)
        self.assertEqual(self.result_of(notes.count()), 1)

    def test_no_token_log_without_a_token(self) -> None:
        self.result_of(self.open().append("a"))
        self.assertFalse((self.folder / ".notes-tokens").exists())


class NotesQuotaTests(FolderCase):
    """How much may be stored."""

    def refused(self, notes: Notes, text: str) -> str:
        failure = self.failure_of(notes.append(text), StoreFull)
        return str(failure.value)

    def test_number_of_notes_is_limited(self) -> None:
        notes, other = self.open(Quota(notes=2)), self.open()
        self.assertEqual(self.result_of(notes.append("a", "t")), 0)
        self.result_of(other.append("b"))
        self.assertIn("2 notes", self.refused(notes, "c"))
        self.assertEqual(self.result_of(notes.append("a", "t")), 0)
        (self.folder / "notes.txt").write_bytes(b"one\n")
        self.assertEqual(self.result_of(notes.append("c")), 1)

    def test_total_size_is_limited(self) -> None:
        notes = self.open(Quota(size=10))
        self.result_of(notes.append("1234"))
        self.assertIn("10 bytes", self.refused(notes, "12345"))
        self.result_of(notes.append("1234"))
        self.refused(notes, "")

    def test_free_bytes_of_the_disk_are_kept(self) -> None:
        self.assertIn("free", self.refused(self.open(Quota(free=1 << 60)), ""))
