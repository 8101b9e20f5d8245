"""
Starts daemons and sends them requests.

Rule: every daemon is the installed package's. It runs in an empty folder, with a home
folder of its own, on a port that the system picks. It is forked from a process that has
imported it, unless the test has a `runner`, or a command of its own: see `forks`.
"""

from __future__ import annotations

import fcntl
import os
import random
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import Empty, Queue
from tempfile import TemporaryFile, gettempdir
from typing import IO, Any, Protocol, Self

from twisted.trial.unittest import TestCase

from dartio_tut.testing import Fields, Response, ResponseReader

from .forks import ForkedProcess

BIN = Path(sys.executable).parent
TWISTD = (str(BIN / "twistd"), "-n", "--pidfile=")
CHECKOUT = Path(__file__).parents[2]

EXECUTES = os.environ.get("DARTIO_FORKS") == "no"
"""Whether each daemon is a new Python, at half a second of a processor more."""

IN_FULL = os.environ.get("DARTIO_FULL") == "yes"
"""Whether what takes long is tested in full, as in ``make soak``."""

PATIENCE = 120.0
"""Seconds until a test gives up waiting: far more than any step takes, even where ten
others want each processor."""

RECEIVE_BYTES = 65536
"""Bytes that are read from a socket at a time."""


class Daemon:
    """
    A running program that listens, and what it prints.

    :ivar stopped: whether the test has ended it, and so looks itself at how it ended.
    """

    stopped = False

    def __init__(
        self, folder: Path, home: Path, *command: str, **variables: str
    ) -> None:
        self.stderr = (folder / f"stderr-{os.urandom(4).hex()}").open("w+b")
        place = Place(folder, home, variables)
        self.process = self.begin(command, place)
        self.lines: list[str] = []
        self._arriving: Queue[str | None] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def begin(self, command: Sequence[str], place: Place) -> Any:
        """Start *command*; return something like a `subprocess.Popen`."""
        return run(command, place, self.stderr)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._arriving.put(line.rstrip("\n"))
        self._arriving.put(None)

    def wait_for(self, text: str) -> str:
        """Wait for the next line that contains *text*, and return it."""
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
        """Wait until the daemon listens, and note where."""
        line = self.wait_for("Listening on ")
        self.url = line.partition("Listening on ")[2]
        found = re.search(r"://[^/]*:(\d+)/", self.url)
        self.port = int(found[1]) if found else 0
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal *number*; return the exit code once the daemon has ended."""
        self.stopped = True
        if self.process.poll() is None:
            self.process.send_signal(number)
            # A daemon finishes what is under way; another signal ends that.
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
            if self.process.poll() is None:
                self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait for the end; return the exit code."""
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
        """What was written to stderr."""
        self.stderr.seek(0)
        return self.stderr.read().decode()

    def output(self) -> str:
        """All that was written to stdout and stderr."""
        return "\n".join([*self.lines, self.errors()])


class Network(Protocol):
    """
    A network; see `terminals`.

    :ivar enter: what a command line must begin with to run there.
    :ivar pid: a process that is there, if it is another network than ours.
    """

    enter: list[str]
    pid: int


@dataclass(frozen=True)
class Place:
    """
    Where a program runs.

    :ivar variables: those of its environment, beside the usual ones.
    :ivar network: its network, if it is not that of the tests.
    """

    folder: Path
    home: Path
    variables: Mapping[str, str]
    network: Network | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The variables of its environment."""
        return environment(self.home) | dict(self.variables)


def environment(home: Path) -> dict[str, str]:
    """An environment that leads to the installed package and to *home*."""
    kept = {k: os.environ[k] for k in ("LANG", "LC_ALL", "TZ") if k in os.environ}
    return kept | {
        "HOME": str(home),
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "PYTHONUNBUFFERED": "1",
    }


def run(
    command: Sequence[str],
    place: Place,
    stderr: IO[bytes],
    stdout: IO[bytes] | None = None,
    stdin: IO[bytes] | None = None,
    *,
    leads_session: bool = False,
) -> Any:
    """
    Start *command*; return something like a `subprocess.Popen`.

    :param stdout: the file for what it prints; ``None``: a pipe.
    :param stdin: the file that it reads; ``None``: an empty one.
    :param leads_session: whether it begins a session and a process group of its own.
    """
    if is_forked(command):
        return ForkedProcess(
            (Path(command[0]).name, *command[1:]),
            place.folder,
            place.environment,
            stderr,
            stdout,
            stdin,
            leads_session=leads_session,
            network=place.network.pid if place.network else 0,
        )
    return subprocess.Popen(
        [*(place.network.enter if place.network else ()), *command],
        cwd=place.folder,
        env=place.environment,
        stdin=stdin or subprocess.DEVNULL,
        stdout=stdout or subprocess.PIPE,
        stderr=stderr,
        text=True,
        start_new_session=leads_session,
    )


def is_forked(command: Sequence[str]) -> bool:
    """Whether *command* is one of the installed package's that `forks` can start."""
    program, *line = command
    if EXECUTES or Path(program).parent != BIN:
        return False
    if Path(program).name == "python":  # of a file, not of -c or -m
        return bool(line) and not line[0].startswith("-")
    return Path(program).name in ("twistd", "dartio")


def finished(
    command: Sequence[str],
    place: Place,
    data: bytes = b"",
    *,
    patience: float = PATIENCE,
) -> subprocess.CompletedProcess[bytes]:
    """Run *command* to its end, with *data* at its standard input, which is a pipe."""
    reading, writing = map(os.fdopen, os.pipe(), ("rb", "wb"))
    with TemporaryFile() as stdout, TemporaryFile() as stderr:
        with reading:
            process = run(command, place, stderr, stdout, reading)
        sending = threading.Thread(target=_send, args=(writing, data))
        sending.start()
        try:
            code = process.wait(patience)
        finally:
            process.kill()
            sending.join()
        stdout.seek(0)
        stderr.seek(0)
        return subprocess.CompletedProcess(command, code, stdout.read(), stderr.read())


def _send(pipe: IO[bytes], data: bytes) -> None:
    # A program may end before it has read everything.
    with suppress(BrokenPipeError), pipe:
        pipe.write(data)


class Case(TestCase):
    """
    A test that starts daemons.

    :cvar runner: the program that starts twistd, with its options.
    :cvar variables: those that are in the environment beside the usual ones.
    """

    runner: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.home = self.folder / "home"
        self.here = self.folder / "here"
        self.home.mkdir(parents=True)
        self.here.mkdir()

    def started(self, *command: str) -> Daemon:
        """Run *command*."""
        daemon = Daemon(self.here, self.home, *command, **self.variables)
        self.addCleanup(daemon.stderr.close)
        return daemon

    def daemon(self, *line: str) -> Daemon:
        """Run twistd with *line*; when the test ends, it must end as it should."""
        daemon = self.started(*self.runner, *TWISTD, *line)
        self.addCleanup(self.ends_quietly, daemon)
        return daemon

    def serve(self, name: str, *options: str) -> Daemon:
        """Run the server *name* on a port that the system picks, and wait for it."""
        return self.daemon(name, "--port", "0", *options).ready()

    def ends_quietly(self, daemon: Daemon) -> None:
        """Stop *daemon*: it must obey the signal, and leave stderr empty."""
        if daemon.stopped:
            return
        code = daemon.stop()
        self.assertEqual((code, daemon.errors()), (-signal.SIGTERM, ""))
        self.assertNotIn("Traceback", daemon.output())

    def refuses(self, *line: str, codes: tuple[int, ...] = (1, 78)) -> str:
        """Run twistd with a wrong command *line*; return the one line of stderr."""
        daemon = self.started(*self.runner, *TWISTD, *line)
        self.assertIn(daemon.ended(), codes, daemon.output())
        said = daemon.errors()
        self.assertEqual(said.count("\n"), 1, said)
        self.assertTrue(said.startswith(f"{line[0]}: "), said)
        self.assertNotIn("Traceback", daemon.output())
        self.assertNotIn("Listening on", daemon.output())
        return said

    def run_program(self, *line: str, code: int = 0) -> tuple[str, str]:
        """Run a program of the installed package to its end: its stdout and stderr."""
        with TemporaryFile() as stdout, TemporaryFile() as stderr:
            place = Place(self.here, self.home, self.variables)
            process = run((str(BIN / line[0]), *line[1:]), place, stderr, stdout)
            try:
                ended = process.wait(PATIENCE)
            finally:
                process.kill()
            said, errors = (_text(stdout), _text(stderr))
        self.assertEqual(ended, code, said + errors)
        self.assertNotIn("Traceback", said + errors)
        return said, errors


def _text(written: IO[bytes]) -> str:
    written.seek(0)
    return written.read().decode()


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
    """
    Send one request on a connection of its own, and read the response strictly.

    :param daemon: the daemon, or its port.
    """
    port = daemon if isinstance(daemon, int) else daemon.port
    content = body.encode() if isinstance(body, str) else body or b""
    name = f"[{host}]" if ":" in host else host
    given = Fields({"Host": f"{name}:{port}"}) | Fields(fields or {})
    if body is not None or method in ("POST", "PUT", "PATCH"):
        given.setdefault("Content-Length", str(len(content)))
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in given.items()]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    with socket.create_connection((host, port), PATIENCE) as plain:
        if tls is None:
            return _response(plain, method, head + content)
        with tls.wrap_socket(plain, server_hostname=host) as encrypted:
            return _response(encrypted, method, head + content)


def _response(connection: socket.socket, method: str, request: bytes) -> Response:
    # A server that refuses a request early stops reading it; its response is there.
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(request)
    reader = ResponseReader([method])
    while True:
        data = connection.recv(RECEIVE_BYTES)
        if data:
            reader.feed(data)
        else:
            reader.end()
        final = [response for response in reader.responses if response.code >= 200]
        if final and not reader.is_unfinished:
            (response,) = final
            return response
        if not data:
            raise ConnectionError("the connection was closed without a response")


def free_port() -> int:
    """
    A port that is free, for programs that cannot take port 0.

    It is not one of those that the system picks for port 0 and for clients
    (``net.ipv4.ip_local_port_range``), and not one that this or another test process
    was given, so nothing else will take it meanwhile.
    """
    while True:
        port = random.randrange(10_000, first_ephemeral_port())
        if port in _given or not _is_reserved(port):
            continue
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            _given.add(port)
            return port


_given: set[int] = set()


def _is_reserved(port: int) -> bool:
    """
    Reserve *port* for this process, until it ends, unless another one has it. Each port
    is a byte of a file, which is locked.
    """
    try:
        fcntl.lockf(_ports_file(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


@cache
def _ports_file() -> IO[bytes]:
    return Path(gettempdir(), f"dartio-tut-ports-{os.getuid()}").open("ab")


def first_ephemeral_port() -> int:
    """The first of the ports that the system picks; more than 10,000."""
    setting = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = int(setting.read_text().split()[0]) if setting.exists() else 0
    return first if first > 11_000 else 32_768
