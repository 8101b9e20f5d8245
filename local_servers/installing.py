"""
Getting programs: from the system's packages, from PyPI into an environment of their
own, and from npm into a folder of their own.

What cannot be had raises `LookupError`, whose argument says why: callers leave that
server out and go on with the others.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .running import RunFailed, printed, result_of

SCRIPT = Path(__file__).with_name("install_programs.sh")

INSTALL_SECONDS = 300.0
"""How long one call of pip or npm may take: some packages have to be built."""


def cache_folder() -> Path:
    """The folder of what is installed and kept from one run to the next."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home, "dartio_tut", "benchmarks")


def install_programs(*needs: str) -> None:
    """
    Install system packages, where that is allowed.

    :param needs: each a program and the package that has it, as ``nginx:nginx-light``.
    """
    subprocess.run(["sh", str(SCRIPT), *needs], check=False)


def find_program(name: str) -> str | None:
    """Where the program *name* is, also for users whose path lacks ``sbin``."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def version_of(program: str, option: str = "--version") -> str:
    """The first version number in what *program* prints for *option*."""
    version = re.search(r"\d+(\.\d+)+", printed(program, option))
    return version[0] if version else "?"


def account() -> str:
    """The user and the group that run this, as nginx's ``user`` wants them."""
    return f"{pwd.getpwuid(os.getuid()).pw_name} {grp.getgrgid(os.getgid()).gr_name}"


def _versions(python: Path) -> dict[str, str]:
    """The version of each package that *python* finds, by its name in lower case."""
    code = (
        "import json; from importlib.metadata import distributions as found; "
        "print(json.dumps({d.name.lower(): d.version for d in found()}))"
    )
    try:
        # Isolated (-I): it must not look into the current folder.
        said = result_of("Python", [python, "-I", "-c", code], INSTALL_SECONDS)
    except RunFailed:
        return {}
    versions: dict[str, str] = json.loads(said)
    return versions


def our_twistd(environment: Path) -> tuple[Path, str]:
    """
    The ``twistd`` of an *environment* that has this project, and the versions in it.

    :raise LookupError: when this project is not installed there.
    """
    twistd = environment / "bin" / "twistd"
    versions = _versions(environment / "bin" / "python")
    if "dartio-tut" not in versions or not twistd.exists():
        raise LookupError(f"dartio_tut is not installed in {environment.name}")
    return twistd, f"{versions['dartio-tut']}, Twisted {versions.get('twisted')}"


class Found(NamedTuple):
    """The *program* of a server that is here, and *versions* by the packages' names."""

    program: str
    versions: dict[str, str]


def find_server(name: str, settings: Mapping[str, Any]) -> Found:
    """
    The server *name*, installed when it is not here yet.

    :param settings: where it is from. ``system``: a program of the system, and the
        option that prints its version. ``npm``: the version of the npm package *name*.
        ``requirements``: what is to be installed from PyPI.
    :raise LookupError: when it cannot be had; its argument says why.
    """
    if "npm" in settings:
        return _from_npm(name, settings["npm"])
    if "requirements" in settings:
        return _from_pypi(name, settings["requirements"])
    program, option = settings["system"]
    path = find_program(program)
    if path is None:
        reason = f"there is no program {program}, and it could not be installed"
        raise LookupError(reason)
    return Found(path, {name: version_of(path, option)})


def _from_npm(name: str, version: str) -> Found:
    folder = cache_folder() / "npm"
    package = folder / "node_modules" / name / "package.json"
    if not package.exists() or json.loads(package.read_text())["version"] != version:
        npm = find_server("npm", {"system": ["npm", "--version"]}).program
        folder.mkdir(parents=True, exist_ok=True)
        _install(npm, "install", "--no-audit", "--prefix", folder, f"{name}@{version}")
    return Found(str(folder / "node_modules" / ".bin" / name), {name: version})


def _from_pypi(name: str, requirements: Sequence[str]) -> Found:
    """All such servers share one virtual environment."""
    folder = cache_folder() / "peers"
    stamp = folder / f"{' '.join(requirements)}.installed"
    python = folder / "bin" / "python"
    if not stamp.exists():
        if not python.exists():
            _install(sys.executable, "-m", "venv", folder)
        _install(python, "-m", "pip", "install", "--quiet", *requirements)
        stamp.touch()
    return Found(str(python.with_name(name)), _versions(python))


def _install(*command: str | Path) -> None:
    print(f"Installing {command[-1]} ...", flush=True)
    try:
        result_of(Path(command[0]).name, command, INSTALL_SECONDS)
    except RunFailed as failure:
        raise LookupError(f"cannot be installed: {failure}") from None
