"""
Runs of the programs that measure by themselves.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from local_servers import RunFailed, pinned, result_of

from ..figures import Run
from ..measuring import Stage

LAUNCHER = Path(__file__).with_name("programs") / "launch.py"

SPARE_SECONDS = 30
"""How long a program may take beyond the time that it measures."""


def launched(python: str, slower_ms: float = 0) -> list[str]:
    """How a program is started: with *python*, on a disk that is so much slower."""
    return [python, str(LAUNCHER), str(slower_ms)]


def run_program(
    stage: Stage,
    program: str,
    *arguments: object,
    python: str = sys.executable,
    slower_ms: float = 0,
) -> Run:
    """
    The run that a program of `programs` measures.

    :raise RunFailed: when it fails, or has done nothing.
    """
    module = f"{__package__}.programs.{program}"
    command = [*launched(python, slower_ms), "-m", module, *map(str, arguments)]
    with pinned(stage.core):
        most = stage.seconds + SPARE_SECONDS
        printed = result_of(program, command, most, cwd=stage.folder)
    said = json.loads(printed)
    if not said["count"]:
        raise RunFailed(f"{program} did nothing in {stage.seconds} s")
    cost = said["cpu"] / said["count"] * 1e6
    return Run({"cpu_us": cost, "rate": said["count"] / said["seconds"]})
