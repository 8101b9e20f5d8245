"""
From turns to figures: medians over the rounds, shares within a round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from .turn import Turn


@dataclass(frozen=True)
class Figure:
    """
    What is said of one contender.

    :ivar rate: the median; 0 when no turn counted.
    :ivar lowest: the least of the rates.
    :ivar highest: the greatest of them.
    :ivar cost: the median, in µs.
    :ivar share: the median of its rates as parts of the base's in the same round; 0
        when there are none.
    :ivar faults: what went wrong, and so was not counted.
    """

    name: str
    rate: float
    lowest: float
    highest: float
    cost: float
    share: float
    faults: tuple[str, ...]


def interleaved(
    turns: Mapping[str, Callable[[], Turn]],
    rounds: int,
    tell: Callable[[str, Turn], None],
) -> dict[str, list[Turn]]:
    """Everyone's turns, one a round; each round begins with another one."""
    names = list(turns)
    found: dict[str, list[Turn]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in [*names[first:], *names[:first]]:
            turn = turns[name]()
            found[name].append(turn)
            tell(name, turn)
    return found


def figures(turns: Mapping[str, Sequence[Turn]], base: str) -> list[Figure]:
    """The figures of all, as shares of *base*."""
    return [_figure(name, own, turns[base]) for name, own in turns.items()]


def _figure(name: str, own: Sequence[Turn], base: Sequence[Turn]) -> Figure:
    faults = tuple(
        f"round {number}: {turn.fault}"
        for number, turn in enumerate(own, 1)
        if turn.fault
    )
    counted = [turn for turn in own if not turn.fault]
    if not counted:
        return Figure(name, 0, 0, 0, 0, 0, faults)
    shares = [
        turn.rate / other.rate
        for turn, other in zip(own, base, strict=True)
        if not turn.fault and not other.fault
    ]
    rates = [turn.rate for turn in counted]
    cost = median(turn.cost for turn in counted)
    share = median(shares) if shares else 0
    return Figure(name, median(rates), min(rates), max(rates), cost, share, faults)
