"""
`dartio_tut.daemon.steady_clock`.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import steady_clock
from dartio_tut.daemon.steady_clock import keep_time_steadily


class FakeReactor:
    """Tells the time of day, as Twisted's reactors do."""

    def __init__(self) -> None:
        self.time_of_day = 1e9
        self.seconds: Callable[[], float] = lambda: self.time_of_day


class SteadyClockTests(SynchronousTestCase):
    """`keep_time_steadily`."""

    def test_time_goes_on_from_now_when_the_clock_is_set(self) -> None:
        now = [50.0]
        self.patch(steady_clock, "monotonic", lambda: now[0])
        reactor = FakeReactor()
        keep_time_steadily(reactor)
        self.assertEqual(reactor.seconds(), 1e9)
        for time_of_day in (1e9 - 3600, 2e9, 0.0):
            reactor.time_of_day = time_of_day
            now[0] += 1
            self.assertEqual(reactor.seconds(), 1e9 + now[0] - 50)
