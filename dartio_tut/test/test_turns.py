"""When a process accepts clients of a socket that it shares with others."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.wire.transport.turns import (
    ACCEPTED_AFTER_PAUSE,
    PAUSE_SECONDS,
    Turns,
)


class FakePort:
    """A port that is watched, or not."""

    def __init__(self, clock: Clock) -> None:
        self.reactor = clock
        self.connected, self.disconnecting, self.reads = True, False, True

    def stopReading(self) -> None:
        """Watch it no more."""
        self.reads = False

    def startReading(self) -> None:
        """Watch it again."""
        self.reads = True


class TurnsTests(SynchronousTestCase):
    """A process with more connections than it should have, and one without."""

    def setUp(self) -> None:
        self.clock = Clock()
        port: Any = FakePort(self.clock)
        self.port, self.has_surplus = port, False
        self.turns = Turns(port, lambda: self.has_surplus)

    def test_without_a_surplus_each_client_is_accepted(self) -> None:
        self.assertTrue(self.turns.may_accept())
        self.assertTrue(self.turns.may_accept())
        self.assertTrue(self.port.reads)

    def test_with_a_surplus_clients_are_left_to_others_for_a_moment(self) -> None:
        self.has_surplus = True
        self.assertFalse(self.turns.may_accept())
        self.assertFalse(self.port.reads)
        self.clock.advance(PAUSE_SECONDS)
        self.assertTrue(self.port.reads)

    def test_clients_that_the_others_have_left_are_accepted(self) -> None:
        self.has_surplus = True
        self.turns.may_accept()
        self.clock.advance(PAUSE_SECONDS)
        accepted = [self.turns.may_accept() for _ in range(ACCEPTED_AFTER_PAUSE + 1)]
        self.assertEqual(accepted, [True] * ACCEPTED_AFTER_PAUSE + [False])

    def test_port_that_was_closed_meanwhile_stays_closed(self) -> None:
        self.has_surplus = True
        self.turns.may_accept()
        self.port.disconnecting = True
        self.clock.advance(PAUSE_SECONDS)
        self.assertFalse(self.port.reads)
