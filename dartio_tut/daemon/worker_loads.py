"""
How many connections each worker has, and whether its reactor turns, in memory that all
of them share with their parent.

Each writes its own numbers and reads those of the others. Nothing is locked: a number
of eight bytes is written in one step, and one that is a moment old will do.
"""

from __future__ import annotations

import mmap
import os

NUMBER_BYTES = 8

NUMBERS_OF_WORKER = 2
"""Connections, and beats. First come the connections of all, then the beats of all."""

SURPLUS = 8
"""
So many connections more than another worker has are no surplus: short ones go. With
four, a worker that has answered sixteen of them in a turn was stopped while the other
one was about to do the same.
"""

SURPLUS_SHARE = 20
"""One in so many, neither: with many connections, five percent."""


def make_loads(count: int) -> int:
    """Memory for *count* workers: the descriptor of a file without a name."""
    descriptor = os.memfd_create("dartio-workers")
    os.ftruncate(descriptor, count * NUMBERS_OF_WORKER * NUMBER_BYTES)
    return descriptor


class Loads:
    """
    The connections of all workers, as one of them sees them.

    :param descriptor: what `make_loads` has made.
    :param number: its own number, from 1.
    """

    def __init__(self, descriptor: int, number: int) -> None:
        self._counts, self._beats = _parts(descriptor)
        self._own = number - 1
        self._others = [n for n in range(len(self._counts)) if n != self._own]
        self.publish(0)

    def publish(self, count: int) -> None:
        """Let the others know that this worker has *count* connections."""
        self._counts[self._own] = count

    def beat(self) -> None:
        """Let the parent know that the reactor of this worker turns."""
        self._beats[self._own] += 1

    def has_more(self) -> bool:
        """Whether another worker has fewer, by more than the one that just came."""
        counts = self._counts
        least = min([counts[other] for other in self._others])
        return counts[self._own] > least + 1

    def has_surplus(self) -> bool:
        """Whether another worker has so few that it should have the next client."""
        counts = self._counts
        least = min([counts[other] for other in self._others])
        return counts[self._own] > least + max(SURPLUS, least // SURPLUS_SHARE)


class Beats:
    """
    How often each worker has told that its reactor turns, as the parent sees it.

    :param descriptor: what `make_loads` has made.
    """

    def __init__(self, descriptor: int) -> None:
        _, self._beats = _parts(descriptor)

    def of(self, number: int) -> int:
        """The beats of the worker *number*, from 1."""
        return self._beats[number - 1]


def _parts(descriptor: int) -> tuple[memoryview[int], memoryview[int]]:
    """The connections of all workers, and their beats."""
    numbers = memoryview(mmap.mmap(descriptor, 0)).cast("Q")
    count = len(numbers) // NUMBERS_OF_WORKER
    return numbers[:count], numbers[count:]
