"""
``--workers``: how many processes answer requests.
"""

from __future__ import annotations

import select
from collections.abc import Mapping
from typing import Any

from twisted.python.usage import UsageError

from ..cores import usable_cores
from .help_text import LIMITS
from .option import option
from .parsing import positive_number

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


WORKERS_OPTION = option(
    "workers",
    "Processes that answer requests; auto is one for each core.",
    worker_count,
    1,
    group=LIMITS,
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
    if twistd is None or not type(twistd).__module__.startswith("twisted."):
        raise UsageError("--workers is for servers that twistd runs")
    if not hasattr(select, "epoll"):
        raise UsageError("--workers needs epoll, which only Linux has")
