"""
A PostgreSQL cluster of three machines that tests may kill.

Rule: it promises as much as such a cluster can, what is acknowledged is on two of the
machines; and nothing of it outlives the test.
"""

from __future__ import annotations

import random
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from .machine import Machine
from .postgres import binaries
from .until import until as until_within

T = TypeVar("T")

PATIENCE_SECONDS = 300.0
"""Until a test gives up on the cluster: nothing takes more than 40 s where nothing else
runs, but some things may where the cores are busy."""

POLL_SECONDS = 0.25
"""Between two looks at the cluster, which does not tell of its changes."""

LEASE_SECONDS = 20
"""After which a silent primary is replaced: the least that Patroni allows."""

PATRONI_SETTINGS: dict[str, Any] = {
    "ttl": LEASE_SECONDS,
    "loop_wait": 1,
    "retry_timeout": 5,  # 3 is the least; the machine is busy
    # What is acknowledged is on two machines, always: while there is only one,
    # nothing is.
    "synchronous_mode": True,
    "synchronous_mode_strict": True,
    "postgresql": {
        "use_pg_rewind": True,
        "parameters": {
            "max_connections": 60,
            "shared_buffers": "16MB",
            "wal_keep_size": "256MB",
            # None: the machines share a file system, but must not meet there.
            "unix_socket_directories": "",
        },
    },
}
"""The settings of all machines, which are kept in etcd."""


class Cluster:
    """
    Three machines.

    :param logs: a folder for what they print.
    """

    def __init__(self, logs: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dartio-cluster-"))
        self.folder.chmod(0o755)  # who runs the machines may be another user
        self._superuser = f"postgres:{secrets.token_hex(8)}"
        self._user = f"notes:{secrets.token_hex(8)}"
        # Its own network: another cluster may run beside it.
        network = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}"
        self.machines = [
            Machine(name, f"{network}.{n}", self.folder / name, logs / f"{name}.log")
            for n, name in enumerate(("alpha", "beta", "gamma"), 1)
        ]

    def start(self) -> None:
        """Switch all machines on, and wait until the database is there."""
        for machine in self.machines:
            self.start_machine(machine)
        self.settled()
        user, password = self._user.split(":")
        at_all = self._url(self.machines, self._superuser, "postgres")
        with psycopg.connect(at_all, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {user} LOGIN PASSWORD '{password}'")
            connection.execute(f"CREATE DATABASE notes OWNER {user}")

    def stop(self) -> None:
        """Leave nothing behind."""
        for machine in self.machines:
            machine.kill()
        shutil.rmtree(self.folder)

    def start_machine(self, machine: Machine) -> None:
        """Switch *machine* on; it joins in when it can."""
        machine.start(self.machines, self._patroni(machine))

    def url(self, *machines: Machine) -> str:
        """The database, on whichever of *machines*, or of all, takes writes."""
        return self._url(list(machines) or self.machines, self._user, "notes")

    def primary(self) -> Machine:
        """Wait for the machine that takes writes."""
        return until(
            "there is a primary",
            lambda: next((m for m in self.running() if self._takes_writes(m)), None),
        )

    def settled(self) -> None:
        """Wait until every running machine has joined in, one of them in step."""
        until("the cluster is whole", self._is_settled)

    def running(self) -> list[Machine]:
        """The machines that are switched on and do not hang."""
        return [machine for machine in self.machines if machine.is_running]

    def _takes_writes(self, machine: Machine) -> bool:
        if not machine.ask("/primary"):
            return False
        try:  # Patroni calls it primary while it is being promoted, too
            psycopg.connect(self._url([machine], self._superuser, "postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def _is_settled(self) -> bool:
        said = [(machine, machine.ask("/patroni") or {}) for machine in self.running()]
        primaries = [machine for machine, s in said if s.get("role") == "primary"]
        replicas = [s for _, s in said if s.get("replication_state") == "streaming"]
        return (
            len(primaries) == 1
            and len(replicas) == len(said) - 1
            and self._successor(primaries[0]) is not None
        )

    def _successor(self, primary: Machine) -> str | None:
        """
        The name of the replica that may succeed *primary*.

        A replica's word for it may be old: while the primary's Patroni has not yet
        agreed with PostgreSQL on which replica is in step, nobody would be elected.
        """
        members = (primary.ask("/cluster") or {}).get("members", ())
        elected = {m["name"] for m in members if m["role"] == "sync_standby"}
        try:
            url = self._url([primary], self._superuser, "postgres")
            with psycopg.connect(url, autocommit=True) as connection:
                found = connection.execute(
                    "SELECT application_name FROM pg_stat_replication"
                    " WHERE sync_state = 'sync' AND application_name"
                    " = trim('\"' from current_setting('synchronous_standby_names'))"
                ).fetchone()
        except psycopg.OperationalError:
            return None
        return found[0] if found and found[0] in elected else None

    def _url(self, machines: list[Machine], user: str, database: str) -> str:
        hosts = ",".join(machine.postgresql for machine in machines)
        query = "target_session_attrs=read-write&connect_timeout=2"
        return f"postgresql://{user}@{hosts}/{database}?{query}"

    def _patroni(self, machine: Machine) -> dict[str, Any]:
        """What *machine*'s Patroni is told."""
        name, password = self._superuser.split(":")
        return {
            "scope": "notes",
            "name": machine.name,
            "restapi": at(machine.api),
            "etcd3": {"hosts": [one.client for one in self.machines]},
            "bootstrap": {
                "dcs": PATRONI_SETTINGS,
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"],
            },
            "postgresql": {
                **at(machine.postgresql),
                "bin_dir": str(binaries()),
                "data_dir": str(machine.folder / "postgresql"),
                "pgpass": str(machine.folder / "pgpass"),
                "authentication": {
                    "superuser": {"username": name, "password": password},
                    "replication": {"username": "replicator", "password": password},
                },
                "pg_hba": [
                    f"host {which} all 127.0.0.0/8 scram-sha-256"
                    for which in ("all", "replication")
                ],
            },
        }


def at(address: str) -> dict[str, str]:
    """Where a part of Patroni's listens, in its words."""
    return {"listen": address, "connect_address": address}


def until(what: str, happens: Callable[[], T | None]) -> T:
    """Wait until something *happens* to the cluster; what that gave."""
    return until_within(what, happens, PATIENCE_SECONDS, POLL_SECONDS)
