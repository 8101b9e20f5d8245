"""
What every store promises, as tests: one suite, every store.

A store's own test case says how one is opened (``open``, fresh and empty at first)
and how long its Deferreds may take (``ended`` and ``failed``).
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from dartio_tut.store import (
    ABSENT,
    PRESENT,
    Conflict,
    Document,
    DocumentInfo,
    Documents,
    InvalidName,
    NoSuchEntry,
    Notes,
    TokenReused,
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
    " spaces ",
    "x" * 1_000_000,
]


class SynchronousResults:
    """For stores whose Deferreds have fired when they are returned."""

    def ended(self: Any, deferred: Deferred[Any]) -> Any:
        return self.successResultOf(deferred)

    def failed(self: Any, deferred: Deferred[Any], *errors: type[Exception]) -> Any:
        return self.failureResultOf(deferred, *errors)


class NotesSuite:
    """What every store of notes promises."""

    def open(self) -> Notes:
        raise NotImplementedError

    def test_notes_are_numbered_from_zero(self: Any) -> None:
        notes = self.open()
        self.assertEqual(self.ended(notes.count()), 0)
        for number, note in enumerate(ODD_NOTES):
            self.assertEqual(self.ended(notes.append(note)), number)
        self.assertEqual(self.ended(notes.count()), len(ODD_NOTES))

    def test_notes_are_returned_unchanged(self: Any) -> None:
        notes = self.open()
        for note in ODD_NOTES:
            self.ended(notes.append(note))
        for number, note in enumerate(ODD_NOTES):
            self.assertTrue(self.ended(notes.entry(number)) == note, note[:20])

    def test_reading_a_missing_note_fails(self: Any) -> None:
        notes = self.open()
        self.ended(notes.append("only"))
        for number in (1, -1, 10**30):
            self.failed(notes.entry(number), NoSuchEntry)

    def test_lone_surrogates_are_refused(self: Any) -> None:
        notes = self.open()
        self.failed(notes.append("\ud800"), UnicodeEncodeError)
        self.assertEqual(self.ended(notes.count()), 0)

    def test_entries_returns_a_page_of_notes(self: Any) -> None:
        notes = self.open()
        for note in ODD_NOTES:
            self.ended(notes.append(note))
        for start, limit in ((0, 3), (2, 5), (0, 100), (len(ODD_NOTES), 1), (999, 9)):
            page = self.ended(notes.entries(start, limit))
            self.assertTrue(page == ODD_NOTES[start:][:limit], (start, limit))
        self.assertEqual(self.ended(notes.entries(0, 0)), [])
        self.assertEqual(self.ended(notes.entries(10**30, 1)), [])

    def test_same_token_stores_a_note_once(self: Any) -> None:
        notes = self.open()
        self.assertEqual(self.ended(notes.append("a", "t0")), 0)
        self.assertEqual(self.ended(notes.append("b", "t1")), 1)
        self.assertEqual(self.ended(notes.append("a", "t0")), 0)
        self.assertEqual(self.ended(notes.append("a", "t2")), 2)
        self.failed(notes.append("c", "t1"), TokenReused)
        self.assertEqual(self.ended(notes.count()), 3)
        odd = "a\nb\0 \N{PILE OF POO}" * 30
        self.assertEqual(self.ended(notes.append("odd", odd)), 3)
        self.assertEqual(self.ended(notes.append("odd", odd)), 3)

    def test_close_succeeds(self: Any) -> None:
        self.ended(self.open().close())


class DocumentsSuite:
    """What every store of documents promises."""

    def open(self) -> Documents:
        raise NotImplementedError

    def test_documents_are_returned_byte_for_byte(self: Any) -> None:
        documents = self.open()
        for content in (b"", b"\xff\0\r\n", b"x" * 100_000):
            version = self.ended(documents.put("file.txt", content))
            self.assertEqual(version, version_of(content))
            self.assertTrue(
                self.ended(documents.get("file.txt")) == Document(content, version)
            )

    def test_names_may_be_of_any_script(self: Any) -> None:
        documents = self.open()
        for name in ("a", "two words", "ж-1_2.json", "日本", "é", "e\u0301", "x" * 255):
            self.ended(documents.put(name, name.encode()))
            found = self.ended(documents.get(name))
            self.assertEqual(found.content, name.encode())

    def test_invalid_names_are_refused(self: Any) -> None:
        documents = self.open()
        for name in (
            "", ".", "..", ".hidden", "a/b", "../b", "/etc/passwd", "a\0b", "a\nb",
            "a\\b", "a:b", "a*", "end.", "end ", " start", "x" * 256, "é" * 128,
            "\ud800", "a\u202eb", "<b>", "NUL", "con.json", "Lpt1 .txt",
        ):  # fmt: skip
            self.failed(documents.put(name, b"x"), InvalidName)
            self.failed(documents.get(name), InvalidName)
            self.failed(documents.delete(name), InvalidName)

    def test_a_missing_document_cannot_be_read_or_deleted(self: Any) -> None:
        documents = self.open()
        self.failed(documents.get("nothing"), NoSuchEntry)
        self.failed(documents.delete("nothing"), NoSuchEntry)

    def test_a_deleted_document_is_gone(self: Any) -> None:
        documents = self.open()
        self.ended(documents.put("a", b"1"))
        self.assertIsNone(self.ended(documents.delete("a")))
        self.failed(documents.get("a"), NoSuchEntry)
        self.ended(documents.put("a", b"2", ABSENT))

    def test_put_checks_the_expected_version(self: Any) -> None:
        documents = self.open()
        one, two = version_of(b"1"), version_of(b"2")
        self.failed(documents.put("a", b"1", PRESENT), Conflict)
        self.failed(documents.put("a", b"1", {one}), Conflict)
        self.assertEqual(self.ended(documents.put("a", b"1", ABSENT)), one)
        self.failed(documents.put("a", b"2", ABSENT), Conflict)
        self.failed(documents.put("a", b"2", {two}), Conflict)
        self.assertEqual(self.ended(documents.get("a")).content, b"1")
        self.assertEqual(self.ended(documents.put("a", b"2", {two, one})), two)
        self.assertEqual(self.ended(documents.put("a", b"1", PRESENT)), one)
        self.assertEqual(self.ended(documents.put("a", b"2", None)), two)

    def test_delete_checks_the_expected_version(self: Any) -> None:
        documents = self.open()
        self.failed(documents.delete("a", {"x"}), Conflict)
        self.failed(documents.delete("a", PRESENT), Conflict)
        self.ended(documents.put("a", b"1"))
        self.failed(documents.delete("a", {"x"}), Conflict)
        self.failed(documents.delete("a", ABSENT), Conflict)
        self.ended(documents.delete("a", {version_of(b"1")}))
        self.ended(documents.put("a", b"1"))
        self.ended(documents.delete("a", PRESENT))

    def test_same_token_stores_a_document_once(self: Any) -> None:
        documents = self.open()
        one = self.ended(documents.put("a", b"1", ABSENT, "t"))
        self.ended(documents.put("a", b"2"))
        self.assertEqual(self.ended(documents.put("a", b"1", ABSENT, "t")), one)
        self.assertEqual(self.ended(documents.get("a")).content, b"2")
        self.failed(documents.put("a", b"3", None, "t"), TokenReused)
        self.failed(documents.put("b", b"1", None, "t"), TokenReused)

    def test_a_token_of_a_failed_put_can_be_used_again(self: Any) -> None:
        documents = self.open()
        self.failed(documents.put("a", b"1", PRESENT, "t"), Conflict)
        self.ended(documents.put("a", b"0"))
        self.ended(documents.put("a", b"1", PRESENT, "t"))
        self.assertEqual(self.ended(documents.get("a")).content, b"1")

    def test_list_is_in_the_order_of_utf8_bytes(self: Any) -> None:
        documents = self.open()
        self.assertEqual(self.ended(documents.list()), [])
        names = ["B", "a", "a b", "a-1", "ab", "b", "\u00e9", "\uff21", "\U00020000"]
        for name in reversed(names):
            self.ended(documents.put(name, name.encode()))
        everything = [DocumentInfo(n, len(n.encode())) for n in names]
        self.assertEqual(self.ended(documents.list()), everything)
        self.assertEqual(self.ended(documents.list(limit=3)), everything[:3])
        self.assertEqual(self.ended(documents.list(after="a b")), everything[3:])
        self.assertEqual(self.ended(documents.list("a")), everything[1:5])
        self.assertEqual(self.ended(documents.list("a", "a b", 1)), everything[3:4])
        self.assertEqual(self.ended(documents.list("%")), [])
        self.assertEqual(self.ended(documents.list("_")), [])

    def test_close_succeeds(self: Any) -> None:
        self.ended(self.open().close())
