"""
The peers that ``peers.toml`` describes: found or installed, and started for a case.
"""

from __future__ import annotations

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

_DESCRIBED = tomllib.loads((HERE / "peers.toml").read_text())
SETTINGS: dict[str, dict[str, Any]] = {
    name: _DESCRIBED.get(own.get("like"), {}) | own for name, own in _DESCRIBED.items()
}
NAMES = tuple(SETTINGS)


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

    def command(
        self, request: Request, folder: Path, watching: str, **given: object
    ) -> list[str]:
        """
        What starts it for *request* in *folder*; its configuration is written before.

        :param watching: ``logging`` or ``metrics``, if it is to do that though it does
            not usually; else empty.
        :param given: what the other names in ``peers.toml`` stand for.
        """
        words = self.settings
        what = "hello" if request.path == "/" else "file"
        if request.method == "PUT":
            what = "upload"
        parts = {
            "what": words.get(what + "-tls" * request.secure, ""),
            "tls": words.get("tls", "") if request.secure else "",
            "http2": words.get("http2", "") if request.http2 else "",
            "inside": words.get(what + "-inside", ""),
            "watching": words.get(watching, words.get("no-watching", "")),
        }
        values = given | {
            "http2": parts["http2"],
            "program": self.program,
            "programs": PROGRAMS,
            "bin": Path(self.program).parent,
            "folder": folder,
            "user": account(),
        }
        if config := words.get("config"):
            text = Template((PROGRAMS / config).read_text()).safe_substitute(parts)
            (folder / config).write_text(Template(text).substitute(values))
        line = Template(words.get(what + "-command", words["command"])).safe_substitute(
            parts
        )
        command = [Template(word).substitute(values) for word in shlex.split(line)]
        variables = [f"PYTHONPATH={PROGRAMS}", f"BENCHMARK_FILES={given['files']}"]
        return ["env", *variables, *command] if "requirements" in words else command


@cache
def available(bench: Bench) -> list[Peer]:
    """The peers that are wanted and can be had here; what is missing is installed."""
    found = []
    for name in filter(bench.wants, NAMES):
        settings = SETTINGS[name]
        if name == "ours":
            for ours in bench.installations:
                title, twistd = f"dartio_tut {ours.versions}", str(ours.twistd)
                found.append(Peer(f"ours{ours.suffix}", name, title, twistd, settings))
            continue
        try:
            program, versions = find_server(name, settings)
        except LookupError as missing:
            bench.left_out[name] = str(missing)
            continue
        title = settings["title"].format_map(versions)
        found.append(Peer(name, name, title, program, settings))
    return found
