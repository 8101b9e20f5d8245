"""
The raw rate and ours: the stores by themselves and behind their daemons.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..figures import Run
from ..load import Request, Server, script, under_load
from ..measuring import Bench, Installation, Stage, Subject
from .postgresql import INSERT, UPSERT, database
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
    :ivar row: what pgbench does, in words, and the statement for that.
    """

    raw: tuple[str, str]
    operation: str
    server: str
    request: Request
    loss: Loss
    row: tuple[str, str]


APPEND = Write(
    ("lines", "lines for all clients written at once, then fsync, in a loop"),
    "append",
    "notes",
    Request(method="POST", fields=JSON, body=NOTE_BODY, status=0),
    notes_lost,
    ("a row an INSERT, by pgbench", INSERT),
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
    ("a row an INSERT … ON CONFLICT DO UPDATE, by pgbench", UPSERT),
)


def raw_subject(write: Write, clients: int, slower_ms: float = 0) -> Subject:
    """The raw rate, which the others are set against."""

    def run(stage: Stage) -> Run:
        line = (write.raw[0], stage.folder, clients, stage.seconds)
        return run_program(stage, "disk_rate", *line, slower_ms=slower_ms)

    return Subject("raw", write.raw[1], run, ON_DISK)


def store_run(
    stage: Stage,
    ours: Installation,
    operation: str,
    store: object,
    clients: int,
    *pids: int,
    slower_ms: float = 0,
) -> Run:
    """The run of a store by itself; *pids* are servers behind it."""
    line = (operation, store, clients, stage.seconds, *pids)
    python = ours.python
    return run_program(stage, "store_rate", *line, python=python, slower_ms=slower_ms)


@dataclass(frozen=True)
class OurWrites:
    """How ours do a *write*, by so many *clients*, on a disk so much slower."""

    ours: Installation
    write: Write
    clients: int
    slower_ms: float = 0

    def in_folder(self) -> list[Subject]:
        """The store in a folder: by itself, and behind its daemon."""

        def direct(stage: Stage) -> Run:
            line = (self.write.operation, stage.folder, self.clients)
            return store_run(stage, self.ours, *line, slower_ms=self.slower_ms)

        store = f"`{self.write.operation}` of the folder's store"
        daemon = f"`twistd {self.write.server}` on a folder"
        return [
            self.ours.subject("store", store, direct, ON_DISK),
            self.ours.subject("http", daemon, self._over_http, ON_DISK),
        ]

    def without_disk(self) -> list[Subject]:
        """What HTTP alone costs, and the daemon where a flush costs nothing."""

        def hello(stage: Stage) -> Run:
            server = Server(lambda port, own: self.ours.daemon("hello", port))
            return under_load(stage, server, Request(), self.clients)

        def in_memory(stage: Stage) -> Run:
            with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
                return self._over_http(stage, Path(folder))

        subjects = []
        if self.write is APPEND:
            title = "`twistd hello`: any answer"
            subjects.append(self.ours.subject("hello", title, hello, "nothing"))
        if os.access(MEMORY, os.W_OK):
            title = f"`twistd {self.write.server}` on a folder in memory ({MEMORY}): "
            title += "ours without the disk"
            here = self.ours.subject("http-memory", title, in_memory, "in memory")
            subjects.append(here)
        return subjects

    def in_postgresql(self, bench: Bench) -> list[Subject]:
        """The store in a database: by itself, and behind its daemon."""
        kinds = ("store-postgresql", "http-postgresql")
        wanted = any(bench.wants(kind, ours=True) for kind in kinds)
        behind = database(bench) if wanted else None
        if behind is None:
            return []
        operation, server = self.write.operation, self.write.server

        def direct(stage: Stage) -> Run:
            line = (operation, behind.new_store(), self.clients, behind.pid)
            return store_run(stage, self.ours, *line)

        def over_http(stage: Stage) -> Run:
            def command(port: int, own: Path) -> list[str]:
                return self.ours.daemon(server, port, "--store", behind.new_store())

            started = Server(command, helpers=[behind.pid])
            return under_load(stage, started, self.write.request, self.clients)

        where = f"{behind.title}, one on this disk"
        store, daemon = f"`{operation}` of our store in {where}", f"`twistd {server}`"
        return [
            self.ours.subject(kinds[0], store, direct, ON_DISK),
            self.ours.subject(kinds[1], f"{daemon} with {where}", over_http, ON_DISK),
        ]

    def _over_http(self, stage: Stage, where: Path | None = None) -> Run:
        """The daemon on the folder *where*, or on its own."""

        def command(port: int, own: Path) -> list[str]:
            line = self.ours.daemon(self.write.server, port, "--store", where or own)
            slower = (
                launched(self.ours.python, self.slower_ms) if self.slower_ms else []
            )
            return slower + line

        def loss(own: Path, counts: Sequence[int]) -> str:
            return self.write.loss(where or own, counts, self.clients)

        server = Server(command, loss=loss)
        return under_load(stage, server, self.write.request, self.clients)
