"""
A PostgreSQL server of one's own: a folder in the temporary files, a free port, gone
at the end. It keeps its promises (fsync is on), and may be killed and held.
"""

from __future__ import annotations

import atexit
import functools
import os
import pwd
import select
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue

from twisted.trial.unittest import SkipTest

from .harness import PATIENCE, free_port

SERVER_USERS = ("postgres", "nobody")
"""Whom root becomes to run the server, which refuses root: the first there is."""

READY_MESSAGE = "database system is ready to accept connections"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "log_min_messages": "warning",
}


class Postgres:
    """
    A server, not yet running.

    :param settings: what ``postgresql.conf`` would say.
    :ivar folder: the temporary folder, the server's user's.
    """

    def __init__(self, **settings: str) -> None:
        self.bin = binaries()
        self.user = server_user()
        self.port = free_port()
        self.password = os.urandom(12).hex()
        self.settings = SETTINGS | settings
        self.folder = Path(tempfile.mkdtemp(prefix="dartio-postgres-"))
        self._process: subprocess.Popen[str] | None = None
        self._own(self.folder)
        self._create()

    def url(self, database: str = "postgres") -> str:
        """How to get to *database*, with the password."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Run it; returns when it serves."""
        options = [f"-c{name}={value}" for name, value in self.settings.items()]
        self._process = subprocess.Popen(
            self._as_user("postgres", "-D", "data", "-p", str(self.port), *options),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        lines: Queue[str | None] = Queue()
        threading.Thread(target=_read, args=(self._process, lines), daemon=True).start()
        said = []
        try:
            while READY_MESSAGE not in (line := lines.get(timeout=PATIENCE) or ""):
                said.append(line)
                if not line:
                    raise AssertionError(f"PostgreSQL does not start: {said}")
        except Empty:
            raise AssertionError(f"PostgreSQL is not ready: {said}") from None

    def stop(self, number: int = signal.SIGINT) -> None:
        """End it (SIGINT: its fast way), if it runs; returns when all of it is gone."""
        if self._process is None:
            return
        gone = self.processes()
        self._process.send_signal(number)
        if number == signal.SIGKILL:
            _signal(gone[1:], number)
        self._process.wait(PATIENCE)
        _wait_for_end(gone)
        self._process = None

    def kill9(self) -> None:
        """Kill every process of it."""
        self.stop(signal.SIGKILL)

    def pause(self) -> None:
        """Hold every process of it: sockets stay open, nobody answers."""
        _signal(self.processes()[:1], signal.SIGSTOP)  # from now on it has no new ones
        _signal(self.processes()[1:], signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        _signal(reversed(self.processes()), signal.SIGCONT)

    def remove(self) -> None:
        """Stop it, and leave nothing."""
        if self._process is not None:
            self.resume()
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self) -> list[int]:
        """The server and its children."""
        assert self._process is not None
        first = self._process.pid
        return [first, *(pid for pid, parent in _parents() if parent == first)]

    def put_file(self, name: str, content: bytes) -> None:
        """A file in the data folder, for the server's eyes only."""
        path = self.folder / "data" / name
        path.write_bytes(content)
        path.chmod(0o600)
        self._own(path)

    def _create(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        self._own(secret)
        subprocess.run(
            self._as_user(
                "initdb", "-D", "data", "-U", "postgres", "--no-sync",
                "--auth=scram-sha-256", "--pwfile=password", "--encoding=UTF8",
                "--locale=C",
            ),
            cwd=self.folder,
            check=True,
            capture_output=True,
        )  # fmt: skip

    def _as_user(self, program: str, *line: str) -> list[str]:
        as_user = []
        if self.user is not None:
            ids = f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}"
            as_user = ["setpriv", *ids, "--clear-groups"]
        return [*as_user, str(self.bin / program), *line]

    def _own(self, path: Path) -> None:
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)


def binaries() -> Path:
    """Where the newest server's programs are; without any the test is left out."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    found.sort(key=lambda path: float(path.parent.parent.name))
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve())
    if not found:
        raise SkipTest("NOT TESTED: the store in PostgreSQL; no server of it here")
    return found[-1].parent


def server_user() -> pwd.struct_passwd | None:
    """The user that runs the server; ``None``: the one that runs the tests."""
    if os.getuid() != 0:
        return None
    known = [user for user in pwd.getpwall() if user.pw_name in SERVER_USERS]
    if not known or not shutil.which("setpriv"):
        raise SkipTest("NOT TESTED: the store in PostgreSQL; it refuses root")
    return min(known, key=lambda user: SERVER_USERS.index(user.pw_name))


@functools.cache
def shared() -> Postgres:
    """One server for a whole run of tests; nobody stops it."""
    server = Postgres()
    atexit.register(server.remove)
    server.start()
    return server


def _read(process: subprocess.Popen[str], lines: Queue[str | None]) -> None:
    assert process.stderr is not None
    with process.stderr:
        for line in process.stderr:
            lines.put(line)
    lines.put(None)


def _parents() -> list[tuple[int, int]]:
    """Every process of the system, with its parent."""
    pairs = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue  # it has just ended
        pairs.append((int(path.parent.name), int(text.rpartition(")")[2].split()[1])))
    return pairs


def _signal(processes: Iterable[int], number: int) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)


def _wait_for_end(processes: list[int]) -> None:
    for process in processes:
        try:
            descriptor = os.pidfd_open(process)
        except ProcessLookupError:
            continue
        try:
            if not select.select([descriptor], [], [], PATIENCE)[0]:
                raise AssertionError(f"process {process} does not end")
        finally:
            os.close(descriptor)
