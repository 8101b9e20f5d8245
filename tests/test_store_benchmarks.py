"""
The benchmarks of the stores say what was measured, and nothing better.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.stores.ours import (
    OVER_HTTP,
    RAW,
    STORE,
    documents_lost,
    notes_lost,
)
from benchmarks.stores.page import Results, page
from benchmarks.stores.samples import DOCUMENT, NOTE, name_of
from benchmarks.stores.summary import Figure, figures, interleaved
from benchmarks.stores.turn import Contender, Stage, Turn

from .support.harness import CHECKOUT


def figure(name: str, share: float, *faults: str) -> Figure:
    """One with that share of the raw rate."""
    return Figure(name, share * 1000, 1, 2, 3, share, faults)


def said(*found: Figure) -> str:
    """The page of appends at 64 clients."""
    results = Results(writes={"appends": {64: list(found)}})
    results.contenders["appends"] = [
        Contender(f.name, "", "on disk", lambda stage, clients: Turn()) for f in found
    ]
    return page(results, {})


class FigureTests(SynchronousTestCase):
    """Medians over the rounds, shares within each."""

    def test_share_within_a_round(self) -> None:
        """A slow moment of the machine does not spoil a share."""
        raw = [Turn(1000), Turn(10), Turn(1000)]
        own = [Turn(500), Turn(5), Turn(500)]
        found = figures({"raw": raw, "own": own}, "raw")[1]
        self.assertEqual((found.rate, found.share), (500, 0.5))

    def test_fault_does_not_count(self) -> None:
        """A turn with a fault is told of, and neither rate nor share has it."""
        own = [Turn(9999, fault="2 notes lost"), Turn(500)]
        found = figures({"raw": [Turn(1000)] * 2, "own": own}, "raw")[1]
        self.assertEqual((found.highest, found.share), (500, 0.5))
        self.assertEqual(found.faults, ("round 1: 2 notes lost",))

    def test_nothing_counted(self) -> None:
        """Without a good turn there is no figure."""
        found = figures({"raw": [Turn(1000)], "own": [Turn(fault="x")]}, "raw")[1]
        self.assertEqual((found.rate, found.share), (0, 0))

    def test_everyone_begins_a_round(self) -> None:
        """Each round begins with another one, and has everyone once."""
        order: list[str] = []
        turns = dict.fromkeys("abc", Turn)
        interleaved(turns, 3, lambda name, turn: order.append(name))
        self.assertEqual("".join(order), "abcbcacab")


class PageTests(SynchronousTestCase):
    """Shortfalls stand at the top."""

    def test_target(self) -> None:
        """Whether a target is reached is said of each of ours."""
        text = said(figure(RAW, 1), figure(STORE, 0.5), figure(OVER_HTTP, 0.49))
        self.assertIn("store: 50% of the raw rate; the target of 50% is reached", text)
        self.assertIn("http: 49% of the raw rate", text)
        self.assertIn("the target of 50% is **not reached**", text)

    def test_not_measured(self) -> None:
        """A target without a figure is not reached."""
        text = said(
            figure(RAW, 1), figure(STORE, 0, "round 1: x"), figure(OVER_HTTP, 1)
        )
        self.assertIn("- appends, store: not measured", text)
        self.assertIn("- store was not counted in round 1: x", text)

    def test_faster_peer(self) -> None:
        """Who is faster than ours is named, who is not is not."""
        ours = figure(RAW, 1), figure(STORE, 1), figure(OVER_HTTP, 0.2)
        text = said(*ours, figure("quick", 0.4), figure("slow", 0.1))
        self.assertIn("faster than ours are quick (2.0 times)", text)
        self.assertNotIn("slow (", text)

    def test_not_flat(self) -> None:
        """Reads that grow with the notes are not called flat."""
        names = f"{STORE} 1", f"{STORE} 2"
        reads = {
            name: Figure(name, 1, 1, 1, cost, 0, ())
            for cost, name in enumerate(names, 1)
        }
        text = page(Results(reads=reads), {})
        self.assertIn("2.00 times what they cost with one, **not flat**", text)


class KeptTests(SynchronousTestCase):
    """What was acknowledged is looked for."""

    def setUp(self) -> None:
        """An empty folder."""
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def test_notes(self) -> None:
        """Notes that were never acknowledged may be there, others must."""
        (self.folder / "notes.txt").write_text(f"{NOTE}\n" * 5 + "torn")
        self.assertEqual(notes_lost(self.folder, (2, 3)), "")
        self.assertEqual(notes_lost(self.folder, (3, 4)), "2 notes lost")

    def test_documents(self) -> None:
        """Each client may have had one that was not acknowledged."""
        for number in range(8):
            (self.folder / name_of(number)).write_bytes(DOCUMENT)
        self.assertEqual(documents_lost(self.folder, (4, 10), 2), "")
        self.assertIn("1 documents lost", documents_lost(self.folder, (4, 11), 2))

    def test_torn_document(self) -> None:
        """A part of a document is none, however many there are."""
        (self.folder / name_of(0)).write_bytes(DOCUMENT[:-1])
        self.assertIn("1 torn", documents_lost(self.folder, (1, 1), 1))


class ProgramTests(SynchronousTestCase):
    """The programs that measure do what they count."""

    def run_raw(self, *before: str) -> tuple[dict[str, float], Path]:
        """One second of the raw rate for three clients."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        line = ["benchmarks.stores.raw", "lines", str(folder), "3", "1"]
        ended = subprocess.run(
            [sys.executable, *before, "-m", *line],
            cwd=CHECKOUT,
            capture_output=True,
            check=True,
        )
        return json.loads(ended.stdout), folder

    def test_raw_lines(self) -> None:
        """All that it counts was written."""
        told, folder = self.run_raw()
        lines = (folder / "raw.txt").read_bytes().count(b"\n")
        self.assertGreaterEqual(lines, told["count"])
        self.assertEqual(told["count"] % 3, 0)

    def test_slower(self) -> None:
        """A slower disk does no more than its flushes allow."""
        script = CHECKOUT / "benchmarks" / "stores" / "slower.py"
        told, _ = self.run_raw(str(script), "100")
        self.assertLessEqual(told["count"], 3 * 11)
        self.assertGreater(told["count"], 0)

    def test_fault_of_a_program(self) -> None:
        """A program that fails is a turn that does not count."""
        stage = Stage(Path("no such folder"), 1, *_cores())

        def run(stage: Stage, clients: int) -> Turn:
            from benchmarks.stores.turn import by_program

            return by_program(stage, "raw", "lines", stage.folder, clients, 1)

        turn = Contender("raw", "", "on disk", run).turn(stage, 1)
        self.assertEqual(turn.rate, 0)
        self.assertIn("FileNotFoundError", turn.fault)


def _cores() -> tuple[int, int]:
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]
