"""
The command: measure, and write the page.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from .. import cpu
from ..installing import install_programs, program
from .bench import CASES, Bench, measure
from .machine import facts, flush
from .page import page

OUT = Path("docs", "benchmarks", "stores.md")

PROGRAMS = (
    *("wrk:wrk", "nginx:nginx-light", "npm:npm", "setpriv:util-linux"),
    "pg_ctlcluster:postgresql",
)


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stores", description="Our stores beside the disk."
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="1 s a turn, 1 round, 1 million notes")
    add("--rounds", type=int, metavar="N", help="rounds (default: 3, or 1)")
    add("--case", action="append", choices=CASES, help="only this (repeatable)")
    add("--notes", type=int, metavar="N", help="very many notes (default: 10 million)")
    add("--on", type=Path, default=Path("/var/tmp"), help="a folder of the disk")
    add("--out", type=Path, help=f"the page (default: {OUT}, when whole)")
    add("--installed", action="store_true", help="install no program of the system")
    return parser.parse_args()


def repeated(options: argparse.Namespace) -> str:
    """The command line without what is only of this machine."""
    words = ["--quick"] if options.quick else []
    words += ["--rounds", str(options.rounds)] if options.rounds else []
    words += ["--notes", str(options.notes)] if options.notes else []
    for case in options.case or ():
        words += ["--case", case]
    return shlex.join(["python", "-m", "benchmarks.stores", *words])


def main() -> None:
    """Do as the command line says."""
    options = arguments()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    if not options.installed:
        install_programs(*PROGRAMS)
    if program("wrk") is None:
        sys.exit("wrk is needed for the load, and could not be installed")
    rounds = options.rounds or (1 if options.quick else 3)
    seconds = 1 if options.quick else 3
    notes = options.notes or (1_000_000 if options.quick else 10_000_000)
    with ExitStack() as stack:
        where = stack.enter_context(tempfile.TemporaryDirectory(dir=options.on))
        folder = Path(where)
        folder.chmod(0o755)  # PostgreSQL runs as another user
        tempfile.tempdir = where  # its data is to be on the same disk
        told = facts(folder) | {"a flush takes, at the start": flush(folder)}
        bench = Bench(folder, rounds, seconds)
        stack.enter_context(cpu.pinned(bench.load_core))
        measure(bench, options.case or CASES, notes)
        told["a flush takes, at the end"] = flush(folder)
    told["rounds"] = f"{rounds} of {seconds} s"
    told["to repeat it"] = f"`{repeated(options)}`"
    text = page(bench.results, told)
    print(text)
    out = options.out or (None if options.case or options.quick else OUT)
    if out:
        out.write_text(text)
        print(f"See {out}")


if __name__ == "__main__":
    main()
