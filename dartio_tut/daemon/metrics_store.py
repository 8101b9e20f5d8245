"""
How long the operations of a server's stores took, in plain numbers. They go where the
counts of its exchanges go: see `metrics_numbers`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dartio_tut.store import OperationDone, OperationObserver, is_database

STORE_SECONDS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0),
)
"""
Upper bounds of the times that are told apart, in seconds. A folder is read in some
tenths of a millisecond; to flush a disk takes one to fifty; a database is given up
after five seconds, unless its URL says otherwise.
"""

Operation = tuple[str, str, str]
"""
Where something is kept (``folder`` or ``postgresql``), what it is (``notes`` or
``documents``), and the name of the method.
"""


@dataclass
class OperationNumbers:
    """
    What is known of one kind of operation.

    :ivar seconds: operations of each of the times `STORE_SECONDS`, and of longer ones.
    :ivar seconds_sum: what all of them took together.
    :ivar failed: those that failed because something is wrong with the store.
    """

    seconds: list[int] = field(default_factory=lambda: [0] * (len(STORE_SECONDS) + 1))
    seconds_sum: float = 0.0
    failed: int = 0

    def count(self, seconds: float, failed: bool) -> None:
        """Count one that took *seconds*."""
        self.seconds[bisect_left(STORE_SECONDS, seconds)] += 1
        self.seconds_sum += seconds
        self.failed += failed

    def __add__(self, other: OperationNumbers) -> OperationNumbers:
        """These and those of another process."""
        return OperationNumbers(
            [a + b for a, b in zip(self.seconds, other.seconds, strict=True)],
            self.seconds_sum + other.seconds_sum,
            self.failed + other.failed,
        )


StoreNumbers = Mapping[Operation, OperationNumbers]
"""What a server's stores have done."""


class StoreTimes:
    """Counts the operations of a server's stores."""

    def __init__(self) -> None:
        self._numbers: dict[Operation, OperationNumbers] = {}

    def observer(self, where: str) -> OperationObserver:
        """What is to be told each operation of the store at *where*."""
        place = "postgresql" if is_database(where) else "folder"

        def count(done: OperationDone) -> None:
            operation = place, done.kind, done.operation
            numbers = self._numbers.setdefault(operation, OperationNumbers())
            numbers.count(done.seconds, done.failed)

        return count

    def numbers(self) -> StoreNumbers:
        """All counts, as of now."""
        return {of: OperationNumbers() + n for of, n in self._numbers.items()}


def added_operations(first: StoreNumbers, second: StoreNumbers) -> StoreNumbers:
    """The sums of *first* and *second*, of two processes."""
    sums = dict(first)
    for operation, numbers in second.items():
        sums[operation] = sums.get(operation, OperationNumbers()) + numbers
    return sums


def as_entries(numbers: StoreNumbers) -> list[list[Any]]:
    """*numbers* as JSON can have them, which `from_entries` reads."""
    return [[*of, n.seconds, n.seconds_sum, n.failed] for of, n in numbers.items()]


def from_entries(entries: Iterable[Iterable[Any]]) -> StoreNumbers:
    """
    What another process has told by `as_entries`.

    :raise ValueError: when it tells other times apart.
    """
    made: dict[Operation, OperationNumbers] = {}
    for place, kind, name, seconds, seconds_sum, failed in entries:
        if len(seconds) != len(STORE_SECONDS) + 1:
            raise ValueError("these counts tell other times of stores apart")
        made[place, kind, name] = OperationNumbers(seconds, seconds_sum, failed)
    return made
