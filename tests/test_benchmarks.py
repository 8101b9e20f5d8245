"""
The benchmarks say what was measured, and nothing better.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from unittest import skipUnless

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.__main__ import arguments, asked, repeated
from benchmarks.figures import Run, figures
from benchmarks.kept_runs import Kept, comparison, keep, kept_calls
from benchmarks.kept_runs import folder as kept_runs_folder
from benchmarks.load import Request
from benchmarks.measuring import (
    Bench,
    Case,
    Installation,
    Result,
    Stage,
    Subject,
    interleaved,
    measure,
)
from benchmarks.page import page
from benchmarks.servers import cases as servers
from benchmarks.servers.chart import chart
from benchmarks.servers.peers import NAMES, SETTINGS, Peer
from benchmarks.stores import cases as stores
from benchmarks.stores.ours import documents_lost, notes_lost
from benchmarks.stores.page import in_short
from benchmarks.stores.running_program import launched, run_program
from benchmarks.stores.samples import DOCUMENT, NOTE, name_of
from local_servers import RunFailed, find_program, our_twistd

HELLO_BODY = b"Hello, world!"
HELLO, *_ = servers.cases(2_000)
APPENDS = next(case for case in stores.cases(1) if case.key == "appends, 64 clients")
READS = next(case for case in stores.cases(1) if case.name == "reads")

Costs = dict[str, list[float]]
"""What each subject spent on a request in each round."""


def runs_of(key: str, *values: float) -> list[Run]:
    """A run for each value of the measure *key*; a negative one has a fault."""
    return [
        Run({key: abs(value)}, "" if value >= 0 else "2 notes lost") for value in values
    ]


def result(case: Case, **runs: Sequence[Run]) -> Result:
    """What was measured in *case*, by subjects that are called as the keywords."""
    subjects = {name: _subject(name) for name in runs}
    return Result(case, subjects, {name: list(own) for name, own in runs.items()})


def _subject(name: str, run: Run = Run()) -> Subject:  # noqa: B008
    kind = name.partition("-")[0].partition(" ")[0]
    is_ours = kind in ("ours", "store", "http")
    own = kind if is_ours else ""
    return Subject(name, name, lambda stage: run, "none", is_ours, own)


def appended(**rates: float) -> str:
    """What is said in short of appends at these rates, by 64 clients."""
    runs = {
        name: [Run({"rate": rate, "cpu_us": 1.0}, "" if rate else "x")]
        for name, rate in rates.items()
    }
    return in_short([result(APPENDS, **runs)])


class FigureTests(SynchronousTestCase):
    """Medians over the rounds, ratios within each."""

    def test_slow_moment_of_the_machine_does_not_change_a_ratio(self) -> None:
        """The reference was slow in the same round."""
        runs = {
            "raw": runs_of("rate", 1000, 10, 1000),
            "own": runs_of("rate", 500, 5, 500),
        }
        own = figures(runs, "rate", "raw")["own"]
        self.assertEqual((own.values["rate"].median, own.ratio), (500, 0.5))

    def test_run_with_a_fault_is_reported_and_not_counted(self) -> None:
        runs = {
            "raw": runs_of("rate", 1000, 1000),
            "own": runs_of("rate", -9999, 500),
        }
        own = figures(runs, "rate", "raw")["own"]
        self.assertEqual((own.values["rate"].highest, own.ratio), (500, 0.5))
        self.assertEqual(own.faults, ("round 1: 2 notes lost",))

    def test_no_figure_without_a_run_that_counts(self) -> None:
        runs = {"raw": runs_of("rate", 1000), "own": runs_of("rate", -1)}
        own = figures(runs, "rate", "raw")["own"]
        self.assertEqual((own.values, own.ratio), ({}, 0))


class RoundTests(SynchronousTestCase):
    """Rounds are interleaved, and only what is wanted is measured."""

    def measured(self, *subjects: Subject, wanted: Sequence[str] = ()) -> Result:
        """Two rounds of a case of *subjects*."""
        case = replace(HELLO, subjects=lambda bench, folder: subjects)
        folder = Path(self.mktemp())
        folder.mkdir()
        with redirect_stdout(StringIO()), ExitStack() as at_exit:
            return measure(case, Bench(folder, at_exit, [], wanted, rounds=2))

    def test_each_round_begins_with_another_subject(self) -> None:
        order = "".join(item for _, item in interleaved("abc", 3))
        self.assertEqual(order, "abcbcacab")

    def test_ours_stands_for_every_installation_and_store_of_ours(self) -> None:
        names = "nginx", "ours", "ours-2", "http-postgresql"
        subjects = [_subject(name) for name in names]
        for wanted, found in (["ours"], names[1:]), (["nginx"], names[:1]), ([], names):
            runs = self.measured(*subjects, wanted=wanted).runs
            self.assertEqual(tuple(runs), found)
            self.assertEqual({len(own) for own in runs.values()}, {2})

    def test_run_that_fails_has_a_fault_and_the_others_go_on(self) -> None:
        def fail(stage: Stage) -> Run:
            raise RunFailed("does not start")

        good, bad = Run({"cpu_us": 1.0}), Run(fault="does not start")
        found = self.measured(Subject("a", "", fail), _subject("b", good)).runs
        self.assertEqual(found, {"a": [bad, bad], "b": [good, good]})

    @skipUnless(find_program("wrk"), "NOT TESTED: a server under load; no wrk here")
    def test_server_is_measured_only_when_it_answers_rightly(self) -> None:
        ours = [Installation("", *our_twistd(Path(sys.prefix)))]
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        with redirect_stdout(StringIO()), ExitStack() as at_exit:
            bench = Bench(folder, at_exit, ours, ["ours"], rounds=1, seconds=1)
            for content, measures in (HELLO_BODY, {"cpu_us", "rate"}), (b"Bye", set()):
                case = servers.load_case("any", "Any", Request(content=content))
                (run,) = measure(case, bench).runs["ours"]
                self.assertEqual(set(run.values), measures, run)
                self.assertEqual(bool(run.fault), not measures, run)


class WorkersTests(SynchronousTestCase):
    """`benchmarks.workers`."""

    @skipUnless(find_program("wrk"), "NOT TESTED: two workers under load; no wrk here")
    def test_two_workers_are_compared_with_two_daemons_and_with_one(self) -> None:
        line = (sys.executable, "-m", "benchmarks.workers")
        # As short as wrk can be; `make soak` has it as long as it is of use.
        ended = subprocess.run(
            [*line, "--rounds", "1", "--seconds", "1", "--warm-up", "0"],
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said = ended.stdout + ended.stderr
        self.assertEqual(ended.returncode, 0, said)
        number = r"\d+\.\d"
        for other in ("two daemons", "one process"):
            shape = f"two workers {number} µs, {other} {number} µs, ratio"
            self.assertEqual(len(re.findall(shape, said)), 2, said)
        self.assertNotIn("not counted", said)


class PageTests(SynchronousTestCase):
    """A page shows every figure, and shortfalls stand at the top."""

    def test_servers_stand_in_the_order_of_their_cost(self) -> None:
        found = result(
            HELLO,
            ours=runs_of("cpu_us", 20),
            broken=runs_of("cpu_us", -1),
            nginx=runs_of("cpu_us", 10),
        )
        lines = page("Benchmarks", "", [found], {"date": "today"}, {}).splitlines()
        named = [line.split("|")[1].strip() for line in lines if line.startswith("| ")]
        self.assertEqual(named, ["server", "nginx", "**ours**", "broken"])
        self.assertIn("| **ours** | 20.0 (20.0–20.0) | 2.00 |  | none |", lines)  # noqa: RUF001
        self.assertIn("- broken was not counted in round 1: 2 notes lost", lines)
        self.assertIn("×2.00", chart([found]))  # noqa: RUF001

    def test_target_is_reached_or_not(self) -> None:
        text = appended(raw=1000, store=500, http=490)
        self.assertIn("store: 50% of the raw rate; the target of 50% is reached", text)
        self.assertIn("http: 49% of the raw rate; the target of 50% is **not", text)

    def test_target_that_was_not_measured_is_not_reached(self) -> None:
        self.assertIn("store: not measured", appended(raw=1000, store=0, http=1000))

    def test_only_peers_that_are_faster_are_named_so(self) -> None:
        text = appended(raw=1000, store=1000, http=200, quick=400, slow=100)
        self.assertIn("faster than ours are quick (2.0 times)", text)
        self.assertNotIn("slow (", text)
        self.assertNotIn("raw (", text)

    def test_reads_that_cost_more_with_more_notes_are_not_flat(self) -> None:
        runs = {"store 1": runs_of("cpu_us", 1), "store 2": runs_of("cpu_us", 2)}
        text = in_short([result(READS, **runs)])
        self.assertIn("2.00 times what they cost with one, **not flat**", text)


class ComparisonTests(SynchronousTestCase):
    """What a change did is told by the last kept run of the same case."""

    def compared(self, before: Costs, now: Costs, seconds: int = 1) -> str:
        """The line about ours, or that there is nothing to compare with."""
        then, today = (
            {name: runs_of("cpu_us", *values) for name, values in runs.items()}
            for runs in (before, now)
        )
        kept = Kept("yesterday", [], seconds, {"hello": then})
        lines = comparison([result(HELLO, **today)], [kept], seconds=1).splitlines()
        return next(line for line in lines if "ours" in line or "not kept" in line)

    def test_machine_that_is_slower_today_does_not_count(self) -> None:
        """Both cost twice as much: ours has not changed beside nginx."""
        now: Costs = {"nginx": [20, 20], "ours": [40, 40]}
        text = self.compared({"nginx": [10, 10], "ours": [20, 20]}, now)
        self.assertIn("| 1.000 (1.000–1.000) | within the spread |", text)  # noqa: RUF001

    def test_change_beyond_the_spread_is_better_or_worse(self) -> None:
        for now, words in (9, "better"), (11, "worse"), (10.2, "within"):
            text = self.compared({"ours": [10, 10.5]}, {"ours": [now, now]})
            self.assertIn(words, text)

    def test_one_round_has_no_spread(self) -> None:
        self.assertIn("one round", self.compared({"ours": [10]}, {"ours": [20]}))

    def test_kept_calls_are_read_again_the_newest_first(self) -> None:
        self.patch(os, "environ", os.environ | {"XDG_CACHE_HOME": self.mktemp()})
        found = result(HELLO, ours=runs_of("cpu_us", 10, -1))
        for name in "1", "2":
            keep(kept_runs_folder() / f"{name}.json", [name], 1, [found], {})
        (kept_runs_folder() / "3.json").write_text("{}")  # of another version
        calls = kept_calls()
        self.assertEqual([call.arguments for call in calls], [["2"], ["1"]])
        self.assertEqual(calls[0].cases["hello"], found.runs)

    def test_runs_of_another_length_are_not_compared(self) -> None:
        text = self.compared({"ours": [1]}, {"ours": [1]}, seconds=3)
        self.assertIn("not kept", text)


class CommandTests(SynchronousTestCase):
    """The command line and the commands that it starts."""

    def test_command_to_repeat_has_nothing_of_this_machine(self) -> None:
        words = ["--case", "hello", "--venv", "/a", "--venv", "/b", "--rounds", "2"]
        self.assertEqual(len(arguments(words).venv), 2)
        words = [*words, "--out=/c", "--installed"]
        repeat = "python -m benchmarks --case hello --rounds 2"
        self.assertEqual(repeated(words), repeat)

    def test_number_or_folder_that_cannot_be_is_refused(self) -> None:
        for option, word in ("--rounds", "0"), ("--idle", "-1"), ("--on", "/none"):
            said = StringIO()
            with redirect_stderr(said):
                self.assertRaises(SystemExit, arguments, [option, word])
            self.assertIn(f"argument {option}: ", said.getvalue())

    def test_peers_without_a_case_are_measured_beside_their_reference(self) -> None:
        cases = [HELLO, APPENDS, READS]
        for peers, found in (
            (["nginx", "ours"], [HELLO]),
            (["raw", "http"], [APPENDS]),
            (["ours"], cases),
        ):
            words = [word for peer in peers for word in ("--peer", peer)]
            self.assertEqual(asked(arguments(words), cases), found)
            named = arguments([*words, "--case", "reads"])
            self.assertEqual(asked(named, cases), [READS])

    def test_every_peer_can_be_started_for_every_case(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        given = {"files": folder, "cert": "CERT", "key": "KEY"}
        given |= {"port": 8080, "open_files": 9, "connections": 9}
        for name in NAMES:
            peer = Peer(name, name, name, "program", SETTINGS[name])
            for path in "/", "/1k.bin":
                for secure, http2, watching in (
                    (0, 0, ""), (0, 0, "logging"), (0, 0, "metrics"), (1, 0, ""),
                    (1, 1, ""),
                ):  # fmt: skip
                    request = Request(path, secure=bool(secure), http2=bool(http2))
                    line = " ".join(peer.command(request, folder, watching, **given))
                    written = "".join(p.read_text() for p in folder.iterdir())
                    self.assertNotIn("$", line + written)
                    if name == "ours":
                        self.assertEqual("KEY" in line, bool(secure), line)
                        logs, counts = "--access-log" in line, "--metrics" in line
                        self.assertEqual(logs, watching == "logging", line)
                        self.assertEqual(counts, watching == "metrics", line)
                        self.assertEqual("http2=yes" in line, bool(http2), line)

    def test_those_that_take_uploads_can_be_started_for_them(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        given = {"files": folder, "cert": "CERT", "key": "KEY"}
        given |= {"port": 8080, "open_files": 9, "connections": 9}
        request = Request("/upload/file", "PUT", body=b"x")
        lines = {}
        for name in ("nginx", "ours"):
            peer = Peer(name, name, name, "program", SETTINGS[name])
            lines[name] = " ".join(peer.command(request, folder, "", **given))
        self.assertIn(f"upload_site.py 8080 {folder}/upload", lines["ours"])
        self.assertIn("dav_methods PUT", (folder / "nginx.conf").read_text())
        self.assertNotIn("$", (folder / "nginx.conf").read_text())


class LossTests(SynchronousTestCase):
    """What was acknowledged is looked for."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def test_notes_that_were_acknowledged_must_be_there(self) -> None:
        (self.folder / "notes.txt").write_text(f"{NOTE}\n" * 5 + "torn")
        self.assertEqual(notes_lost(self.folder, (2, 3), 1), "")
        self.assertEqual(notes_lost(self.folder, (3, 4), 1), "2 notes lost")

    def test_each_client_may_have_sent_a_document_that_was_not_acknowledged(
        self,
    ) -> None:
        for number in range(8):
            (self.folder / name_of(number)).write_bytes(DOCUMENT)
        self.assertEqual(documents_lost(self.folder, (4, 10), 2), "")
        self.assertIn("1 documents lost", documents_lost(self.folder, (4, 11), 2))

    def test_every_answer_must_have_its_line_in_the_access_log(self) -> None:
        self.assertEqual(
            servers.not_logged(self.folder, (1, 2)), "3 requests not logged"
        )
        (self.folder / "access.log").write_text("a line\n" * 4)
        self.assertEqual(servers.not_logged(self.folder, (1, 2)), "")
        self.assertEqual(
            servers.not_logged(self.folder, (3, 2)), "1 requests not logged"
        )

    def test_upload_must_be_saved_whole(self) -> None:
        self.assertIn("saved 0 bytes", servers.not_saved(self.folder, (1, 1)))
        path = self.folder / "upload" / "file"
        path.parent.mkdir()
        with path.open("wb") as file:
            file.truncate(servers.UPLOAD_BYTES - 1)
            self.assertIn("saved", servers.not_saved(self.folder, (1, 1)))
            file.truncate(servers.UPLOAD_BYTES)
        self.assertEqual(servers.not_saved(self.folder, (1, 1)), "")

    def test_part_of_a_document_is_a_loss(self) -> None:
        (self.folder / name_of(0)).write_bytes(DOCUMENT[:-1])
        self.assertIn("1 torn", documents_lost(self.folder, (1, 1), 1))


class ProgramTests(SynchronousTestCase):
    """The programs that measure by themselves do what they count."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    def raw(self, slower_ms: float = 0) -> int:
        """How many lines it counts in a second."""
        module = "benchmarks.stores.programs.disk_rate"
        line = ["-m", module, "lines", str(self.folder), "3", "1"]
        command = [*launched(sys.executable, slower_ms), *line]
        said = subprocess.run(command, capture_output=True, check=True).stdout
        count: int = json.loads(said)["count"]
        return count

    def test_every_line_that_is_counted_was_written(self) -> None:
        count = self.raw()
        written = (self.folder / "raw.txt").read_bytes().count(b"\n")
        self.assertGreaterEqual(written, count)
        self.assertEqual(count % 3, 0)

    def test_slower_disk_does_no_more_than_its_flushes_allow(self) -> None:
        """Ten a second, and the one that is under way at the end."""
        self.assertIn(self.raw(slower_ms=100), range(3, 3 * 11 + 1))

    def test_program_that_fails_gives_a_fault(self) -> None:
        stage = Stage(self.folder, 1, min(os.sched_getaffinity(0)))
        failure = self.assertRaises(
            RunFailed, run_program, stage, "disk_rate", "lines", "/no such folder", 1, 1
        )
        self.assertIn("FileNotFoundError", str(failure))
