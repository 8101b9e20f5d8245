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


def required_program(name: str) -> str:
    """
    Where the program *name* is.

    :raise LookupError: when it is not on this machine.
    """
    path = find_program(name)
    if path is None:
        raise LookupError(f"there is no program {name}, and it could not be installed")
    return path


def version_of(program: str, option: str = "--version") -> str:
    """The first version number in what *program* prints for *option*."""
    said = subprocess.run(
        [program, option], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ).stdout
    version = re.search(r"\d+(\.\d+)+", said)
    return version[0] if version else "?"


def account() -> str:
    """The user and the group that run this, as nginx's ``user`` wants them."""
    return f"{pwd.getpwuid(os.getuid()).pw_name} {grp.getgrgid(os.getgid()).gr_name}"


class PythonEnvironment:
    """The virtual environment of the servers that are installed from PyPI."""

    def __init__(self) -> None:
        self.bin = cache_folder() / "peers" / "bin"
        self.python = self.bin / "python"

    def install(self, server: str, requirements: Sequence[str]) -> None:
        """
        Install what *server* needs, unless that was done before.

        :raise LookupError: when that is not possible.
        """
        folder = self.bin.parent
        stamp, wanted = folder / f"{server}.installed", "\n".join(requirements)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        print(f"Installing {server} ...", flush=True)
        if not self.python.exists():
            _install([sys.executable, "-m", "venv", str(folder)])
        pip = [str(self.python), "-m", "pip", "--disable-pip-version-check", "-q"]
        _install([*pip, "install", *requirements])
        stamp.write_text(wanted)


def installed_versions(python: Path) -> dict[str, str]:
    """The version of each package that *python* finds, by its name in lower case."""
    code = (
        "import json; from importlib.metadata import distributions as found; "
        "print(json.dumps({d.name.lower(): d.version for d in found()}))"
    )
    try:
        # Isolated (-I): it must not look into the current folder.
        said = subprocess.run(
            [str(python), "-I", "-c", code],
            stdout=subprocess.PIPE,
            check=True,
            timeout=INSTALL_SECONDS,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    versions: dict[str, str] = json.loads(said)
    return versions


def our_twistd(environment: Path) -> tuple[Path, str]:
    """
    The ``twistd`` of an *environment* that has this project, and the versions in it.

    :raise LookupError: when this project is not installed there.
    """
    twistd = environment / "bin" / "twistd"
    versions = installed_versions(environment / "bin" / "python")
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
        return Found(npm_program(name, settings["npm"]), {name: settings["npm"]})
    if "system" in settings:
        asked, option = settings["system"]
        program = required_program(asked)
        return Found(program, {name: version_of(program, option)})
    environment = PythonEnvironment()
    environment.install(name.removesuffix("-log"), settings["requirements"])
    program = str(environment.bin / name)
    return Found(program, installed_versions(environment.python))


def npm_program(name: str, version: str) -> str:
    """
    The program *name* of the npm package of that name and *version*.

    :raise LookupError: when it is not there and cannot be installed.
    """
    folder = cache_folder() / "npm"
    path = folder / "node_modules" / ".bin" / name
    manifest = folder / "node_modules" / name / "package.json"
    if manifest.exists() and json.loads(manifest.read_text())["version"] == version:
        return str(path)
    print(f"Installing {name} ...", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    npm = [required_program("npm"), "install", "--no-audit", "--silent"]
    _install([*npm, "--prefix", str(folder), f"{name}@{version}"])
    return str(path)


def _install(command: list[str]) -> None:
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LookupError(f"cannot be installed: {error}") from None
    if ended.returncode:
        lines = ended.stdout.strip().splitlines() or ["no reason given"]
        raise LookupError(f"cannot be installed: {lines[-1]}")
