"""
The notions of a measurement, and the order in which it is taken.

- A *case* is what is measured: a request that is repeated, a write, a start.
- A *subject* does it: a server of ours, a peer, a store by itself.
- A *run* is one subject that does one case for some seconds, alone, on a core of
  its own.
- A *round* is one run of each subject of a case. Every subject has its turn before
  anyone has a second one, and each round begins with another subject, so that none
  gets all the bad moments of the machine.
- A *figure* (`figures`) is what the runs of a subject come to, and a *page* (`page`)
  shows the figures of many cases.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from local_servers import RunFailed, cores

from .figures import Figure, Run, figures

if TYPE_CHECKING:
    from .page import Layout

T = TypeVar("T")


class Measure(NamedTuple):
    """A quantity that runs have, under its *key*."""

    key: str
    unit: str
    more_is_better: bool = False


CPU = Measure("cpu_us", "CPU µs each")
RATE = Measure("rate", "a second", more_is_better=True)
MEMORY = Measure("bytes", "bytes each")
START = Measure("seconds", "seconds")
RESIDENT = Measure("resident_bytes", "bytes of memory")
MEASURES = (CPU, RATE, MEMORY, START, RESIDENT)


@dataclass(frozen=True)
class Installation:
    """
    An environment in which this project is installed.

    :ivar suffix: what the names of its subjects end with, as ``-2``; nothing for the
        first one.
    """

    suffix: str
    twistd: Path
    versions: str

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.twistd.with_name("python"))

    def daemon(self, server: str, port: int, *options: object) -> list[str]:
        """The command for one of its servers."""
        line = (self.twistd, "-n", "--pidfile=", server, "--port", port, *options)
        return [str(word) for word in line]

    def subject(
        self, kind: str, title: str, run: RunOf, note: str, at: str = ""
    ) -> Subject:
        """One of its subjects; *at* tells it from others of its kind."""
        name = f"{kind}{self.suffix} {at}".rstrip()
        return Subject(name, title, run, note, ours=True, kind=kind)


@dataclass(frozen=True, eq=False)
class Bench:
    """
    What one call of the command has to work with.

    :ivar folder: where everything is written; on the disk that is measured.
    :ivar at_exit: stops at the end what several cases share.
    :ivar wanted: the names of the subjects to measure; all when it is empty.
    :ivar left_out: subjects that cannot be measured here, and why.
    :ivar seconds: how long the load of one run lasts.
    :ivar idle: how many connections the idle case opens.
    :ivar notes: how many notes are very many.
    :ivar cores: the one of the subject, and the one of the load and all else.
    """

    folder: Path
    at_exit: ExitStack
    installations: Sequence[Installation]
    wanted: Sequence[str] = ()
    rounds: int = 5
    seconds: int = 3
    idle: int = 10_000
    notes: int = 10_000_000
    cores: tuple[int, int] = field(default_factory=cores)
    left_out: dict[str, str] = field(default_factory=dict)

    def wants(self, name: str, *, ours: bool = False) -> bool:
        """Whether the subject *name* is to be measured; ``ours`` is all of ours."""
        return (
            not self.wanted or name in self.wanted or (ours and "ours" in self.wanted)
        )


class Stage(NamedTuple):
    """
    Where a run takes place.

    :ivar folder: an empty one, for this run alone.
    :ivar core: where the subject works; everything else is on another one.
    """

    folder: Path
    seconds: int
    core: int


RunOf = Callable[[Stage], Run]


@dataclass(frozen=True)
class Subject:
    """
    Somebody who is measured in a case.

    :ivar title: what it is, with its version.
    :ivar note: what a reader has to know beside the numbers, such as its log.
    :ivar kind: what it is asked for by: its name, but for what tells subjects of one
        kind apart, as the number of the installation; the name when it is empty.
    """

    name: str
    title: str
    run: RunOf
    note: str = ""
    ours: bool = False
    kind: str = ""


Subjects = Callable[[Bench, Path], Sequence[Subject]]
"""Makes the subjects of a case, given a folder that they may share."""


@dataclass(frozen=True)
class Case:
    """
    What is measured.

    :ivar name: what a person types; cases that share it are asked for together.
    :ivar at: what tells it from others of its name, such as "64 clients".
    :ivar page: the page that shows it: "servers" or "stores".
    :ivar measures: what its runs have; the first one is set against the reference.
    :ivar reference: the subject that all others are set against.
    """

    name: str
    title: str
    subjects: Subjects
    layout: Layout
    at: str = ""
    page: str = ""
    measures: Sequence[Measure] = (CPU,)
    reference: str = ""

    @property
    def key(self) -> str:
        """Its name among all cases."""
        return f"{self.name}, {self.at}" if self.at else self.name

    @property
    def heading(self) -> str:
        """Its title among all cases."""
        return f"{self.title}: {self.at}" if self.at else self.title


@dataclass(frozen=True)
class Result:
    """What was measured in a case: the runs of each subject, by its name."""

    case: Case
    subjects: Mapping[str, Subject]
    runs: Mapping[str, list[Run]]

    @property
    def figures(self) -> dict[str, Figure]:
        """The figure of each subject."""
        return figures(self.runs, self.case.measures[0].key, self.case.reference)


def measure(case: Case, bench: Bench) -> Result:
    """Take all rounds of *case*, and report each run as it ends."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as shared:
        Path(shared).chmod(0o755)  # PostgreSQL runs as another user
        subjects = {
            subject.name: subject
            for subject in case.subjects(bench, Path(shared))
            if bench.wants(subject.kind or subject.name, ours=subject.ours)
        }
        result = Result(case, subjects, {name: [] for name in subjects})
        for number, name in interleaved(list(subjects), bench.rounds):
            with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
                Path(folder).chmod(0o755)
                stage = Stage(Path(folder), bench.seconds, bench.cores[0])
                run = _run(subjects[name], stage)
            result.runs[name].append(run)
            where = f"{case.key:22} {number}/{bench.rounds} {name:12}"
            print(where, _in_words(run), flush=True)
    return result


def interleaved(items: Sequence[T], rounds: int) -> Iterator[tuple[int, T]]:
    """Each of *items* once a round, with the number of the round, from 1."""
    for number in range(rounds if items else 0):
        first = number % len(items)
        for item in (*items[first:], *items[:first]):
            yield number + 1, item


def _in_words(run: Run) -> str:
    values = [
        f"{run.values[measure.key]:11,.1f} {measure.unit}"
        for measure in MEASURES
        if measure.key in run.values
    ]
    return "  ".join([*values, run.fault])


def _run(subject: Subject, stage: Stage) -> Run:
    try:
        return subject.run(stage)
    except RunFailed as failure:
        return Run(fault=str(failure))
