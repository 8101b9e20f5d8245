"""
What a server costs: processor time and memory of all its processes.

A server is a tree: nginx and granian work in children of the process that was
started. The kernel counts time in ticks of 10 ms, well below 1 % of a run.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

IDLE_LOOKS, IDLE_LOOK_SECONDS = 60, 1.0
"""How often a server is looked at that starts, and the pause between two looks."""

IDLE_CPU_SECONDS = 0.05
"""A server that has used less between two looks has started: that takes 0.5 s."""


def cpu_seconds(*pids: int) -> float:
    """
    Processor time of *pids* and their descendants so far, in user code and kernel.

    Children that have ended are counted by the parent that waited for them.
    """
    # user, system, children's user and children's system time come first.
    return _total(lambda process: sum(process.cpu_times()[:4]), *pids)


def wait_until_idle(pid: int) -> None:
    """Wait until *pid* and its descendants have no work left, such as starting."""
    before = -1.0
    for _ in range(IDLE_LOOKS):
        spent = cpu_seconds(pid)
        if spent - before < IDLE_CPU_SECONDS:
            return
        before = spent
        time.sleep(IDLE_LOOK_SECONDS)


def resident_bytes(pid: int) -> int:
    """
    Memory that *pid* and its descendants hold.

    Pages that they share are counted for each: only a difference says something.
    """
    return int(_total(lambda process: process.memory_info().rss, pid))


def peak_bytes(pid: int) -> int:
    """The most memory that *pid* has held."""
    status = Path(f"/proc/{pid}/status").read_text()
    peak = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(peak[1]) * 1024 if peak else resident_bytes(pid)


def _total(value: Callable[[psutil.Process], float], *pids: int) -> float:
    total = 0.0
    for pid in pids:
        # A server or a child that has just ended has no value any more.
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(pid)
            for process in (first, *first.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    total += value(process)
    return total
