"""
What every store promises, as tests: one suite, every store.

A store's own test case says how one is opened (``open``, fresh and empty at first)
and how long its Deferreds may take (``ended`` and ``failed``).
"""

from __future__ import annotations

import time
from typing import Any

from twisted.internet.defer import Deferred

from dartio_tut.store import (
    ABSENT,
    PRESENT,
    Conflict,
    Deleted,
    Document,
    Documents,
    IdempotencyKeyReused,
    InvalidName,
    NameTaken,
    NoSuchEntry,
    Notes,
    NotesState,
    version_of,
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
    "\ufeffmark",
    "\\deleted",
    "\\ufeff",
    " spaces ",
    "x" * 1_000_000,
]


class SynchronousResults:
    """For stores whose Deferreds have fired when they are returned."""

    def result_of(self: Any, deferred: Deferred[Any]) -> Any:
        return self.successResultOf(deferred)

    def failure_of(self: Any, deferred: Deferred[Any], *errors: type[Exception]) -> Any:
        return self.failureResultOf(deferred, *errors)


class NotesSuite:
    """What every store of notes promises."""

    def open(self) -> Notes:
        raise NotImplementedError

    def test_notes_are_numbered_from_zero(self: Any) -> None:
        notes = self.open()
        self.assertEqual(self.result_of(notes.count()), 0)
        for number, note in enumerate(ODD_NOTES):
            self.assertEqual(self.result_of(notes.append(note)), number)
        self.assertEqual(self.result_of(notes.count()), len(ODD_NOTES))

    def test_notes_are_returned_unchanged(self: Any) -> None:
        notes = self.open()
        for note in ODD_NOTES:
            self.result_of(notes.append(note))
        for number, note in enumerate(ODD_NOTES):
            self.assertTrue(self.result_of(notes.entry(number)) == note, note[:20])

    def test_reading_a_missing_note_fails(self: Any) -> None:
        notes = self.open()
        self.result_of(notes.append("only"))
        for number in (1, -1, 10**30):
            self.failure_of(notes.entry(number), NoSuchEntry)

    def test_lone_surrogates_are_refused(self: Any) -> None:
        notes = self.open()
        self.failure_of(notes.append("\ud800"), UnicodeEncodeError)
        self.assertEqual(self.result_of(notes.count()), 0)

    def test_entries_returns_a_page_of_notes(self: Any) -> None:
        notes = self.open()
        for note in ODD_NOTES:
            self.result_of(notes.append(note))
        for start, limit in ((0, 3), (2, 5), (0, 100), (len(ODD_NOTES), 1), (999, 9)):
            page = self.result_of(notes.entries(start, limit))
            self.assertTrue(page == ODD_NOTES[start:][:limit], (start, limit))
        self.assertEqual(self.result_of(notes.entries(0, 0)), [])
        self.assertEqual(self.result_of(notes.entries(10**30, 1)), [])

    def test_same_token_stores_a_note_once(self: Any) -> None:
        notes = self.open()
        self.assertEqual(self.result_of(notes.append("a", "t0")), 0)
        self.assertEqual(self.result_of(notes.append("b", "t1")), 1)
        self.assertEqual(self.result_of(notes.append("a", "t0")), 0)
        self.assertEqual(self.result_of(notes.append("a", "t2")), 2)
        self.failure_of(notes.append("c", "t1"), IdempotencyKeyReused)
        self.assertEqual(self.result_of(notes.count()), 3)
        odd = "a\nb\0 \N{PILE OF POO}" * 30
        self.assertEqual(self.result_of(notes.append("odd", odd)), 3)
        self.assertEqual(self.result_of(notes.append("odd", odd)), 3)

    def test_deleted_note_keeps_its_number(self: Any) -> None:
        notes = self.open()
        for note in ("a", "b", "", "d"):
            self.result_of(notes.append(note, note))
        self.assertIsNone(self.result_of(notes.delete(1)))
        self.assertEqual(self.result_of(notes.entries(0, 9)), ["a", None, "", "d"])
        self.assertEqual(self.result_of(notes.entries(1, 1)), [None])
        self.failure_of(notes.entry(1), Deleted)
        self.failure_of(notes.entry(1), NoSuchEntry)
        self.failure_of(notes.delete(1), Deleted)
        for number in (4, -1, 10**30):
            self.failure_of(notes.delete(number), NoSuchEntry)
        self.assertEqual(self.result_of(notes.append("b", "b")), 1)
        for number in (0, 2, 3):
            self.result_of(notes.delete(number))
        self.assertEqual(self.result_of(notes.entries(0, 9)), [None] * 4)
        self.assertEqual(self.result_of(notes.count()), 4)
        self.assertEqual(self.result_of(notes.append("e")), 4)
        self.assertEqual(self.result_of(notes.entry(4)), "e")

    def test_state_has_the_count_and_a_lasting_epoch(self: Any) -> None:
        notes = self.open()
        state = self.result_of(notes.state())
        self.assertEqual(state.count, 0)
        for note in "ab":
            self.result_of(notes.append(note))
        self.result_of(notes.delete(0))
        self.assertEqual(self.result_of(notes.state()), NotesState(2, state.epoch))

    def test_extend_adds_all_or_none(self: Any) -> None:
        notes = self.open()
        texts = [*ODD_NOTES, None, "last"]
        self.assertIsNone(self.result_of(notes.extend(0, texts)))
        self.assertTrue(self.result_of(notes.entries(0, 99)) == texts)
        self.failure_of(notes.extend(0, ["a"]), Conflict)
        self.failure_of(notes.extend(len(texts) + 1, ["a"]), Conflict)
        self.failure_of(notes.extend(len(texts), ["a", "\ud800"]), UnicodeEncodeError)
        self.result_of(notes.extend(len(texts), [None]))
        self.result_of(notes.extend(len(texts) + 1, []))
        self.assertEqual(self.result_of(notes.count()), len(texts) + 1)

    def test_close_succeeds(self: Any) -> None:
        self.result_of(self.open().close())


class DocumentsSuite:
    """What every store of documents promises."""

    def open(self) -> Documents:
        raise NotImplementedError

    def test_documents_are_returned_byte_for_byte(self: Any) -> None:
        documents = self.open()
        for content in (b"", b"\xff\0\r\n", b"x" * 100_000):
            version = self.result_of(documents.put("file.txt", content))
            self.assertEqual(version, version_of(content))
            self.assertTrue(
                self.result_of(documents.get("file.txt")) == Document(content, version)
            )

    def test_names_may_be_of_any_script(self: Any) -> None:
        documents = self.open()
        for name in (
            "a",
            "two words",
            "ж-1_2.json",
            "日本",
            "é",
            "e\u0301a",
            "x" * 255,
        ):
            self.result_of(documents.put(name, name.encode()))
            found = self.result_of(documents.get(name))
            self.assertEqual(found.content, name.encode())

    def test_invalid_names_are_refused(self: Any) -> None:
        documents = self.open()
        for name in (
            "", ".", "..", ".hidden", "a/b", "../b", "/etc/passwd", "a\0b", "a\nb",
            "a\\b", "a:b", "a*", "end.", "end ", " start", "x" * 256, "é" * 128,
            "\ud800", "a\u202eb", "<b>", "NUL", "con.json", "Lpt1 .txt",
            "COM¹", "lpt³.txt",
        ):  # fmt: skip
            self.failure_of(documents.put(name, b"x"), InvalidName)
            self.failure_of(documents.get(name), InvalidName)
            self.failure_of(documents.delete(name), InvalidName)

    def test_a_missing_document_cannot_be_read_or_deleted(self: Any) -> None:
        documents = self.open()
        self.failure_of(documents.get("nothing"), NoSuchEntry)
        self.failure_of(documents.delete("nothing"), NoSuchEntry)

    def test_a_deleted_document_is_gone(self: Any) -> None:
        documents = self.open()
        self.result_of(documents.put("a", b"1"))
        self.assertIsNone(self.result_of(documents.delete("a")))
        self.failure_of(documents.get("a"), NoSuchEntry)
        self.result_of(documents.put("a", b"2", ABSENT))

    def test_put_checks_the_expected_version(self: Any) -> None:
        documents = self.open()
        one, two = version_of(b"1"), version_of(b"2")
        self.failure_of(documents.put("a", b"1", PRESENT), Conflict)
        self.failure_of(documents.put("a", b"1", {one}), Conflict)
        self.assertEqual(self.result_of(documents.put("a", b"1", ABSENT)), one)
        self.failure_of(documents.put("a", b"2", ABSENT), Conflict)
        self.failure_of(documents.put("a", b"2", {two}), Conflict)
        self.assertEqual(self.result_of(documents.get("a")).content, b"1")
        self.assertEqual(self.result_of(documents.put("a", b"2", {two, one})), two)
        self.assertEqual(self.result_of(documents.put("a", b"1", PRESENT)), one)
        self.assertEqual(self.result_of(documents.put("a", b"2", None)), two)

    def test_delete_checks_the_expected_version(self: Any) -> None:
        documents = self.open()
        self.failure_of(documents.delete("a", {"x"}), Conflict)
        self.failure_of(documents.delete("a", PRESENT), Conflict)
        self.result_of(documents.put("a", b"1"))
        self.failure_of(documents.delete("a", {"x"}), Conflict)
        self.failure_of(documents.delete("a", ABSENT), Conflict)
        self.result_of(documents.delete("a", {version_of(b"1")}))
        self.result_of(documents.put("a", b"1"))
        self.result_of(documents.delete("a", PRESENT))

    def test_same_token_stores_a_document_once(self: Any) -> None:
        documents = self.open()
        one = self.result_of(documents.put("a", b"1", ABSENT, "t"))
        self.result_of(documents.put("a", b"2"))
        self.assertEqual(self.result_of(documents.put("a", b"1", ABSENT, "t")), one)
        self.assertEqual(self.result_of(documents.get("a")).content, b"2")
        self.failure_of(documents.put("a", b"3", None, "t"), IdempotencyKeyReused)
        self.failure_of(documents.put("b", b"1", None, "t"), IdempotencyKeyReused)

    def test_a_token_of_a_failed_put_can_be_used_again(self: Any) -> None:
        documents = self.open()
        self.failure_of(documents.put("a", b"1", PRESENT, "t"), Conflict)
        self.result_of(documents.put("a", b"0"))
        self.result_of(documents.put("a", b"1", PRESENT, "t"))
        self.assertEqual(self.result_of(documents.get("a")).content, b"1")

    def test_list_is_in_the_order_of_utf8_bytes(self: Any) -> None:
        documents = self.open()
        self.assertEqual(self.result_of(documents.list()), [])
        names = ["B", "a", "a b", "a-1", "ab", "c", "\u00e9", "\uff21", "\U00020000"]
        for name in reversed(names):
            self.result_of(documents.put(name, name.encode()))
        for found, expected in (
            (documents.list(), names),
            (documents.list(limit=3), names[:3]),
            (documents.list(limit=0), []),
            (documents.list(after="a b"), names[3:]),
            (documents.list(after="A"), names[:]),
            (documents.list("a"), names[1:5]),
            (documents.list("a", "a b", 1), names[3:4]),
            (documents.list("b", "a"), []),
            (documents.list("%"), []),
            (documents.list("_"), []),
        ):
            listed = self.result_of(found)
            self.assertEqual([info.name for info in listed], expected)
            for info in listed:
                self.assertEqual(info.size, len(info.name.encode()))

    def test_list_says_when_a_document_was_stored(self: Any) -> None:
        documents = self.open()
        before = time.time()
        version = self.result_of(documents.put("a", b"1"))
        (info,) = self.result_of(documents.list())
        self.assertLess(abs(info.modified - before), 60)
        self.assertIn(info.version, (version, None))

    def test_names_that_differ_only_in_case_or_encoding_are_one(self: Any) -> None:
        documents = self.open()
        for name, *others in (
            ("Padmé.json", "padme\u0301.json", "PADMÉ.JSON", "Padme\u0301.json"),
            ("straße", "STRASSE"),
        ):
            self.result_of(documents.put(name, b"1"))
            for other in others:
                self.failure_of(documents.put(other, b"2"), NameTaken)
                self.failure_of(documents.put(other, b"2", ABSENT), NameTaken)
                self.failure_of(documents.put(other, b"2", PRESENT), Conflict)
                self.failure_of(documents.get(other), NoSuchEntry)
                self.failure_of(documents.delete(other), NoSuchEntry)
            self.result_of(documents.put(name, b"3"))
            self.assertEqual(self.result_of(documents.get(name)).content, b"3")
            self.result_of(documents.delete(name))
            self.result_of(documents.put(others[0], b"4"))
            self.failure_of(documents.put(name, b"5"), NameTaken)

    def test_close_succeeds(self: Any) -> None:
        self.result_of(self.open().close())
