"""
``dartio serve``, as a person at a terminal has it.
"""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import socket
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest

from .support.harness import (
    BIN,
    PATIENCE,
    Case,
    Daemon,
    Place,
    ask,
    environment,
    finished,
    run,
)
from .support.newcomers import skip_if_ports_are_taken
from .support.terminals import Network
from .test_starting import has_ipv6

DARTIO = (str(BIN / "dartio"), "serve")

WHOLE = re.compile(
    rb"There is no network here\r\n"
    rb"|Others in the network: (?P<url>[^\s,]+).*\n(?P=url)\r\n",
    re.DOTALL,
)
"""All that is shown to somebody who serves others: last, the URL below its QR code."""


class DaemonElsewhere(Daemon):
    """A program in *network*."""

    def __init__(
        self, network: Network, folder: Path, home: Path, *command: str, **more: str
    ) -> None:
        self.network = network
        super().__init__(folder, home, *command, **more)

    def begin(self, command: Sequence[str], place: Place) -> Any:
        """Start *command*."""
        return run(command, replace(place, network=self.network), self.stderr)


class ServeCase(Case):
    """A test in a network of its own, where the well-known ports are free."""

    def setUp(self) -> None:
        super().setUp()
        self.network = Network()
        self.addCleanup(self.network.close)
        if not self.network.enter:
            skip_if_ports_are_taken()
        (self.here / "www").mkdir()
        (self.here / "www" / "index.html").write_text("It is here.\n")

    def elsewhere(self, *words: str, **variables: str) -> Daemon:
        """Run ``dartio serve`` with *words*, in the network."""
        daemon = DaemonElsewhere(
            self.network, self.here, self.home, *DARTIO, *words, **variables
        )
        self.addCleanup(daemon.stderr.close)
        return daemon

    def dartio(self, *words: str, **variables: str) -> Daemon:
        """Run ``dartio serve`` with *words*; it must end by Ctrl-C as it should."""
        daemon = self.elsewhere(*words, **variables)
        self.addCleanup(self.interrupt, daemon)
        return daemon

    def interrupt(self, daemon: Daemon) -> None:
        if not daemon.stopped:
            self.assertIn(daemon.stop(signal.SIGINT), (0, -signal.SIGINT))
            self.assertEqual(daemon.errors(), "")
            self.assertNotIn("Traceback", daemon.output())

    def body(self, url: str) -> str:
        """What is answered at *url*, to a client in the same network."""
        return self.client("get", url)

    def client(self, *words: str) -> str:
        """What ``dartio`` with *words* prints, in the same network."""
        place = Place(self.here, self.home, {}, self.network)
        ended = finished((str(BIN / "dartio"), *words), place)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return ended.stdout.decode()

    def refused(self, *words: str, code: int = 78) -> str:
        daemon = self.elsewhere(*words)
        self.assertEqual(daemon.ended(), code, daemon.output())
        self.assertNotIn("Traceback", daemon.output())
        return daemon.errors()


class FilesTests(ServeCase):
    """A folder, or a file."""

    def test_a_folder_is_served_and_the_last_line_says_where(self) -> None:
        daemon = self.dartio("www")
        line = daemon.wait_for("Open ")
        self.assertEqual(line, "Open http://localhost:4048/ (Ctrl-C ends it)")
        self.assertEqual(self.body("http://localhost:4048/"), "It is here.\n")
        self.assertIn("Only this machine can reach it.", daemon.output())
        self.interrupt(daemon)
        self.assertFalse((self.here / "twistd.pid").exists())
        self.assertFalse((self.here / "twistd.log").exists())

    def test_the_current_folder_and_a_file_are_served_as_well(self) -> None:
        for words in ((), (".",)):
            (self.here / "file.txt").write_text("x")
            daemon = self.dartio("--port", "0", *words)
            url = daemon.wait_for("Open ").split()[1]
            self.assertIn("Nothing is at /: no index.html", daemon.output())
            self.assertEqual(self.body(f"{url}file.txt"), "x")
        daemon = self.dartio("www/index.html", "--port", "0")
        url = daemon.wait_for("Open ").split()[1]
        self.assertEqual(self.body(url), "It is here.\n")

    def test_it_is_the_daemon_that_twistd_runs_with_all_its_options(self) -> None:
        line = ("www", "--port", "0", "--header", "X-A: b", "--prefix", "/a/")
        ours = self.dartio(*line, "--access-log", "ours.log")
        url = ours.wait_for("Open ").split()[1]
        self.assertTrue(url.endswith("/a/"), url)
        self.assertEqual(self.body(url), "It is here.\n")
        self.interrupt(ours)
        self.assertIn("GET /a/ ", (self.here / "ours.log").read_text())
        theirs = self.serve("static", *line[:1], *line[3:])
        self.assertEqual(ask(theirs, target="/a/").fields["X-A"], "b")

    def test_what_is_wrong_is_told_in_a_line(self) -> None:
        (self.here / "hello").mkdir()
        for words, said in [
            (("nowhere",), "static: nowhere: no such folder or file"),
            (("--port", "http"), "static: --port: 'http' is no port"),
            (("--lan", "-i", "any-v4"), "static: --lan does not go with --interface"),
            (("helo",), "dartio: serve: helo: no such file or folder, and no server; "),
            (("notes", "notes"), "dartio: serve: notes is named twice"),
            (
                ("notes", "-p", "0", "writer"),
                "notes: writer: the names of servers come",
            ),
            (("tutorial",), 'dartio: serve: all servers together are "twistd -n tut'),
        ]:
            errors = self.refused(*words)
            self.assertTrue(errors.startswith(said), errors)
            self.assertEqual(errors.count("\n"), 1)

    def test_check_starts_nothing(self) -> None:
        for words, name in [(("www",), "static"), (("hello", "notes"), "serve")]:
            said, errors = self.run_program("dartio", "serve", *words, "--check")
            self.assertEqual((said, errors), (f"{name}: all is in order\n", ""))
        _, errors = self.run_program("dartio", "serve", "nowhere", "--check", code=78)
        self.assertEqual(errors.count("\n"), 1)

    def test_options_may_stand_in_the_environment_and_in_a_file(self) -> None:
        (self.here / "a.toml").write_text('root = "www"\nlan = true\nport = 0\n')
        daemon = self.dartio(DARTIO_CONFIG="a.toml")
        url = daemon.wait_for("Open ").split()[1]
        self.assertEqual(self.body(url), "It is here.\n")
        is_alone = self.network.enter
        daemon.wait_for("There is no network here" if is_alone else "network")


class PortTests(ServeCase):
    """The port is taken."""

    def test_the_next_free_one_is_taken_and_that_is_said(self) -> None:
        first = self.dartio("www")
        first.wait_for("Open http://localhost:4048/ ")
        second = self.dartio("www")
        second.wait_for("Open http://localhost:4049/ ")
        said = "127.0.0.1:4048: Address already in use; trying the next port"
        self.assertIn(said, second.output())
        self.assertEqual(self.body("http://localhost:4049/"), "It is here.\n")

    def test_one_that_was_asked_for_is_not_another(self) -> None:
        self.dartio("www").wait_for("Open ")
        errors = self.refused("www", "--port", "4048", code=1)
        self.assertIn(
            "static: cannot listen on 127.0.0.1:4048: Address already", errors
        )

    def test_twistd_takes_no_other(self) -> None:
        self.dartio("www").wait_for("Open ")
        self.runner = tuple(self.network.enter)
        self.assertIn("4048: Address already", self.refuses("static", codes=(1,)))


class LessonsTests(ServeCase):
    """Other servers, by name."""

    def test_several_run_together_each_on_its_port(self) -> None:
        daemon = self.dartio("hello", "notes", "--store", "kept")
        daemon.wait_for("Ctrl-C ends them")
        self.assertEqual(
            daemon.lines[-3:],
            [
                "hello: http://localhost:4040/",
                "notes: http://localhost:4042/",
                "Ctrl-C ends them",
            ],
        )
        self.assertEqual(self.body("http://localhost:4040/"), "Hello, world!")
        self.assertEqual(self.client("note", "milk"), "You have 1 notes.\n")
        self.assertTrue((self.here / "kept" / "notes" / "notes.txt").exists())

    def test_every_lesson_can_be_served(self) -> None:
        said, _ = self.run_program("dartio", "serve", "--help")
        names = [
            line.split()[0]
            for line in said.partition("Servers, ")[2].split("\n")
            if line.startswith("  ")
        ]
        self.assertGreater(len(names), 8)
        for line in (names, *([name] for name in names)):
            daemon = self.dartio(*line, "--port", "0")
            daemon.wait_for("Ctrl-C ends")
            self.interrupt(daemon)

    def test_a_folder_of_the_same_name_is_told_apart(self) -> None:
        (self.here / "hello").mkdir()
        (self.here / "hello" / "index.html").write_text("A folder.")
        daemon = self.dartio("./hello", "--port", "0")
        url = daemon.wait_for("Open ").split()[1]
        self.assertEqual(self.body(url), "A folder.")
        daemon = self.started(*DARTIO, "hello", "--port", "0")
        self.addCleanup(daemon.stop)
        daemon.wait_for("Open ")
        self.assertEqual(
            daemon.errors(),
            "dartio: serving the server hello; for what has that name here, say "
            "./hello\n",
        )


class LanTests(ServeCase):
    """``--lan``."""

    def test_others_can_reach_it_and_urls_are_shown(self) -> None:
        if not self.network.enter:
            raise SkipTest("NOT TESTED: a network of its own")
        address = ["ip", "address", "add", "192.0.2.7/24", "dev", "lo"]
        done = subprocess.run([*self.network.enter, *address], check=False)
        if done.returncode:
            raise SkipTest("NOT TESTED: an address in a network; no ip here")
        daemon = self.dartio("www", "--lan")
        daemon.wait_for("Open http://localhost:4048/ ")
        line = daemon.wait_for("Others in the network: ")
        self.assertIn("http://192.0.2.7:4048/", line)
        self.assertNotIn("127.0.0.1", line)
        self.assertEqual(self.body("http://192.0.2.7:4048/"), "It is here.\n")
        if has_ipv6():
            self.assertEqual(self.body("http://[::1]:4048/"), "It is here.\n")

    def test_a_terminal_is_shown_a_qr_code(self) -> None:
        shown = self.on_terminal("www", "--lan", "--port", "0")
        if "There is no network here" in shown:
            raise SkipTest("NOT TESTED: the QR code; this machine has no network")
        lines = [line for line in shown.splitlines() if "\x1b[38;5;16" in line]
        self.assertGreater(len(lines), 12, shown)
        self.assertIn("\u2588", lines[2])

    def on_terminal(self, *words: str) -> str:
        """What a terminal shows until Ctrl-C ends it."""
        terminal, its_side = pty.openpty()
        variables = {"TERM": "xterm", "PYTHONUTF8": "1"}
        process = subprocess.Popen(
            ["setsid", "-c", *DARTIO, *words],
            cwd=self.here,
            env=environment(self.home) | variables,
            stdin=its_side,
            stdout=its_side,
            stderr=its_side,
        )
        self.addCleanup(process.kill)
        os.close(its_side)
        said = b""
        while not WHOLE.search(said):
            said += os.read(terminal, 4096)
        os.write(terminal, b"\x03")
        self.assertIn(process.wait(PATIENCE), (0, -signal.SIGINT))
        os.close(terminal)
        return said.decode().replace("\r\n", "\n")


class OpenTests(ServeCase):
    """``--open``."""

    def browser(self, script: str) -> str:
        path = Path(self.here / "browser")
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return f"{path} %s"

    def test_the_browser_gets_the_url_once_it_is_answered_there(self) -> None:
        os.mkfifo(self.here / "opened")
        reading = os.open(self.here / "opened", os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reading)
        browser = self.browser('echo noise; echo "$1" $$ > opened; exec sleep 1000')
        daemon = self.dartio("www", "--open", "--port", "0", BROWSER=browser)
        url = daemon.wait_for("Open ").split()[1]
        self.assertTrue(select.select([reading], [], [], PATIENCE)[0])
        opened, process = os.read(reading, 1000).decode().split()
        self.addCleanup(os.kill, int(process), signal.SIGKILL)
        self.assertEqual(opened, url)
        # A browser that is still open keeps nobody from being served.
        self.assertEqual(self.body(url), "It is here.\n")
        self.interrupt(daemon)
        self.assertNotIn("noise", daemon.output())

    def test_it_is_said_when_there_is_none(self) -> None:
        bare = {
            "PATH": "/nonexistent",
            "DISPLAY": "",
            "BROWSER": self.browser("exit 1"),
        }
        daemon = self.dartio("www", "--open", "--port", "0", **bare)
        daemon.wait_for("No browser can be opened here: see http://localhost:")


class LoadTests(ServeCase):
    """The command itself."""

    def test_dartio_names_it_among_its_commands(self) -> None:
        said, _ = self.run_program("dartio", "--help")
        self.assertRegex(said, r"\n    serve +serve a folder")

    def test_a_port_of_others_is_not_bound_by_accident(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            daemon = self.started(*DARTIO, "hello", "--port", port)
            self.assertEqual(daemon.ended(), 1)
