"""
Runs the black-box tests: ``python -m tests``, or ``python -m tests test_rest ...``, or
``python -m tests --times 20 test_rest ...``.

Each module is a trial run of its own, but for some that share a browser. Modules run
side by side, the slow ones first; beside them run those that mostly wait; those that
need a quiet machine run in the end, one after the other.
What is printed is a line for each trial run, the whole output of one that failed, what
was left out and why, and the summary line of a trial run over everything.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import IO

from .support.forks import ForkedProcess
from .support.harness import EXECUTES

Process = subprocess.Popen[bytes] | ForkedProcess
"""A trial run."""

TESTS = Path(__file__).parent

ONE_BROWSER = (
    "test_site_browser",
    "test_pages_for_everybody",
    "test_wire_view_browser",
    "test_laboratory_browser",
    "test_line_of_time_browser",
    "test_screens_browser",
    "test_listing_browser",
    "test_cors_lesson",
)
"""Modules that run in one process, one after the other: a browser takes seconds to
start, and they share it."""

SLOW_MODULES = (
    "test_cluster",
    "test_postgresql",
    "test_deploy",
    "test_abuse",
    *ONE_BROWSER,
    "test_readme",
    "test_workers",
    "test_container",
    "test_installing",
    "test_learn",
    "test_power_cut",
    "test_copies",
    "test_openapi",
    "test_course",
    "test_workers_hang",
    "test_exercise_types",
    "test_programming_docs",
    "test_harness",
    "test_startup_text",
    "test_benchmarks",
    "test_exchanges",
    "test_conformance",
    "test_inspect",
    "test_proxies",
    "test_secure",
    "test_http2",
    "test_hostile_names",
    "test_browser",
    "test_killed",
    "test_passed_sockets",
    "test_client_faults",
    "test_wire_view",
    "test_changing_tree",
    "test_clients",
    "test_backup",
)
"""The modules that take longest, longest first: none of them may begin as the last."""

WAITING_MODULES = {
    "test_abuse": "for the limits on time to strike",
    "test_clock_set": "for the lines of an access log",
    "test_closing_early": "for peers that close",
    "test_cluster": "for leases to end",
    "test_deploy": "for systemd to start and stop units",
    "test_disk_faults": "for strace to attach",
    "test_folder_store": "for a lock",
    "test_postgresql": "for deadlines and for connections that are lost",
    "test_postgresql_faults": "for a database that is away",
    "test_slow_readers": "for a client that reads slowly",
    "test_stopping": "for the grace period",
    "test_websockets": "for the limits on time to strike",
}
"""The modules that leave the processors to others most of the time, and for what."""

QUIET_MODULES = {
    "test_hostile_tree": "it measures how soon a listing of many links is made",
}
"""The modules that must not share the machine, and why."""

SIDE_BY_SIDE = len(os.sched_getaffinity(0)) + 1
"""Modules that run at a time, without those that wait: one on each processor, and one
because each waits now and then for what it has started."""

WAITING_SIDE_BY_SIDE = 2
"""Modules that mostly wait and run at a time."""

Modules = tuple[str, ...]
"""Those of one trial run, most often one."""

MODULE_SECONDS = 900
"""The time after which a module counts as hung: the slowest takes a tenth of it."""

LEFT_OUT = re.compile(r"^NOT TESTED: .*$", re.MULTILINE)
SUMMARY = re.compile(r"^(?:PASSED|FAILED)(?: \((.*)\))?$", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """
    What became of one module, or of several that ran together.

    :ivar module: its name, or their names.
    :ivar processor_seconds: what it and all that it started and waited for have used.
    :ivar counts: how many tests had each result, in the words of trial.
    """

    module: str
    seconds: float
    processor_seconds: float
    output: str
    counts: Counter[str]

    @property
    def has_failed(self) -> bool:
        """Whether anything in it failed."""
        return bool(self.counts.keys() - {"successes", "skips", "expectedFailures"})

    @property
    def report(self) -> str:
        """What was printed, without the tests that passed."""
        tree, line, errors = self.output.partition("=" * 79)
        return (line + errors if line else tree).strip()

    def __str__(self) -> str:
        counts = ", ".join(f"{self.counts[name]} {name}" for name in self.counts)
        used = f"{self.seconds:7.1f} s {self.processor_seconds:6.1f} CPU"
        return f"{used}  {self.module:24} {counts}"


def main(names: list[str], times: int = 1) -> int:
    """Run the modules *names*, or all, so many *times*; return the exit code."""
    began = time.monotonic()
    modules = names or sorted(path.stem for path in TESTS.glob("test_*.py"))
    outcomes = []
    for _ in range(times):
        for outcome in outcomes_of(modules):
            outcomes.append(outcome)
            print(outcome, flush=True)
            if outcome.has_failed:
                print(f"\n{outcome.report}\n", flush=True)
    print_summary(outcomes, time.monotonic() - began)
    return int(any(outcome.has_failed for outcome in outcomes))


def outcomes_of(modules: Iterable[str]) -> Iterable[Outcome]:
    """Run *modules*; yield what became of each as soon as it has ended."""
    ranks = {module: rank for rank, module in enumerate(SLOW_MODULES)}
    ordered = together(
        sorted(modules, key=lambda module: ranks.get(module, len(ranks)))
    )
    with (
        ThreadPoolExecutor(SIDE_BY_SIDE) as busy,
        ThreadPoolExecutor(WAITING_SIDE_BY_SIDE) as waiting,
    ):
        begun = [
            (waiting if one[0] in WAITING_MODULES else busy).submit(run, *one)
            for one in ordered
            if one[0] not in QUIET_MODULES
        ]
        try:
            for ended in as_completed(begun):
                yield ended.result()
        finally:  # after Ctrl-C, which ends those that run, no other may begin
            for pool in (busy, waiting):
                pool.shutdown(wait=False, cancel_futures=True)
    for one in ordered:
        if one[0] in QUIET_MODULES:
            yield run(*one)


def together(ordered: Sequence[str]) -> list[Modules]:
    """*ordered* in trial runs: those of `ONE_BROWSER` are one, where the first is."""
    shared = tuple(module for module in ordered if module in ONE_BROWSER)
    return [
        shared if module in shared else (module,)
        for module in ordered
        if module not in shared[1:]
    ]


def run(*modules: str) -> Outcome:
    """Run *modules* in one process, most often one."""
    began = time.monotonic()
    folder = Path(sys.prefix, "_tests_temp", modules[0])
    folder.parent.mkdir(exist_ok=True)
    with TemporaryFile() as written:
        names = [f"tests.{module}" for module in modules]
        process = start((f"--temp-directory={folder}", *names), written)
        code, processor_seconds = wait_for(process, len(modules) * MODULE_SECONDS)
        written.seek(0)
        output = written.read().decode(errors="replace")
    found = SUMMARY.findall(output)
    words = re.findall(r"(\w+)=(\d+)", found[-1] if found else "")
    counts = Counter({name: int(number) for name, number in reversed(words)})
    if code and not counts.keys() & {"failures", "errors"}:
        output += f"\n{' '.join(modules)}: ended with exit code {code}"
        counts["errors"] += 1
    seconds = time.monotonic() - began
    return Outcome(" ".join(modules), seconds, processor_seconds, output, counts)


def start(line: Sequence[str], written: IO[bytes]) -> Process:
    """Start a trial run with the command *line*, which prints into *written*."""
    if not EXECUTES:
        trial = ("trial", *line)
        return ForkedProcess(trial, TESTS.parent, os.environ, written, written)
    return subprocess.Popen(
        [sys.executable, "-m", "twisted.trial", *line],
        cwd=TESTS.parent,
        stdin=subprocess.DEVNULL,
        stdout=written,
        stderr=subprocess.STDOUT,
    )


def wait_for(process: Process, seconds: float = MODULE_SECONDS) -> tuple[int, float]:
    """
    Wait until *process* ends, interrupt it when it hangs.

    :param seconds: the time after which it does.
    :return: its exit code, and the seconds that processors worked for it.
    """
    # Interrupted, trial stops, and what it started with it.
    hangs = Timer(seconds, process.send_signal, [signal.SIGINT])
    is_dead = Timer(1.1 * seconds, process.kill)
    hangs.start()
    is_dead.start()
    try:
        if isinstance(process, ForkedProcess):
            return process.wait(), process.processor_seconds
        _, status, used = os.wait4(process.pid, 0)
    finally:
        hangs.cancel()
        is_dead.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_utime + used.ru_stime


def print_summary(outcomes: list[Outcome], seconds: float) -> None:
    """Print what was left out, and the counts in the words of trial."""
    for outcome in outcomes:
        for line in sorted(set(LEFT_OUT.findall(outcome.output))):
            print(f"{outcome.module}: {line}")
    total: Counter[str] = sum((one.counts for one in outcomes), Counter())
    word = "FAILED" if any(one.has_failed for one in outcomes) else "PASSED"
    counts = ", ".join(f"{name}={total[name]}" for name in sorted(total))
    print("-" * 79)
    used = sum(one.processor_seconds for one in outcomes)
    print(f"{used:.1f} processor seconds were used")
    print(
        f"Ran {total.total()} tests in {seconds:.1f}s\n\n{word} ({counts})", flush=True
    )


def number_of_times(text: str) -> int:
    """
    The number *text*, of runs.

    :raise ValueError: when it is none, or less than 1.
    """
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def arguments(words: list[str]) -> tuple[list[str], int]:
    """The modules that the command line *words* names, and how many times to run."""
    parser = argparse.ArgumentParser(
        "python -m tests", description="Run the black-box tests."
    )
    parser.add_argument(
        "--times",
        type=number_of_times,
        default=1,
        metavar="NUMBER",
        help="run the modules so many times, to find a test that fails now and then",
    )
    parser.add_argument("modules", nargs="*", help="test_rest, for example; else all")
    parsed = parser.parse_args(words)
    for module in parsed.modules:
        if not (TESTS / f"{module}.py").exists():
            parser.error(f"there is no tests/{module}.py")
    return parsed.modules, parsed.times


if __name__ == "__main__":
    try:
        sys.exit(main(*arguments(sys.argv[1:])))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
