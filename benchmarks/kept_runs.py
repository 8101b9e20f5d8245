"""
Runs that are kept, and what a change did: the ratio of one run to an earlier one.

Each call of the command is kept as JSON in the cache folder, not in the repository: the
numbers say something on this machine only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from local_servers import cache_folder

from .figures import Run, Spread, ratios_by_round, spread
from .measuring import Case, Measure, Result
from .page import line, spread_text

KEPT_CALLS = 100
"""Calls that are kept, the newest: some hundred kilobytes."""

EXPLANATION = """\
A ratio is that of the values now to those before. Where the reference of a case (nginx,
raw) ran both times, its own change is taken out of the first measure of the others."""

CaseRuns = Mapping[str, Sequence[Run]]
"""The runs of each subject of a case."""


class Kept(NamedTuple):
    """
    What one call measured.

    :ivar arguments: its command line.
    :ivar cases: the runs of each case, by its key.
    """

    date: str
    arguments: list[str]
    seconds: int
    cases: dict[str, CaseRuns]


class Change(NamedTuple):
    """
    How a measure of a subject has changed.

    :ivar rounds: the fewest that counted, then or now.
    :ivar ratio: now to before; see `EXPLANATION`.
    """

    subject: str
    measure: Measure
    before: Spread
    now: Spread
    ratio: Spread
    rounds: int

    def cells(self) -> list[str]:
        """What a line of the table says of it."""
        median, lowest, highest = self.ratio
        if self.rounds < 2:
            words = "one round: no spread"
        elif lowest <= 1 <= highest:
            words = "within the spread"
        else:
            is_better = (lowest > 1) == self.measure.more_is_better
            words = "better" if is_better else "worse"
        ratio = f"{median:.3f} ({lowest:.3f}–{highest:.3f})"  # noqa: RUF001
        values = [spread_text(self.before), spread_text(self.now)]
        return [self.subject, self.measure.unit, *values, ratio, words]


def folder() -> Path:
    """Where they are kept."""
    return cache_folder() / "runs"


def keep(
    path: Path,
    arguments: Sequence[str],
    seconds: int,
    results: Sequence[Result],
    facts: Mapping[str, str],
) -> None:
    """Write what was measured so far to *path*, and remove the oldest files."""
    content = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "arguments": list(arguments),
        "seconds": seconds,
        "facts": dict(facts),
        "subjects": {
            name: subject.title
            for result in results
            for name, subject in result.subjects.items()
        },
        "cases": {
            result.case.key: {n: [*map(asdict, own)] for n, own in result.runs.items()}
            for result in results
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1))
    part.replace(path)
    for old in sorted(path.parent.glob("*.json"))[:-KEPT_CALLS]:
        old.unlink()


def kept_calls() -> list[Kept]:
    """All that are kept and can be read, the newest first."""
    calls = []
    for path in sorted(folder().glob("*.json"), reverse=True):
        # One of another version of this program says nothing to this one.
        with suppress(ValueError, KeyError, TypeError):
            calls.append(_read(json.loads(path.read_text())))
    return calls


def _read(content: dict[str, Any]) -> Kept:
    cases: dict[str, CaseRuns] = {
        key: {name: [Run(**run) for run in runs] for name, runs in subjects.items()}
        for key, subjects in content["cases"].items()
    }
    return Kept(content["date"], content["arguments"], content["seconds"], cases)


def comparison(results: Sequence[Result], kept: Sequence[Kept], seconds: int) -> str:
    """
    A table of what has changed since each case was measured last.

    :param kept: earlier calls, the newest first; runs of another length are left out.
    """
    headings = ("case", "subject", "measure", "before", "now", "ratio", "", "since")
    lines = [EXPLANATION, "", line(headings), "|---|---|---|--:|--:|--:|---|---|"]
    for result in results:
        case = result.case
        earlier = [
            call for call in kept if case.key in call.cases and call.seconds == seconds
        ]
        if not earlier:
            lines.append(line([case.key, "", "", "not kept", "", "", "", ""]))
            continue
        before, since = earlier[0].cases[case.key], earlier[0].date
        for change in changes(case, before, result.runs):
            lines.append(line([case.key, *change.cells(), since]))
    return "\n".join(lines)


def changes(case: Case, before: CaseRuns, now: CaseRuns) -> Iterator[Change]:
    """What has changed of each subject that was measured then and now."""
    for name, (place, measure) in product(now, enumerate(case.measures)):
        key = measure.key
        old, new = _counted(before.get(name, ()), key), _counted(now[name], key)
        if not old or not new:
            continue
        values = old, new
        if name != case.reference and place == 0:
            related = [
                ratios_by_round(runs[name], runs.get(case.reference, ()), key)
                for runs in (before, now)
            ]
            values = (related[0], related[1]) if all(related) else values
        then, today = map(spread, values)
        ratio = Spread(
            today.median / then.median,
            today.lowest / then.highest,
            today.highest / then.lowest,
        )
        rounds = min(map(len, values))
        yield Change(name, measure, spread(old), spread(new), ratio, rounds)


def _counted(runs: Sequence[Run], key: str) -> list[float]:
    return [run.values[key] for run in runs if not run.fault and run.values.get(key)]
