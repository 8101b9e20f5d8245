"""
The figures as a page of Markdown, shortfalls first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from .ours import DISK, OVER_HTTP, RAW, STORE
from .starting import Start
from .summary import Figure
from .turn import Contender

TARGET = 0.5
"""Of the raw rate, at `TARGET_CLIENTS`."""

TARGET_CLIENTS = 64

FLAT = 1.2
"""Times the cost of a read of the only note, up to which reads are called flat."""

INTRODUCTION = """\
A write is acknowledged when it is on the disk, so the disk's flush bounds every rate
here. The first line of each table is the raw rate of this disk in the same round: what
a loop reaches that writes for all clients, flushes, and does nothing else. Clients wait
for their answer before they write again. Rates are medians of the rounds, with the
least and the greatest behind them; a share is taken within each round. The processor
time is that of all that works for an operation, the load left out; it depends less on
what else the machine is doing than rates do. Each server is one worker on one core.
"""


@dataclass
class Results:
    """
    What was measured; what was not is empty.

    :ivar writes: by case, then by clients.
    :ivar slower: appends on slower disks, by the milliseconds more.
    :ivar reads: of notes, each by its name.
    :ivar starts: with how many notes, and how.
    :ivar documents: as *reads*.
    """

    writes: dict[str, dict[int, list[Figure]]] = field(default_factory=dict)
    slower: dict[float, list[Figure]] = field(default_factory=dict)
    reads: dict[str, Figure] = field(default_factory=dict)
    starts: dict[tuple[int, str], list[Start]] = field(default_factory=dict)
    documents: dict[str, Figure] = field(default_factory=dict)
    contenders: dict[str, list[Contender]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def page(results: Results, facts: Mapping[str, str]) -> str:
    """The whole page."""
    parts = ["# Benchmarks of the stores", "", INTRODUCTION]
    parts += ["## In short", "", *in_short(results), ""]
    for case, by_clients in results.writes.items():
        parts += [f"## Durable {case}", ""]
        parts += [f"- {c.name}: {c.title}; {c.keeps}" for c in results.contenders[case]]
        parts += ["", *_writes(by_clients, results.contenders[case])]
    if results.slower:
        parts += ["## Durable appends on slower disks", "", *_slower(results.slower)]
    if results.reads:
        parts += ["## Reads of notes", "", *_reads(results.reads)]
    if results.starts:
        parts += ["## Very many notes", "", *_starts(results.starts)]
    if results.documents:
        parts += ["## Reads of documents", "", *_documents(results)]
    parts += ["## How it was measured", ""]
    parts += [f"- {name}: {fact}" for name, fact in facts.items()]
    parts += [f"- left out: {name}, {why}" for name, why in results.left_out.items()]
    return "\n".join(parts) + "\n"


def in_short(results: Results) -> list[str]:
    """Which targets are reached, and who is faster."""
    lines = []
    for case, by_clients in results.writes.items():
        found = {figure.name: figure for figure in by_clients.get(TARGET_CLIENTS, ())}
        lines += [_target(case, found[name]) for name in (STORE, OVER_HTTP) if found]
        for clients, figures in by_clients.items():
            lines += _faster(case, clients, figures)
    for more, slow in results.slower.items():
        where = f"appends on a disk slower by {more:g} ms"
        lines += [_target(where, f) for f in slow if f.name != RAW]
    lines += _flatness(results.reads)
    return lines or ["- nothing was measured that has a target"]


def _target(case: str, figure: Figure) -> str:
    if not figure.share:
        return f"- {case}, {figure.name}: not measured"
    reached = "reached" if figure.share >= TARGET else "**not reached**"
    return (
        f"- {case} at {TARGET_CLIENTS} clients, {figure.name}: {figure.share:.0%} of "
        f"the raw rate; the target of {TARGET:.0%} is {reached}"
    )


def _faster(case: str, clients: int, figures: Sequence[Figure]) -> list[str]:
    """Who is faster than ours over HTTP, the raw rate and our own parts left out."""
    found = {figure.name: figure for figure in figures}
    ours, left = found[OVER_HTTP], (RAW, STORE, OVER_HTTP, "hello", "http, memory")
    faster = [
        f"{figure.name} ({figure.rate / ours.rate:.1f} times)"
        for figure in figures
        if figure.name not in left and ours.rate and figure.rate > ours.rate
    ]
    if not faster:
        return []
    return [
        f"- {case} at {_clients(clients)}: faster than ours are {', '.join(faster)}"
    ]


def _flatness(reads: Mapping[str, Figure]) -> list[str]:
    lines = []
    for way in (STORE, OVER_HTTP):
        costs = {name: f.cost for name, f in reads.items() if name.startswith(way)}
        if len(costs) > 1 and all(costs.values()):
            least, *_, most = costs.values()
            flat = "flat" if most <= FLAT * least else "**not flat**"
            lines.append(
                f"- reads, {way}: with the most notes they cost {most / least:.2f} "
                f"times what they cost with one, {flat}"
            )
    return lines


def _writes(
    by_clients: Mapping[int, Sequence[Figure]], contenders: Sequence[Contender]
) -> list[str]:
    keeps = {c.name: "yes" if c.keeps == DISK else "no" for c in contenders}
    lines = []
    for clients, figures in by_clients.items():
        lines += [
            f"### {_clients(clients).capitalize()}",
            "",
            "| | durable | a second | of the raw rate | CPU µs each |",
            "|---|---|--:|--:|--:|",
        ]
        lines += [
            f"| {_name(f)} | {keeps[f.name]} | {_rate(f)} | {_share(f)} | {_cost(f)} |"
            for f in figures
        ]
        lines += ["", *_faults(figures)]
    return lines


def _slower(slower: Mapping[float, Sequence[Figure]]) -> list[str]:
    lines = [
        f"The same disk, with a pause before every flush; {_clients(TARGET_CLIENTS)}.",
        "",
        "| flush takes longer by | | a second | of the raw rate | CPU µs each |",
        "|--:|---|--:|--:|--:|",
    ]
    lines += [
        f"| {more:g} ms | {_name(f)} | {_rate(f)} | {_share(f)} | {_cost(f)} |"
        for more, figures in slower.items()
        for f in figures
    ]
    return [*lines, "", *_faults([f for own in slower.values() for f in own])]


def _reads(reads: Mapping[str, Figure]) -> list[str]:
    lines = [
        "Any note, by 64 clients: by the store's `entry`, and by POST of `getNote`.",
        "",
        "| | notes | a second | CPU µs each |",
        "|---|--:|--:|--:|",
    ]
    for figure in reads.values():
        way, _, count = figure.name.partition(" ")
        row = f"| {way} | {int(count):,} | {_rate(figure)} | {_cost(figure)} |"
        lines.append(row)
    return [*lines, "", *_faults(list(reads.values()))]


def _starts(starts: Mapping[tuple[int, str], Sequence[Start]]) -> list[str]:
    lines = [
        "`twistd notes`, from its command until it says that it listens, and the",
        "memory that it holds then.",
        "",
        "| notes | start | seconds | MiB | at most | bytes a note |",
        "|--:|---|--:|--:|--:|--:|",
    ]
    empty = min(count for count, _ in starts)
    base = median(
        s.resident for (n, _), own in starts.items() if n == empty for s in own
    )
    for (count, how), own in starts.items():
        seconds = median(s.seconds for s in own)
        held, peak = median(s.resident for s in own), median(s.peak for s in own)
        each = f"{(held - base) / count:.1f}" if count else ""
        lines.append(
            f"| {count:,} | {how} | {seconds:.2f} | {held / 2**20:.0f} "
            f"| {peak / 2**20:.0f} | {each} |"
        )
    return [*lines, ""]


def _documents(results: Results) -> list[str]:
    lines = [
        "By `twistd writer --rest`, and the store by itself; one client.",
        "",
        "| | documents | a second | ms each | CPU µs each |",
        "|---|--:|--:|--:|--:|",
    ]
    titles = {c.name: c for c in results.contenders["documents"]}
    for figure in results.documents.values():
        told = titles[figure.name]
        each = f"{1000 / figure.rate:.2f}" if figure.rate else ""
        row = (
            f"{told.title} | {told.keeps} | {_rate(figure)} | {each} | {_cost(figure)}"
        )
        lines.append(f"| {row} |")
    return [*lines, "", *_faults(list(results.documents.values()))]


def _clients(count: int) -> str:
    return "1 client" if count == 1 else f"{count} clients"


def _name(figure: Figure) -> str:
    ours = figure.name in (STORE, OVER_HTTP)
    return f"**{figure.name}**" if ours else figure.name


def _rate(figure: Figure) -> str:
    if not figure.rate:
        return "failed"
    return f"{figure.rate:,.0f} ({figure.lowest:,.0f}–{figure.highest:,.0f})"  # noqa: RUF001


def _share(figure: Figure) -> str:
    return f"{figure.share:.0%}" if figure.share else ""


def _cost(figure: Figure) -> str:
    return f"{figure.cost:,.1f}" if figure.rate else ""


def _faults(figures: Sequence[Figure]) -> list[str]:
    lines = [
        f"- {figure.name} was not counted in {fault}"
        for figure in figures
        for fault in figure.faults
    ]
    return [*lines, ""] if lines else []
