"""
The raw rate and ours: the stores by themselves and behind their daemons.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ..figures import Run
from ..load import Request, Server, script, under_load
from ..measuring import Bench, Installation, Stage, Subject
from .postgresql import database
from .running_program import launched, run_program
from .samples import DOCUMENT, DOCUMENTS, NOTE, NOTE_BODY, name_of

MEMORY = Path("/dev/shm")
"""A filesystem in memory, where a flush costs nothing."""

ON_DISK = "on disk"
IN_CACHE = "in the system's cache: gone when the machine goes down"
JSON = (("Content-Type", "application/json"),)

Loss = Callable[[Path, Sequence[int], int], str]
"""What is wrong with what a folder has, given how many writes were acknowledged in
each run of the load, and how many clients there were."""


def notes_lost(folder: Path, counts: Sequence[int], clients: int) -> str:
    """See `Loss`."""
    lines = (folder / "notes.txt").read_bytes().splitlines()
    lost = sum(counts) - sum(line == NOTE.encode() for line in lines)
    return f"{lost} notes lost" if lost > 0 else ""


def documents_lost(folder: Path, counts: Sequence[int], clients: int) -> str:
    """
    See `Loss`.

    Each run of the load begins with the same name, and at its end each client may have
    sent one that was not acknowledged.
    """
    found = [path.read_bytes() for path in folder.glob(name_of(0).replace("0", "*"))]
    torn = sum(content != DOCUMENT for content in found)
    lost = min(max(counts) - clients, DOCUMENTS) - len(found)
    return f"{max(lost, 0)} documents lost, {torn} torn" if torn or lost > 0 else ""


class Write(NamedTuple):
    """
    A kind of write, and how each of ours does it.

    :ivar raw: what `programs.disk_rate` does, and what that is in words.
    :ivar operation: what `programs.store_rate` does.
    :ivar server: the daemon.
    """

    raw: tuple[str, str]
    operation: str
    server: str
    request: Request
    loss: Loss


APPEND = Write(
    ("lines", "lines for all clients written at once, then fsync, in a loop"),
    "append",
    "notes",
    Request(method="POST", fields=JSON, body=NOTE_BODY, status=0),
    notes_lost,
)

PUT = Write(
    (
        "files",
        "a thread for each client, in a loop: write and fsync a file, rename it, fsync",
    ),
    "put",
    "writer",
    Request(
        f"/{name_of(0)}",
        "POST",
        JSON,
        DOCUMENT,
        script("round_robin", PREFIX="/doc-", SUFFIX=".json", COUNT=DOCUMENTS),
        status=0,
    ),
    documents_lost,
)


def raw_subject(write: Write, clients: int, slower_ms: float = 0) -> Subject:
    """The raw rate, which the others are set against."""

    def run(stage: Stage) -> Run:
        line = (write.raw[0], stage.folder, clients, stage.seconds)
        return run_program(stage, "disk_rate", *line, slower_ms=slower_ms)

    return Subject("raw", write.raw[1], run, ON_DISK)


def folder_subjects(
    write: Write, clients: int, ours: Installation, slower_ms: float = 0
) -> list[Subject]:
    """Our store in a folder: by itself, and behind its daemon."""

    def direct(stage: Stage) -> Run:
        line = (write.operation, stage.folder, clients, stage.seconds)
        python = ours.python
        return run_program(
            stage, "store_rate", *line, python=python, slower_ms=slower_ms
        )

    over_http = partial(_over_http, write, clients, ours, slower_ms)
    return [
        _ours("store", f"`{write.operation}` of the folder's store", direct, ours),
        _ours("http", f"`twistd {write.server}` on a folder", over_http, ours),
    ]


def other_subjects(
    write: Write, clients: int, bench: Bench, ours: Installation
) -> list[Subject]:
    """Ours without a disk, and ours with PostgreSQL."""
    subjects = []
    if write is APPEND:
        run = partial(_hello, clients, ours)
        title = "`twistd hello`: any answer"
        subjects.append(_ours("hello", title, run, ours, "nothing"))
    if os.access(MEMORY, os.W_OK):
        title = f"`twistd {write.server}` on a folder in memory ({MEMORY}): "
        title += "ours without the disk"
        run = partial(_in_memory, write, clients, ours)
        subjects.append(_ours("http-memory", title, run, ours, "in memory"))
    return subjects + _in_postgresql(write, clients, bench, ours)


def twistd(
    ours: Installation, server: str, port: int, store: object, *more: str
) -> list[str]:
    """The command for one of our daemons."""
    start = [str(ours.twistd), "-n", "--pidfile=", server, "--port", str(port)]
    return [*start, "--store", str(store), *more]


def _ours(
    kind: str,
    title: str,
    run: Callable[[Stage], Run],
    ours: Installation,
    keeps: str = ON_DISK,
) -> Subject:
    return Subject(kind + ours.suffix, title, run, keeps, ours=True, kind=kind)


def _over_http(
    write: Write,
    clients: int,
    ours: Installation,
    slower_ms: float,
    stage: Stage,
    where: Path | None = None,
) -> Run:
    def command(port: int, own: Path) -> list[str]:
        start = twistd(ours, write.server, port, where or own)
        return launched(ours.python, slower_ms) + start if slower_ms else start

    def loss(own: Path, counts: Sequence[int]) -> str:
        return write.loss(where or own, counts, clients)

    return under_load(stage, Server(command, loss=loss), write.request, clients)


def _in_memory(write: Write, clients: int, ours: Installation, stage: Stage) -> Run:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        return _over_http(write, clients, ours, 0, stage, Path(folder))


def _hello(clients: int, ours: Installation, stage: Stage) -> Run:
    """What HTTP alone costs: nothing is read or stored."""
    start = [str(ours.twistd), "-n", "--pidfile=", "hello", "--port"]
    server = Server(lambda port, own: [*start, str(port)])
    return under_load(stage, server, Request(), clients)


def _in_postgresql(
    write: Write, clients: int, bench: Bench, ours: Installation
) -> list[Subject]:
    kinds = ("store-postgresql", "http-postgresql")
    wanted = any(bench.wants(kind, ours=True) for kind in kinds)
    behind = database(bench) if wanted else None
    if behind is None:
        return []

    def direct(stage: Stage) -> Run:
        line = (write.operation, behind.new_store(), clients, stage.seconds)
        python = ours.python
        return run_program(stage, "store_rate", *line, behind.pid, python=python)

    def over_http(stage: Stage) -> Run:
        def command(port: int, own: Path) -> list[str]:
            return twistd(ours, write.server, port, behind.new_store())

        server = Server(command, helpers=[behind.pid])
        return under_load(stage, server, write.request, clients)

    where = f"{behind.title}, one on this disk"
    store, daemon = f"`{write.operation}` of our store", f"`twistd {write.server}`"
    return [
        _ours(kinds[0], f"{store} in {where}", direct, ours),
        _ours(kinds[1], f"{daemon} with {where}", over_http, ours),
    ]
