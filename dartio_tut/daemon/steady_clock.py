"""
Timers of a daemon that keep to their time when the machine's clock is set.

Twisted's reactors take the time of day for the time of their timers. When the clock is
set back by an hour, all that waits for a second then waits for an hour: the access log
is not written, slow clients are not ended, workers show no sign of life. When it is set
forward, all of it is due at once.
"""

from __future__ import annotations

from time import monotonic
from typing import Any


def keep_time_steadily(reactor: Any) -> None:
    """
    Have *reactor* take its time from a clock that nobody sets, from now on.

    It begins at the present time of *reactor*, so timers that wait already are right.
    What is written about the time of day comes from ``time.time``, as before, but for
    what takes it from the reactor: the log of Twisted's own ``Site``, for example.
    """
    begun: float = reactor.seconds() - monotonic()

    def seconds() -> float:
        return monotonic() + begun

    reactor.seconds = seconds
