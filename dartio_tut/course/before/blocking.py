"""
The reactor does one thing at a time. A function that does not return keeps it busy.
"""

import time

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall, deferLater, react
from twisted.internet.threads import deferToThread

SECONDS = 0.5
TICK_SECONDS = 0.1


class Ticker:
    """Counts how often the reactor has found time for it."""

    def __init__(self, clock: IReactorTime) -> None:
        self.ticks = 0
        self.looping = LoopingCall(self.tick)
        self.looping.clock = clock

    def tick(self) -> None:
        """Count one more."""
        self.ticks += 1

    def start(self) -> None:
        """Tick ten times a second, from a tenth of a second on."""
        self.looping.start(TICK_SECONDS, now=False)

    def ticked(self) -> int:
        """Return how often it has ticked since this was last called."""
        ticks, self.ticks = self.ticks, 0
        return ticks


async def main(reactor: IReactorTime) -> None:
    """Wait in three ways, and see how often the ticker ticks meanwhile."""
    ticker = Ticker(reactor)
    ticker.start()
    await deferLater(reactor, SECONDS)
    print("await deferLater:", ticker.ticked(), "ticks")
    time.sleep(SECONDS)
    print("time.sleep:", ticker.ticked(), "ticks")
    await deferToThread(time.sleep, SECONDS)
    print("time.sleep in a thread:", ticker.ticked(), "ticks")


if __name__ == "__main__":
    react(main)
