"""
The command: set up the peers, measure, write the page and the chart.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import tempfile
from pathlib import Path

from dartio_tut.daemon import localhost_certificate

from . import cpu
from .cases import CASES, FILES, MODIFIED, Case
from .chart import chart
from .figures import Figure, figures
from .idle import raise_descriptors
from .installing import Environment, cache, install_programs, program
from .load import LOADS
from .peer import Peer
from .peers import NAMES, available
from .report import machine, page
from .rounds import Run, Stage, measure

OUT = Path("docs", "benchmarks")

BETWEEN = 2.5
"""Seconds that starting, warming up and stopping a server take."""


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Our servers beside their peers."
    )
    add = parser.add_argument
    names = [case.name for case in CASES]
    add("--quick", action="store_true", help="1 s a run, 1 round, 2,000 idle")
    add("--rounds", type=int, metavar="N", help="rounds (default: 5, or 1)")
    add("--case", action="append", choices=names, help="only this (repeatable)")
    add("--peer", action="append", choices=NAMES, help="only this (repeatable)")
    add("--idle", type=int, metavar="N", help="idle connections (default: 10,000)")
    add("--out", type=Path, help=f"folder of the results (default: {OUT}, when whole)")
    add(
        "--venv",
        action="append",
        type=lambda path: Path(path).absolute(),
        help="an environment with this project, instead of the one that runs this; "
        "several are compared as ours, ours-2, ...",
    )
    add("--installed", action="store_true", help="install no program of the system")
    return parser.parse_args()


def repeated(options: argparse.Namespace) -> str:
    """The command line without what is only of this machine."""
    words = ["--quick"] if options.quick else []
    words += ["--rounds", str(options.rounds)] if options.rounds else []
    words += ["--idle", str(options.idle)] if options.idle else []
    for option in ("case", "peer"):
        for value in getattr(options, option) or ():
            words += [f"--{option}", value]
    return shlex.join(["python", "-m", "benchmarks", *words])


def prepared(folder: Path, seconds: int, idle: int, core: int) -> Stage:
    """Make the files and the certificate that all servers use."""
    files = folder / "files"
    files.mkdir()
    content = {name: bytes(range(256)) * (size // 256) for name, size in FILES.items()}
    for name, octets in content.items():
        (files / name).write_bytes(octets)
        os.utime(files / name, (MODIFIED, MODIFIED))
    certificate = localhost_certificate(str(folder / "certificate"))
    return Stage(folder, files, content, certificate, seconds, idle, core)


def compare(
    cases: list[Case], peers: list[Peer], rounds: int, stage: Stage
) -> list[tuple[Case, list[Figure]]]:
    """Measure every case, telling of every run."""
    results = []
    for case in cases:
        able = [peer for peer in peers if peer.http2 or not case.http2]

        def tell(turn: int, peer: Peer, run: Run, case: Case = case) -> None:
            unit = "B" if case.idle else f"µs {run.rate:9,.0f}/s"
            said = f"{run.cost:10,.1f} {unit}  {run.fault}"
            print(f"{case.name:9}{turn + 1}/{rounds} {peer.name:12}{said}", flush=True)

        results.append((case, figures(measure(case, able, rounds, stage, tell))))
    return results


def save(out: Path, text: str, drawing: str) -> None:
    """Write the page and the chart into the folder *out*."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.md").write_text(text)
    (out / "chart.svg").write_text(drawing)
    print(f"See {out}/results.md")


def main() -> None:
    """Do as the command line says."""
    options = arguments()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    if not options.installed:
        install_programs()
    for need in LOADS:
        if program(need) is None:
            sys.exit(f"{need} is needed for the load, and could not be installed")
    ours = options.venv or [Path(sys.prefix)]
    environment = Environment(cache() / "peers")
    peers, left_out = available(options.peer or NAMES, environment, ours)
    for name, reason in left_out.items():
        print(f"Left out: {name}, {reason}", flush=True)
    if not peers:
        sys.exit("there is nobody to measure")

    rounds = options.rounds or (1 if options.quick else 5)
    seconds = 1 if options.quick else 3
    wanted = options.idle or (2_000 if options.quick else 10_000)
    idle = raise_descriptors(wanted)
    if idle < wanted:
        print(f"Only {idle:,} idle connections: more files may not be open", flush=True)
    cases = [case for case in CASES if not options.case or case.name in options.case]
    server_core, load_core = cpu.cores()
    facts = machine() | {
        "rounds": f"{rounds} of {seconds} s",
        "to repeat it": f"`{repeated(options)}`",
    }
    minutes = len(cases) * len(peers) * rounds * (seconds + BETWEEN) / 60
    print(f"This takes about {minutes:.1f} minutes.", flush=True)
    with tempfile.TemporaryDirectory() as folder, cpu.pinned(load_core):
        stage = prepared(Path(folder), seconds, idle, server_core)
        results = compare(cases, peers, rounds, stage)

    text = page(results, {p.name: p for p in peers}, left_out, facts, idle)
    print(text)
    whole = not (options.case or options.peer or options.quick)
    out = options.out or (OUT if whole else None)
    if out:
        save(out, text, chart(results))


if __name__ == "__main__":
    main()
