"""
Starting a server in each of its ways, and asking it every row.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import NamedTuple

from local_servers import RunFailed, account, cores, find_program, free_port, running

from .asking import Server
from .judging import Mark, Verdict, absent, wrong
from .peers import Installed, Peer, Start
from .rows import BASE, FRESH, Row
from .tree import Tree

USERS = "me:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"
"""The user whom `answer_rows` asks as, as htpasswd writes it."""

DYING = 0.3
"""Seconds that a server takes to end once it has failed badly."""

Verdicts = dict[Row, Verdict]


class Asked(NamedTuple):
    """
    A peer, and what came of asking it.

    :ivar found: where it is; ``None`` when it is not here, and *missing* says why.
    """

    peer: Peer
    found: Installed | None
    missing: str
    verdicts: Verdicts


def ask_all(peer: Peer, environment: Path, rows: Iterable[Row], tree: Tree) -> Asked:
    """
    Start *peer* in every way that *rows* need, and judge its answers.

    :param environment: one with this project.
    """
    try:
        found = peer.find(environment)
    except LookupError as missing:
        return Asked(peer, None, str(missing), {})
    verdicts: Verdicts = {}
    by_start: dict[str, list[Row]] = {}
    for row in rows:
        by_start.setdefault(row.start, []).append(row)
    for way, asked in by_start.items():
        start = peer.starts.get(BASE if way in FRESH else way)
        if start is None or start.needs not in found.help:
            verdicts |= dict.fromkeys(asked, absent("no option"))
            continue
        try:
            verdicts |= _asked(start, found, asked, tree)
        except RunFailed as failure:
            print(f"{peer.name}, {way}: {failure}", flush=True)
            verdicts |= dict.fromkeys(asked, wrong("does not start"))
    return Asked(peer, found, "", verdicts)


def _asked(start: Start, found: Installed, rows: list[Row], tree: Tree) -> Verdicts:
    """Ask *rows* in turn; a server that ends at one of them is started again."""
    verdicts: Verdicts = {}
    while len(verdicts) < len(rows):
        with _started(start, found, tree) as (server, process):
            for row in rows[len(verdicts) :]:
                said = row.ask(server)
                no_answer = said.mark is Mark.WRONG and not said.said[0].isdigit()
                if no_answer and _ended(process):
                    verdicts[row] = wrong("the server ends")
                    break
                verdicts[row] = said
    return verdicts


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a server ends soon after it has failed."""
    try:
        process.wait(DYING)
    except subprocess.TimeoutExpired:
        return False
    return True


@contextmanager
def _started(
    start: Start, found: Installed, tree: Tree
) -> Iterator[tuple[Server, subprocess.Popen[bytes]]]:
    core, _ = cores()
    with tempfile.TemporaryDirectory() as name:
        work, port = Path(name), free_port()
        values = {
            "work": work,
            "port": port,
            "program": found.program,
            "files": tree.files,
            "site": tree.site,
            # Only root may start workers as another user; nginx warns others.
            "user": f"user {account()};" if os.geteuid() == 0 else "",
        }
        (work / "config").write_text(Template(start.config).substitute(values))
        (work / "users").write_text(USERS)
        words = [Template(w).substitute(values) for w in shlex.split(start.command)]
        homes = [
            f"{home}={work}" for home in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "HOME")
        ]
        command = [*_without_root_rights(), "env", *homes, *words]
        with running(command, port, core, work) as process:
            yield Server(port), process


def _without_root_rights() -> list[str]:
    """What runs a server without root's right to read every file."""
    setpriv = find_program("setpriv") if os.geteuid() == 0 else None
    rights = "--bounding-set=-dac_override,-dac_read_search"
    return [setpriv, rights, "--"] if setpriv else []
