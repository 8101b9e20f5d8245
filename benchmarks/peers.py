"""
Who is compared, and how each is started for a case.

Each is one worker set up as its manual says, with the same backlog and with
connections kept as long as nginx keeps them. Who writes an access log is said beside
the numbers: a line a request costs.
"""

from __future__ import annotations

import grp
import os
import pwd
import string
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from .installing import Environment, installed_versions, program, version
from .peer import SERVERS, Peer, Role
from .python_peers import python_peer

NAMES = (
    *("nginx", "nginx-log", "ours", "node", "granian"),
    *("aiohttp", "uvicorn", "twisted", "twisted-log"),
)
"""All peers; ours may be several."""


def available(
    wanted: Iterable[str], environment: Environment, ours: list[Path]
) -> tuple[list[Peer], dict[str, str]]:
    """
    The peers of *wanted* that can be had here.

    :param ours: environments in which this project is installed.
    :return: them, and for each of the others why it is left out.
    """
    attempts: list[tuple[str, Callable[[], Peer]]] = []
    for name in wanted:
        if name == "ours":
            names = ["ours", *(f"ours-{number}" for number in range(2, len(ours) + 1))]
            attempts += [
                (mine, partial(_ours, mine, venv))
                for mine, venv in zip(names, ours, strict=True)
            ]
        elif name.startswith("nginx"):
            attempts.append((name, partial(_nginx, name)))
        elif name == "node":
            attempts.append((name, _node))
        else:
            attempts.append((name, partial(python_peer, name, environment)))
    found: list[Peer] = []
    left_out: dict[str, str] = {}
    for name, attempt in attempts:
        try:
            found.append(attempt())
        except LookupError as missing:
            left_out[name] = str(missing.args[0])
    return found, left_out


def _ours(name: str, venv: Path) -> Peer:
    versions = installed_versions(venv / "bin" / "python")
    twistd = venv / "bin" / "twistd"
    if "dartio-tut" not in versions or not twistd.exists():
        raise LookupError(f"not installed in {venv.name}")

    def command(role: Role) -> list[str]:
        start, port = [str(twistd), "-n", "--pidfile="], str(role.port)
        if not role.case.length:
            if not role.case.secure:
                return [*start, "hello", "--port", port]
            cert, key = role.certificate
            secure = [*start, "hello-secure", "--port", port]
            return [*secure, "--cert", cert, "--key", key]
        static = [*start, "static", "--root", str(role.files)]
        if not role.case.secure:
            return [*static, "--port", port]
        cert, key = role.certificate
        http2 = ["--http2"] * role.case.http2
        return [*static, "--port", port, "--cert", cert, "--key", key, *http2]

    version, twisted = versions["dartio-tut"], versions.get("twisted")
    return Peer(name, f"dartio_tut {version}, Twisted {twisted}", "", command)


def _nginx(name: str) -> Peer:
    nginx = _found("nginx")
    logs = name == "nginx-log"
    template = string.Template((SERVERS / "nginx.conf").read_text())
    user = pwd.getpwuid(os.getuid()).pw_name
    group = grp.getgrgid(os.getgid()).gr_name

    def command(role: Role) -> list[str]:
        kind = ["ssl"] * role.case.secure + ["http2"] * role.case.http2
        pem = "ssl_certificate {}; ssl_certificate_key {};".format
        written = template.substitute(
            user=f"{user} {group}",
            # It closes idle ones when less than a sixteenth of these is free.
            connections=role.connections * 9 // 8,
            log="access.log" if logs else "off",
            port=role.port,
            kind=" ".join(kind),
            certificate=pem(*role.pair) if role.pair else "",
            files=role.files,
        )
        (role.folder / "nginx.conf").write_text(written)
        return [nginx, "-e", "stderr", "-p", str(role.folder), "-c", "nginx.conf"]

    return Peer(name, f"nginx {version(nginx, '-v')}", "file" * logs, command)


def _node() -> Peer:
    node = _found("node")

    def command(role: Role) -> list[str]:
        script = [node, str(SERVERS / "node_server.mjs"), str(role.port)]
        return [*script, str(role.files), *role.pair, *["h2"] * role.case.http2]

    return Peer("node", f"node {version(node, '--version')}", "", command)


def _found(name: str) -> str:
    path = program(name)
    if path is None:
        raise LookupError(f"there is no program {name}, and it could not be installed")
    return path
