"""
A server while it is measured: started alone on its core, always stopped.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from . import cpu

PATIENCE = 20.0
"""Seconds until a server must listen: Python ones take one on a busy machine."""

GRACE = 3.0
"""Seconds a server has to end by itself."""


class Unfit(Exception):
    """A server that does not start, or answers wrongly; its text says why."""


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str], port: int, core: int, folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """
    Start *command* on *core* and wait until it listens on *port*.

    What it prints is thrown away, what it complains of is kept in *folder*.

    :raise Unfit: when it ends, or does not listen in time.
    """
    complaints = folder / "stderr"
    with cpu.pinned(core), complaints.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        _wait(process, port, complaints)
        yield process
    finally:
        _stop(process)


def _wait(process: subprocess.Popen[bytes], port: int, complaints: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = complaints.read_text(errors="replace").strip().splitlines()
            raise Unfit(f"does not start: {said[-1] if said else 'says nothing'}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise Unfit(f"does not listen within {PATIENCE:.0f} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and all that it has started, with force if need be."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
    # Its session is its own, so that this reaches no one else.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
