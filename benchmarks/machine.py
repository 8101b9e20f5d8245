"""
What the numbers depend on: this machine, its system and its disk.
"""

from __future__ import annotations

import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

import psutil

from local_servers import find_program, version_of


def facts(folder: Path) -> dict[str, str]:
    """What a reader has to know, with the disk that *folder* is on."""
    loads = [name for name in ("wrk", "h2load") if find_program(name)]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores in use",
        "system": f"{_distribution()}, Linux {platform.release()}",
        "Python": f"{platform.python_version()}, {platform.python_compiler()}",
        "load": ", ".join(f"{name} {version_of(name)}" for name in loads),
        "load average at the start": f"{os.getloadavg()[0]:.1f}",
        "filesystem": _filesystem(folder),
    }


def flush_time(folder: Path, seconds: float = 1.0) -> str:
    """How long the disk of *folder* takes to flush a line."""
    taken: list[float] = []
    path = folder / "flushed.txt"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(taken) < 2:
        begun = time.perf_counter()
        os.write(descriptor, b"A line.\n")
        os.fsync(descriptor)
        taken.append((time.perf_counter() - begun) * 1000)
    os.close(descriptor)
    path.unlink()
    percentiles = quantiles(taken, n=100)
    usual, slow = percentiles[49], percentiles[98]
    return f"{usual:.2f} ms, one in a hundred {slow:.1f} ms or more"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown processor"


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return "Linux"


def _filesystem(folder: Path) -> str:
    """Its type, and how it is mounted."""
    mounts = psutil.disk_partitions(all=True)
    above = [mount for mount in mounts if folder.is_relative_to(mount.mountpoint)]
    nearest = max(above, key=lambda mount: len(mount.mountpoint))
    return f"{nearest.fstype} ({nearest.opts})"
