"""
The raw rate and ours: the stores by themselves and behind their daemons.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from .database import Database
from .over_http import Asked, Server, under_load
from .samples import DOCUMENT, NAMES, NOTE, NOTE_BODY, name_of
from .turn import Contender, Stage, Turn, by_program

RAW = "raw"
"""The name of whom the others are set against."""

STORE, OVER_HTTP = "store", "http"
"""The names of ours that have a target."""

MEMORY = Path("/dev/shm")
"""A filesystem in memory, where a flush costs nothing."""

TWISTD = (str(Path(sys.executable).parent / "twistd"), "-n", "--pidfile=")

APPEND = Asked("POST", "/", NOTE_BODY)

PUT = Asked(
    "POST",
    f"/{name_of(0)}",
    DOCUMENT,
    each=(
        "local n = 0\n"
        "request = function()\n"
        f"  n = (n + 1) % {NAMES}\n"
        '  return wrk.format(nil, "/doc-" .. n .. ".json")\n'
        "end"
    ),
)

SLOWER = (1, 5, 10)
"""Milliseconds that a flush is made to take longer: a solid state disk of a cloud, one
at home without a capacitor, a disk that turns."""

DISK = "on disk"
GONE = "in the system's cache: gone when the machine goes down"


def appenders(database: Database | None) -> list[Contender]:
    """Who adds notes."""
    raw = "lines for all clients written at once, then fsync, in a loop"
    found = [
        Contender(RAW, raw, DISK, partial(_raw, "lines")),
        Contender(
            STORE, "`append` of the folder's store", DISK, partial(_direct, "append")
        ),
        Contender(OVER_HTTP, "`twistd notes` on a folder", DISK, _notes),
    ]
    found += [Contender("hello", "`twistd hello`: any answer", "nothing", _hello)]
    found += _in_memory("`twistd notes`", _notes)
    return found + _in_database(database, "append", "notes")


def putters(database: Database | None) -> list[Contender]:
    """Who puts documents."""
    raw = (
        "a thread for each client: write a file, fsync, rename, fsync of the folder, "
        "in a loop"
    )
    found = [
        Contender(RAW, raw, DISK, partial(_raw, "files")),
        Contender(STORE, "`put` of the folder's store", DISK, partial(_direct, "put")),
        Contender(OVER_HTTP, "`twistd writer` on a folder", DISK, _writer),
    ]
    found += _in_memory("`twistd writer`", _writer)
    return found + _in_database(database, "put", "writer")


def twistd(server: str, port: int, store: object, *more: str) -> list[str]:
    """The command for one of our daemons."""
    return [*TWISTD, server, "--port", str(port), "--store", str(store), *more]


def _raw(kind: str, stage: Stage, clients: int) -> Turn:
    return by_program(stage, "raw", kind, stage.folder, clients, stage.seconds)


def _direct(kind: str, stage: Stage, clients: int) -> Turn:
    return by_program(stage, "direct", kind, stage.folder, clients, stage.seconds, 0)


def _notes(stage: Stage, clients: int, where: Path | None = None) -> Turn:
    def kept(folder: Path, counts: Sequence[int]) -> str:
        return notes_lost(where or folder, counts)

    def command(port: int, own: Path) -> list[str]:
        start = twistd("notes", port, where or own)
        return [*stage.python(), *start] if stage.slower else start

    server = Server(command, kept)
    return under_load(stage, server, APPEND, clients)


def _hello(stage: Stage, clients: int) -> Turn:
    """What HTTP alone costs: nothing is read or stored."""
    start = [*TWISTD, "hello", "--port"]
    server = Server(lambda port, own: [*start, str(port)])
    return under_load(stage, server, Asked("GET", "/"), clients)


def _writer(stage: Stage, clients: int, where: Path | None = None) -> Turn:
    def kept(folder: Path, counts: Sequence[int]) -> str:
        return documents_lost(where or folder, counts, clients)

    server = Server(lambda port, own: twistd("writer", port, where or own), kept)
    return under_load(stage, server, PUT, clients)


def notes_lost(folder: Path, counts: Sequence[int]) -> str:
    """What is wrong with the notes in *folder*, when so many were acknowledged."""
    lines = (folder / "notes.txt").read_bytes().splitlines()
    lost = sum(counts) - sum(line == NOTE.encode() for line in lines)
    return f"{lost} notes lost" if lost > 0 else ""


def documents_lost(folder: Path, counts: Sequence[int], clients: int) -> str:
    """
    What is wrong with the documents in *folder*. Each run of the load begins with the
    same name, and at its end each client may have one that was not acknowledged.
    """
    found = [path.read_bytes() for path in folder.glob(name_of(0).replace("0", "*"))]
    torn = sum(content != DOCUMENT for content in found)
    lost = min(max(counts) - clients, NAMES) - len(found)
    return f"{max(lost, 0)} documents lost, {torn} torn" if torn or lost > 0 else ""


def _in_memory(title: str, run: Callable[[Stage, int, Path], Turn]) -> list[Contender]:
    """Ours on a filesystem in memory: what is left of the cost without the disk."""
    if not os.access(MEMORY, os.W_OK):
        return []

    def turn(stage: Stage, clients: int) -> Turn:
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            return run(stage, clients, Path(folder))

    title += f" on a folder in memory ({MEMORY}): ours without the disk"
    return [Contender("http, memory", title, "in memory", turn)]


def _in_database(database: Database | None, kind: str, server: str) -> list[Contender]:
    """Ours with PostgreSQL behind it."""
    if database is None:
        return []
    asked = {"notes": APPEND, "writer": PUT}[server]

    def direct(stage: Stage, clients: int) -> Turn:
        url, pid = database.store(), database.pid
        return by_program(stage, "direct", kind, url, clients, stage.seconds, pid)

    def over_http(stage: Stage, clients: int) -> Turn:
        def command(port: int, own: Path) -> list[str]:
            return twistd(server, port, database.store())

        return under_load(stage, Server(command, behind=[database.pid]), asked, clients)

    name, title = "PostgreSQL", f"{database.title}, one on this disk"
    return [
        Contender(f"store, {name}", f"`{kind}` of our store in {title}", DISK, direct),
        Contender(f"http, {name}", f"`twistd {server}` with {title}", DISK, over_http),
    ]
