"""
The daemon's own files, and what a static file server may be given to serve.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import (
    ServerOptions,
    StartupError,
    StoreOptions,
    private_file_paths,
)
from dartio_tut.resources import parse_host_folder, parse_served_path
from dartio_tut.servers import notes, writer
from dartio_tut.store import MemoryDocuments

from .support.startup_case import StartupCase


class OwnFilesTests(SynchronousTestCase):
    """What the daemon writes or keeps secret."""

    def own(self, *line: str, **twistd: Any) -> list[str]:
        options = ServerOptions()
        options.parseOptions(list(line))
        parent: Any = twistd
        options.parent = parent
        return [os.path.relpath(path) for path in private_file_paths(options)]

    def test_log_and_pid_file_of_twistd(self) -> None:
        cases: list[tuple[dict[str, Any], list[str]]] = [
            ({"pidfile": "twistd.pid", "rundir": "."}, ["twistd.log", "twistd.pid"]),
            ({"logfile": "a.log", "pidfile": "b.pid"}, ["a.log", "b.pid"]),
            ({"pidfile": "b.pid", "rundir": "run"}, ["twistd.log", "run/b.pid"]),
            ({"nodaemon": True, "pidfile": ""}, []),
            ({"nodaemon": True, "logfile": "-"}, []),
            ({"nodaemon": True, "logfile": "a.log"}, ["a.log"]),
            ({"syslog": True, "pidfile": "b.pid"}, ["b.pid"]),
            ({"nodaemon": True, "profile": "p"}, ["p"]),
            ({}, []),
        ]
        for twistd, files in cases:
            self.assertEqual((twistd, self.own(**twistd)), (twistd, files))

    def test_access_log_and_private_keys(self) -> None:
        folder = self.mktemp()
        os.mkdir(folder)
        log = f"{folder}/access.log"
        endpoint = r"https:0:cert=c.pem:key=k\:1.pem:passwordFile=p"
        stock = "ssl:0:privateKey=p.pem:certKey=c.pem"
        found = self.own("--access-log", log, "--listen", endpoint, "--listen", stock)
        self.assertEqual(found, [os.path.relpath(log), "k:1.pem", "p", "p.pem"])
        files = ("--cert", "c.pem", "--key", "k.pem", "--key-password-file", "p")
        self.assertEqual(self.own(*files), ["k.pem", "p"])

    def test_private_keys_that_endpoints_do_not_name(self) -> None:
        folder = self.mktemp()
        os.mkdir(folder)
        for name in ("localhost.crt", "localhost.key"):
            Path(folder, name).touch()
        key = os.path.join(folder, "localhost.key")
        for endpoint, files in (
            ("https:0:c.pem:k.pem", ["k.pem"]),
            (r"https:0:c.pem:k\:1.pem:p", ["k:1.pem", "p"]),
            ("ssl:0:k.pem:c.pem", ["k.pem"]),
            ("ssl:0:k.pem", ["k.pem"]),
            ("ssl:0", ["server.pem"]),
            ("ssl:port=0:certKey=c.pem", ["server.pem"]),
            (f"https:0:certFolder={folder}", [key]),
            ("tcp:0", []),
            ("unix:key", []),
        ):
            self.assertEqual(
                (endpoint, self.own("--listen", endpoint)), (endpoint, files)
            )
        self.assertEqual(self.own("--metrics", "ssl:0:k.pem:c.pem"), ["k.pem"])

    def test_options_may_have_a_password(self) -> None:
        folder = self.mktemp()
        os.mkdir(folder)
        path = os.path.join(folder, "dartio.toml")
        with open(path, "wb"):
            pass
        self.assertEqual(self.own("--config", path), [os.path.relpath(path)])

    def test_files_of_the_server_that_has_started_it_are_its_own(self) -> None:
        starter, options = ServerOptions(), ServerOptions()
        folder = self.mktemp()
        os.mkdir(folder)
        with open(os.path.join(folder, "a.key"), "wb"):
            pass
        files = ("--cert", "c.pem", "--key", "k.pem", "--listen", "https:0:key=l.pem")
        starter.parseOptions([*files, "--cert-folder", folder])
        options.parseOptions(["--access-log", "a.log"])
        options.started_by = starter
        found = [os.path.relpath(path) for path in private_file_paths(options)]
        added = os.path.relpath(os.path.join(folder, "a.key"))
        self.assertEqual(found, ["a.log", "k.pem", "l.pem", added])

    def test_options_without_twistd(self) -> None:
        options = ServerOptions()
        options.parseOptions([])
        self.assertEqual(list(private_file_paths(options)), [])


class ServedStoreTests(StartupCase):
    """A store whose files clients read and write by their names."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.mktemp())
        (self.folder / "inside").mkdir(parents=True)

    def opened(
        self, kind: type[StoreOptions], *line: str, store: str = "", **twistd: Any
    ) -> str:
        """What is said of the store that is opened; nothing if all is in order."""
        options = kind()
        options.parseOptions(["--store", store or str(self.folder), *line])
        parent: Any = twistd
        options.parent = parent
        self.stderr.truncate(self.stderr.seek(0))
        with contextlib.suppress(StartupError):
            options.open_store(lambda *_: MemoryDocuments())
        return self.stderr.getvalue()

    def test_may_have_no_file_of_the_daemon(self) -> None:
        config = self.folder / "c.toml"
        config.write_text("rest = true")
        (self.folder / "elsewhere").symlink_to("inside")
        pair = ["--cert", "c.pem", "--key", "k.pem"]
        for name, line, twistd in (
            ("c.toml", ["--config", str(config)], {}),
            ("a.log", ["--access-log", str(self.folder / "a.log")], {}),
            ("k.pem", ["--cert", "c.pem", "--key", str(self.folder / "k.pem")], {}),
            ("c.pem", ["--cert", str(self.folder / "c.pem"), "--key", "k.pem"], {}),
            ("ca.pem", [*pair, "--client-ca", str(self.folder / "ca.pem")], {}),
            ("t.pid", [], {"nodaemon": True, "pidfile": str(self.folder / "t.pid")}),
            ("t.log", [], {"logfile": str(self.folder / "inside/../t.log")}),
        ):
            said = self.opened(writer.Options, *line, **twistd)
            self.assertIn(
                f"{name} of the daemon itself would be one of the files", said
            )
            self.assertEqual(said.count("\n"), 1)
            url = self.folder.absolute().as_uri()
            self.assertIn(name, self.opened(writer.Options, *line, store=url, **twistd))
            # Of these no client names a file.
            self.assertEqual(self.opened(notes.Options, *line, **twistd), "")
        said = self.opened(
            writer.Options, store=str(self.folder / "elsewhere"),
            nodaemon=True, logfile=str(self.folder / "inside" / "t.log"),
        )  # fmt: skip
        self.assertIn("t.log of the daemon itself", said)

    def test_log_may_not_be_where_notes_are_kept(self) -> None:
        for name in ("notes.txt", ".notes"):
            log = str(self.folder / name)
            said = self.opened(notes.Options, "--access-log", log)
            self.assertIn(f"{name} of the daemon itself", said)
            said = self.opened(notes.Options, logfile=log)
            self.assertIn(f"{name} of the daemon itself", said)
        for name in ("notes.log", "notes.toml", ".notesrc"):
            said = self.opened(notes.Options, logfile=str(self.folder / name))
            self.assertEqual(said, "")

    def test_link_to_a_file_of_the_daemon_is_one(self) -> None:
        key = self.folder / "inside" / "k.pem"
        key.touch()
        (self.folder / "k.pem").symlink_to(key)
        line = "--cert", "c.pem", "--key", str(self.folder / "k.pem")
        self.assertIn("k.pem of the daemon", self.opened(writer.Options, *line))
        line = *line[:3], str(key)
        self.assertEqual(self.opened(writer.Options, *line), "")
        inside = str(key.parent)
        self.assertIn("k.pem of", self.opened(writer.Options, *line, store=inside))


class ServedPathTests(SynchronousTestCase):
    """A folder, or one file."""

    def test_absolute_path_of_a_folder_and_of_a_file(self) -> None:
        folder = self.mktemp()
        os.mkdir(folder)
        path = os.path.join(folder, "file")
        with open(path, "wb"):
            pass
        self.assertEqual(parse_served_path(folder), os.path.abspath(folder))
        self.assertEqual(parse_served_path(path), os.path.abspath(path))
        self.assertEqual(parse_served_path("."), os.getcwd())
        host = parse_host_folder(f"a.example={folder}")
        self.assertEqual(host, ("a.example", os.path.abspath(folder)))

    def test_other_paths_are_refused(self) -> None:
        folder = self.mktemp()
        os.mkdir(folder)
        os.mkfifo(f"{folder}/fifo")
        os.symlink("loop", f"{folder}/loop")
        for text in ("", f"{folder}/none", f"{folder}/fifo", f"{folder}/loop"):
            self.assertRaises(ValueError, parse_served_path, text)
        for text in ("", "a.example", "a.example=", f"a b={folder}",
                     f"a.example={folder}/none", f"a.example={__file__}"):  # fmt: skip
            self.assertRaises(ValueError, parse_host_folder, text)
