"""
``dartio store copy``: from one store into another.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess

import psycopg

from .support.harness import BIN, Case, ask, environment
from .support.postgres import Postgres, shared
from .support.programs import need_mounts

NUMBERS = itertools.count()

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

    def test_as_much_is_left_free_as_was_said(self) -> None:
        other = self.here / "other"
        most = "9" * 15
        only = ("--only", "notes")
        said = self.refused(self.notes, other, *only, "--keep-free", most)
        self.assertIn(f"{most} bytes of the disk must stay free", said)
        self.assertIn(
            "Copied 303 notes", self.copy(self.notes, other, *only, "--keep-free=0")
        )
        for wrong in ("-1", "x", "", "9" * 16):
            line = (
                "store",
                "copy",
                str(self.notes),
                str(other),
                f"--keep-free={wrong}",
            )
            _, error = self.run_program("dartio", *line, code=2)
            self.assertIn(f"argument --keep-free: {wrong!r} is no whole number", error)

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

    def test_copy_from_a_database_that_has_one_kind(self) -> None:
        url = self.fresh_database()
        self.copy(self.documents, url)
        self.refused(url, "nowhere", "--only", "notes")
        said = self.copy(url, "only-documents")
        self.assertIn("Copied 1 documents", said)
        self.assertIn("has no log notes.\n", said)
        why = self.refused(url, "named", "--log", "notes")
        self.assertIn("has no log notes", why)
        url = self.fresh_database()
        self.copy(self.notes, url, "--only", "notes")
        said = self.copy(url, "only-notes")
        self.assertIn("Copied 303 notes", said)
        self.assertIn("has no collection documents.\n", said)

    def fresh_database(self) -> str:
        """The URL of a database of its own."""
        name = f"copied{next(NUMBERS)}"
        with psycopg.connect(self.database().url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.database().url(name)

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

    def test_errors_name_the_path(self) -> None:
        (self.here / "file").write_bytes(b"")
        for options in ((), ("--only", "documents")):
            said = self.refused(self.documents, "file", *options)
            self.assertIn(f"{self.here / 'file'}: it is not a folder", said)
        said = self.refused(self.notes, "file", "--only", "notes")
        self.assertIn(f"{self.here / 'file'}: it is not a folder", said)

    def test_missing_source_is_an_error_and_not_made(self) -> None:
        for only in ("notes", "documents"):
            said = self.refused("typo", self.here / "target", "--only", only)
            self.assertIn("typo: no such folder", said)
            self.assertFalse((self.here / "typo").exists())
            self.assertFalse((self.here / "target").exists())
        said = self.refused(self.documents, self.here / "target", "--only", "notes")
        self.assertIn("no notes are kept there", said)
        said = self.refused(self.database().url(), "target", "--log", "no-such-log")
        self.assertIn("has no log no-such-log", said)

    def test_empty_folder_is_no_store_and_a_store_without_anything_is_told(
        self,
    ) -> None:
        (self.here / "empty").mkdir()
        for options in ((), ("--only", "documents")):
            said = self.refused("empty", "target", *options)
            self.assertIn("empty: it is empty, so it is no store", said)
        self.assertFalse((self.here / "target").exists())
        (self.documents / "a b.json").rename(self.documents / ".hidden")
        said = self.copy(self.documents, "target")
        self.assertEqual(
            said,
            "Copied 0 documents; 0 were there already.\n"
            "There are no documents in the store to copy.\n",
        )

    def test_target_inside_the_source_is_refused(self) -> None:
        (self.here / "link").symlink_to(self.documents)
        for target in ("documents/a/b", "link/inside"):
            said = self.refused("documents", target)
            self.assertIn(f"is inside {self.documents}", said)
        for target in ("link", f"file://{self.documents}"):
            self.assertIn("the same folder", self.refused("documents", target))
        self.assertEqual(os.listdir(self.documents), ["a b.json"])

    def test_names_that_differ_in_case_only_do_not_end_the_copy(self) -> None:
        for name in ("A.json", "a.json", "b.json", "B.json", "c.json"):
            (self.documents / name).write_bytes(b"{}")
        line = ("dartio", "store", "copy", str(self.documents), "target")
        out, error = self.run_program(*line, code=1)
        first, *others = out.splitlines()
        self.assertEqual(first, "Copied 4 documents; 0 were there already.")
        self.assertEqual(len(others), 2)
        for said in others:  # one of each two was there first
            self.assertRegex(said, r"^Left out [AaBb]\.json: .* differs from ")
        self.assertIn("2 documents were not copied", error)
        copied = [name.lower() for name in os.listdir(self.here / "target")]
        wanted = ["a b.json", "a.json", "b.json", "c.json"]
        self.assertEqual(sorted(n for n in copied if n[0] != "."), wanted)

    def test_files_that_are_no_documents_are_named(self) -> None:
        (self.documents / "my+doc.json").write_bytes(b"{}")
        (self.documents / "folder").mkdir()
        said = self.copy(self.documents, "target")
        self.assertEqual(
            said,
            "Copied 1 documents; 0 were there already.\n"
            "Left out folder: it is a folder.\n"
            "Left out my+doc.json: a name has letters, digits, spaces, dots, - and _ "
            "only.\n",
        )

    def test_notes_that_are_not_in_utf8_are_named(self) -> None:
        with (self.notes / "notes.txt").open("ab") as file:
            file.write(b"caf\xe9\ncaf\xc3\xa9\n")
        (self.notes / ".notes").touch()
        (self.notes / "a.json").write_bytes(b"{}")
        line = ("dartio", "store", "copy", str(self.notes), "target")
        out, error = self.run_program(*line, code=1)
        self.assertIn("Copied 305 notes;", out)
        self.assertIn("Copied 1 documents;", out)
        self.assertIn("not in UTF-8, and so not copied as they are: notes 303 (", error)

    def test_deleted_notes_stay_deleted(self) -> None:
        lines = (self.notes / "notes.txt").read_bytes().splitlines(keepends=True)
        lines[1] = b"\\deleted\n"
        (self.notes / "notes.txt").write_bytes(b"".join(lines))
        url = self.database().url()
        self.copy(self.notes, url, "--log", "deleted", "--only", "notes")
        self.copy(url, "back", "--log", "deleted", "--only", "notes")
        self.assertEqual((self.here / "back/notes.txt").read_bytes(), b"".join(lines))

    def test_thousands_of_documents_take_a_moment(self) -> None:
        for number in range(3000):
            (self.documents / f"{number}.json").write_bytes(b"%d" % number)
        said = self.copy(self.documents, "target")
        self.assertEqual(said, "Copied 3001 documents; 0 were there already.\n")
        said = self.copy(self.documents, "target")
        self.assertEqual(said, "Copied 0 documents; 3001 were there already.\n")

    def test_source_on_a_read_only_disk(self) -> None:
        need_mounts("a read-only disk")
        mount = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
        for kind, source, count in (
            ("notes", self.notes, len(NOTES)),
            ("documents", self.documents, 1),
        ):
            line = ("store", "copy", str(source), f"target-{kind}", "--only", kind)
            ended = subprocess.run(
                ["unshare", "-m", "sh", "-c", mount, source, BIN / "dartio", *line],
                cwd=self.here,
                env=environment(self.home),
                capture_output=True,
                text=True,
            )
            said = f"Copied {count} {kind}; 0 were there already.\n"
            self.assertEqual((ended.stdout, ended.stderr), (said, ""))
