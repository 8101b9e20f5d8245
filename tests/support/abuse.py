"""
What it takes to abuse a daemon, and to look at it afterwards.

Nothing here sleeps: who waits, waits for a socket, and for a bounded time.
"""

from __future__ import annotations

import contextlib  # its suppress, imported by name, would be trial's own suppress
import os
import select
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from .exchange import connect, ready
from .harness import Case, Daemon, ask

# The options this module asks for, in one place.
HEADER_TIMEOUT = "--header-timeout"
BODY_TIMEOUT = "--body-timeout"
WRITE_TIMEOUT = "--write-timeout"
IDLE_TIMEOUT = "--idle-timeout"
MAX_CONNECTIONS = "--max-connections"
MAX_PER_CLIENT = "--max-connections-per-client"
MAX_BODY = "--max-body"

SHORT = "2"
"""Seconds of a limit that a test waits for: two ticks of a clock of seconds."""

SOON = 40.0
"""Seconds until it must have struck, even where ten others want each processor: late is
slow, never is the fault."""

BEAT = 0.1
"""Seconds between the pieces of a client that is slow on purpose."""

MIB = 1024 * 1024

CROWD = 2_000
"""Idle connections that other clients must not notice."""

SPARE = 16 * MIB
"""What a daemon may keep after an attack: freed memory that malloc holds back."""

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"
GET = HEAD + b"\r\n"
LAST = HEAD + b"Connection: close\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


def memory(daemon: Daemon) -> int:
    """The bytes that *daemon* has in memory."""
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def descriptors(daemon: Daemon) -> int:
    """The files and sockets that *daemon* has open."""
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def cut(connection: socket.socket) -> None:
    """Close *connection* by a reset, not by an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def comes(connection: socket.socket, seconds: float) -> bytes | None:
    """What comes within *seconds*: b"" is the end or a reset, None nothing at all."""
    if not ready(connection, select.POLLIN, seconds):
        return None
    try:
        return connection.recv(MIB)
    except ConnectionResetError:
        return b""


def trickle(connection: socket.socket, piece: bytes, seconds: float = SOON) -> bytes:
    """
    Send *piece* every `BEAT` until the server ends it; what it has said.

    :raise AssertionError: when it does not, within *seconds*.
    """
    said, until = b"", monotonic() + seconds
    while monotonic() < until:
        with contextlib.suppress(OSError):
            connection.sendall(piece)
        part = comes(connection, BEAT)
        if part == b"":
            return said
        said += part or b""
    raise AssertionError(f"a trickle goes on for {seconds} s")


class AbuseCase(Case):
    """A test that abuses a daemon and looks at it afterwards."""

    def served(self, daemon: Daemon) -> None:
        """Another client gets its answer, soon."""
        started = monotonic()
        self.assertIn(ask(daemon).code, (200, 404))
        self.assertLess(monotonic() - started, SOON / 2)

    def becomes(self, daemon: Daemon, true: Callable[[], bool], what: str) -> None:
        """
        Wait until *true*, on a connection that nothing comes from.

        :param what: it is said to be when the wait was in vain.
        """
        until = monotonic() + SOON
        with connect(daemon.port) as quiet:
            while not true():
                self.assertLess(monotonic(), until, what)
                comes(quiet, BEAT)

    @contextmanager
    def survives(self, daemon: Daemon, spare: int = SPARE) -> Iterator[None]:
        """What is done to *daemon* inside leaves nothing open and little in memory."""
        self.served(daemon)
        files, size = descriptors(daemon), memory(daemon)
        yield
        self.served(daemon)
        self.becomes(
            daemon,
            # One is the connection that waits here.
            lambda: descriptors(daemon) <= files + 1,
            f"more than {files} descriptors stay open",
        )
        self.assertLess(memory(daemon), size + spare)
