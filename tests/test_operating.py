"""
What operators do: they run daemons in the background, as another user, without a home
folder; and what then happens to stored data.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from twisted.trial.unittest import SkipTest

from .support.exchange import exchange
from .support.harness import BIN, TWISTD, Case, Daemon, ask, free_port
from .support.privileges import MODES_APPLY, become
from .support.until import until

NOBODY = 65534


def as_root() -> None:
    """Skip the test unless it may become another user."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        raise SkipTest("NOT TESTED: another user, which needs root and setpriv")


def has_begun(log: Path) -> bool:
    """Whether the daemon whose *log* this is listens."""
    return log.exists() and "Listening on" in log.read_text()


class BackgroundTests(Case):
    """``twistd`` without ``-n``."""

    def test_background_daemon_runs_until_it_is_stopped(self) -> None:
        port = str(free_port())
        self.run_program("twistd", "hello", "--port", port)
        pid = int((self.here / "twistd.pid").read_text())
        try:
            self.assertEqual(ask(int(port)).body, b"Hello, world!")
        finally:
            os.kill(pid, signal.SIGTERM)

    def test_background_daemon_that_cannot_start_says_why(self) -> None:
        taken = self.serve("hello")
        line = ("twistd", "hello", "--port", str(taken.port))
        _, why = self.run_program(*line, code=1)
        self.assertIn(f"127.0.0.1:{taken.port}", why)
        said = f"Cannot start: cannot listen on 127.0.0.1:{taken.port}: "
        self.assertIn(said, (self.here / "twistd.log").read_text())
        # The process in the background says why before it removes the file.
        pid_file = self.here / "twistd.pid"
        until("the PID file is removed", lambda: not pid_file.exists())


class ShutdownTests(Case):
    """What is under way when a daemon is told to stop."""

    def test_download_under_way_has_a_line_in_the_access_log(self) -> None:
        with (self.here / "large").open("wb") as file:
            file.truncate(1 << 30)
        daemon = self.serve("static", "--access-log", "access.log")
        with socket.create_connection(("127.0.0.1", daemon.port)) as connection:
            connection.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertTrue(connection.recv(10).startswith(b"HTTP/1.1 2"))
            daemon.stop()
        (line,) = (self.here / "access.log").read_text().splitlines()
        self.assertRegex(line, r'"GET /large HTTP/1.1" 200 \d+ "-" "-" "cut off')


class UserTests(Case):
    """Daemons that run as another user than the one who starts them."""

    def open_folder(self) -> None:
        """Work in a folder that others may enter; those of trial are closed to them."""
        self.here = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.here)
        os.chmod(self.here, 0o777)

    def test_user_without_a_home_must_name_a_store(self) -> None:
        as_root()
        self.open_folder()
        store = self.here / "store"
        user = become("54321", [str(BIN / "twistd"), "--version"])
        if user is None:
            raise SkipTest("NOT TESTED: another user cannot run this installation")
        self.runner = ("env", "-i", f"PATH={BIN}:{os.environ['PATH']}", *user)
        self.assertIn("--store: ", self.refuses("notes", "--port", "0"))
        daemon = self.serve("notes", "--store", str(store))
        self.assertEqual(ask(daemon, "POST", "/", '{"myNote": "x"}').code, 200)

    def test_store_belongs_to_the_user_that_root_changes_to(self) -> None:
        as_root()
        self.open_folder()
        daemon = self.started(
            *(str(BIN / "twistd"), "-n", "--pidfile=", "--uid", str(NOBODY)),
            *("notes", "--port", "0", "--store", "store"),
        ).ready()
        self.addCleanup(daemon.stop)
        self.assertEqual(ask(daemon, "POST", "/", '{"myNote": "x"}').code, 200)
        made = os.stat(self.here / "store" / "notes.txt")
        self.assertEqual(made.st_uid, NOBODY)

    def test_log_is_begun_anew_by_the_user_that_root_changes_to_or_that_is_said(
        self,
    ) -> None:
        as_root()
        self.open_folder()
        (closed := self.here / "closed").mkdir(mode=0o755)
        for folder, rotates in ((self.here, True), (closed, False)):
            log = folder / "a.log"
            daemon = self.started(
                *(str(BIN / "twistd"), "-n", "--pidfile=", "--logfile", str(log)),
                *("--uid", str(NOBODY), "hello", "--port", "0"),
            )
            self.addCleanup(daemon.stop)
            until("it listens", partial(has_begun, log))
            self.assertEqual(log.stat().st_uid, NOBODY)
            said = f"the user of --uid cannot write to {folder}"
            self.assertEqual(said in log.read_text(), not rotates)
            if rotates:
                os.kill(daemon.process.pid, signal.SIGUSR1)
                until("it is rotated", (folder / "a.log.1").exists)

    def test_folder_that_the_later_user_cannot_read_is_refused(self) -> None:
        as_root()
        self.open_folder()
        closed = self.here / "closed"
        (closed / "below").mkdir(parents=True)
        (closed / "file.txt").write_text("x")
        (closed / "users").write_text("")
        closed.chmod(0o700)
        twistd = (str(BIN / "twistd"), "-n", "--pidfile=", "--uid", str(NOBODY))
        for place, line in (
            ("--root", ("static", str(closed))),
            ("--root", ("static", str(closed / "below"))),
            ("--root", ("static", str(closed / "file.txt"))),
            ("--host", ("static", "--host", f"a.example={closed}", str(self.here))),
            ("--root", ("pages", "--root", str(closed))),
            ("--auth", ("static", "--auth", f"{closed}/users", str(self.here))),
        ):
            daemon = self.started(*twistd, *line, "--port", "0")
            self.assertEqual(daemon.ended(), 78, daemon.output())
            said = f"{line[0]}: {place}: {closed}"
            self.assertTrue(daemon.errors().startswith(said), daemon.errors())
            self.assertIn(": the user of --uid cannot read it", daemon.errors())
        closed.chmod(0o755)
        daemon = self.started(*twistd, "static", str(closed), "--port", "0").ready()
        self.addCleanup(daemon.stop)
        self.assertEqual(ask(daemon, target="/file.txt").body, b"x")


class ClosedTests(Case):
    """Files and folders that a daemon may not read, enter or write."""

    def setUp(self) -> None:
        super().setUp()
        if os.geteuid() == 0:
            if not shutil.which("setpriv"):
                raise SkipTest("NOT TESTED: a folder that is closed; no setpriv here")
            self.runner = MODES_APPLY
        self.closed = self.here / "closed"
        (self.closed / "below").mkdir(parents=True)
        self.closed.chmod(0)
        self.addCleanup(self.closed.chmod, 0o755)

    def test_start_that_needs_a_closed_folder_ends_in_one_line(self) -> None:
        below = str(self.closed / "below")
        for line, place in (
            (("hello", "--access-log", f"{below}/log"), "--access-log: "),
            (("hello", "--config", f"{below}/x.toml"), ""),
            (("hello", "--listen", f"unix:{below}/s"), "cannot listen on "),
            (("static", "--root", below), "--root: "),
            (("static", below), ""),
            (("static", "--host", f"a.example={below}"), "--host: "),
            (("static", "--auth", f"{below}/htpasswd"), "--auth: "),
            (("notes", "--store", str(self.closed)), "--store: "),
            (("notes", "--store", below), "--store: "),
            (("writer", "--store", str(self.closed)), "--store: "),
        ):
            said = self.refuses(*line, "--port", "0", codes=(78,))
            self.assertTrue(said.startswith(f"{line[0]}: {place}"), said)
            self.assertIn("permission denied", said.lower())
            self.assertIn(str(self.closed), said)

    def test_root_that_is_closed_meanwhile_is_told_once(self) -> None:
        self.closed.chmod(0o755)
        (self.closed / "file.txt").write_text("x")
        (self.closed / "private.txt").write_text("x")
        (self.closed / "private.txt").chmod(0)
        folder = self.serve("static", str(self.closed))
        file = self.serve("static", str(self.closed / "file.txt"))
        self.assertEqual(ask(folder, target="/private.txt").code, 403)
        self.assertEqual(ask(folder, target="/file.txt").code, 200)
        self.assertEqual(ask(file).code, 200)
        self.assertNotIn("may not be read", folder.output())
        self.closed.chmod(0)
        for _ in range(3):
            self.assertEqual(ask(folder, target="/file.txt").code, 403)
            self.assertEqual(ask(file).code, 403)
        self.closed.chmod(0o755)
        self.assertEqual(ask(folder, target="/file.txt").code, 200)
        for server, kind in ((folder, "folder"), (file, "file")):
            server.stop()
            line = f": the {kind} that is served may not be read"
            self.assertEqual(server.output().count(line), 1)

    def test_folder_of_the_process_that_is_closed_is_told(self) -> None:
        for name in ("hello", "static"):
            script = 'chmod 700 "$1" && cd "$1" && chmod 0 "$1" && shift && exec "$@"'
            daemon = Daemon(
                self.here,
                self.home,
                *("sh", "-c", script, "sh", str(self.closed)),
                *(*self.runner, *TWISTD, name, "--port", "0"),
            )
            self.addCleanup(daemon.stderr.close)
            self.assertEqual(daemon.ended(), 78, daemon.output())
            said = f"{name}: --rundir: the current folder: permission denied"
            self.assertTrue(daemon.errors().startswith(said), daemon.errors())
            self.assertNotIn("Traceback", daemon.output())


class DataTests(Case):
    """Notes and documents under load."""

    def test_concurrent_notes_get_consecutive_numbers(self) -> None:
        notes = self.serve("notes", "--store", "store")

        def save(number: int) -> tuple[int, int]:
            said = ask(notes, "POST", "/", json.dumps({"myNote": f"note {number}"}))
            return number, int(said.body.split()[2])

        with ThreadPoolExecutor(20) as people:
            saved = list(people.map(save, range(100)))
        self.assertEqual(sorted(count for _, count in saved), list(range(1, 101)))
        lines = Path(self.here, "store", "notes.txt").read_text().splitlines()
        for number, count in saved:
            self.assertEqual(lines[count - 1], f"note {number}")

    def test_note_that_cannot_be_stored_is_refused_and_the_next_is_stored(self) -> None:
        notes = self.serve("notes", "--store", "store")
        kept = self.here / "store" / "notes.txt"
        self.assertEqual(ask(notes, "POST", "/", '{"myNote": "one"}').code, 200)
        kept.rename(self.here / "store" / "aside")
        kept.mkdir()
        self.assertEqual(ask(notes, "POST", "/", '{"myNote": "lost"}').code, 500)
        kept.rmdir()
        (self.here / "store" / "aside").rename(kept)
        said = ask(notes, "POST", "/", '{"myNote": "two"}')
        self.assertEqual(said.body, b"You have 2 notes.\n")
        notes.stop()  # its log tells of the note that was lost

    def test_page_can_read_why_a_long_note_is_refused(self) -> None:
        notes = self.serve("notes", "--store", "store")
        answer = ask(notes, "POST", "/", b"x" * (1024 * 1024 + 1))
        self.assertEqual(answer.code, 413)
        self.assertEqual(answer.fields["Access-Control-Allow-Origin"], "*")

    def test_leftovers_of_a_killed_daemon_are_removed(self) -> None:
        (self.here / "store").mkdir()
        (self.here / "store" / ".new-0123456789abcdef").write_bytes(b"half a docum")
        self.serve("writer", "--store", "store")
        self.assertEqual(os.listdir(self.here / "store"), [])


class LogTests(Case):
    """The access log."""

    def test_dash_is_stdout(self) -> None:
        for stdout in ("-", "/dev/stdout"):
            hello = self.serve("hello", "--access-log", stdout)
            ask(hello, "GET", "/some/path")
            hello.wait_for('"GET /some/path HTTP/1.1" 200 13 ')
        self.assertFalse((self.here / "-").exists())

    def test_access_log_grows_and_is_not_rotated(self) -> None:
        hello = self.serve("hello", "--access-log", "access.log")
        target = b"/" + bytes(4000).replace(b"\0", b"x")
        request = b"GET %s HTTP/1.1\r\nHost: a\r\n" % target
        last = request + b"Connection: close\r\n\r\n"
        exchange(hello.port, 300 * (request + b"\r\n") + last)
        hello.stop()
        self.assertGreater((self.here / "access.log").stat().st_size, 301 * 4000)
        self.assertEqual([*self.here.glob("access*")], [self.here / "access.log"])

    def test_access_log_of_json_has_an_object_for_each_request(self) -> None:
        line = ("--access-log", "access.log", "--access-log-format", "json")
        hello = self.serve("hello", *line)
        ask(hello, "GET", "/one")
        hello.stop()
        found = json.loads((self.here / "access.log").read_text())
        self.assertEqual((found["target"], found["status"]), ("/one", 200))
        self.assertEqual(found["ending"], "complete")
        said = self.refuses("hello", "--access-log-format", "xml")
        self.assertIn("--access-log-format: 'xml' is none of combined, json", said)

    def test_access_log_has_a_line_for_each_request(self) -> None:
        hello = self.serve("hello", "--access-log", "access.log")
        ask(hello, "GET", "/some/path")
        hello.stop()
        line = (self.here / "access.log").read_text()
        self.assertIn('"GET /some/path HTTP/1.1" 200 13 ', line)
        self.assertIn(
            "access.log", self.refuses("hello", "--access-log", "/x/access.log")
        )
