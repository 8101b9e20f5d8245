"""
`dartio_tut.store.open_store` and the URLs of `dartio_tut.store.postgresql.url`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.store.open_store import (
    folder_path,
    location_for_log,
    open_documents,
    open_notes,
)
from dartio_tut.store.postgresql.url import Database, encoded_name, read_url

URL = "postgresql://user:s3cret@db.example/notes"


class OpenStoreTests(SynchronousTestCase):
    """One string that picks a store."""

    def test_a_path_or_file_url_opens_a_folder(self) -> None:
        folder = Path(self.mktemp()).absolute()
        open_notes(str(folder), run=maybeDeferred)
        self.assertTrue((folder / "notes.txt").exists())
        other = folder / "two words"
        open_documents(f"file://{folder}/two%20words", run=maybeDeferred)
        self.assertTrue(other.is_dir())

    def test_what_is_no_folder_is_said_to_be_none(self) -> None:
        file = Path(self.mktemp()).absolute()
        file.write_bytes(b"")
        link = file.with_name("nowhere")
        link.symlink_to("nothing")
        for where in (file, link):
            for open_store in (open_notes, open_documents):
                error = self.assertRaises(NotADirectoryError, open_store, str(where))
                self.assertIn("it is not a folder", str(error))
                self.assertEqual(error.filename, str(where))

    def test_folder_path_reads_paths_and_file_urls(self) -> None:
        for where, folder in (
            ("here", "here"),
            ("/there/a:b", "/there/a:b"),
            ("file:///a%20b", "/a b"),
            ("file://localhost/a", "/a"),
            ("FILE:///a", "/a"),
            ("file:/a%20b", "/a b"),
            ("file:///caf%E9", os.fsdecode(b"/caf\xe9")),
            ("file:///caf%C3%A9", "/caf\xe9"),
            (os.fsdecode(b"file:///caf\xe9"), os.fsdecode(b"/caf\xe9")),
            ("~", os.path.expanduser("~")),
            ("~/notes", os.path.expanduser("~/notes")),
            ("~root/notes", os.path.expanduser("~root/notes")),
            ("./~", "./~"),
            ("a~", "a~"),
            ("filer:x", "filer:x"),
        ):
            self.assertEqual(folder_path(where), folder)

    def test_check_refuses_what_a_start_refuses_and_nothing_else(self) -> None:
        made: list[tuple[str, Callable[[Path], object], bool]] = [
            ("nothing", lambda path: None, True),
            ("journal is a folder", lambda path: (path / ".notes").mkdir(), False),
            ("journal is a link", lambda path: link(path / ".notes"), False),
            ("journal of others", lambda path: (path / ".notes").write_text("x"), True),
            ("notes are a folder", lambda path: (path / "notes.txt").mkdir(), False),
            ("notes are a link", lambda path: link(path / "notes.txt"), True),
            ("notes are a FIFO", lambda path: os.mkfifo(path / "notes.txt"), False),
        ]

        def link(path: Path) -> None:
            path.symlink_to(path.parent / "target")

        for name, make, is_well in made:
            folder = Path(self.mktemp()).absolute()
            folder.mkdir()
            make(folder)
            before = sorted(folder.iterdir())
            for only_check in (True, False):
                try:
                    open_notes(str(folder), only_check=only_check)
                except OSError:
                    self.assertFalse(is_well, (name, only_check))
                else:
                    self.assertTrue(is_well, (name, only_check))
                if only_check:
                    self.assertEqual(sorted(folder.iterdir()), before)

    def test_nothing_is_not_the_current_folder(self) -> None:
        for opened in (open_notes, open_documents):
            for options in ({}, {"must_exist": True}, {"only_check": True}):
                self.assertRaises(ValueError, opened, "", **options)

    def test_other_urls_are_refused_without_their_secrets(self) -> None:
        for where in ("redis://u:s3cret@h/0", "s3://k:s3cret@b", "mysql://s3cret@h/"):
            for opening in (open_notes, open_documents):
                error = self.assertRaises(ValueError, opening, where)
                scheme = where.partition(":")[0]
                self.assertIn(f"{scheme}:// is no store", str(error))
                self.assertIn("postgresql://", str(error))
                self.assertNotIn("s3cret", str(error))
        for where in (
            "file://elsewhere/a", "file:///a?b", "file:///a#b", "file:a", "file:",
            "file:///a%00b", "~nobody-of-this-name/a", "postgresql:db", "postgres:/db",
        ):  # fmt: skip
            self.assertRaises(ValueError, open_notes, where)

    def test_database_in_libpq_words_is_not_taken_for_a_folder(self) -> None:
        for where in ("host=h password=s3cret", " dbname = a", "user=u", "port=5432 x"):
            for opening in (open_notes, open_documents):
                error = self.assertRaises(ValueError, opening, where)
                self.assertIn("write postgresql://USER@HOST/DATABASE", str(error))
                self.assertNotIn("s3cret", str(error))
        for folder in ("./host=h", "hosts=", "a/host=h", "host"):
            self.assertEqual(folder_path(folder), folder)

    def test_postgresql_without_its_driver_says_what_to_install(self) -> None:
        without = patch.dict(sys.modules, {"psycopg": None})
        without.start()
        self.addCleanup(without.stop)
        for name in [name for name in sys.modules if ".store.postgresql" in name]:
            del sys.modules[name]
        for where in (URL, URL.replace("postgresql", "postgres")):
            error = self.assertRaises(ValueError, open_notes, where)
            self.assertIn("install dartio-tut[postgresql]", str(error))
            self.assertNotIn("s3cret", str(error))


class UrlTests(SynchronousTestCase):
    """What goes to libpq, and what does not."""

    def test_silent_url_gets_timeouts_that_end(self) -> None:
        place = read_url(URL)
        said = place.conninfo
        self.assertEqual((place.log, place.collection), (None, None))
        self.assertEqual(place.deadline, 5)
        self.assertEqual(said["host"], "db.example")
        self.assertEqual(said["password"], "s3cret")
        self.assertEqual(said["connect_timeout"], "3")
        self.assertEqual(said["tcp_user_timeout"], "5000")
        self.assertEqual(said["options"], "-c statement_timeout=5000")
        self.assertIn("keepalives_idle", said)
        self.assertNotIn("target_session_attrs", said)

    def test_parameters_of_the_url_override_the_defaults(self) -> None:
        said = read_url(
            URL + "?connect_timeout=9&tcp_user_timeout=1&keepalives_idle=7"
            "&options=-c%20statement_timeout%3D1&client_encoding=latin1"
        ).conninfo
        self.assertEqual(said["connect_timeout"], "9")
        self.assertEqual(said["tcp_user_timeout"], "1")
        self.assertEqual(said["keepalives_idle"], "7")
        self.assertEqual(said["options"], "-c statement_timeout=1")
        said = read_url(URL + "?options=-c%20search_path%3Da").conninfo
        self.assertEqual(said["options"], "-c search_path=a -c statement_timeout=5000")
        self.assertEqual(read_url(URL + "?options=").conninfo["options"], "")

    def test_our_parameters_are_not_passed_to_libpq(self) -> None:
        place = read_url(
            URL + "?log=my%20log&sslmode=require&collection=%D0%B6"
            "&deadline=0.5&connections=2"
        )
        self.assertEqual((place.log, place.collection), ("my log", "ж"))
        self.assertEqual((place.deadline, place.connections), (0.5, 2))
        self.assertEqual(place.conninfo["sslmode"], "require")
        self.assertFalse({"log", "collection", "deadline"} & set(place.conninfo))
        self.assertEqual(place.conninfo["options"], "-c statement_timeout=500")

    def test_several_hosts_look_for_the_one_that_writes(self) -> None:
        place = read_url("postgresql://u:s3cret@h1:1,h2:2/db?log=a")
        self.assertEqual(place.host, "h1:1, h2:2")
        self.assertEqual(place.conninfo["target_session_attrs"], "read-write")
        place = read_url("postgresql://h1,h2/db?target_session_attrs=any")
        self.assertEqual(place.conninfo["target_session_attrs"], "any")
        self.assertEqual(read_url("postgres:///db?host=/run").host, "/run")
        self.assertEqual(read_url("postgres:///db").host, "this machine")

    def test_passwords_with_special_characters(self) -> None:
        for written, password in (("a?b", "a?b"), ("a%40b", "a@b"), ("a:b", "a:b")):
            place = read_url(f"postgresql://u:{written}@h/db?log=x")
            self.assertEqual(place.conninfo["password"], password)
            self.assertEqual((place.conninfo["dbname"], place.log), ("db", "x"))

    def test_password_is_in_no_text_for_people(self) -> None:
        place = read_url(URL)
        self.assertNotIn("s3cret", repr(place))
        self.assertEqual(place.clean("no\n\tuse: s3cret"), "no use: ***")
        self.assertEqual(Database("h", {}).clean("a  b"), "a b")

    def test_location_for_the_log_has_no_secret(self) -> None:
        for password in (
            "pa?ss", "p%40ss", "p:ss", "p#ss", "p/a/ss", "p@ss", "p?a/ss", "p a",
            "pa?ss=1&x=2", "%zz", "a]b[",
        ):  # fmt: skip
            for behind in ("", "?sslmode=require", "?log=x&password=other%3Fs3cret"):
                where = f"postgresql://user:{password}@h/d{behind}"
                self.assertEqual(location_for_log(where), "postgresql://h/d", where)
        said = location_for_log("postgresql://u:s3cret@h1:1,h2/d?target=x@s3cret")
        self.assertEqual(said, "postgresql://h1:1,h2/d")
        self.assertEqual(location_for_log("notes"), os.path.abspath("notes"))
        self.assertEqual(location_for_log("~/n"), os.path.expanduser("~/n"))

    def test_prepare_is_yes_or_no(self) -> None:
        self.assertEqual(read_url(URL).prepare_threshold, 5)
        self.assertIsNone(read_url(URL + "?prepare=no").prepare_threshold)
        self.assertNotIn("prepare", read_url(URL + "?prepare=no").conninfo)
        self.assertRaises(ValueError, read_url, URL + "?prepare=maybe")

    def test_bad_urls_are_refused_without_the_password(self) -> None:
        for rest in (
            "postgresql://u:s3cret%zz@h/db",
            "postgresql://u:s3cret@h:port:9/db",
            "postgresql://u:s3cret@[h/db",
            "postgresql://u:/s3cret@h/db",
            "postgresql://u:1/s3cret@h/db",
            "postgresql://u:1@s3cret@h/db",
            "postgresql:",
            URL + "?deadline=0",
            URL + "?deadline=soon",
            URL + "?deadline=nan",
            URL + "?deadline=inf",
            URL + "?connections=-1",
            URL + "?colour=s",
        ):
            error = self.assertRaises(ValueError, read_url, rest)
            self.assertNotIn("s3cret", str(error))
            self.assertNotIn("\n", str(error))

    def test_names_of_logs_have_1_to_255_bytes(self) -> None:
        self.assertEqual(encoded_name("ж"), "ж".encode())
        self.assertEqual(encoded_name("x" * 255), b"x" * 255)
        for name in ("", "x" * 256, "\ud800"):
            self.assertRaises(ValueError, encoded_name, name)
