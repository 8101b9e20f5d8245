"""
``dartio store copy``: from one store into another.
"""

from __future__ import annotations

import json

from .support.harness import Case, ask
from .support.postgres import Postgres, shared

NOTES = ["Buy milk", "two\nlines", "\N{PILE OF POO}", *map(str, range(300))]


class StoreCopyTests(Case):
    """A folder is outgrown."""

    def setUp(self) -> None:
        super().setUp()
        self.notes = self.here / "notes"
        self.notes.mkdir()
        lines = [note.replace("\n", "\\n") + "\n" for note in NOTES]
        (self.notes / "notes.txt").write_text("".join(lines))
        self.documents = self.here / "documents"
        self.documents.mkdir()
        (self.documents / "a b.json").write_bytes(b'{"a": 1}')

    def copy(self, source: object, target: object, *options: str) -> str:
        line = ("dartio", "store", "copy", str(source), str(target), *options)
        return self.run_program(*line)[0]

    def refused(self, source: object, target: object, *options: str) -> str:
        line = ("dartio", "store", "copy", str(source), str(target), *options)
        out, error = self.run_program(*line, code=1)
        self.assertEqual((out, error.count("\n")), ("", 1))
        self.assertTrue(error.startswith("dartio: cannot copy: "), error)
        return error

    def served(self, number: int, store: str) -> str:
        daemon = self.serve("notes", "--store", store)
        body = json.dumps({"getNote": number})
        return ask(daemon, "POST", "/", body).body.decode()

    def test_copy_into_a_folder_continues_what_is_there(self) -> None:
        whole = (self.notes / "notes.txt").read_bytes()
        half = b"".join(whole.splitlines(keepends=True)[:100])
        other = self.here / "other"
        other.mkdir()
        (other / "notes.txt").write_bytes(half)
        said = self.copy(self.notes, other, "--only", "notes")
        self.assertEqual(said, "Copied 203 notes; 100 were there already.\n")
        self.assertEqual((other / "notes.txt").read_bytes(), whole)
        (self.notes / "a.json").write_bytes(b"{}")
        said = self.copy(f"file://{self.notes}", f"file://{other}")
        self.assertEqual(
            said,
            "Copied 0 notes; 303 were there already.\n"
            "Copied 1 documents; 0 were there already.\n",
        )

    def test_copy_into_a_database_and_back(self) -> None:
        url = self.database().url()
        self.assertIn("Copied 303 notes", self.copy(
            self.notes, url, "--log", "copied", "--only", "notes"
        ))  # fmt: skip
        self.assertIn("Copied 1 documents", self.copy(self.documents, url))
        self.assertEqual(self.served(1, f"{url}?log=copied"), "two\nlines\n")
        back = self.here / "back"
        said = self.copy(url, back, "--log", "copied")
        self.assertIn("Copied 303 notes", said)
        self.assertIn("Copied 1 documents", said)
        whole = (self.notes / "notes.txt").read_bytes()
        self.assertEqual((back / "notes.txt").read_bytes(), whole)
        self.assertEqual((back / "a b.json").read_bytes(), b'{"a": 1}')

    def database(self) -> Postgres:
        return shared()

    def test_different_content_is_not_overwritten(self) -> None:
        other = self.here / "other"
        other.mkdir()
        (other / "notes.txt").write_bytes(b"Buy bread\n")
        said = self.refused(self.notes, other, "--only", "notes")
        self.assertIn("note 0 is another one there", said)
        self.assertEqual((other / "notes.txt").read_bytes(), b"Buy bread\n")
        (other / "a b.json").write_bytes(b"{}")
        said = self.refused(self.documents, other)
        self.assertIn("a b.json is another one there", said)

    def test_ambiguous_notes_txt_asks_for_only(self) -> None:
        self.assertIn("--only", self.refused(self.notes, self.here / "other"))
        self.assertFalse((self.here / "other").exists())

    def test_bad_locations_are_one_line(self) -> None:
        self.assertIn("no such folder", self.refused("nowhere", self.notes))
        self.assertIn("is no store", self.refused(
            self.documents, "mongodb://x/y"
        ))  # fmt: skip
        self.assertNotIn("secret", self.refused(
            self.documents, "postgresql://me:secret@127.0.0.1:1/x?connect_timeout=2"
        ))  # fmt: skip
