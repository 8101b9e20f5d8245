"""
Who is asked, and how each is started to serve a folder: what ``peers.toml`` says.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from local_servers import find_server, our_twistd, printed

from .rows import BASE

PROGRAMS = (
    *("nginx:nginx-light", "caddy:caddy", "lighttpd:lighttpd"),
    *("darkhttpd:darkhttpd", "node:nodejs", "npm:npm"),
)
"""What apt is asked for: a program and its package. Not every Debian has darkhttpd."""

NOT_COVERED = {
    "miniserve": "Debian 12, PyPI and npm have no package of it",
    "dufs": "Debian 12, PyPI and npm have no package of it",
}
"""Servers of the same kind that are not asked, and why."""


class Start(NamedTuple):
    """
    One way to start a server.

    :ivar command: the line that starts it.
    :ivar config: what is written into ``$work/config``.
    :ivar needs: an option that its help has to know.
    """

    command: str
    config: str
    needs: str


class Installed(NamedTuple):
    """A server that is on this machine, and what its help says."""

    program: str
    version: str
    help: str


class Peer(NamedTuple):
    """
    One server.

    :ivar starts: the ways to start it, by what they are for.
    :ivar settings: as ``peers.toml`` has them.
    """

    name: str
    starts: Mapping[str, Start]
    settings: Mapping[str, Any]

    @property
    def base(self) -> Start:
        """How it is started when nothing else is asked for."""
        return self.starts[BASE]

    def find(self, environment: Path) -> Installed:
        """
        Where it is, installed when it is not here yet.

        :param environment: one with this project.
        :raise LookupError: when it cannot be had; its argument says why.
        """
        if self.name == "ours":
            twistd, version = our_twistd(environment)
            return Installed(
                str(twistd), version, printed(str(twistd), "static", "--help")
            )
        program, versions = find_server(self.name, self.settings)
        version = versions.get(self.name) or versions["twisted"]
        return Installed(program, version, printed(program, "--help"))


def _starts(settings: Mapping[str, Any]) -> dict[str, Start]:
    described = {BASE: settings["starts"][BASE]} | settings["starts"]
    return {way: _start({**settings, **own}) for way, own in described.items()}


def _start(own: dict[str, Any]) -> Start:
    # Only what the peer leaves open is filled in here; the rest when it is started.
    parts = {"root": "$files", "option": "", "inside": "", "modules": ""} | own
    command, config = (
        Template(parts.get(key, "")).safe_substitute(parts)
        for key in ("command", "config")
    )
    lines = [line.rstrip() for line in config.splitlines() if line.strip()]
    config = "\n".join([*lines, ""]) if lines else ""
    return Start(command, config, parts.get("needs", ""))


PEERS = tuple(
    Peer(name, _starts(settings), settings)
    for name, settings in tomllib.loads(
        Path(__file__).with_name("peers.toml").read_text()
    ).items()
)
