"""
Starting a server in each of its ways, and asking it every row.
"""

from __future__ import annotations

import os
import shlex
import string
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from local_servers import (
    RunFailed,
    account,
    cores,
    find_program,
    free_port,
    running,
)

from .asking import Server
from .judging import Mark, Verdict
from .peers import Installed, Peer, Start
from .rows import BASE, FRESH, Row
from .tree import Tree

USERS = "me:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"
"""The user whom `answer_rows` asks as, as htpasswd writes it."""

DYING = 0.3
"""Seconds that a server takes to end once it has failed badly."""

Verdicts = dict[Row, Verdict]


def ask_all(peer: Peer, found: Installed, rows: Iterable[Row], tree: Tree) -> Verdicts:
    """Start *peer* in every way that *rows* need, and judge its answers."""
    verdicts: Verdicts = {}
    by_start: dict[str, list[Row]] = {}
    for row in rows:
        by_start.setdefault(row.start, []).append(row)
    for way, asked in by_start.items():
        start = peer.starts.get(BASE if way in FRESH else way)
        if start is None or start.needs not in found.help:
            said = Verdict("no option", Mark.ABSENT)
            verdicts |= dict.fromkeys(asked, said)
            continue
        try:
            verdicts |= _asked(start, found, asked, tree)
        except RunFailed as failure:
            print(f"{peer.name}, {way}: {failure}", flush=True)
            verdicts |= dict.fromkeys(asked, Verdict("does not start", Mark.WRONG))
    return verdicts


def _asked(start: Start, found: Installed, rows: list[Row], tree: Tree) -> Verdicts:
    """Ask *rows* in turn; a server that ends at one of them is started again."""
    verdicts: Verdicts = {}
    while len(verdicts) < len(rows):
        with _started(start, found, tree) as (server, process):
            for row in rows[len(verdicts) :]:
                said = row.ask(server)
                no_answer = said.mark is Mark.WRONG and not said.said[0].isdigit()
                if no_answer and _ended(process):
                    verdicts[row] = Verdict("the server ends", Mark.WRONG)
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
        words = _template_values(work, port, found, tree)
        (work / "config").write_text(string.Template(start.config).substitute(words))
        (work / "users").write_text(USERS)
        line = shlex.split(start.command)
        command = [string.Template(word).substitute(words) for word in line]
        settings = [f"XDG_DATA_HOME={work}", f"XDG_CONFIG_HOME={work}", f"HOME={work}"]
        command = [*_without_root_rights(), "env", *settings, *command]
        with running(command, port, core, work) as process:
            yield Server(port, tree), process


def _template_values(
    work: Path, port: int, found: Installed, tree: Tree
) -> dict[str, str]:
    """The value of each name in the templates."""
    return {
        "work": str(work),
        "port": str(port),
        "program": found.program,
        "files": str(tree.files),
        "site": str(tree.site),
        # Only root may start workers as another user; nginx warns others if they try.
        "user": f"user {account()};" if os.geteuid() == 0 else "",
    }


def _without_root_rights() -> list[str]:
    """What runs a server without root's right to read every file."""
    setpriv = find_program("setpriv") if os.geteuid() == 0 else None
    rights = "--bounding-set=-dac_override,-dac_read_search"
    return [setpriv, rights, "--"] if setpriv else []
