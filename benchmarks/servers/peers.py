"""
The peers that ``peers.toml`` describes: found or installed, and started for a case.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from local_servers import account, find_server

from ..load import Request
from ..measuring import Bench

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"

SETTINGS: dict[str, dict[str, Any]] = tomllib.loads((HERE / "peers.toml").read_text())
NAMES = tuple(SETTINGS)


class Role(NamedTuple):
    """
    What a peer is to serve for a case, and where.

    :ivar request: what it will be asked: ``/`` for hello, or one of the *files*.
    :ivar folder: its own, for what it writes.
    :ivar certificate: the files of the certificate and the key.
    :ivar open_files: how many files it may have to keep open.
    :ivar logs: whether it writes an access log though it does not usually.
    """

    request: Request
    port: int
    folder: Path
    files: Path
    certificate: tuple[str, str]
    open_files: int
    logs: bool


class Peer(NamedTuple):
    """
    One server.

    :ivar kind: what it is asked for by; of ours there may be several.
    :ivar settings: as ``peers.toml`` has them.
    """

    name: str
    kind: str
    title: str
    program: str
    settings: Mapping[str, Any]

    def command(self, role: Role) -> list[str]:
        """What starts it as *role* says; its configuration is written before."""
        words, secure = self.settings, role.request.secure
        what = ("hello" if role.request.path == "/" else "file") + "-tls" * secure
        parts = {
            "what": words.get(what, ""),
            "tls": words.get("tls", "") if secure else "",
            "http2": words.get("http2", "") if role.request.http2 else "",
            "logging": words.get("logging" if role.logs else "no-logging", ""),
        }
        values = {
            "http2": parts["http2"],
            "program": self.program,
            "programs": str(PROGRAMS),
            "bin": str(Path(self.program).parent),
            "port": str(role.port),
            "folder": str(role.folder),
            "files": str(role.files),
            "cert": role.certificate[0],
            "key": role.certificate[1],
            "open_files": str(role.open_files),
            # nginx closes idle ones when less than a sixteenth of these is free.
            "connections": str(role.open_files * 9 // 8),
            "user": account(),
        }
        if config := words.get("config"):
            text = Template((PROGRAMS / config).read_text()).safe_substitute(parts)
            (role.folder / config).write_text(Template(text).substitute(values))
        line = Template(words["command"]).safe_substitute(parts)
        command = [Template(word).substitute(values) for word in shlex.split(line)]
        variables = [f"PYTHONPATH={PROGRAMS}", f"BENCHMARK_FILES={role.files}"]
        return ["env", *variables, *command] if "requirements" in words else command


@cache
def available(bench: Bench) -> list[Peer]:
    """The peers that are wanted and can be had here; what is missing is installed."""
    found = []
    for name in filter(bench.wants, NAMES):
        if name == "ours":
            for ours in bench.installations:
                title, twistd = f"dartio_tut {ours.versions}", str(ours.twistd)
                mine = f"ours{ours.suffix}"
                found.append(Peer(mine, name, title, twistd, SETTINGS[name]))
            continue
        try:
            found.append(_found(name))
        except LookupError as missing:
            bench.left_out[name] = str(missing.args[0])
    return found


def _found(name: str) -> Peer:
    """
    The peer *name*, installed when it is not yet.

    :raise LookupError: when that is not possible; its argument says why.
    """
    settings = SETTINGS[name]
    settings = SETTINGS.get(settings.get("like", ""), {}) | settings
    program, versions = find_server(name, settings)
    title = re.sub(r"\{(.+?)\}", lambda m: versions.get(m[1], "?"), settings["title"])
    return Peer(name, name, title, program, settings)
