"""
What a request costs with two workers, as a multiple of what it costs with one process:

    $ python -m benchmarks.workers --rounds 7

All processes of the server share one core, and the load has the other, so that one
process and two have the same time. The ratio is taken within a round, as in all
benchmarks (see `measuring`); the absolute figures hold for this machine and hour only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from local_servers import RunFailed, cores, our_twistd, pinned

from .figures import Run, ratios_by_round
from .load import Request, Server, under_load
from .measuring import Installation, Stage, interleaved

CONTENT = b"Hello, world!"

LOADS: Mapping[str, tuple[int, Request]] = {
    "64 connections that are kept": (64, Request(content=CONTENT)),
    "a connection a request, 32 at a time": (
        32,
        Request(content=CONTENT, fields=(("Connection", "close"),)),
    ),
}
"""The loads: how many connections at a time, and what is asked."""

SERVERS: Mapping[str, Sequence[str]] = {"one": (), "two": ("--workers", "2")}
"""The options of both servers."""


def measured(
    ours: Installation, load: tuple[int, Request], rounds: int, seconds: int
) -> dict[str, list[Run]]:
    """So many rounds of *load* on both servers."""
    connections, request = load
    runs: dict[str, list[Run]] = {name: [] for name in SERVERS}
    core, other = cores()
    for _, name in interleaved(list(SERVERS), rounds):
        command = partial(_command, ours, SERVERS[name])
        server = Server(command, starts_others=True)
        with tempfile.TemporaryDirectory() as folder, pinned(other):
            stage = Stage(Path(folder), seconds, core)
            runs[name].append(_run(stage, server, request, connections))
    return runs


def _run(stage: Stage, server: Server, request: Request, connections: int) -> Run:
    try:
        return under_load(stage, server, request, connections)
    except RunFailed as failure:
        return Run(fault=str(failure))


def _command(
    ours: Installation, options: Sequence[str], port: int, folder: Path
) -> list[str]:
    return ours.daemon("hello", port, *options)


def main() -> None:
    """Measure, and print a line for each load."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workers")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3, help="seconds of a run")
    options = parser.parse_args()
    ours = Installation("", *our_twistd(Path(sys.prefix)))
    for title, load in LOADS.items():
        runs = measured(ours, load, options.rounds, options.seconds)
        faults = [run.fault for each in runs.values() for run in each if run.fault]
        ratios = ratios_by_round(runs["two"], runs["one"], "cpu_us")
        if not ratios:
            sys.exit(f"{title}: {'; '.join(faults)}")
        each = {
            n: median(r.values["cpu_us"] for r in runs[n] if r.values) for n in runs
        }
        print(
            f"{title}: {each['one']:.1f} µs with one process, {each['two']:.1f} µs "
            f"with two workers, ratio {median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f})",
            flush=True,
        )
        for fault in faults:
            print(f"not counted: {fault}")


if __name__ == "__main__":
    main()
