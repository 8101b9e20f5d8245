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
    Stage,
    Subject,
    Subjects,
)
from ..page import Layout
from .others import others
from .ours import (
    APPEND,
    JSON,
    PUT,
    Write,
    folder_subjects,
    other_subjects,
    raw_subject,
    twistd,
)
from .page import DOCUMENTS, READS, SLOWER_DISKS, STARTS, WRITES
from .postgresql import INSERT, UPSERT, pgbench_subject
from .running_program import run_program
from .samples import DOCUMENT, name_of
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

LISTED = 1000
"""Documents in a list at most."""


def cases(notes: int) -> list[Case]:
    """All of them; the starts are with so many *notes*."""
    measures, at = (RESIDENT, START), f"{notes:,}"
    return [
        *_durable("appends", APPEND, "a row an INSERT, by pgbench", INSERT),
        *_durable(
            "puts", PUT, "a row an INSERT … ON CONFLICT DO UPDATE, by pgbench", UPSERT
        ),
        *(
            _write_case(
                "slower",
                "Durable appends on slower disks",
                partial(_slower, more),
                SLOWER_DISKS,
                f"{more} ms",
            )
            for more in SLOWER_MS
        ),
        Case("reads", "Reads of notes", "stores", _reads, READS),
        Case("memory", "Very many notes", "stores", starts, STARTS, at, measures),
        Case("documents", "Reads of documents", "stores", _documents, DOCUMENTS),
    ]


def _durable(name: str, write: Write, kind: str, statement: str) -> list[Case]:
    """
    A case for each number of clients.

    :param statement: what pgbench asks for; *kind* says that in words.
    """
    return [
        _write_case(
            name,
            f"Durable {name}",
            partial(_writes, write, kind, statement, clients),
            WRITES,
            "1 client" if clients == 1 else f"{clients} clients",
        )
        for clients in CLIENTS
    ]


def _write_case(
    name: str, title: str, subjects: Subjects, layout: Layout, at: str
) -> Case:
    return Case(name, title, "stores", subjects, layout, at, (RATE, CPU), "raw")


def _writes(
    write: Write, kind: str, statement: str, clients: int, bench: Bench, folder: Path
) -> list[Subject]:
    subjects = [raw_subject(write, clients)]
    for ours in bench.installations:
        subjects += folder_subjects(write, clients, ours)
        subjects += other_subjects(write, clients, bench, ours)
    if bench.wants("pgbench"):
        subjects += pgbench_subject(bench, kind, statement, clients)
    return subjects + others(write, clients, bench)


def _slower(more: float, bench: Bench, folder: Path) -> list[Subject]:
    subjects = [raw_subject(APPEND, MANY_CLIENTS, more)]
    for ours in bench.installations:
        subjects += folder_subjects(APPEND, MANY_CLIENTS, ours, more)
    return subjects


def _reads(bench: Bench, folder: Path) -> list[Subject]:
    """Any note: by POST of ``getNote``, and by the store's ``entry``."""
    subjects = []
    for count in NOTES:
        write_notes(folder / f"{count}", count)
    for ours in bench.installations:
        for kind in ("http", "store"):
            for count in NOTES:
                where = folder / f"{count}"
                run = partial(
                    _entry if kind == "store" else _get_note, ours, where, count
                )
                subjects.append(_counted(kind, kind, run, ours, count))
    return subjects


def _get_note(ours: Installation, where: Path, count: int, stage: Stage) -> Run:
    lua = script("any_note", COUNT=count)
    request = Request("/", "POST", JSON, b'{"getNote": 0}', lua, status=0)
    server = Server(lambda port, own: twistd(ours, "notes", port, where))
    return under_load(stage, server, request, MANY_CLIENTS)


def _entry(ours: Installation, where: Path, count: int, stage: Stage) -> Run:
    line = ("entry", where, MANY_CLIENTS, stage.seconds)
    return run_program(stage, "store_rate", *line, python=ours.python)


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
            for kind, title, run in (
                ("get", "`GET` of any", partial(_writer, ours, where, get)),
                ("list", f"list of {LISTED:,}", partial(_writer, ours, where, page)),
                ("store", "the same, without HTTP", partial(_list, ours, where)),
            ):
                subjects.append(_counted(kind, title, run, ours, count))
    return subjects


def _writer(ours: Installation, where: Path, request: Request, stage: Stage) -> Run:
    server = Server(lambda port, own: twistd(ours, "writer", port, where, "--rest"))
    return under_load(stage, server, request, 1)


def _list(ours: Installation, where: Path, stage: Stage) -> Run:
    line = ("list", where, 1, stage.seconds)
    return run_program(stage, "store_rate", *line, python=ours.python)


def _counted(
    kind: str, title: str, run: partial[Run], ours: Installation, count: int
) -> Subject:
    """A subject that reads one of *count*."""
    name = f"{kind}{ours.suffix} {count}"
    return Subject(name, title, run, f"{count:,}", ours=True, kind=kind)
