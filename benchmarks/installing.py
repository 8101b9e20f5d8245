"""
Getting the peers: Python's into an environment of their own, the rest by apt.

What cannot be had is left out, with the reason; the others are compared all the same.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

REQUIREMENTS = {
    "twisted": ("Twisted[http2,tls]",),
    "uvicorn": ("uvicorn", "uvloop", "httptools", "starlette"),
    "granian": ("granian", "uvloop", "starlette"),
    "aiohttp": ("aiohttp", "uvloop"),
}
"""What to install for each peer in Python: as its users would have it, the newest."""

PATIENCE = 300.0
"""Seconds for one call of pip: some packages may have to be built."""


def cache() -> Path:
    """The folder of what is installed here, kept from one run to the next."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home, "dartio_tut", "benchmarks")


PROGRAMS = ("nginx:nginx-light", "wrk:wrk", "h2load:nghttp2-client", "node:nodejs")
"""What is measured or makes the load: a program and the package that has it."""


def install_programs(*needs: str) -> None:
    """Have *needs* installed, each a program and its package, where that is allowed."""
    subprocess.run(["sh", str(HERE / "outside.sh"), *(needs or PROGRAMS)], check=False)


def program(name: str) -> str | None:
    """Where the program *name* is, for users whose path lacks ``sbin`` as well."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def version(path: str, option: str) -> str:
    """The first thing like a version in what *path* says of itself."""
    said = subprocess.run(
        [path, option], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ).stdout
    version = re.search(r"\d+(\.\d+)+", said)
    return version[0] if version else "?"


class Environment:
    """
    The environment of the peers in Python.

    :param folder: where it is, or will be.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"

    def install(self, peer: str) -> str:
        """
        Install what *peer* needs, once.

        :return: why that was not possible; empty when it is there.
        """
        stamp = self.folder / f"{peer}.installed"
        wanted = "\n".join(REQUIREMENTS[peer])
        if stamp.exists() and stamp.read_text() == wanted:
            return ""
        print(f"Installing {peer} ...", flush=True)
        if not self.python.exists():
            failure = _failure([sys.executable, "-m", "venv", str(self.folder)])
            if failure:
                return failure
        pip = [str(self.python), "-m", "pip", "--disable-pip-version-check", "-q"]
        failure = _failure([*pip, "install", *REQUIREMENTS[peer]])
        if not failure:
            stamp.write_text(wanted)
        return failure

    def versions(self) -> dict[str, str]:
        """The version of each installed package, by its name in lower case."""
        return installed_versions(self.python)


def installed_versions(python: Path) -> dict[str, str]:
    """The version of each package that *python* finds, by its name in lower case."""
    code = (
        "import json; from importlib.metadata import distributions as found; "
        "print(json.dumps({d.name.lower(): d.version for d in found()}))"
    )
    try:
        # Isolated (-I): the folder that this runs in is not to be looked at.
        said = subprocess.run(
            [str(python), "-I", "-c", code],
            stdout=subprocess.PIPE,
            check=True,
            timeout=PATIENCE,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    versions: dict[str, str] = json.loads(said)
    return versions


def _failure(command: list[str]) -> str:
    """Run *command*; the last line of its complaint when it fails."""
    try:
        ended = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"cannot be installed: {error}"
    if ended.returncode == 0:
        return ""
    lines = ended.stdout.strip().splitlines()
    return f"cannot be installed: {lines[-1] if lines else 'no reason given'}"
