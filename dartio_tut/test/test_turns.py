"""When a process accepts clients of a socket that it shares with others."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.wire.transport import turns
from dartio_tut.wire.transport.turns import (
    ACCEPTED_AFTER_PAUSE,
    ACCEPTED_PER_TURN_OF_SHARED,
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


class FakeLoad:
    """Says what the test wants."""

    def __init__(self) -> None:
        self.more = self.surplus = False

    def has_more(self) -> bool:
        """Say it."""
        return self.more

    def has_surplus(self) -> bool:
        """Say it."""
        return self.surplus


class TurnsTests(SynchronousTestCase):
    """A process with more connections than it should have, and one without."""

    def setUp(self) -> None:
        self.clock = Clock()
        port: Any = FakePort(self.clock)
        self.port = port
        self.load = FakeLoad()
        self.turns = Turns(port, self.load)
        self.waited = 0
        self.patch(turns, "wait_in_turn", self.wait)

    def wait(self, port: object) -> None:
        """Count how often the process has waited behind the others."""
        self.waited += 1

    def test_without_a_surplus_each_client_is_accepted(self) -> None:
        self.assertTrue(self.turns.may_accept())
        self.assertTrue(self.turns.may_accept())
        self.assertTrue(self.port.reads)

    def test_with_a_surplus_clients_are_left_to_others_for_a_moment(self) -> None:
        self.load.surplus = True
        self.assertFalse(self.turns.may_accept())
        self.assertFalse(self.port.reads)
        self.clock.advance(PAUSE_SECONDS)
        self.assertTrue(self.port.reads)

    def accepted(self, waiting: int) -> int:
        """How many of so many clients that wait are accepted in a turn."""
        accepted = 0
        while self.turns.goes_on(accepted):
            if accepted == waiting:
                break
            accepted += 1
        self.turns.done()
        return accepted

    def test_clients_that_the_others_have_left_are_accepted_in_one_turn(self) -> None:
        self.load.surplus = True
        self.turns.may_accept()
        self.clock.advance(PAUSE_SECONDS)
        self.assertTrue(self.turns.may_accept())
        self.assertEqual(self.accepted(100), ACCEPTED_AFTER_PAUSE)
        self.assertFalse(self.turns.may_accept())

    def test_clients_that_wait_are_accepted_in_one_turn_up_to_a_bound(self) -> None:
        self.assertEqual(self.accepted(100), ACCEPTED_PER_TURN_OF_SHARED)
        self.assertEqual(self.accepted(3), 3)
        self.assertEqual(self.accepted(0), 0)

    def test_surplus_that_comes_in_a_turn_ends_it(self) -> None:
        self.load.surplus = True
        self.assertEqual(self.accepted(100), 1)

    def test_process_waits_behind_others_only_if_it_has_more_connections(self) -> None:
        self.turns.done()
        self.assertEqual(self.waited, 0)
        self.load.more = True
        self.turns.done()
        self.assertEqual(self.waited, 1)
        self.port.disconnecting = True
        self.turns.done()
        self.assertEqual(self.waited, 1)

    def test_port_that_was_closed_meanwhile_stays_closed(self) -> None:
        self.load.surplus = True
        self.turns.may_accept()
        self.port.disconnecting = True
        self.clock.advance(PAUSE_SECONDS)
        self.assertFalse(self.port.reads)
