"""
The peers that are installed from PyPI, into an environment of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .installing import Environment
from .peer import SERVERS, Peer, Role


def python_peer(name: str, environment: Environment) -> Peer:
    """
    The peer *name*, installed when it is not yet.

    :raise LookupError: when that is not possible; its argument says why.
    """
    package = name.removesuffix("-log")
    reason = environment.install(package)
    if reason:
        raise LookupError(reason)
    build, title, log, http2 = _PYTHON[name]
    versions = environment.versions()
    title = re.sub(r"\{(\w+)\}", lambda word: versions.get(word[1], "?"), title)
    bin_folder = environment.folder / "bin"

    def command(role: Role) -> list[str]:
        settings = [f"PYTHONPATH={SERVERS}", f"BENCHMARK_FILES={role.files}"]
        program, *arguments = build(role)
        return ["env", *settings, str(bin_folder / program), *arguments]

    return Peer(name, title, log, command, http2)


def _uvicorn(role: Role) -> list[str]:
    command = ["uvicorn", "asgi_app:app", "--port", str(role.port), "--no-access-log"]
    command += ["--loop", "uvloop", "--http", "httptools", "--backlog", "1024"]
    command += ["--timeout-keep-alive", "75"]
    if role.pair:
        command += ["--ssl-certfile", role.pair[0], "--ssl-keyfile", role.pair[1]]
    return command


def _granian(role: Role) -> list[str]:
    command = ["granian", "--interface", "asgi", "--port", str(role.port), "--no-ws"]
    command += ["--workers", "1", "--runtime-threads", "1", "--loop", "uvloop"]
    # Its bound on connections; the default of 1,024 is met by the idle ones.
    command += ["--backpressure", str(role.connections)]
    if role.pair:
        command += ["--ssl-certificate", role.pair[0], "--ssl-keyfile", role.pair[1]]
    return [*command, "asgi_app:app"]


def _aiohttp(role: Role) -> list[str]:
    return ["python", str(SERVERS / "aiohttp_app.py"), str(role.port), *role.pair]


def _twisted(role: Role) -> list[str]:
    return ["python", str(SERVERS / "twisted_site.py"), str(role.port), *role.pair]


def _twisted_log(role: Role) -> list[str]:
    endpoint = f"{role.port}:interface=127.0.0.1:backlog=1024"
    if role.pair:
        endpoint += ":certKey={}:privateKey={}".format(*role.pair)
    listen = f"--listen={'ssl' if role.pair else 'tcp'}:{endpoint}"
    serve = (
        [f"--path={role.files}"]
        if role.case.length
        else ["--class=twisted_hello.Hello"]
    )
    return ["twistd", "-n", "--pidfile=", "web", listen, *serve]


_PYTHON: dict[str, tuple[Callable[[Role], list[str]], str, str, bool]] = {
    "uvicorn": (
        _uvicorn,
        "uvicorn {uvicorn}, starlette {starlette}, uvloop {uvloop}",
        "",
        False,
    ),
    "granian": (_granian, "granian {granian}, starlette {starlette}", "", True),
    "aiohttp": (_aiohttp, "aiohttp {aiohttp}, uvloop {uvloop}", "", False),
    "twisted": (_twisted, "Twisted {twisted} Site in a script", "", True),
    "twisted-log": (_twisted_log, "Twisted {twisted} twistd web", "stdout", True),
}
