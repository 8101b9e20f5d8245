"""
From runs to figures: medians over the rounds, ratios within a round.

Two runs of the same round shared the machine's mood, so that their ratio says more
than the ratio of two medians would.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple


@dataclass(frozen=True)
class Run:
    """
    What one run of a subject came to.

    :ivar values: by the key of their measure.
    :ivar fault: why the values do not count; empty when they do.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    fault: str = ""


class Spread(NamedTuple):
    """The median of some values, the least and the greatest of them."""

    median: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Figure:
    """
    What the runs of a subject in a case come to.

    :ivar values: by the key of their measure; empty when no run counted.
    :ivar ratio: the median of the ratios to the reference in the same round; 0 when
        there are no ratios.
    :ivar faults: what went wrong in which round, and was not counted.
    """

    values: Mapping[str, Spread]
    ratio: float
    faults: tuple[str, ...]


def figures(
    runs: Mapping[str, Sequence[Run]], key: str, reference: str
) -> dict[str, Figure]:
    """The figures of all subjects; ratios are those of the measure *key*."""
    found = {}
    for name, own in runs.items():
        faults = tuple(
            f"round {number}: {run.fault}"
            for number, run in enumerate(own, 1)
            if run.fault
        )
        ratios = ratios_by_round(own, runs.get(reference, ()), key)
        ratio = median(ratios) if ratios else 0
        found[name] = Figure(_spreads(own), ratio, faults)
    return found


def ratios_by_round(
    own: Sequence[Run], reference: Sequence[Run], key: str
) -> list[float]:
    """The ratio of each run to the reference's run of the same round."""
    return [
        run.values[key] / other.values[key]
        for run, other in zip(own, reference, strict=False)
        if not run.fault and not other.fault and other.values[key]
    ]


def spread(values: Iterable[float]) -> Spread:
    """Median, least and greatest of *values*."""
    ordered = sorted(values)
    return Spread(median(ordered), ordered[0], ordered[-1])


def _spreads(runs: Sequence[Run]) -> dict[str, Spread]:
    counted = [run.values for run in runs if not run.fault]
    keys = counted[0] if counted else ()
    return {key: spread(values[key] for values in counted) for key in keys}
