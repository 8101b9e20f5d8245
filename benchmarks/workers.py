"""
What a request costs with two workers:

    $ python -m benchmarks.workers --rounds 7

Two processes cost more than one even if they have nothing to do with each other: each
has half of the clients, so it finds fewer of them in a turn of its reactor, and both
use the same caches. So two workers are compared with two daemons on two ports; the
difference is what it costs to share a socket. What one process alone takes is shown,
too. The load is always that of two programs, each with half of the connections.

All processes of a server share one core, and the load has the other, so that each has
the same time. The ratio is taken within a round, as in all benchmarks (see
`measuring`); the absolute figures hold for this machine and hour only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median

from local_servers import RunFailed, cores, free_port, our_twistd, pinned, running

from .figures import Run, ratios_by_round
from .load import WARM_UP_SECONDS, Outcome, Request, check, wrk
from .measuring import Installation, interleaved
from .processes import cpu_seconds, wait_until_idle

CONTENT = b"Hello, world!"

LOADS: Mapping[str, tuple[int, Request]] = {
    "64 connections that are kept": (64, Request(content=CONTENT)),
    "a connection a request, 32 at a time": (
        32,
        Request(content=CONTENT, fields=(("Connection", "close"),)),
    ),
}
"""The loads: how many connections at a time, and what is asked."""

PROGRAMS = 2
"""Programs that make the load."""

LAYOUTS: Mapping[str, Sequence[Sequence[str]]] = {
    "one process": [()],
    "two daemons": [(), ()],
    "two workers": [("--workers", "2")],
}
"""What is compared: the options of each daemon."""


def measured(
    ours: Installation,
    load: tuple[int, Request],
    rounds: int,
    seconds: int,
    warm_up: int = WARM_UP_SECONDS,
) -> dict[str, list[Run]]:
    """
    So many rounds of *load* on all layouts.

    :param warm_up: seconds of it that do not count.
    """
    runs: dict[str, list[Run]] = {name: [] for name in LAYOUTS}
    for _, name in interleaved(list(LAYOUTS), rounds):
        with tempfile.TemporaryDirectory() as folder:
            try:
                place = Path(folder)
                run = _run(ours, LAYOUTS[name], load, seconds, place, warm_up)
            except RunFailed as failure:
                run = Run(fault=str(failure))
        runs[name].append(run)
    return runs


def _run(
    ours: Installation,
    daemons: Sequence[Sequence[str]],
    load: tuple[int, Request],
    seconds: int,
    folder: Path,
    warm_up: int,
) -> Run:
    """
    What a request costs *daemons*, which share the *load*.

    :raise RunFailed: when one does not start, or answers wrongly.
    """
    connections, request = load
    core, other = cores()
    with ExitStack() as stack:
        stack.enter_context(pinned(other))
        pids, loads = [], []
        for number, options in enumerate(daemons):
            port, place = free_port(), folder / str(number)
            place.mkdir()
            command = ours.daemon("hello", port, *options)
            pids.append(stack.enter_context(running(command, port, core, place)).pid)
            size = check(request, port)
            wait_until_idle(pids[-1])
            for part in range(PROGRAMS // len(daemons)):
                own = place / str(part)
                own.mkdir()
                share = connections // PROGRAMS
                loads.append(partial(wrk, request, port, share, folder=own, size=size))
        if warm_up:
            _apply(loads, warm_up)
        before = cpu_seconds(*pids)
        outcomes = _apply(loads, seconds)
        spent = cpu_seconds(*pids) - before
    answers = sum(outcome.answers for outcome in outcomes)
    fault = "; ".join(outcome.fault for outcome in outcomes if outcome.fault)
    if not answers:
        raise RunFailed(fault or "no answer")
    return Run({"cpu_us": spent / answers * 1e6}, fault)


def _apply(loads: Sequence[Callable[..., Outcome]], seconds: int) -> list[Outcome]:
    """Apply all *loads* at the same time."""
    with ThreadPoolExecutor(len(loads)) as threads:
        begun = [threads.submit(load, seconds=seconds) for load in loads]
        return [each.result() for each in begun]


def lines(title: str, runs: Mapping[str, Sequence[Run]]) -> list[str]:
    """
    What is printed of a load.

    :raise SystemExit: when there is nothing to compare.
    """
    faults = [run.fault for each in runs.values() for run in each if run.fault]
    found = [f"{title}:"]
    for reference in ("two daemons", "one process"):
        ratios = ratios_by_round(runs["two workers"], runs[reference], "cpu_us")
        if not ratios:
            sys.exit(f"{title}: {'; '.join(faults)}")
        found.append(
            f"  two workers {_median(runs['two workers']):.1f} µs, {reference} "
            f"{_median(runs[reference]):.1f} µs, ratio {median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f})"
        )
    return [*found, *(f"  not counted: {fault}" for fault in faults)]


def _median(runs: Sequence[Run]) -> float:
    return median(run.values["cpu_us"] for run in runs if run.values)


def main() -> None:
    """Measure, and print what each load came to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workers")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3, help="seconds of a run")
    parser.add_argument(
        "--warm-up",
        type=int,
        default=WARM_UP_SECONDS,
        metavar="SECONDS",
        help="seconds before a run that do not count",
    )
    options = parser.parse_args()
    ours = Installation("", *our_twistd(Path(sys.prefix)))
    for title, load in LOADS.items():
        length = (options.rounds, options.seconds, options.warm_up)
        runs = measured(ours, load, *length)
        print("\n".join(lines(title, runs)), flush=True)


if __name__ == "__main__":
    main()
