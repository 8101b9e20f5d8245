"""
Starting daemons and asking them.

Every daemon runs from the installed package in an empty folder, with a home of
its own, on a port that the system picks.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Self

from twisted.trial.unittest import TestCase

BIN = Path(sys.executable).parent
TWISTD = (str(BIN / "twistd"), "-n", "--pidfile=")
CHECKOUT = Path(__file__).parents[2]

PATIENCE = 30.0
"""Seconds until a test gives up on a daemon: far more than any step takes."""


@dataclass
class Response:
    """What a daemon answered."""

    code: int
    fields: http.client.HTTPMessage
    body: bytes


class Daemon:
    """
    A running program that listens, and what it prints.

    :ivar stopped: a test has ended it, and has looked at how it did.
    """

    stopped = False

    def __init__(self, folder: Path, home: Path, *command: str) -> None:
        self.stderr = (folder / f"stderr-{os.urandom(4).hex()}").open("w+b")
        self.process = self.run(folder, home, command)
        self.lines: list[str] = []
        self._arriving: Queue[str | None] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def run(self, folder: Path, home: Path, command: tuple[str, ...]) -> Any:
        """Start *command*; what is returned is like a `subprocess.Popen`."""
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment(home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            text=True,
        )

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._arriving.put(line.rstrip("\n"))
        self._arriving.put(None)

    def wait_for(self, text: str) -> str:
        """The next line with *text* in it."""
        while True:
            try:
                line = self._arriving.get(timeout=PATIENCE)
            except Empty:
                raise AssertionError(f"no {text!r} in {self.lines}") from None
            if line is None:
                raise AssertionError(f"ended without {text!r}: {self.output()}")
            self.lines.append(line)
            if text in line:
                return line

    def ready(self) -> Self:
        """Wait until it listens, and learn where."""
        line = self.wait_for("Listening on ")
        self.url = line.partition("Listening on ")[2]
        found = re.search(r"://[^/]*:(\d+)/", self.url)
        self.port = int(found[1]) if found else 0
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; the exit code once it has ended."""
        self.stopped = True
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait for its end; the exit code."""
        code: int = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        while not self._arriving.empty():
            line = self._arriving.get()
            if line is not None:
                self.lines.append(line)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def errors(self) -> str:
        """What it has written to stderr."""
        self.stderr.seek(0)
        return self.stderr.read().decode()

    def output(self) -> str:
        """All it has written."""
        return "\n".join([*self.lines, self.errors()])


def environment(home: Path) -> dict[str, str]:
    """An environment that leads to the installed package and to *home*."""
    kept = {k: os.environ[k] for k in ("LANG", "LC_ALL", "TZ") if k in os.environ}
    return kept | {
        "HOME": str(home),
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "PYTHONUNBUFFERED": "1",
    }


class Case(TestCase):
    """
    A test that starts daemons.

    :cvar runner: the program that starts twistd, with its options.
    """

    runner: tuple[str, ...] = ()

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.home = self.folder / "home"
        self.here = self.folder / "here"
        self.home.mkdir(parents=True)
        self.here.mkdir()

    def started(self, *command: str) -> Daemon:
        """Run *command*."""
        daemon = Daemon(self.here, self.home, *command)
        self.addCleanup(daemon.stderr.close)
        return daemon

    def daemon(self, *line: str) -> Daemon:
        """Run twistd with *line*; at the end of the test it must end well."""
        daemon = self.started(*self.runner, *TWISTD, *line)
        self.addCleanup(self.ends_quietly, daemon)
        return daemon

    def serve(self, name: str, *options: str) -> Daemon:
        """Run the server *name* on a port of the system's choice."""
        return self.daemon(name, "--port", "0", *options).ready()

    def ends_quietly(self, daemon: Daemon) -> None:
        """Nothing on stderr, no traceback, the end a signal asked for."""
        if daemon.stopped:
            return
        code = daemon.stop()
        self.assertEqual((code, daemon.errors()), (-signal.SIGTERM, ""))
        self.assertNotIn("Traceback", daemon.output())

    def refuses(self, *line: str, codes: tuple[int, ...] = (1, 78)) -> str:
        """Run twistd with a *line* that is wrong; the one line it says on stderr."""
        daemon = self.started(*self.runner, *TWISTD, *line)
        self.assertIn(daemon.ended(), codes, daemon.output())
        said = daemon.errors()
        self.assertEqual(said.count("\n"), 1, said)
        self.assertTrue(said.startswith(f"{line[0]}: "), said)
        self.assertNotIn("Traceback", daemon.output())
        self.assertNotIn("Listening on", daemon.output())
        return said

    def run_program(self, *line: str, code: int = 0) -> tuple[str, str]:
        """Run a program of the installed package to its end; stdout and stderr."""
        ended = subprocess.run(
            [str(BIN / line[0]), *line[1:]],
            cwd=self.here,
            env=environment(self.home),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        said = ended.stdout + ended.stderr
        self.assertEqual(ended.returncode, code, said)
        self.assertNotIn("Traceback", said)
        return ended.stdout, ended.stderr


def ask(
    daemon: Daemon | int,
    method: str = "GET",
    target: str = "/",
    body: bytes | str | None = None,
    fields: dict[str, str] | None = None,
    *,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> Response:
    """Send one request; *daemon* is one, or a port."""
    port = daemon if isinstance(daemon, int) else daemon.port
    connection: Any
    if tls is None:
        connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    else:
        connection = http.client.HTTPSConnection(
            host, port, timeout=PATIENCE, context=tls
        )
    try:
        content = body.encode() if isinstance(body, str) else body
        connection.request(method, target, content, fields or {})
        response = connection.getresponse()
        return Response(response.status, response.headers, response.read())
    finally:
        connection.close()


def free_port() -> int:
    """A port that was free a moment ago, for programs that cannot take port 0."""
    with socket.create_server(("127.0.0.1", 0)) as briefly:
        port: int = briefly.getsockname()[1]
        return port


def raw(daemon: Daemon, data: bytes) -> bytes:
    """Send *data* as it is; all that comes until the daemon closes."""
    with socket.create_connection(("127.0.0.1", daemon.port), PATIENCE) as connection:
        connection.sendall(data)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        return b"".join(parts)
