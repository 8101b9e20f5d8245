"""
A daemon with very many notes: until when it listens, and what memory it takes.

Its first start on a folder leaves an index there, which the next start finds.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

from local_servers import RunFailed, pinned

from ..figures import Run
from ..load import Request, check
from ..measuring import Bench, Installation, Stage, Subject
from ..processes import peak_bytes, resident_bytes
from .samples import NOTE

LISTENING = re.compile(rb"Listening on http://[^:]*:(\d+)")

ANSWER_SECONDS = 120.0
"""How long an answer may take."""

EMPTY, FIRST, NEXT = "empty", "first", "next"
"""A start without notes, the first one with them, and one that finds the index."""


def starts(bench: Bench, folder: Path) -> list[Subject]:
    """Starts without notes, and with as many as *bench* says."""
    subjects = []
    for ours in bench.installations:
        filled = folder / f"notes{ours.suffix}"
        for kind in (EMPTY, FIRST, NEXT):
            subjects.append(_subject(kind, bench.notes, filled, ours))
    return subjects


def write_notes(folder: Path, count: int) -> None:
    """Leave *count* notes in *folder*, as a person would who copies them there."""
    folder.mkdir()
    with (folder / "notes.txt").open("w") as file:
        file.writelines(f"{NOTE} {number}\n" for number in range(count))


def _subject(kind: str, notes: int, filled: Path, ours: Installation) -> Subject:
    def run(stage: Stage) -> Run:
        if kind == EMPTY:
            return _start(stage, ours, stage.folder, 0)
        if kind == NEXT and filled.exists():
            return _start(stage, ours, filled, notes)
        shutil.rmtree(filled, ignore_errors=True)
        write_notes(filled, notes)
        first = _start(stage, ours, filled, notes)
        return first if kind == FIRST else _start(stage, ours, filled, notes)

    count = "0" if kind == EMPTY else f"{notes:,}"
    return ours.subject(kind, "`twistd notes`", run, count)


def _start(stage: Stage, ours: Installation, folder: Path, count: int) -> Run:
    """
    Start `notes` on *folder*, in which there are *count*, and stop it.

    :raise RunFailed: when it does not listen, or does not give back the last one.
    """
    command = ours.daemon("notes", 0, "--store", folder)
    begun = time.monotonic()
    with pinned(stage.core):
        daemon = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
    try:
        port = _port_of(daemon)
        taken = time.monotonic() - begun
        if count:
            asked = json.dumps({"getNote": count - 1}).encode()
            last = f"{NOTE} {count - 1}".encode()
            request = Request("/", "POST", body=asked, status=0, content=last)
            check(request, port, ANSWER_SECONDS)
        return Run(
            {
                "seconds": taken,
                "resident_bytes": resident_bytes(daemon.pid),
                "peak_bytes": peak_bytes(daemon.pid),
                "notes": count,
            }
        )
    finally:
        daemon.terminate()
        daemon.communicate()


def _port_of(daemon: subprocess.Popen[bytes]) -> int:
    """The port on which it says that it listens."""
    assert daemon.stdout is not None
    for line in daemon.stdout:
        if found := LISTENING.search(line):
            return int(found[1])
    raise RunFailed("ended before it listened")
