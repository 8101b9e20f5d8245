"""
One machine of a cluster: programs, and all that they start, under one switch.

    $ python power_switch.py '[["etcd", "--name", "a"], ["patroni", "a.json"]]'

Rule: when its standard input ends, everything that runs here is killed at once; so it
is when the process at the other end dies. ``stop`` on a line halts everything,
as a machine that hangs, ``continue`` lets it go on; the line comes back when done.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys

import psutil

PR_SET_CHILD_SUBREAPER = 36
"""From ``linux/prctl.h``: orphans become children of this process, not of init."""


def run(commands: list[list[str]]) -> None:
    """Start *commands*, do what the lines of standard input say, kill everything."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGCHLD, lambda *_: reap())
    for command in commands:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    for line in sys.stdin:
        if line == "stop\n":
            stop()
        else:
            tell(signal.SIGCONT)
        print(line, end="", flush=True)
    stop()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    tell(signal.SIGKILL)
    while everything():
        os.wait()


def everything() -> set[psutil.Process]:
    """What runs here, but for this process."""
    return set(psutil.Process().children(recursive=True))


def stop() -> None:
    """Halt everything; what is started meanwhile too."""
    stopped: set[psutil.Process] = set()
    while running := everything() - stopped:
        tell(signal.SIGSTOP, running)
        stopped |= running


def tell(number: int, processes: set[psutil.Process] | None = None) -> None:
    """Send a signal to *processes*, or to everything."""
    for process in everything() if processes is None else processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue  # ended meanwhile


def reap() -> None:
    """Let go of the dead: Patroni takes a zombie for a server that still runs."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    run(json.loads(sys.argv[1]))
