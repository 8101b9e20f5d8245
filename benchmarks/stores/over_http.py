"""
A server under load: wrk says the same thing over and over on connections that stay.
"""

from __future__ import annotations

import http.client
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import cpu
from ..installing import program
from ..load import COUNTS
from ..running import Unfit, free_port, running
from .turn import SPARE, Stage, Turn

PATIENCE = 15.0
"""Seconds for the first answer."""

WARM_UP = 1
"""Seconds of load that do not count: wrk takes whole ones, and node compiles."""


@dataclass(frozen=True)
class Asked:
    """
    The request that is repeated.

    :ivar each: Lua that makes each request another one; see wrk's manual.
    """

    method: str
    path: str
    body: bytes = b""
    kind: str = "application/json"
    each: str = ""

    def script(self) -> str:
        """This for wrk."""
        lines = [f'wrk.method = "{self.method}"', f'wrk.path = "{self.path}"']
        if self.body:
            lines += [f"wrk.body = [[{self.body.decode()}]]"]
            lines += [f'wrk.headers["Content-Type"] = "{self.kind}"']
        return "\n".join([*lines, self.each, COUNTS])


@dataclass(frozen=True)
class Server:
    """
    What is started.

    :ivar command: how, given the port and its folder.
    :ivar kept: what is wrong with what it has left in its folder, given how many writes
        were acknowledged in each run of the load; nothing when all are there.
    :ivar behind: processes that work for it.
    """

    command: Callable[[int, Path], Sequence[str]]
    kept: Callable[[Path, Sequence[int]], str] = lambda folder, counts: ""
    behind: Sequence[int] = ()


def under_load(stage: Stage, server: Server, asked: Asked, clients: int) -> Turn:
    """
    Start *server*, ask it, stop it, and look at what it has kept.

    :raise Unfit: when it does not start, or does not answer.
    """
    port, folder = free_port(), stage.folder
    script = folder / "wrk.lua"
    script.write_text(asked.script())
    own = folder / "own"
    own.mkdir()
    command = server.command(port, own)
    with running(command, port, stage.core, own) as process:
        pids = [process.pid, *server.behind]
        _ask_once(port, asked)
        early, _, fault = _wrk(port, clients, WARM_UP, script)
        before = sum(map(cpu.seconds, pids))
        count, seconds, fault = _wrk(port, clients, stage.seconds, script)
        spent = sum(map(cpu.seconds, pids)) - before
    if not count:
        raise Unfit(fault or "no answer")
    fault = fault or server.kept(own, (early, count))
    return Turn(count / seconds, spent / count * 1e6, fault)


def _ask_once(port: int, asked: Asked) -> None:
    """See that it answers at all: the load does not look at what is said."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    fields = {"Content-Type": asked.kind} if asked.body else {}
    try:
        connection.request(asked.method, asked.path, asked.body or None, fields)
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException) as error:
        raise Unfit(f"does not answer: {error!r}") from None
    finally:
        connection.close()
    if response.status >= 300:
        raise Unfit(f"answers {response.status}")


def _wrk(port: int, clients: int, seconds: int, script: Path) -> tuple[int, float, str]:
    """How many were answered, in what time, and what went wrong."""
    wrk = program("wrk") or "wrk"
    command = [wrk, "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "10s"]
    command += ["-s", str(script), f"http://127.0.0.1:{port}/"]
    try:
        said = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds + SPARE
        ).stdout
    except subprocess.TimeoutExpired:
        return 0, seconds, "wrk does not end"
    counted = re.search(r"^counted (\d+) \d+ (\d+)$", said, re.MULTILINE)
    if counted is None:
        return 0, seconds, "wrk reports nothing"
    errors = re.findall(r"(\w+)=([1-9]\d*)", said)
    fault = ", ".join(f"{count} {kind} errors" for kind, count in errors)
    return int(counted[1]), int(counted[2]) / 1e6, fault
