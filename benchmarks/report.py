"""
The results as a page of Markdown: a table a case, and what is needed to repeat it.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from .cases import Case
from .figures import REFERENCE, TIMES, Figure
from .installing import version
from .load import LOADS
from .peer import Peer

EXPLANATION = f"""\
Each server runs alone, as one worker on one core, with the load on another: 64
keep-alive connections unless a table says otherwise. The processor time is that of all
of the server's processes, in user code and kernel; the median of the rounds is shown,
with the least and the greatest behind it. The ratio to {REFERENCE} is taken within
each round; it is what holds from one machine to another, unlike requests
per second, which say as much of what else the machine was doing.
A server that writes an access log does more: compare it with one that does too.

![How much more each server costs than {REFERENCE}](chart.svg)
"""

IDLE_NOTE = (
    f"\n{REFERENCE} sets up its table of connections when it starts, about 0.4 KiB for "
    "each of them: that is not in its figure. Memory of the kernel is in none.\n"
)


def page(
    results: Sequence[tuple[Case, Sequence[Figure]]],
    peers: Mapping[str, Peer],
    left_out: Mapping[str, str],
    facts: Mapping[str, str],
    idle: int,
) -> str:
    """The whole page."""
    parts = ["# Benchmarks", "", EXPLANATION]
    for case, found in results:
        title = f"{case.title}: {idle:,}" if case.idle else case.title
        parts += [f"## {title}", ""]
        table = _idle_table if case.idle else _load_table
        parts += [*table(found, peers), "", *_faults(found)]
        parts += [IDLE_NOTE] if case.idle else []
    parts += ["## How it was measured", ""]
    parts += [f"- {name}: {fact}" for name, fact in facts.items()]
    parts += [f"- {peer.name}: {peer.title}" for peer in peers.values()]
    parts += [f"- left out: {name}, {why}" for name, why in left_out.items()]
    return "\n".join(parts) + "\n"


def _load_table(found: Sequence[Figure], peers: Mapping[str, Peer]) -> list[str]:
    lines = [
        f"| server | CPU µs a request | {TIMES} {REFERENCE} | requests/s | log |",
        "|---|--:|--:|--:|---|",
    ]
    for figure in found:
        cost = _spread(figure) if figure.cost else "failed"
        rate = f"{figure.rate:,.0f}" if figure.cost else ""
        log = peers[figure.peer].log or "none"
        lines.append(
            f"| {_name(figure)} | {cost} | {_ratio(figure)} | {rate} | {log} |"
        )
    return lines


def _idle_table(found: Sequence[Figure], peers: Mapping[str, Peer]) -> list[str]:
    lines = [
        f"| server | KiB a connection | {TIMES} {REFERENCE} |",
        "|---|--:|--:|",
    ]
    for figure in found:
        cost = f"{figure.cost / 1024:.2f}" if figure.cost else "failed"
        lines.append(f"| {_name(figure)} | {cost} | {_ratio(figure)} |")
    return lines


def _name(figure: Figure) -> str:
    ours = figure.peer.startswith("ours")
    return f"**{figure.peer}**" if ours else figure.peer


def _ratio(figure: Figure) -> str:
    return f"{figure.ratio:.2f}" if figure.ratio else ""


def _spread(figure: Figure) -> str:
    values = (figure.cost, figure.lowest, figure.highest)
    middle, low, high = (f"{v:,.1f}" if v < 1000 else f"{v:,.0f}" for v in values)
    return f"{middle} ({low}–{high})"  # noqa: RUF001


def _faults(found: Sequence[Figure]) -> list[str]:
    """What went wrong, below the table that it is missing from."""
    lines = [
        f"- {figure.peer} was not counted in {fault}"
        for figure in found
        for fault in figure.faults
    ]
    return [*lines, ""] if lines else []


def machine() -> dict[str, str]:
    """What the numbers depend on."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": f"{model}, {len(os.sched_getaffinity(0))} cores in use",
        "system": f"{_distribution()}, Linux {platform.release()}",
        "load": ", ".join(f"{name} {version(name, '--version')}" for name in LOADS),
        "load average at the start": f"{os.getloadavg()[0]:.1f}",
    }


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return "Linux"
