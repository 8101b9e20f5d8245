"""
The log of real daemons: ``--log-level`` and ``--log-format``, beside twistd's options.
"""

from __future__ import annotations

import contextlib  # its suppress, imported by name, would be trial's own suppress
import json
import os
import pty
import re
import signal
import socket
import subprocess
import threading
from typing import Any

from .support.harness import BIN, PATIENCE, TWISTD, Case, ask, environment
from .support.until import until
from .support.workers import workers_of


class FormatTests(Case):
    """Standard output, a terminal and files."""

    def test_json_is_an_object_a_line_and_nothing_else(self) -> None:
        (self.here / "www").mkdir()
        static = self.serve("static", "www", "--log-format", "json")
        self.assertEqual(ask(static, target="/nothing").code, 404)
        static.stop()
        said = [json.loads(line) for line in static.lines]
        members = {"time", "level", "logger", "message"}
        self.assertEqual([each for each in said if set(each) != members], [])
        for text in ("Listening on http://127.0.0.1:", "Received SIGTERM"):
            self.assertIn(text, str(said))

    def test_tutorial_tells_nobody_what_to_open_where_a_program_reads(self) -> None:
        tutorial = self.daemon("tutorial", "--port", "0", "--log-format", "json")
        tutorial.wait_for("Only this machine")
        tutorial.stop()
        for line in tutorial.lines:
            json.loads(line)

    def test_levels_leave_lines_out(self) -> None:
        line = ("--port", "0", "--listen", "unix:a.socket", "--log-level", "warn")
        hello = self.daemon("hello", *line)
        until("it listens", lambda: (self.here / "a.socket").exists())
        hello.stop()
        self.assertEqual(hello.output(), "")

    def test_a_terminal_gets_short_lines(self) -> None:
        shown = self.on_terminal("hello", "--port", "0")
        self.assertRegex(shown, r"\d\d:\d\d:\d\d Listening on http://127\.0\.0\.1:\d+/")
        self.assertRegex(shown, r"\d\d:\d\d:\d\d Received SIGINT, shutting down\.")
        lines = [line for line in shown.splitlines() if line]
        short = re.compile(r"(\^C)?\d\d:\d\d:\d\d \w")
        self.assertEqual([line for line in lines if not short.match(line)], [])
        for twisteds in ("starting up", "reactor class", "Shut Down", "Main loop"):
            self.assertNotIn(twisteds, shown)

    def test_json_is_not_short_on_a_terminal(self) -> None:
        shown = self.on_terminal("hello", "--port", "0", "--log-format", "json")
        self.assertIn('"message": "Listening on http://127.0.0.1:', shown)

    def test_a_file_is_begun_anew_by_sigusr1(self) -> None:
        line = ("hello", "--port", "0", "--log-format", "json")
        twistd = (str(BIN / "twistd"), "-n", "--pidfile=", "--logfile", "a.log")
        hello = self.started(*twistd, *line)
        self.addCleanup(hello.stop)
        until("it listens", lambda: "Listening on" in self.text("a.log"))
        os.kill(hello.process.pid, signal.SIGUSR1)
        until("the log is rotated", lambda: (self.here / "a.log.1").exists())
        until("it is opened anew", lambda: (self.here / "a.log").exists())
        hello.stop()
        self.assertIn("Listening on", self.text("a.log.1"))
        for said in self.text("a.log").splitlines():
            json.loads(said)
        self.assertIn("Received SIGTERM", self.text("a.log"))
        self.assertEqual(hello.output(), "")

    def test_reader_that_does_not_read_holds_nobody_up(self) -> None:
        pipe, (here, there) = os.pipe(), socket.socketpair()
        for reading, writing in (pipe, (here.detach(), there.detach())):
            self.addCleanup(os.close, reading)
            line = ("thinker", "--port", "0", "--listen", "unix:a.socket")
            thinker = subprocess.Popen(
                [*TWISTD, *line],
                cwd=self.here,
                env=environment(self.here),
                stdout=writing,
            )
            self.addCleanup(thinker.wait)
            self.addCleanup(thinker.kill)
            os.close(writing)
            until("it listens", lambda: (self.here / "a.socket").exists())
            self.assertEqual(self.count_answered("a.socket", 2000), 2000)
            thinker.terminate()
            self.assertEqual(thinker.wait(PATIENCE), -signal.SIGTERM)

    def count_answered(self, path: str, requests: int) -> int:
        """How many of so many requests are answered, each of which is logged."""
        asked = b"GET /?q=no HTTP/1.1\r\nHost: a\r\n\r\n"
        last = b"GET /?q=no HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(os.path.relpath(self.here / path))
            sending = threading.Thread(
                target=client.sendall, args=(asked * (requests - 1) + last,)
            )
            sending.start()
            said = b""
            while more := client.recv(65536):
                said += more
            sending.join()
        return said.count(b"HTTP/1.1 200 OK")

    def test_sigusr1_ends_nobody_who_has_no_file(self) -> None:
        alone = self.serve("hello")
        alone.process.send_signal(signal.SIGUSR1)
        self.assertEqual(ask(alone).body, b"Hello, world!")
        parent = self.serve("hello", "--workers", "2")
        parent.wait_for("2 workers answer requests")
        workers = workers_of(parent)
        for pid in (parent.process.pid, *workers):
            os.kill(pid, signal.SIGUSR1)
        self.assertEqual(ask(parent).body, b"Hello, world!")
        self.ends_quietly(parent)
        self.assertNotIn("has ended", parent.output())

    def test_the_background_logs_to_its_file(self) -> None:
        line = ("hello", "--port", "0", "--log-format", "json")
        self.run_program("twistd", *line)
        pid = int((self.here / "twistd.pid").read_text())
        try:
            until("it listens", lambda: "Listening on" in self.text("twistd.log"))
        finally:
            os.kill(pid, signal.SIGTERM)
        json.loads(self.text("twistd.log").splitlines()[0])

    def is_anew(self, name: str, before: os.stat_result) -> bool:
        """Whether the file *name* is another one, with the mode that it had."""
        with contextlib.suppress(FileNotFoundError):
            now = (self.here / name).stat()
            return now.st_ino != before.st_ino and now.st_mode == before.st_mode
        return False

    def test_logs_of_the_background_keep_their_modes(self) -> None:
        self.run_program("twistd", "hello", "--port", "0", "--access-log", "access")
        pid = int((self.here / "twistd.pid").read_text())
        before = {name: (self.here / name).stat() for name in ("access", "twistd.log")}
        try:
            until("it listens", lambda: "Listening on" in self.text("twistd.log"))
            (self.here / "access").rename(self.here / "access.1")
            for number in (signal.SIGUSR1, signal.SIGHUP):
                os.kill(pid, number)
            until(
                "both are begun anew, as they were",
                lambda: all(self.is_anew(name, was) for name, was in before.items()),
            )
        finally:
            os.kill(pid, signal.SIGTERM)

    def test_what_is_wrong_is_refused(self) -> None:
        for line, said in [
            (("--log-level", "loud"), "--log-level: 'loud' is none of debug, info, "),
            (("--log-format", "xml"), "--log-format: 'xml' is none of text, json"),
        ]:
            self.assertIn(said, self.refuses("hello", *line, codes=(78,)))
        (self.here / "file").write_text("")
        for path, why in (("missing/log", "No such file"), ("file/log", "Not a dir")):
            daemon = self.started(*TWISTD, "--logfile", path, "hello")
            self.assertEqual(daemon.ended(), 78)
            self.assertRegex(
                daemon.errors(), f"^hello: --logfile: .*{path}: {why}.*\n$"
            )
        daemon = self.started(*TWISTD, "--syslog", "hello", "--log-level", "warn")
        self.assertEqual(daemon.ended(), 78)
        self.assertIn("hello: --log-level does not go with --syslog", daemon.errors())

    def text(self, name: str) -> str:
        path = self.here / name
        return path.read_text() if path.exists() else ""

    def on_terminal(self, *line: str) -> str:
        """What a terminal shows of a daemon that Ctrl-C ends once it listens."""
        terminal, its_side = pty.openpty()
        process = subprocess.Popen(
            ["setsid", "-c", *TWISTD, *line],
            cwd=self.here,
            env=environment(self.home),
            stdin=its_side,
            stdout=its_side,
            stderr=its_side,
        )
        self.addCleanup(process.kill)
        os.close(its_side)
        with open(terminal, "r+b", buffering=0) as keys:
            said = b""
            while not (port := re.search(rb"Listening on http://[0-9.]+:(\d+)/", said)):
                said += keys.read(4096)
            ask(int(port[1]))  # before that, a Ctrl-C would end it without a word
            keys.write(b"\x03")
            said += _rest(keys)
        self.assertIn(process.wait(PATIENCE), (0, -signal.SIGINT))
        return said.decode().replace("\r\n", "\n")


def _rest(stream: Any) -> bytes:
    """All that comes until nobody has the other side of the terminal *stream*."""
    said = b""
    while True:
        try:
            said += stream.read(4096)
        except OSError:  # EIO
            return said
