"""
Builds an image by buildah, and runs it as a container, in namespaces of its own.

There is no registry here from which the base image could be had. What stands for it is
made on the spot: an image that has nothing but the folders into which this machine's
/usr and its Python are mounted, read-only, while something runs. What is tested is the
Containerfile, line by line, and what comes of it.
"""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest

from .harness import Case, Daemon
from .programs import need, need_mounts
from .until import until

PROGRAMS = ("buildah", "mount", "chroot")

BUILD_SECONDS = 500
"""Until a build is given up: packages are installed in it, on a busy machine."""

PYTHON = Path("/opt/python")
"""Where the Python of this machine is in a container."""

BASE = """FROM scratch
COPY tree /
ENV PATH=/opt/python/bin:/usr/local/bin:/usr/bin:/bin:/opt/names \\
    LD_LIBRARY_PATH=/opt/python/lib PYTHONPATH=/opt/modules
"""
"""Debian's Python is not called ``python``, and may have no pip: it is given both."""

RUN = r"""
set -eu
mount --make-rprivate /
mount --bind "$TREE" "$TREE"
mount --bind /usr "$TREE/usr"
mount --bind "$PYTHON" "$TREE/opt/python"
mount -t proc proc "$TREE/proc"
for device in null urandom; do mount --bind "/dev/$device" "$TREE/dev/$device"; done
mount -o remount,bind,ro "$TREE"
mount --bind "$VOLUME" "$TREE$MOUNTED"
cd "$TREE"
exec chroot --userspec="$OWNER" "$TREE" /usr/bin/env -i "$@"
"""
"""The root is read-only, as `--read-only` of podman makes it; the volume is not."""


def run(*command: str | Path, **more: Any) -> str:
    """What *command* prints on stdout; it must succeed."""
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_SECONDS,
        **more,
    )
    if ended.returncode:
        raise AssertionError(f"{command}: {ended.stdout}{ended.stderr}")
    printed: str = ended.stdout
    return printed


class Builder:
    """Builds images for *case*, and keeps them in its folder until it ends."""

    def __init__(self, case: Case) -> None:
        for program in PROGRAMS:
            need(program, "building an image")
        need_mounts("building an image")
        self._case = case
        self._folder = case.folder / "images"
        self._folder.mkdir()
        case.addCleanup(shutil.rmtree, self._folder, ignore_errors=True)
        self._prefix = Path(sys.base_prefix)

    def buildah(self, *line: str | Path) -> str:
        """Run buildah with storage of this test's."""
        storage = (
            "--root",
            self._folder / "storage",
            "--runroot",
            self._folder / "run",
        )
        return run("buildah", "--storage-driver", "vfs", *storage, *line)

    def make_base(self, tag: str) -> None:
        """
        Make what stands for the base image *tag*.

        :raise SkipTest: when nothing can be built here.
        """
        context = self._folder / "base"
        tree = context / "tree"
        for name in (
            *("usr", "opt/python", "opt/names", "opt/modules"),
            *("proc", "dev", "tmp", "etc/ssl", "var/lib"),
        ):
            (tree / name).mkdir(parents=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        (tree / "opt/names/python").symlink_to(PYTHON / "bin" / version)
        pip = Path(sysconfig.get_path("purelib"), "pip")
        shutil.copytree(pip, tree / "opt/modules/pip")
        for name in ("bin", "sbin", "lib", "lib64"):
            (tree / name).symlink_to(f"usr/{name}")
        (tree / "dev/null").touch()
        (tree / "dev/urandom").touch()
        (tree / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
        (tree / "etc/pip.conf").write_text(pip_settings())
        if Path("/etc/ssl/certs").is_dir():
            shutil.copytree("/etc/ssl/certs", tree / "etc/ssl/certs")
        if Path("/etc/ld.so.cache").exists():
            shutil.copy("/etc/ld.so.cache", tree / "etc")
        (context / "Containerfile").write_text(BASE)
        try:
            self.buildah("build", "--isolation", "chroot", "--tag", tag, context)
        except AssertionError as error:
            raise SkipTest(f"NOT TESTED: building an image: {error}") from None

    def build(
        self, containerfile: Path, context: Path, *options: str
    ) -> dict[str, Any]:
        """Build *containerfile*; return what the image says of itself."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.buildah(
            "build", "--isolation", "chroot", "--pull-never", "--format", "docker",
            # Newer ones would raise both, which not every machine allows.
            f"--ulimit=nofile={files}:{files}", "--ulimit=nproc=4096:4096",
            "--volume", "/usr:/usr:ro", "--volume", f"{self._prefix}:{PYTHON}:ro",
            *options, "--tag", "built", "--file", containerfile, context,
        )  # fmt: skip
        said: dict[str, Any] = json.loads(
            self.buildah("inspect", "--type=image", "built")
        )
        config: dict[str, Any] = said["Docker"]["config"]
        return config

    def mounted(self) -> Path:
        """The root of a container of the image that was built."""
        container = self.buildah("from", "--pull-never", "built").strip()
        return Path(self.buildah("mount", container).strip())


class Container:
    """
    Containers of an image with *config* and the root *tree*, whose volume is *volume*.
    """

    def __init__(
        self, case: Case, tree: Path, config: Mapping[str, Any], volume: Path
    ) -> None:
        self._case = case
        (mounted,) = config["Volumes"]
        owner = config["User"]
        self._config = config
        self._variables = {
            "TREE": str(tree),
            "PYTHON": sys.base_prefix,
            "VOLUME": str(volume),
            "MOUNTED": mounted,
            "OWNER": owner,
        }

    def start(self, *words: str, **environment: str) -> Daemon:
        """Run the image's entry point with *words*, as the first of its processes."""
        command = [*self._config["Entrypoint"], *(words or self._config["Cmd"])]
        return self._started(("--pid",), command, environment)

    def run(self, command: list[str]) -> tuple[int, str]:
        """Run *command* beside; its exit code, and what it printed."""
        beside = self._started((), command, {})
        return beside.ended(), beside.output()

    def _started(
        self, more: tuple[str, ...], command: list[str], environment: dict[str, str]
    ) -> Daemon:
        own = dict(line.split("=", 1) for line in self._config["Env"]) | environment
        lines = [f"{name}={text}" for name, text in own.items()]
        variables = [f"{name}={text}" for name, text in self._variables.items()]
        script = RUN.replace('cd "$TREE"', 'cd "$TREE$MOUNTED"')
        return self._case.started(
            "env", *variables, "unshare", "--mount", "--fork", "--kill-child", *more,
            "sh", "-c", script, "sh", *lines, *command,
        )  # fmt: skip


def first_process(container: Daemon) -> int:
    """The process id of what runs first in a *container*, as this machine sees it."""
    parent = container.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children")

    def child() -> int:
        with suppress(OSError, IndexError):
            return int(children.read_text().split()[0])
        return 0

    return until("the container has a process", child)


def pip_settings() -> str:
    """How this machine's pip reaches packages, as a file of pip's."""
    said = run(sys.executable, "-m", "pip", "config", "list")
    kept = {
        name.rpartition(".")[2]: text
        for name, text in re.findall(r"^(\S+)='(.*)'$", said, re.MULTILINE)
        if name.rpartition(".")[2] in ("cert", "index-url", "timeout", "trusted-host")
    }
    return "[global]\n" + "".join(f"{name} = {text}\n" for name, text in kept.items())
