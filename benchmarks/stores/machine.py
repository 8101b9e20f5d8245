"""
What the figures depend on: the disk, besides what `benchmarks.report` tells.
"""

from __future__ import annotations

from pathlib import Path

from ..installing import program, version
from ..report import machine
from .raw import latency


def filesystem(folder: Path) -> str:
    """The type of the filesystem that *folder* is on, and how it is mounted."""
    device = folder.stat().st_dev
    number = f"{device >> 8}:{device & 0xFF}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[2] == number:
            return f"{after.split()[0]} ({before.split()[5]})"
    return "unknown"


def flush(folder: Path) -> str:
    """How long the disk takes to flush a line."""
    usual, slow = latency(folder)
    return f"{usual * 1e3:.2f} ms, one in a hundred {slow * 1e3:.1f} ms or more"


def facts(folder: Path) -> dict[str, str]:
    """All of it."""
    told = machine()
    told["load"] = (
        f"wrk {version(program('wrk') or 'wrk', '--version')}, on its own core"
    )
    told["filesystem"] = filesystem(folder)
    return told
