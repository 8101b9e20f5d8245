"""
Sends bytes to a server in memory, and waits, by a clock that takes no time, for what
comes of them.

Rule: it ends, whatever the bytes are and whatever the resource does: after so many
bytes, after so many steps, after so many seconds of the laboratory's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from dartio_tut.wire import cooperating_by

from .bench import NewSite, Tree
from .memory_transport import CLIENT, MemoryTransport
from .witness import Seen, Witness, WitnessedRequest

MAX_RESPONSE_BYTES = 1024 * 1024
"""Bytes that are taken of the answers to one try: more than a page can show."""

MAX_EXCHANGES = 100
"""Exchanges of one try that are shown; pipelined requests may be many more."""

MAX_STEPS = 10_000
"""Steps of the clock in one try: each piece that a producer is asked for is one."""

PATIENCE_SECONDS = 45
"""Seconds of the laboratory's clock. A server's own deadlines for a request are 20 and
30 seconds; an answer that takes longer is one that does not end."""

SWEEP_SECONDS = 1.0
"""As often as a server looks for what has taken too long."""

STEP_SECONDS = 0.000_001
"""What a step takes of the laboratory's time: too little to be shown."""


class Outcome(NamedTuple):
    """
    What came of a try.

    :ivar exchanges: in their order.
    :ivar closed: whether the server has closed the connection.
    :ivar waited: seconds of the laboratory's clock.
    :ivar left_out: exchanges that are not shown, because there are too many.
    :ivar is_cut: whether the answers were longer than what is taken of them.
    """

    exchanges: list[Seen]
    closed: bool
    waited: float
    left_out: int
    is_cut: bool


class SteppingClock(Clock):
    """
    A clock by which a call that is due at once waits for the next step. So whatever
    asks to be called again and again can be left after a number of steps.
    """

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """Call *callable* when so many seconds have passed."""
        return super().callLater(max(delay, STEP_SECONDS), callable, *args, **kw)


class _Try:
    """One connection, from its beginning to its end."""

    def __init__(self, tree: Tree, new_site: NewSite) -> None:
        self.clock = SteppingClock()
        self.witness = Witness(self.clock)
        self.is_cut = self._has_ended = False
        self._steps_left = MAX_STEPS
        site = new_site(
            tree.resource,
            reactor=self.clock,
            watcher=self.witness,
            requestFactory=WitnessedRequest,
        )
        self.transport = MemoryTransport(MAX_RESPONSE_BYTES, self._cut)
        self.channel: Any = site.buildProtocol(CLIENT)
        self.channel.makeConnection(self.transport)

    @property
    def was_closed(self) -> bool:
        """Whether the server has closed the connection."""
        return self.transport.has_closed and not self.is_cut

    def _cut(self) -> None:
        """There is too much of an answer: end, once whoever writes it has returned."""
        self.is_cut = True
        self.clock.callLater(0, self.end)

    def end(self) -> None:
        """The client closes the connection, if the server has not."""
        if self._has_ended:
            return
        self._has_ended = True
        if not self.was_closed:
            for seen in self.witness.exchanges:
                seen.is_open = seen.done is None
        self.transport.stop_producer()
        self.channel.connectionLost(Failure(ConnectionDone()))

    def run(self, raw: bytes) -> None:
        """Deliver *raw*, and wait while something is incomplete."""
        if raw:
            self.channel.dataReceived(raw)
        self._settle()
        while self._has_to_wait():
            self.clock.advance(SWEEP_SECONDS)
            self._settle()

    def _has_to_wait(self) -> bool:
        return (
            self.witness.is_waiting
            and not self.transport.has_closed
            and self.clock.seconds() < PATIENCE_SECONDS
        )

    def _settle(self) -> None:
        """Make the calls that are due now."""
        while self._steps_left:
            self._steps_left -= 1
            soon = self.clock.seconds() + STEP_SECONDS
            if not any(call.getTime() <= soon for call in self.clock.getDelayedCalls()):
                return
            self.clock.advance(STEP_SECONDS)


def send(raw: bytes, tree: Tree, new_site: NewSite) -> Outcome:
    """Send *raw* to a site that serves *tree*."""
    attempt = _Try(tree, new_site)
    with cooperating_by(attempt.clock):
        attempt.run(raw)
        attempt.end()
    exchanges = attempt.witness.exchanges
    return Outcome(
        exchanges[:MAX_EXCHANGES],
        attempt.was_closed,
        round(attempt.clock.seconds(), 3),
        max(0, len(exchanges) - MAX_EXCHANGES),
        attempt.is_cut,
    )
