"""
PostgreSQL: a server for the time of the measurement, on the same disk, which flushes as
it does by default. It works on the core of the load.
"""

from __future__ import annotations

import os
import re
from functools import cache
from importlib.util import find_spec
from itertools import count
from typing import TYPE_CHECKING
from unittest import SkipTest

from local_servers import RunFailed, pinned, result_of, version_of

from ..figures import Run
from ..measuring import Bench, Stage, Subject
from ..processes import cpu_seconds
from .running_program import SPARE_SECONDS
from .samples import DOCUMENT, DOCUMENTS, NOTE

if TYPE_CHECKING:
    from tests.support.postgres import Postgres

TABLES = """\
CREATE TABLE raw_notes (n bigserial PRIMARY KEY, text text);
CREATE TABLE raw_documents (k bigint PRIMARY KEY, content text);
"""

INSERT = f"INSERT INTO raw_notes (text) VALUES ('{NOTE}');\n"

UPSERT = f"""\
\\set k random(0, {DOCUMENTS - 1})
INSERT INTO raw_documents (k, content) VALUES (:k, '{DOCUMENT.decode()}')
    ON CONFLICT (k) DO UPDATE SET content = excluded.content;
"""


class Database:
    """
    A *server* that runs.

    :ivar pid: its first process.
    """

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._stores = count(1)
        self.pid = server.processes()[0]
        self.title = f"PostgreSQL {version_of(str(server.bin / 'postgres'))}"

    def new_store(self) -> str:
        """The URL of a new empty store in it."""
        name = f"bench{next(self._stores)}"
        return f"{self._server.url()}?log={name}&collection={name}"

    def run(self, program: str, *arguments: str, seconds: int = 0) -> str:
        """What a *program* of its distribution prints."""
        server = self._server
        address = ["-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres"]
        command = [str(server.bin / program), *address, *arguments, "postgres"]
        environment = os.environ | {"PGPASSWORD": server.password}
        most = seconds + SPARE_SECONDS
        return result_of(program, command, most, env=environment)


@cache
def database(bench: Bench) -> Database | None:
    """The server of this *bench*; ``None`` when it cannot be had here."""
    try:
        if find_spec("psycopg") is None:
            raise SkipTest("psycopg is not installed")
        from tests.support.postgres import Postgres  # it needs Twisted's trial only

        server = Postgres()
    except SkipTest as missing:
        bench.left_out["postgresql"] = str(missing)
        return None
    bench.at_exit.callback(server.remove)
    with pinned(bench.cores[1]):
        server.start()
    found = Database(server)
    found.run("psql", "-qc", TABLES)
    return found


def pgbench_subject(
    bench: Bench, kind: str, statement: str, clients: int
) -> list[Subject]:
    """
    Single rows as fast as PostgreSQL's own load generator asks for them.

    :param statement: what it asks for; *kind* says that in words.
    """
    behind = database(bench)
    if behind is None:
        return []

    def run(stage: Stage) -> Run:
        path = stage.folder / "script.sql"
        path.write_text(statement)
        line = ["-n", "-M", "prepared", "-f", str(path), "-c", str(clients)]
        line += ["-T", str(stage.seconds)]
        before = cpu_seconds(behind.pid)
        with pinned(stage.core):
            said = behind.run("pgbench", *line, seconds=stage.seconds)
        spent = cpu_seconds(behind.pid) - before
        rate = re.search(r"^tps = ([0-9.]+)", said, re.MULTILINE)
        done = re.search(r"actually processed: (\d+)", said)
        if not rate or not done or not int(done[1]):
            raise RunFailed("pgbench reports nothing")
        return Run({"cpu_us": spent / int(done[1]) * 1e6, "rate": float(rate[1])})

    title = f"{behind.title}: {kind}"
    return [Subject("pgbench", title, run, "on disk")]
