"""
Where each contender is on this machine, and its version; installed when need be.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.installing import (
    Environment,
    cache,
    install_programs,
    installed_versions,
    program,
    version,
)

NPM = {"http-server": "14.1.1", "serve": "14.2.7"}
"""The versions from npm: their makers' newest when this was written."""

DEBIAN = (
    *("nginx:nginx-light", "caddy:caddy", "lighttpd:lighttpd"),
    *("darkhttpd:darkhttpd", "node:nodejs", "npm:npm"),
)
"""What apt is asked for: a program and its package. Not every Debian has darkhttpd."""

PATIENCE = 300.0
"""Seconds for one call of npm."""


class Found(NamedTuple):
    """
    A contender that is here.

    :ivar help: what its help says.
    """

    program: str
    version: str
    help: str = ""


def find(name: str, venv: Path) -> Found:
    """
    The contender *name*.

    :param venv: an environment with this project.
    :raise LookupError: when it is not here; its argument says why.
    """
    return _FINDERS[name](name, venv)


def install() -> None:
    """Have what Debian has installed, where that is allowed."""
    install_programs(*DEBIAN)


def _ours(name: str, venv: Path) -> Found:
    versions = installed_versions(venv / "bin" / "python")
    twistd = venv / "bin" / "twistd"
    if "dartio-tut" not in versions or not twistd.exists():
        raise LookupError(f"not installed in {venv.name}")
    said = f"{versions['dartio-tut']}, Twisted {versions.get('twisted')}"
    return Found(str(twistd), said, _output(str(twistd), "static", "--help"))


def _system(option: str) -> Callable[[str, Path], Found]:
    def found(name: str, venv: Path) -> Found:
        path = program(name)
        if path is None:
            raise LookupError("there is no such program here")
        return Found(path, version(path, option), _output(path, "--help"))

    return found


def _npm(name: str, venv: Path) -> Found:
    folder = cache() / "npm"
    path = folder / "node_modules" / ".bin" / name
    wanted = NPM[name]
    if not path.exists() or version(str(path), "--version") != wanted:
        npm = program("npm")
        if npm is None:
            raise LookupError("there is no npm to install it with")
        folder.mkdir(parents=True, exist_ok=True)
        _output(
            npm, "install", "--no-audit", "--prefix", str(folder), f"{name}@{wanted}"
        )
    if not path.exists():
        raise LookupError("npm could not install it")
    return Found(str(path), version(str(path), "--version"))


def _python(name: str, venv: Path) -> Found:
    return Found(sys.executable, version(sys.executable, "--version"))


def _twist(name: str, venv: Path) -> Found:
    environment = Environment(cache() / "peers")
    failure = environment.install("twisted")
    if failure:
        raise LookupError(failure)
    twist = environment.folder / "bin" / "twist"
    return Found(str(twist), environment.versions()["twisted"])


def _output(*command: str) -> str:
    try:
        return subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=PATIENCE,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


_FINDERS: dict[str, Callable[[str, Path], Found]] = {
    "ours": _ours,
    "nginx": _system("-v"),
    "caddy": _system("version"),
    "lighttpd": _system("-v"),
    "darkhttpd": _system("--help"),
    "http-server": _npm,
    "serve": _npm,
    "http.server": _python,
    "twist": _twist,
}
