"""
The command: install the peers, measure, keep the runs, write the pages.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from local_servers import find_program, install_programs, our_twistd, pinned

from .kept_runs import comparison, folder, keep, kept_calls
from .machine import facts, flush_time
from .measuring import Bench, Case, Installation, Result, measure
from .page import page
from .servers import cases as servers
from .servers.chart import chart
from .servers.idle import raise_open_files
from .servers.page import INTRODUCTION as SERVERS_INTRODUCTION
from .servers.peers import NAMES as PEERS
from .stores import cases as stores
from .stores.page import INTRODUCTION as STORES_INTRODUCTION
from .stores.page import in_short

OUT = Path("docs", "benchmarks")

QUICK = {"rounds": 1, "seconds": 1, "idle": 2_000, "notes": 1_000_000}
USUAL = {"rounds": 5, "seconds": 3, "idle": 10_000, "notes": 10_000_000}


def positive(text: str) -> int:
    """A number of at least one."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a number of at least 1, not {text}")
    return number


def a_folder(text: str) -> Path:
    """A folder that is there."""
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text}: no such folder")
    return Path(text)


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        allow_abbrev=False,
        description="Our servers beside their peers, our stores beside the disk.",
    )
    add = parser.add_argument
    known = [*servers.cases(0), *stores.cases(0)]
    names = list(dict.fromkeys(case.name for case in known))
    subjects = list(dict.fromkeys([*PEERS, *stores.NAMES]))
    add("--quick", action="store_true", help="1 round of runs of 1 s, of less")
    add("--rounds", type=positive, metavar="N", help="rounds (default: 5, or 1)")
    add("--case", action="append", choices=names, help="only this (repeatable)")
    add("--peer", action="append", choices=subjects, help="only this (repeatable)")
    add("--idle", type=positive, metavar="N", help="idle connections (default: 10,000)")
    add("--notes", type=positive, metavar="N", help="notes (default: 10 million)")
    add("--on", type=a_folder, default=Path("/var/tmp"), help="a folder of the disk")
    add("--out", type=Path, help=f"folder of the pages (default: {OUT}, when whole)")
    add(
        "--venv",
        action="append",
        type=lambda path: Path(path).absolute(),
        help="an environment with this project, instead of the one that runs this; "
        "several are compared as ours, ours-2, ...",
    )
    add(
        "--compare",
        action="store_true",
        help="show what has changed since the last run that was kept; without any "
        "other option that run is repeated",
    )
    add("--installed", action="store_true", help="install no program of the system")
    options = parser.parse_args(words)
    for name, value in (QUICK if options.quick else USUAL).items():
        setattr(options, name, getattr(options, name, None) or value)
    return options


def main() -> None:
    """Do what the command line says."""
    words = sys.argv[1:]
    earlier = kept_calls() if "--compare" in words else []
    if words == ["--compare"]:
        if not earlier:
            sys.exit("No run is kept yet: make bench keeps one.")
        words = ["--compare", *(w for w in earlier[0].arguments if w != "--compare")]
    options = arguments(words)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    idle = raise_open_files(options.idle)
    if idle < options.idle:
        print(f"Only {idle:,} idle connections: more files may not be open", flush=True)
    cases = asked(options, [*servers.cases(idle), *stores.cases(options.notes)])
    install(cases, options.installed)
    with ExitStack() as at_exit:
        bench = prepared(options, idle, at_exit)
        told = facts(bench.folder)
        told["a flush takes, at the start"] = flush_time(bench.folder)
        at_exit.enter_context(pinned(bench.cores[1]))
        told["rounds"] = f"{bench.rounds} of {bench.seconds} s"
        told["to repeat it"] = f"`{repeated(words)}`"
        results = measured(cases, bench, words, told)
        told["a flush takes, at the end"] = flush_time(bench.folder)
    part = options.case or options.peer or options.quick or options.compare
    show(results, told, bench.left_out, options.out or (None if part else OUT))
    if options.compare:
        print(comparison(results, earlier, bench.seconds))


def asked(options: argparse.Namespace, cases: Sequence[Case]) -> list[Case]:
    """
    The cases to measure.

    Peers that are named without a case are measured where one of them is the reference,
    such as nginx for the servers; everywhere, when none is one.
    """
    if options.case:
        return [case for case in cases if case.name in options.case]
    beside = [case for case in cases if case.reference in (options.peer or ())]
    return beside or list(cases)


def install(cases: Sequence[Case], installed: bool) -> None:
    """Have the programs that *cases* need, as far as that is possible."""
    pages = {case.page for case in cases}
    needs = [*servers.PROGRAMS] if "servers" in pages else []
    needs += stores.PROGRAMS if "stores" in pages else ()
    if not installed:
        install_programs(*dict.fromkeys(needs))
    for load in ("wrk", "h2load"):
        if find_program(load) is None and (load == "wrk" or "servers" in pages):
            sys.exit(f"{load} is needed for the load, and could not be installed")


def prepared(options: argparse.Namespace, idle: int, at_exit: ExitStack) -> Bench:
    """The folder to work in, and the installations of ours."""
    where = at_exit.enter_context(tempfile.TemporaryDirectory(dir=options.on))
    Path(where).chmod(0o755)  # PostgreSQL runs as another user
    tempfile.tempdir = where  # its data is to be on the same disk
    installations: list[Installation] = []
    bench = Bench(
        Path(where),
        at_exit,
        installations,
        options.peer or (),
        options.rounds,
        options.seconds,
        idle,
        options.notes,
    )
    for number, venv in enumerate(options.venv or [Path(sys.prefix)], 1):
        suffix = "" if number == 1 else f"-{number}"
        try:
            installations.append(Installation(suffix, *our_twistd(venv)))
        except LookupError as missing:
            bench.left_out[f"ours{suffix}"] = str(missing.args[0])
    return bench


def measured(
    cases: Sequence[Case], bench: Bench, words: Sequence[str], told: dict[str, str]
) -> list[Result]:
    """Measure all *cases*; what is measured so far is kept after each of them."""
    path = folder() / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%f}.json"
    results: list[Result] = []
    reported: set[str] = set()
    for case in cases:
        result = measure(case, bench)
        for name in bench.left_out.keys() - reported:
            print(f"Left out: {name}, {bench.left_out[name]}", flush=True)
        reported |= bench.left_out.keys()
        if result.runs:
            results.append(result)
            keep(path, words, bench.seconds, results, told)
    if not results:
        sys.exit("There is nobody to measure.")
    return results


def show(
    results: Sequence[Result],
    told: dict[str, str],
    left_out: dict[str, str],
    out: Path | None,
) -> None:
    """Print the pages, and write them into the folder *out*."""
    files: dict[str, str] = {}
    if found := [result for result in results if result.case.page == "servers"]:
        subjects = [s for result in found for s in result.subjects.values()]
        peers = {subject.name: subject.title for subject in subjects}
        gone = {n: why for n, why in left_out.items() if n in PEERS or "ours" in n}
        text = page("Benchmarks", SERVERS_INTRODUCTION, found, told | peers, gone)
        files |= {"results.md": text, "chart.svg": chart(found)}
        print(text)
    if found := [result for result in results if result.case.page == "stores"]:
        introduction = f"{STORES_INTRODUCTION}\n{in_short(found)}"
        title = "Benchmarks of the stores"
        gone = {n: why for n, why in left_out.items() if n not in PEERS or n == "ours"}
        files["stores.md"] = page(title, introduction, found, told, gone)
        print(files["stores.md"])
    if out:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (out / name).write_text(text)
            print(f"See {out / name}")


def repeated(words: Sequence[str]) -> str:
    """The command line, without what holds only on this machine."""
    local = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for option in ("--venv", "--out", "--on"):
        local.add_argument(option)
    for option in ("--compare", "--installed"):
        local.add_argument(option, action="store_true")
    return shlex.join(["python", "-m", "benchmarks", *local.parse_known_args(words)[1]])


if __name__ == "__main__":
    main()
