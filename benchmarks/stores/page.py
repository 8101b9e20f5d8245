"""
How the stores' page shows its cases, shortfalls first.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..measuring import Result
from ..page import Column, Layout, Row, median_of, name, rows, with_spread
from .ours import ON_DISK

TARGET = 0.5
"""Of the raw rate, with `TARGET_AT` clients: what ours is meant to reach."""

TARGET_AT = "64 clients"

WITH_TARGET = ("store", "http")

FLAT = 1.2
"""Times the cost of a read of the only note, up to which reads are called flat."""

OUR_PARTS = ("raw", "store", "hello", "http-memory")
"""What is not named as faster than ours: the raw rate, and parts of ours."""

INTRODUCTION = """\
A write is acknowledged when it is on the disk, so the disk's flush limits every rate
here. The first line of each table is the raw rate of this disk in the same round: what
a loop reaches that writes for all clients, flushes, and does nothing else. Clients wait
for their answer before they write again. Rates are medians of the rounds, with the
least and the greatest behind them; a share is taken within each round. The processor
time is that of all that works for an operation, the load left out; it depends less on
what else the machine is doing than rates do. Each server is one worker on one core.
"""


def _share(row: Row) -> str:
    return f"{row.figure.ratio:.0%}" if row.figure.ratio else ""


def _bytes_a_note(row: Row) -> str:
    """What memory a note takes, beside a start without notes."""
    kind = row.subject.kind
    empty = row.result.figures.get(row.subject.name.replace(kind, "empty"))
    held, notes = row.median("resident_bytes"), row.median("notes")
    if not (notes and empty and empty.values):
        return ""
    return f"{(held - empty.values['resident_bytes'].median) / notes:.1f}"


_NAME = Column("", name, is_text=True)
_COUNT = Column("", lambda row: row.subject.note)
_RATE = Column("a second", with_spread("rate"))
_SHARE = Column("of the raw rate", _share)
_CPU = Column("CPU µs each", median_of("cpu_us", ",.1f"))
_TITLE = Column("", lambda row: row.subject.title, is_text=True)
_DURABLE = Column(
    "durable", lambda row: "yes" if row.subject.note == ON_DISK else "no", is_text=True
)


def _in_mib(key: str, heading: str) -> Column:
    return Column(heading, median_of(key, ".0f", lambda value: value / 2**20))


WRITES = Layout((_NAME, _DURABLE, _RATE, _SHARE, _CPU), lists_subjects=True)

SLOWER_DISKS = Layout(
    (
        Column("flush takes longer by", lambda row: row.result.case.at),
        *(_NAME, _RATE, _SHARE, _CPU),
    ),
    f"The same disk, with a pause before every flush; {TARGET_AT}.",
    joins=True,
)

READS = Layout(
    (_TITLE, _COUNT._replace(heading="notes"), _RATE, _CPU),
    f"Any note, by {TARGET_AT}: by the store's `entry`, and by POST of `getNote`.",
)

STARTS = Layout(
    (
        _COUNT._replace(heading="notes"),
        Column("start", lambda row: row.subject.name, is_text=True),
        Column("seconds", median_of("seconds", ".2f")),
        _in_mib("resident_bytes", "MiB"),
        _in_mib("peak_bytes", "at most"),
        Column("bytes a note", _bytes_a_note),
    ),
    "`twistd notes`, from its command until it says that it listens, and the\n"
    "memory that it holds then.",
)

DOCUMENTS = Layout(
    (
        _TITLE,
        _COUNT._replace(heading="documents"),
        _RATE,
        Column("ms each", median_of("rate", ".2f", lambda rate: 1000 / rate)),
        _CPU,
    ),
    "By `twistd writer --rest`, and the store by itself; one client.",
)


def in_short(results: Sequence[Result]) -> str:
    """Which targets are reached, and who is faster."""
    lines: list[str] = []
    for result in results:
        case, found = result.case, rows(result)
        if case.layout is WRITES:
            if case.at == TARGET_AT:
                lines += _targets(f"{case.name} at {TARGET_AT}", found)
            lines += _faster(f"{case.name} at {case.at}", found)
        if case.layout is SLOWER_DISKS:
            where = f"appends on a disk slower by {case.at} at {TARGET_AT}"
            lines += _targets(where, found)
        if case.layout is READS:
            lines += _flatness(found)
    lines = lines or ["- nothing was measured that has a target"]
    return "\n".join(["## In short", "", *lines, ""])


def _targets(where: str, found: Sequence[Row]) -> list[str]:
    lines = []
    for row in found:
        if row.subject.kind in WITH_TARGET:
            share = row.figure.ratio
            reached = "reached" if share >= TARGET else "**not reached**"
            lines.append(
                f"- {where}, {row.subject.name}: {share:.0%} of the raw rate; "
                f"the target of {TARGET:.0%} is {reached}"
                if share
                else f"- {where}, {row.subject.name}: not measured"
            )
    return lines


def _faster(where: str, found: Sequence[Row]) -> list[str]:
    """Who is faster than ours over HTTP."""
    rates = {row.subject.name: row.median("rate") for row in found}
    subjects = [row.subject for row in found]
    parts = {s.name for s in subjects if (s.kind or s.name) in OUR_PARTS}
    ours = rates.pop("http", 0)
    faster = [
        f"{name} ({rate / ours:.1f} times)"
        for name, rate in rates.items()
        if rate > ours > 0 and name not in parts
    ]
    return [f"- {where}: faster than ours are {', '.join(faster)}"] if faster else []


def _flatness(found: Sequence[Row]) -> list[str]:
    """Whether a read costs more when there are more notes."""
    lines = []
    for kind in dict.fromkeys(row.subject.name.split()[0] for row in found):
        own = [row for row in found if row.subject.name.split()[0] == kind]
        costs = [row.median("cpu_us") for row in own]
        if len(costs) > 1 and all(costs):
            times = costs[-1] / costs[0]
            flat = "flat" if times <= FLAT else "**not flat**"
            lines.append(
                f"- reads, {kind}: with the most notes they cost {times:.2f} "
                f"times what they cost with one, {flat}"
            )
    return lines
