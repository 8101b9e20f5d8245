"""
Running a server: alone on its core, on a free port, always stopped at the end.
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
from typing import Any

START_SECONDS = 20.0
"""How long a server may take to listen: on a busy machine Python alone takes one."""

STOP_SECONDS = 3.0
"""How long a server may take to end by itself before it is killed."""


class RunFailed(Exception):
    """A server or program does not start, or answers wrongly; the text says why."""


def cores() -> tuple[int, int]:
    """
    The core for the server and the one for the load.

    They are the same one on a machine that has only one.
    """
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run on *core* alone; a process that is started meanwhile inherits that."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_port() -> int:
    """A TCP port of the loopback interface on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as briefly:
        port: int = briefly.getsockname()[1]
        return port


def result_of(
    name: str, command: Sequence[str | Path], seconds: float, **options: Any
) -> str:
    """
    What the program *name* prints on its standard output.

    :param options: those of `subprocess.run`.
    :raise RunFailed: when it fails, or takes longer than so many *seconds*.
    """
    try:
        ended: subprocess.CompletedProcess[str] = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            **options,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RunFailed(f"{name} cannot be run: {error}") from None
    if ended.returncode:
        last = ended.stderr.strip().splitlines()[-1:] or ["it printed no reason"]
        raise RunFailed(f"{name} fails: {last[0]}")
    return ended.stdout


def printed(*command: str, seconds: float = 60) -> str:
    """All that *command* prints, also when it fails; nothing when it does not end."""
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


@contextmanager
def running(
    command: Sequence[str], port: int, core: int, folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """
    Start *command* on *core* and wait until it listens on *port*.

    Its standard output is thrown away; its standard error goes to a file in *folder*,
    which is its current folder too.

    :raise RunFailed: when it ends, or does not listen in time.
    """
    complaints = folder / "stderr"
    with pinned(core), complaints.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        _wait_until_listening(process, port, complaints)
        yield process
    finally:
        _stop(process)


def _wait_until_listening(
    process: subprocess.Popen[bytes], port: int, complaints: Path
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = complaints.read_text(errors="replace").strip().splitlines()
            reason = said[-1] if said else "it printed no reason"
            raise RunFailed(f"does not start: {reason}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RunFailed(f"does not listen within {START_SECONDS:.0f} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and all that it has started, with force if need be."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    # It leads a session of its own, so that no other process gets this signal.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
