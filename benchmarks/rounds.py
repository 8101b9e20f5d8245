"""
Interleaved rounds: every peer once, then every peer again.

Each turn starts the server anew, sees that it answers rightly, warms it up, and takes
what it cost while the load ran.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import cpu
from .answers import check, expected
from .cases import Case
from .idle import descriptors, memory_each
from .load import apply_load
from .peer import Peer, Role
from .running import Unfit, free_port, running

WARM_UP = 1
"""Seconds of load before it counts: node compiles what it runs often."""


@dataclass(frozen=True)
class Run:
    """
    One turn of a peer.

    :ivar cost: processor time of an answer in µs, or bytes of an idle connection.
    :ivar rate: answers a second.
    :ivar fault: why the numbers do not count; empty when they do.
    """

    cost: float = 0.0
    rate: float = 0.0
    fault: str = ""


@dataclass(frozen=True)
class Stage:
    """
    What all runs have in common.

    :ivar folder: where each server gets a folder of its own.
    :ivar content: the files to serve, which are in *files*.
    :ivar certificate: the files of certificate and key.
    :ivar seconds: how long the load lasts.
    :ivar idle: how many idle connections.
    :ivar core: where the server runs.
    """

    folder: Path
    files: Path
    content: dict[str, bytes]
    certificate: tuple[str, str]
    seconds: int
    idle: int
    core: int


def measure(
    case: Case,
    peers: Sequence[Peer],
    rounds: int,
    stage: Stage,
    tell: Callable[[int, Peer, Run], None],
) -> dict[str, list[Run]]:
    """
    The runs of every peer, one a round.

    :param tell: called with every run that has ended.
    """
    runs: dict[str, list[Run]] = {peer.name: [] for peer in peers}
    for turn in range(rounds):
        first = turn % len(peers)
        for peer in [*peers[first:], *peers[:first]]:
            run = one_run(case, peer, stage)
            runs[peer.name].append(run)
            tell(turn, peer, run)
    return runs


def one_run(case: Case, peer: Peer, stage: Stage) -> Run:
    """Start *peer*, measure *case*, stop it."""
    folder = stage.folder / peer.name
    folder.mkdir()
    port = free_port()
    most = descriptors(stage.idle)
    role = Role(case, port, folder, stage.files, stage.certificate, most)
    try:
        with running(peer.command(role), port, stage.core, folder) as server:
            size = check(case, port, expected(case, stage.content))
            if case.idle:
                each, fault = memory_each(server.pid, port, stage.idle)
                return Run(each, fault=fault)
            return _under_load(role, server.pid, stage.seconds, size)
    except Unfit as unfit:
        return Run(fault=str(unfit))
    finally:
        shutil.rmtree(folder)


def _under_load(role: Role, pid: int, seconds: int, size: int) -> Run:
    apply_load(role.case, role.port, WARM_UP, role.folder, size)
    before = cpu.seconds(pid)
    outcome = apply_load(role.case, role.port, seconds, role.folder, size)
    spent = cpu.seconds(pid) - before
    if not outcome.answers:
        return Run(fault=outcome.fault)
    cost = spent / outcome.answers * 1e6
    return Run(cost, outcome.answers / outcome.seconds, outcome.fault)
