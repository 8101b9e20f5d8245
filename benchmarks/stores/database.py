"""
PostgreSQL: a server of one's own for the time of the run, on the same disk, flushing as
it does by default. It works on the core of the load.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from unittest import SkipTest

from .. import cpu
from ..installing import version
from ..running import Unfit
from .samples import DOCUMENT, NAMES, NOTE
from .turn import SPARE, Contender, Stage, Turn

TABLES = """\
CREATE TABLE raw_notes (n bigserial PRIMARY KEY, text text);
CREATE TABLE raw_documents (k bigint PRIMARY KEY, content text);
"""

INSERT = f"INSERT INTO raw_notes (text) VALUES ('{NOTE}');\n"

UPSERT = f"""\
\\set k random(0, {NAMES - 1})
INSERT INTO raw_documents (k, content) VALUES (:k, '{DOCUMENT.decode()}')
    ON CONFLICT (k) DO UPDATE SET content = excluded.content;
"""


class Database:
    """
    A server that runs.

    :ivar pid: its first process.
    """

    def __init__(self, url: str, port: int, password: str, programs: Path, pid: int):
        self.pid = pid
        self._url = url
        self._programs = programs
        self._address = ["-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]
        self._environment = os.environ | {"PGPASSWORD": password}
        self._stores = 0
        self.title = f"PostgreSQL {version(str(programs / 'postgres'), '--version')}"

    def store(self) -> str:
        """The URL of a new empty store in it."""
        self._stores += 1
        name = f"bench{self._stores}"
        return f"{self._url}?log={name}&collection={name}"

    def run(self, program: str, *arguments: str, seconds: int = 0) -> str:
        """What a *program* of its distribution says."""
        try:
            ended = subprocess.run(
                [self._programs / program, *self._address, *arguments, "postgres"],
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=seconds + SPARE,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unfit(f"{program} cannot be run: {error}") from None
        if ended.returncode:
            last = ended.stderr.strip().splitlines()[-1:]
            raise Unfit(f"{program} fails: {''.join(last)}")
        return ended.stdout


@contextmanager
def running(load_core: int) -> Iterator[tuple[Database | None, str]]:
    """A server, or ``None`` and the reason."""
    if find_spec("psycopg") is None:
        yield None, "psycopg is not installed"
        return
    from tests.support.postgres import Postgres  # it needs Twisted's trial only

    try:
        server = Postgres()
    except SkipTest as missing:
        yield None, f"not installed: {missing}"
        return
    try:
        with cpu.pinned(load_core):
            server.start()
        pid = server.processes()[0]
        found = Database(server.url(), server.port, server.password, server.bin, pid)
        found.run("psql", "-qc", TABLES)
        yield found, ""
    finally:
        server.remove()


def inserting(database: Database) -> Contender:
    """Single rows as fast as PostgreSQL's own load generator asks for them."""
    title = f"{database.title}: a row an INSERT, by pgbench, numbered by a sequence"
    return Contender("pgbench", title, "on disk", partial(_pgbench, database, INSERT))


def upserting(database: Database) -> Contender:
    """Single documents as fast as PostgreSQL's own load generator puts them."""
    title = f"{database.title}: a row an INSERT … ON CONFLICT DO UPDATE, by pgbench"
    return Contender("pgbench", title, "on disk", partial(_pgbench, database, UPSERT))


def _pgbench(database: Database, script: str, stage: Stage, clients: int) -> Turn:
    path = stage.folder / "script.sql"
    path.write_text(script)
    line = ["-n", "-M", "prepared", "-f", str(path), "-c", str(clients)]
    before = cpu.seconds(database.pid)
    with cpu.pinned(stage.core):
        said = database.run(
            "pgbench", *line, "-T", str(stage.seconds), seconds=stage.seconds
        )
    spent = cpu.seconds(database.pid) - before
    rate = re.search(r"^tps = ([0-9.]+)", said, re.MULTILINE)
    count = re.search(r"actually processed: (\d+)", said)
    if not rate or not count or not int(count[1]):
        raise Unfit("pgbench reports nothing")
    return Turn(float(rate[1]), spent / int(count[1]) * 1e6)
