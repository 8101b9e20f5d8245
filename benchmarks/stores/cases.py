"""
The cases: writes, writes on slower disks, reads, and starts with very many notes.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ..figures import Run
from ..load import Request, Server, script, under_load
from ..measuring import (
    CPU,
    RATE,
    RESIDENT,
    START,
    Bench,
    Case,
    Installation,
    RunOf,
    Stage,
    Subject,
)
from .others import others
from .ours import APPEND, JSON, PUT, OurWrites, Write, raw_subject, store_run
from .page import DOCUMENTS, READS, SLOWER_DISKS, STARTS, WRITES
from .postgresql import pgbench_subject
from .samples import DOCUMENT, LISTED, name_of
from .starting import starts, write_notes

PROGRAMS = (
    *("wrk:wrk", "nginx:nginx-light", "npm:npm", "setpriv:util-linux"),
    "pg_ctlcluster:postgresql",
)
"""What is measured or makes the load: a program and the package that has it."""

NAMES = (
    *("raw", "store", "http", "hello", "http-memory", "store-postgresql"),
    *("http-postgresql", "pgbench", "json-server"),
    *("get", "list", "empty", "first", "next"),
)
"""The subjects, besides those that `servers` has as well."""

CLIENTS = (1, 8, 64)
"""Clients of a write."""

MANY_CLIENTS = 64

SLOWER_MS = (1, 5, 10)
"""How much longer a flush is made to take: as on a solid state disk of a cloud, on one
at home without a capacitor, on a disk that turns."""

NOTES = (1, 1_000, 1_000_000)
"""How many notes there are to read."""

FEW_DOCUMENTS, MANY_DOCUMENTS = 100, 10_000

_CASE = partial(Case, page="stores")
_OF_WRITES = partial(_CASE, measures=(RATE, CPU), reference="raw")


def cases(notes: int) -> list[Case]:
    """All of them; the starts are with so many *notes*."""
    measures, at = (RESIDENT, START), f"{notes:,}"
    slower = "Durable appends on slower disks"
    return [
        *_durable("appends", APPEND),
        *_durable("puts", PUT),
        *(
            _OF_WRITES("slower", slower, partial(_slower, ms), SLOWER_DISKS, f"{ms} ms")
            for ms in SLOWER_MS
        ),
        _CASE("reads", "Reads of notes", _reads, READS),
        _CASE("memory", "Very many notes", starts, STARTS, at, measures=measures),
        _CASE("documents", "Reads of documents", _documents, DOCUMENTS),
    ]


def _durable(name: str, write: Write) -> list[Case]:
    """A case for each number of clients."""
    found = []
    for clients in CLIENTS:
        at = "1 client" if clients == 1 else f"{clients} clients"
        subjects = partial(_writes, write, clients)
        found.append(_OF_WRITES(name, f"Durable {name}", subjects, WRITES, at))
    return found


def _writes(write: Write, clients: int, bench: Bench, folder: Path) -> list[Subject]:
    subjects = [raw_subject(write, clients)]
    for ours in bench.installations:
        writes = OurWrites(ours, write, clients)
        subjects += writes.in_folder() + writes.without_disk()
        subjects += writes.in_postgresql(bench)
    if bench.wants("pgbench"):
        subjects += pgbench_subject(bench, *write.row, clients)
    return subjects + others(write, clients, bench)


def _slower(more: float, bench: Bench, folder: Path) -> list[Subject]:
    subjects = [raw_subject(APPEND, MANY_CLIENTS, more)]
    for ours in bench.installations:
        subjects += OurWrites(ours, APPEND, MANY_CLIENTS, more).in_folder()
    return subjects


def _reads(bench: Bench, folder: Path) -> list[Subject]:
    """Any note: by POST of ``getNote``, and by the store's ``entry``."""
    subjects = []
    for count in NOTES:
        write_notes(folder / f"{count}", count)
    for ours in bench.installations:
        for kind, read in ("http", _get_note), ("store", _entry):
            for count in NOTES:
                run = partial(read, ours, folder / f"{count}", count)
                subjects.append(_counted(ours, kind, kind, run, count))
    return subjects


def _get_note(ours: Installation, where: Path, count: int, stage: Stage) -> Run:
    lua = script("any_note", COUNT=count)
    request = Request("/", "POST", JSON, b'{"getNote": 0}', lua, status=0)
    server = Server(lambda port, own: ours.daemon("notes", port, "--store", where))
    return under_load(stage, server, request, MANY_CLIENTS)


def _entry(ours: Installation, where: Path, count: int, stage: Stage) -> Run:
    return store_run(stage, ours, "entry", where, MANY_CLIENTS)


def _documents(bench: Bench, folder: Path) -> list[Subject]:
    """One document, a list of many, and the same list without HTTP; one client."""
    subjects = []
    for count in (FEW_DOCUMENTS, MANY_DOCUMENTS):
        where = folder / f"{count}"
        where.mkdir()
        for number in range(count):
            (where / name_of(number)).write_bytes(DOCUMENT)
        lua = script("any_path", PREFIX="/doc-", SUFFIX=".json", COUNT=count)
        get = Request(f"/{name_of(0)}", lua=lua)
        page = Request(f"/?limit={LISTED}")
        for ours in bench.installations:
            writer, store = partial(_writer, ours, where), partial(_list, ours, where)
            for kind, title, run in (
                ("get", "`GET` of any", partial(writer, get)),
                ("list", f"list of {LISTED:,}", partial(writer, page)),
                ("store", "the same, without HTTP", store),
            ):
                subjects.append(_counted(ours, kind, title, run, count))
    return subjects


def _writer(ours: Installation, where: Path, request: Request, stage: Stage) -> Run:
    def command(port: int, own: Path) -> list[str]:
        return ours.daemon("writer", port, "--store", where, "--rest")

    return under_load(stage, Server(command), request, 1)


def _list(ours: Installation, where: Path, stage: Stage) -> Run:
    return store_run(stage, ours, "list", where, 1)


def _counted(
    ours: Installation, kind: str, title: str, run: RunOf, count: int
) -> Subject:
    """A subject that reads one of *count*."""
    return ours.subject(kind, title, run, f"{count:,}", f"{count}")
