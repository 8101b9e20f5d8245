"""
From runs to figures: medians over the rounds, ratios within a round.

Two servers of the same round shared the machine's mood, so that their ratio
says more than the ratio of their medians would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from .rounds import Run

REFERENCE = "nginx"
"""The peer that all others are compared with."""


TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True)
class Figure:
    """
    What is said of one peer in one case.

    :ivar cost: the median of its runs without fault; 0 when it has none.
    :ivar lowest: the least of them.
    :ivar highest: the greatest of them.
    :ivar ratio: the median of its ratios to the reference; 0 when there are none.
    :ivar faults: what went wrong, and so was not counted.
    """

    peer: str
    cost: float
    lowest: float
    highest: float
    ratio: float
    rate: float
    faults: tuple[str, ...]


def figures(runs: Mapping[str, Sequence[Run]]) -> list[Figure]:
    """The figures of one case, the cheapest first, failures last."""
    found = [_figure(peer, own, runs) for peer, own in runs.items()]
    return sorted(found, key=lambda figure: (not figure.cost, figure.cost))


def _figure(peer: str, own: Sequence[Run], runs: Mapping[str, Sequence[Run]]) -> Figure:
    faults = tuple(
        f"round {number}: {run.fault}" for number, run in enumerate(own, 1) if run.fault
    )
    counted = [run for run in own if not run.fault]
    if not counted:
        return Figure(peer, 0, 0, 0, 0, 0, faults)
    ratios = [
        run.cost / base.cost
        for run, base in zip(own, runs.get(REFERENCE, ()), strict=False)
        if not run.fault and not base.fault and base.cost
    ]
    costs = [run.cost for run in counted]
    return Figure(
        peer,
        median(costs),
        min(costs),
        max(costs),
        median(ratios) if ratios else 0,
        median(run.rate for run in counted),
        faults,
    )
