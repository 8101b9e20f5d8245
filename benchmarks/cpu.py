"""
What a server costs: processor time and memory of all its processes, from ``/proc``.

A server is a tree: nginx and granian work in children of the process that was
started. The kernel counts in ticks of 10 ms, which is well below 1 % of a run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")

_PARENT, _FIRST_TIME, _LAST_TIME = 1, 11, 15
"""Fields of ``/proc/PID/stat`` after the name: ppid, utime, stime, cutime, cstime."""


def cores() -> tuple[int, int]:
    """
    The core for the server and the one for the load.

    They are the same one where there is only one.
    """
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run on *core* alone; what is started meanwhile inherits that."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def seconds(pid: int) -> float:
    """
    Processor time of *pid* and its descendants so far, in user code and kernel.

    Children that have ended are counted by the parent that waited for them.
    """
    ticks = 0
    for member in processes(pid):
        fields = _stat(member)
        ticks += sum(map(int, fields[_FIRST_TIME:_LAST_TIME]))
    return ticks * TICK


def resident(pid: int) -> int:
    """
    Bytes of memory that *pid* and its descendants hold.

    Pages they share are counted for each: only a difference says something.
    """
    pages = 0
    for member in processes(pid):
        try:
            pages += int(Path(f"/proc/{member}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue  # it has just ended
    return pages * os.sysconf("SC_PAGE_SIZE")


def processes(pid: int) -> list[int]:
    """*pid* and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal() and (fields := _stat(int(entry))):
            children.setdefault(int(fields[_PARENT]), []).append(int(entry))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def _stat(pid: int) -> list[str]:
    """What follows the name, which may hold anything; nothing when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
