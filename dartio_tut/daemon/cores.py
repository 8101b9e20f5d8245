"""
How many processor cores this process may use.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

CONTROL_GROUPS = Path("/sys/fs/cgroup")


def usable_cores(folder: Path = CONTROL_GROUPS) -> int:
    """
    The cores that the scheduler gives this process, at least 1.

    A container often has a share of the machine's time instead of cores of its own: two
    cores' worth of time are two cores.

    :param folder: where the control group of this process has its files.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no limit is set, or none can be
        time, period = (folder / "cpu.max").read_text().split()
        cores = min(cores, round(int(time) / int(period)))
    return max(cores, 1)
