"""
One turn: somebody does one thing for some seconds, for a number of clients.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .. import cpu
from ..running import Unfit

WARM_UP = 0.5
"""Seconds that do not count: files are made, connections opened, code is compiled."""

SPARE = 30
"""Seconds that a program may take beyond those it measures."""


@dataclass(frozen=True)
class Turn:
    """
    What came of it.

    :ivar rate: operations a second.
    :ivar cost: processor time of an operation in µs, of all who do it but the load.
    :ivar fault: why the numbers do not count; empty when they do.
    """

    rate: float = 0.0
    cost: float = 0.0
    fault: str = ""


@dataclass(frozen=True)
class Stage:
    """
    Where a turn is.

    :ivar folder: an empty one on the disk that is measured.
    :ivar seconds: how long it lasts.
    :ivar core: where the one who is measured runs.
    :ivar load_core: where the load runs.
    :ivar slower: milliseconds that a flush is made to take longer.
    """

    folder: Path
    seconds: int
    core: int
    load_core: int
    slower: float = 0.0

    def python(self) -> list[str]:
        """How a program in Python is started."""
        if not self.slower:
            return [sys.executable]
        script = Path(__file__).with_name("slower.py")  # from any folder
        return [sys.executable, str(script), str(self.slower)]


@dataclass(frozen=True)
class Contender:
    """
    Somebody who does what is measured.

    :ivar title: what it is, with its version.
    :ivar keeps: what has become of a write when it is acknowledged.
    :ivar run: does it on a stage for so many clients.
    """

    name: str
    title: str
    keeps: str
    run: Callable[[Stage, int], Turn]

    def turn(self, stage: Stage, clients: int) -> Turn:
        """One turn; what goes wrong is told in it."""
        try:
            return self.run(stage, clients)
        except Unfit as unfit:
            return Turn(fault=str(unfit))


def by_program(stage: Stage, module: str, *arguments: object) -> Turn:
    """
    The turn that a module of this package measures by itself: it prints a count,
    seconds, and seconds of processor time, as JSON.

    :raise Unfit: when it prints none.
    """
    command = [*stage.python(), "-m", f"{__package__}.{module}"]
    command += map(str, arguments)
    try:
        with cpu.pinned(stage.core):
            ended = subprocess.run(
                command,
                cwd=Path(__file__).parents[2],  # where this package is found
                capture_output=True,
                text=True,
                timeout=stage.seconds + SPARE,
            )
    except subprocess.TimeoutExpired:
        raise Unfit(f"{module} does not end") from None
    if ended.returncode:
        last = ended.stderr.strip().splitlines()[-1:]
        raise Unfit(f"{module} fails: {''.join(last)}")
    said = json.loads(ended.stdout)
    if not said["count"]:
        raise Unfit(f"{module} did nothing in {stage.seconds} s")
    cost = said["cpu"] / said["count"] * 1e6
    return Turn(said["count"] / said["seconds"], cost, said.get("fault", ""))
