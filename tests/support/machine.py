"""
A machine of a cluster: etcd, which knows who is primary, Patroni, which makes it so,
and PostgreSQL, at a loopback address of its own.

Rule: a machine is a folder and one tree of processes, which dies and hangs as one.
"""

from __future__ import annotations

import functools
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest

from .harness import BIN, PATIENCE
from .postgres import binaries
from .privileges import become

PATRONI = BIN / "patroni"

ANSWER = 2.0
"""Seconds that a machine has to answer; one that hangs never does."""


def needed() -> None:
    """Skip the test where such machines cannot be had."""
    binaries()
    for program, package in (
        (shutil.which("etcd"), "etcd-server"),
        (PATRONI, "patroni"),
    ):
        if not program or not os.path.exists(program):
            raise SkipTest(f"NOT TESTED: a cluster of PostgreSQL; no {package} here")
    if as_whom() is None:
        raise SkipTest("NOT TESTED: a cluster of PostgreSQL; only root can run this")


@functools.cache
def as_whom() -> list[str] | None:
    """How to start programs that root must not run; ``None``: there is no way."""
    if os.geteuid():
        return []
    return become("postgres", [sys.executable, "-c", "import patroni, psutil"])


class Machine:
    """
    One machine.

    :param address: the loopback address that only this machine uses.
    :param folder: what is kept when the machine is off.
    :param log: the file for all that its programs print.
    :ivar is_running: whether it is on, and does not hang.
    """

    is_running = False
    _process: subprocess.Popen[str] | None = None

    def __init__(self, name: str, address: str, folder: Path, log: Path) -> None:
        self.name = name
        self.address = address
        self.folder = folder
        self.log = log
        self.client, self.peer, self.api, self.postgresql = (
            f"{address}:{port}" for port in free_ports(address, 4)
        )

    def start(self, machines: list[Machine], patroni: dict[str, Any]) -> None:
        """Switch it on as one of *machines*; *patroni* configures Patroni."""
        if not self.folder.exists():
            self.folder.mkdir()
            self.folder.chmod(0o777)  # because its programs may run as another user
        told = self.folder / "patroni.json"
        told.write_text(json.dumps(patroni))  # JSON is YAML, too
        commands = [self._etcd(machines), [str(PATRONI), str(told)]]
        switch = str(Path(__file__).with_name("power_switch.py"))
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [*(as_whom() or []), sys.executable, switch, json.dumps(commands)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self.folder,
                env={"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.folder)},
                start_new_session=True,  # Ctrl-C interrupts the test alone
            )
        self.is_running = True

    def pause(self) -> None:
        """Stop everything on it: sockets stay open, nothing answers."""
        self._tell("stop")
        self.is_running = False

    def resume(self) -> None:
        """Let everything on it continue."""
        self._tell("continue")
        self.is_running = True

    def kill(self) -> None:
        """Switch it off, if it is on, without a warning to its programs."""
        self.is_running = False
        if self._process and self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            self._process.wait(PATIENCE)
            self._process.stdout.close()
        self._process = None

    def ask(self, path: str) -> Any:
        """What its Patroni answers; ``None`` when it refuses, or does not answer."""
        connection = http.client.HTTPConnection(self.api, timeout=ANSWER)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            said = response.read()
            return json.loads(said) if response.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _tell(self, word: str) -> None:
        assert self._process and self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == f"{word}\n", self.log.read_text()

    def _etcd(self, machines: list[Machine]) -> list[str]:
        client, peer = f"http://{self.client}", f"http://{self.peer}"
        everybody = ",".join(f"{one.name}=http://{one.peer}" for one in machines)
        return [
            *("etcd", "--name", self.name, "--data-dir", str(self.folder / "etcd")),
            *("--listen-client-urls", client, "--advertise-client-urls", client),
            *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
            *("--initial-cluster", everybody, "--logger", "zap"),
            *("--log-level", "error"),
            # On a busy machine a heartbeat may be late. Each election that follows
            # would give the lease of a silent primary its whole time again.
            *("--heartbeat-interval", "500", "--election-timeout", "5000"),
            # Machines are killed here, but the kernel keeps what they have written.
            "--unsafe-no-fsync",
        ]


def free_ports(address: str, number: int) -> list[int]:
    """Free ports of *address*; as nothing else uses it, they stay free."""
    briefly = [socket.create_server((address, 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in briefly]
    for one in briefly:
        one.close()
    return ports
