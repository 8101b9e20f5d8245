"""
``--workers``: how many processes answer requests.
"""

from __future__ import annotations

import os
import select
from collections.abc import Mapping, Sequence
from typing import Any

from twisted.python.usage import UsageError

from ..cores import usable_cores
from ..startup import startup_errors
from ..worker_process import WorkerCommand
from ..worker_watchdog import TIMEOUT_SECONDS
from .help_text import LIMITS
from .option import option
from .parsing import positive_number, seconds_or_zero

AUTO = "auto"
"""What stands for as many workers as there are cores."""

MOST_WORKERS = 512
"""More than machines have cores: 512 processes need some 25 GB of memory."""


def worker_count(text: str) -> int:
    """
    The number of workers that *text* stands for.

    :raise ValueError: when it is neither ``auto`` nor a number from 1 to 512.
    """
    if text == AUTO:
        return usable_cores()
    try:
        count = positive_number(text)
    except ValueError as error:
        raise ValueError(f"{error}; use a number of processes, or {AUTO}") from None
    if count > MOST_WORKERS:
        raise ValueError(f"{text} is too large: use at most {MOST_WORKERS}")
    return count


TWISTD_PROGRAM = "from dartio_tut.daemon import run_worker; run_worker()"
"""What a worker of a server runs that twistd runs."""

WORKER_OPTIONS = (
    option(
        "workers",
        "Processes that answer requests; auto is one for each core.",
        worker_count,
        1,
        group=LIMITS,
    ),
    option(
        "worker-timeout",
        "Seconds after which a worker that hangs is ended; 0 for never.",
        seconds_or_zero,
        TIMEOUT_SECONDS,
        group=LIMITS,
    ),
)


def check_workers(count: int, twistd: Mapping[str, Any] | None, alone: str) -> None:
    """
    See that so many processes can serve.

    :param twistd: its options, if it runs the server.
    :param alone: why the server has to be one process; empty if it has not.
    :raise UsageError: when they cannot.
    """
    if count == 1:
        return
    if alone:
        raise UsageError(f"--workers: {alone}")
    is_twistds_own = type(twistd).__module__.startswith("twisted.")
    if twistd is None or not (is_twistds_own or hasattr(twistd, "worker_program")):
        raise UsageError("--workers is for servers that twistd or dartio serve runs")
    if not hasattr(select, "epoll"):
        raise UsageError("--workers needs epoll, which only Linux has")


def worker_command(twistd: Any, arguments: Sequence[str]) -> WorkerCommand:
    """
    What workers run.

    :param twistd: its options; if a program of our own runs the server, with its
        ``worker_program`` and ``worker_arguments``.
    :param arguments: the options of the server, as they were given.
    :raise StartupError: when the current folder is gone.
    """
    with startup_errors("--workers"):
        folder = os.getcwd()
    shows_errors = bool(twistd["nodaemon"] and not twistd["logfile"])
    if hasattr(twistd, "worker_program"):
        program, words = twistd.worker_program, twistd.worker_arguments
        return WorkerCommand(program, words, folder, shows_errors)
    reactor = twistd.get("reactor")
    words = ["-n", "--pidfile="]
    words += [] if reactor is None else [f"--reactor={reactor}"]
    words += [str(twistd.subCommand), *arguments]
    return WorkerCommand(TWISTD_PROGRAM, words, folder, shows_errors)
