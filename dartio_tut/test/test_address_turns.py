"""
`dartio_tut.resources.address_turns`.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources.address_turns import (
    WAITING_IN_ALL,
    WAITING_PER_ADDRESS,
    AddressTurns,
)


class AddressTurnsTests(SynchronousTestCase):
    """Who comes next."""

    def setUp(self) -> None:
        self.turns = AddressTurns(2)
        self.begun: list[str] = []

    def enter(self, address: str, *, is_over: bool = False) -> bool:
        """Wait for a turn, which may be over as soon as it comes; whether it may."""
        turn = self.turns.enter(address)
        if turn is None:
            return False
        turn.addCallback(lambda _: self.begin(address, is_over))
        return True

    def begin(self, address: str, is_over: bool) -> None:
        self.begun.append(address)
        if is_over:
            self.turns.leave()

    def test_addresses_take_turns(self) -> None:
        for address in "aaaaabbc":
            self.enter(address)
        self.assertEqual(self.begun, ["a", "a"])
        for _ in range(6):
            self.turns.leave()
        self.assertEqual("".join(self.begun), "aaabcaba")

    def test_one_address_is_refused_before_the_others(self) -> None:
        allowed = [self.enter("a") for _ in range(2 + WAITING_PER_ADDRESS + 1)]
        self.assertEqual(allowed.count(False), 1)
        others = [self.enter(str(number)) for number in range(WAITING_IN_ALL)]
        self.assertEqual(others.count(False), WAITING_PER_ADDRESS)

    def test_turns_that_are_over_at_once_are_not_nested(self) -> None:
        for _ in range(2):
            self.enter("first")
            self.enter("first")
            for number in range(WAITING_IN_ALL - 1):
                self.assertTrue(self.enter(str(number), is_over=True))
            self.enter("last")
            self.turns.leave()
            self.assertEqual(self.begun[-1], "last")
            self.turns.leave()
            self.turns.leave()
        turn = self.turns.enter("again")
        assert isinstance(turn, Deferred)
        self.assertTrue(turn.called)
