"""
A daemon with very many notes: until when it listens, and what memory it takes.
"""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .. import cpu
from ..running import Unfit
from .ours import twistd
from .samples import NOTE

LISTENING = re.compile(rb"Listening on http://[^:]*:(\d+)")

PATIENCE = 120.0
"""Seconds for an answer."""


@dataclass(frozen=True)
class Start:
    """
    One start.

    :ivar seconds: from its command until it says that it listens.
    :ivar resident: bytes of memory that it holds then.
    :ivar peak: the most that it has held.
    """

    seconds: float
    resident: int
    peak: int


def start(folder: Path, count: int, core: int) -> Start:
    """
    Start `notes` on *folder*, in which there are *count*, and stop it.

    :raise Unfit: when it does not listen, or does not give back the last one.
    """
    command = twistd("notes", 0, folder)
    begun = time.monotonic()
    with cpu.pinned(core):
        daemon = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
    try:
        port = _port(daemon)
        taken = time.monotonic() - begun
        if count:
            _check(port, count - 1)
        status = Path(f"/proc/{daemon.pid}/status").read_text()
        peak = re.search(r"VmHWM:\s*(\d+) kB", status)
        held = cpu.resident(daemon.pid)
        return Start(taken, held, int(peak[1]) * 1024 if peak else held)
    finally:
        daemon.terminate()
        daemon.communicate()


def _port(daemon: subprocess.Popen[bytes]) -> int:
    """The port that it says it listens on."""
    assert daemon.stdout is not None
    for line in daemon.stdout:
        if found := LISTENING.search(line):
            return int(found[1])
    raise Unfit("ended before it listened")


def _check(port: int, number: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("POST", "/", json.dumps({"getNote": number}))
        said = connection.getresponse().read().decode()
    finally:
        connection.close()
    if said != f"{NOTE} {number}\n":
        raise Unfit(f"note {number} is {said!r}")
