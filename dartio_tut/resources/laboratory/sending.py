"""
Sends bytes to a server in memory, and waits, by a clock that takes no time, for what
comes of them.

Rule: it ends, whatever the bytes are and whatever the resource does: after so many
bytes, after so many steps, after so many seconds of the laboratory's clock.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from dartio_tut.wire import cooperating_by

from .bench import NewSite, Tree
from .memory_transport import CLIENT, MemoryTransport
from .witness import Seen, Witness, WitnessedRequest

MAX_REQUEST_BYTES = 64 * 1024
"""Bytes of one try. A server has no limit that cannot be shown with as many, and a JSON
body that is shorter than that is parsed without a thread."""

MAX_RESPONSE_BYTES = 1024 * 1024
"""Bytes that are taken of the answers to one try: more than a page can show."""

MAX_EXCHANGES = 100
"""Exchanges of one try that are shown; pipelined requests may be many more."""

MAX_STEPS = 10_000
"""Steps of the clock at one time: a producer that is asked for pieces takes one each."""

PATIENCE_SECONDS = 45
"""Seconds of the laboratory's clock. A server's own deadlines for a request are 20 and
30 seconds; an answer that takes longer is one that does not end."""

STEP_SECONDS = 1.0
"""As often as a server looks for what has taken too long."""


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


class _Try:
    """One connection, from its beginning to its end."""

    def __init__(self, tree: Tree, new_site: NewSite) -> None:
        self.clock = Clock()
        self.witness = Witness(self.clock)
        self.is_cut = False
        site = new_site(
            tree.resource,
            reactor=self.clock,
            watcher=self.witness,
            requestFactory=WitnessedRequest,
        )
        self.transport = MemoryTransport(MAX_RESPONSE_BYTES, self._cut)
        self.channel: Any = site.buildProtocol(CLIENT)
        self.channel.makeConnection(self.transport)

    def _cut(self) -> None:
        self.is_cut = True

    def run(self, raw: bytes) -> None:
        """Deliver *raw*, and wait while something is incomplete."""
        if raw:
            self.channel.dataReceived(raw)
        self._settle()
        while self._has_to_wait():
            self.clock.advance(STEP_SECONDS)
            self._settle()

    def _has_to_wait(self) -> bool:
        return (
            self.witness.is_waiting
            and not self.transport.has_closed
            and self.clock.seconds() < PATIENCE_SECONDS
        )

    def _settle(self) -> None:
        """Make the calls that are due now."""
        for _ in range(MAX_STEPS):
            now = self.clock.seconds()
            if self.transport.has_closed or not any(
                call.getTime() <= now for call in self.clock.getDelayedCalls()
            ):
                return
            self.clock.advance(0)


def send(raw: bytes, tree: Tree, new_site: NewSite) -> Outcome:
    """Send *raw* to a site that serves *tree*."""
    attempt = _Try(tree, new_site)
    with cooperating_by(attempt.clock):
        attempt.run(raw)
        exchanges = attempt.witness.exchanges
        ended = [seen for seen in exchanges if seen.done is not None]
        closed = attempt.transport.has_closed and not attempt.is_cut
        attempt.channel.connectionLost(Failure(ConnectionDone()))
    if not closed:  # what the server was told after the end is not what it did
        for seen in exchanges:
            if not any(seen is other for other in ended):
                seen.done = seen.done and seen.done._replace(reason="")
                seen.ended = None
    return Outcome(
        exchanges[:MAX_EXCHANGES],
        closed,
        attempt.clock.seconds(),
        max(0, len(exchanges) - MAX_EXCHANGES),
        attempt.is_cut,
    )
