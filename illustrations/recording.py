"""
Runs daemons and clients, and records what they send each other.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

CHECKOUT = Path(__file__).parents[1]
"""The folder in which servers run."""

PATIENCE = 20.0
"""Seconds until a daemon or a response is given up; they take thousandths."""

PIECE = 1 << 16

REPLACED = (
    (re.compile(rb"(?m)^(Date: )[^\r\n]*"), rb"\1Thu, 01 Jan 2026 00:00:00 GMT"),
    (re.compile(rb"(?m)^(Server: \w+)/[^\r\n]*"), rb"\1"),
)
"""What differs from run to run, and what is drawn in its place."""


class Daemon:
    """A running server: where it listens, and what it prints from then on."""

    def __init__(self, port: int, output: IO[str]) -> None:
        self.port = port
        self.output = output


def start(module: Sequence[str], environment: Mapping[str, str]) -> Any:
    """Have Python run *module*; a `subprocess.Popen`, or what is like one."""
    return subprocess.Popen(
        [sys.executable, "-m", *module],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(*module: str, home: Path | None = None) -> Iterator[Daemon]:
    """A server while it runs; *module* is what Python runs, with its arguments."""
    with tempfile.TemporaryDirectory() as folder:
        own = {"HOME": str(home or folder), "XDG_DATA_HOME": ""}
        process = start(module, {**os.environ, **own})
        assert process.stdout is not None
        try:
            yield Daemon(_port(process.stdout), process.stdout)
        finally:
            process.terminate()
            process.wait(PATIENCE)
            process.stdout.close()


def _port(output: IO[str]) -> int:
    """
    The port that a server says it listens on.

    :raise RuntimeError: when it ends without a word about it.
    """
    said = []
    for line in output:
        said.append(line)
        found = re.search(r"Listening on \w+://[^/]*:(\d+)/", line)
        if found:
            return int(found[1])
    raise RuntimeError("the server does not start: " + "".join(said))


def lesson(name: str, *options: str) -> tuple[str, ...]:
    """What `running` takes to run the lesson *name*, in the memory of its process."""
    return ("illustrations.twistd", "-n", "--pidfile=", name, "--port", "0", *options)


def connect(port: int) -> socket.socket:
    """A connection to the server at *port*."""
    return socket.create_connection(("127.0.0.1", port), PATIENCE)


def receive(wire: socket.socket) -> bytes:
    """
    A response: its head, and as much of its body as Content-Length says.

    :raise RuntimeError: when the server closes before.
    """
    came = b""
    while True:
        head, end, body = came.partition(b"\r\n\r\n")
        declared = re.search(rb"(?mi)^content-length: (\d+)", head)
        if end and len(body) >= int(declared[1] if declared else 0):
            return came
        piece = wire.recv(PIECE)
        if not piece:
            raise RuntimeError(f"the server has closed after {came!r}")
        came += piece


def settled(raw: bytes) -> bytes:
    """*raw* with what differs from run to run replaced."""
    head, end, body = raw.partition(b"\r\n\r\n")
    for pattern, replacement in REPLACED:
        head = pattern.sub(replacement, head)
    return head + end + body
