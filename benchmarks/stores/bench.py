"""
The cases: who has turns in each, and where.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from .. import cpu
from . import database
from .others import json_poster, json_putter, plain_putter
from .ours import OVER_HTTP, RAW, SLOWER, STORE, appenders, putters
from .page import Results
from .reading import (
    CLIENTS,
    FEW,
    MANY,
    SIZES,
    document_readers,
    readers,
    write_documents,
    write_notes,
)
from .starting import start
from .summary import figures, interleaved
from .turn import Contender, Stage, Turn

CASES = ("appends", "puts", "slower", "reads", "memory", "documents")

CROWDS = (1, 8, 64)
"""Clients of a write."""


class Bench:
    """
    What all cases have in common.

    :param folder: where everything is.
    """

    def __init__(self, folder: Path, rounds: int, seconds: int) -> None:
        self.folder = folder
        self.rounds = rounds
        self.seconds = seconds
        self.core, self.load_core = cpu.cores()
        self.results = Results()

    def writes(self, case: str, contenders: Sequence[Contender]) -> None:
        """Measure *contenders* for each number of clients."""
        self.results.contenders[case] = list(contenders)
        self.results.writes[case] = {
            clients: figures(self._turns(case, contenders, clients), RAW)
            for clients in CROWDS
        }

    def slower(self) -> None:
        """Measure appends on disks that are made slower."""
        contenders = [c for c in appenders(None) if c.name in (RAW, STORE, OVER_HTTP)]
        for more in SLOWER:
            found = self._turns("slower", contenders, CLIENTS, more)
            self.results.slower[more] = figures(found, RAW)

    def reads(self) -> None:
        """Measure reads of notes."""
        with self._filled(SIZES, write_notes) as filled:
            found = self._turns("reads", readers(filled), CLIENTS)
        named = {f.name: f for f in figures(found, next(iter(found)))}
        self.results.reads = dict(sorted(named.items(), key=lambda f: f[0].split()[0]))

    def documents(self) -> None:
        """Measure reads of documents."""
        with self._filled((FEW, MANY), write_documents) as filled:
            contenders = document_readers(filled)
            found = self._turns("documents", contenders, 1)
        self.results.contenders["documents"] = contenders
        self.results.documents = {f.name: f for f in figures(found, next(iter(found)))}

    def memory(self, count: int) -> None:
        """Measure starts without notes, and with *count*."""
        for _ in range(self.rounds):
            with self._filled((0, count), write_notes) as filled:
                for number, how in ((0, ""), (count, "first"), (count, "again")):
                    told = start(filled[number], number, self.core)
                    self.results.starts.setdefault((number, how), []).append(told)
                    print(f"memory    {number:,} {how} {told}", flush=True)

    def _turns(
        self,
        case: str,
        contenders: Sequence[Contender],
        clients: int,
        slower: float = 0,
    ) -> dict[str, list[Turn]]:
        def tell(name: str, turn: Turn) -> None:
            said = f"{turn.rate:10,.0f}/s {turn.cost:9,.1f} µs  {turn.fault}"
            print(f"{case:9} {clients:3} {name:18}{said}", flush=True)

        turns = {c.name: partial(self._turn, c, clients, slower) for c in contenders}
        return interleaved(turns, self.rounds, tell)

    def _turn(self, contender: Contender, clients: int, slower: float) -> Turn:
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            Path(folder).chmod(0o755)
            cores = self.core, self.load_core
            stage = Stage(Path(folder), self.seconds, *cores, slower)
            return contender.turn(stage, clients)

    @contextmanager
    def _filled(
        self, counts: Sequence[int], fill: Callable[[Path, int], None]
    ) -> Iterator[dict[int, Path]]:
        """Folders with so many of something."""
        folders = {count: self.folder / f"filled-{count}" for count in counts}
        try:
            for count, folder in folders.items():
                folder.mkdir()
                fill(folder, count)
            yield folders
        finally:
            for folder in folders.values():
                shutil.rmtree(folder, ignore_errors=True)


def measure(bench: Bench, cases: Sequence[str], notes: int) -> None:
    """Do what is asked for."""
    with database.running(bench.load_core) as (server, why):
        if server is None:
            bench.results.left_out["PostgreSQL"] = why
        if "appends" in cases:
            raw = [database.inserting(server)] if server else []
            others = _there(bench.results, json_poster)
            bench.writes("appends", [*appenders(server), *raw, *others])
        if "puts" in cases:
            raw = [database.upserting(server)] if server else []
            others = _there(bench.results, json_putter, plain_putter)
            bench.writes("puts", [*putters(server), *raw, *others])
    if "slower" in cases:
        bench.slower()
    if "reads" in cases:
        bench.reads()
    if "memory" in cases:
        bench.memory(notes)
    if "documents" in cases:
        bench.documents()


def _there(results: Results, *found: Callable[[], Contender]) -> list[Contender]:
    """Those that can be had here; of the others it is told why not."""
    contenders = []
    for make in found:
        try:
            contenders.append(make())
        except LookupError as missing:
            results.left_out[make.__name__] = str(missing.args[0])
    return contenders
