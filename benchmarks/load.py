"""
The load: wrk, and h2load for HTTP/2, which repeat a request for some seconds.

A server is asked once before, and is measured only if its answer is right. What a load
generator reports as gone wrong is handed on: a server that drops connections is
not fast.
"""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from local_servers import RunFailed, free_port, printed, running

from .figures import Run
from .measuring import Stage
from .processes import cpu_seconds, wait_until_idle

LUA = Path(__file__).with_name("lua")
"""Scripts for wrk, which vary a request."""

STREAMS = 10
"""Requests at the same time on one HTTP/2 connection."""

FIRST_ANSWER_SECONDS = 15.0
"""How long the first answer may take: it may wait for an import."""

ANSWER_SECONDS = 10
"""When wrk calls an answer lost: its own 2 s are short for a large file."""

SPARE_SECONDS = 20
"""How long a load generator may run beyond the time that it was given."""

WARM_UP_SECONDS = 1
"""Load that does not count: node compiles what it runs often."""

H2LOAD_FAULTS = ("failed", "errored", "timeout", "3xx", "4xx", "5xx")
"""How h2load counts requests that did not succeed, and answers that are wrong."""


@dataclass(frozen=True)
class Request:
    """
    A request that is repeated, and its right answer.

    :ivar lua: a script that makes each request another one; see `script`.
    :ivar status: the right status code; 0 for any of 2xx.
    :ivar content: the right content, but for line feeds at its end; ``None`` for any.
    """

    path: str = "/"
    method: str = "GET"
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    lua: str = ""
    secure: bool = False
    http2: bool = False
    status: int = 200
    content: bytes | None = None

    @property
    def counted_by_bytes(self) -> bool:
        """
        Whether answers are counted by their bytes.

        At the end of a run each connection has a part of an answer: of a large
        file that part counts, and it counts more against a slow server.
        """
        return len(self.content or b"") >= 1 << 20


@dataclass(frozen=True)
class Server:
    """
    What is started for a run.

    :ivar command: what starts it, given its port and its folder.
    :ivar helpers: processes that work for it, but are not started by it.
    :ivar loss: what is wrong with what it has left in its folder, given how many
        requests were answered in the warm-up and then; empty when nothing is.
    :ivar starts_others: whether it starts processes that are waited for.
    """

    command: Callable[[int, Path], Sequence[str]]
    helpers: Sequence[int] = ()
    loss: Callable[[Path, Sequence[int]], str] = lambda folder, counts: ""
    starts_others: bool = False


class Outcome(NamedTuple):
    """What a load generator counted; *fault* is empty when nothing went wrong."""

    answers: float
    seconds: float
    fault: str


def script(name: str, **settings: object) -> str:
    """The Lua script *name*, with its *settings*."""
    lines = [
        f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}"
        for key, value in settings.items()
    ]
    return "\n".join([*lines, (LUA / f"{name}.lua").read_text()])


def under_load(stage: Stage, server: Server, request: Request, connections: int) -> Run:
    """
    Start *server*, see that it answers rightly, and take what it costs under load.

    :raise RunFailed: when it does not start, or answers wrongly.
    """
    port, folder = free_port(), stage.folder / "server"
    folder.mkdir()
    command = server.command(port, folder)
    with running(command, port, stage.core, folder) as process:
        size = check(request, port)
        if server.starts_others:
            wait_until_idle(process.pid)
        load = _h2load if request.http2 else wrk

        def apply_load(seconds: int) -> Outcome:
            return load(request, port, connections, seconds, stage.folder, size)

        early = apply_load(WARM_UP_SECONDS)
        before = cpu_seconds(process.pid, *server.helpers)
        outcome = apply_load(stage.seconds)
        spent = cpu_seconds(process.pid, *server.helpers) - before
    if not outcome.answers:
        raise RunFailed(outcome.fault or "no answer")
    fault = outcome.fault or server.loss(folder, (int(early[0]), int(outcome[0])))
    cost = spent / outcome.answers * 1e6
    return Run({"cpu_us": cost, "rate": outcome.answers / outcome.seconds}, fault)


def check(request: Request, port: int, seconds: float = FIRST_ANSWER_SECONDS) -> int:
    """
    Ask once, and see that the answer is right and comes within so many *seconds*.

    :return: its length, an estimate of its header fields included.
    :raise RunFailed: when it is anything else.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    if request.secure:
        context = ssl.create_default_context()
        context.check_hostname = False  # as the load generators do
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=seconds, context=context
        )
    fields, body = dict(request.fields), request.body or None
    try:
        connection.request(request.method, request.path, body, fields)
        response = connection.getresponse()
        content = response.read()
        kept = connection.sock is not None
    except (OSError, http.client.HTTPException) as error:
        raise RunFailed(f"does not answer: {error!r}") from None
    finally:
        connection.close()
    right = response.status == request.status
    if not (right or (request.status == 0 and response.status // 100 == 2)):
        raise RunFailed(f"answers {response.status}, not {request.status or '2xx'}")
    wanted = request.content
    if wanted is not None and content.rstrip(b"\n") != wanted.rstrip(b"\n"):
        raise RunFailed(f"answers {len(content)} other bytes, not {len(wanted)}")
    if kept == (fields.get("Connection") == "close"):
        raise RunFailed("keeps the connection" if kept else "closes the connection")
    head = sum(len(name) + len(value) + 4 for name, value in response.getheaders())
    return head + len(content)


def wrk(
    request: Request, port: int, connections: int, seconds: int, folder: Path, size: int
) -> Outcome:
    """Repeat *request* by wrk, whose script is put into *folder*."""
    lines = [f'wrk.method = "{request.method}"']
    if request.body:
        body = folder / "body"
        body.write_bytes(request.body)
        lines.append(f'wrk.body = io.open("{body}", "rb"):read("*a")')
    path = folder / "wrk.lua"
    path.write_text("\n".join([*lines, request.lua, script("report_counts")]))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(path)]
    command += ["--timeout", f"{ANSWER_SECONDS}s"]
    said = _printed(command, request, port, seconds)
    counted = re.search(r"^counted (\d+) (\d+) (\d+)$", said, re.MULTILINE)
    if counted is None:
        return Outcome(0, seconds, "wrk reports nothing")
    requests, received, microseconds = map(int, counted.groups())
    errors = re.findall(r"(\w+)=([1-9]\d*)", said[counted.end() :])
    fault = ", ".join(f"{count} {kind} errors" for kind, count in errors)
    answers = received / size if request.counted_by_bytes else requests
    return Outcome(answers, microseconds / 1e6, fault)


def _h2load(
    request: Request, port: int, connections: int, seconds: int, folder: Path, size: int
) -> Outcome:
    command = ["h2load", "-t1", f"-c{connections}", f"-m{STREAMS}", f"-D{seconds}"]
    said = _printed(command, request, port, seconds)
    counts = {kind: int(count) for count, kind in re.findall(r"(\d+) (\w+)", said)}
    if not {"succeeded", *H2LOAD_FAULTS} <= counts.keys():
        return Outcome(0, seconds, "h2load reports nothing")
    faults = [f"{counts[kind]} {kind}" for kind in H2LOAD_FAULTS if counts[kind]]
    faults += [] if "Application protocol: h2" in said else ["no HTTP/2"]
    return Outcome(counts["succeeded"], seconds, ", ".join(faults))


def _printed(command: list[str], request: Request, port: int, seconds: int) -> str:
    """What a load generator printed; nothing when it did not end in time."""
    for name, value in request.fields:
        command += ["-H", f"{name}: {value}"]
    url = f"http{'s' * request.secure}://127.0.0.1:{port}{request.path}"
    return printed(*command, url, seconds=seconds + SPARE_SECONDS)
