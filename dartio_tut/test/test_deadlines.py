"""
One clock for all: deadlines, and the Date field.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorCore
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import alsoProvides

from dartio_tut.wire import date as date_module
from dartio_tut.wire import deadlines as deadlines_module
from dartio_tut.wire.date import Date
from dartio_tut.wire.deadlines import NEVER, SWEEP_SECONDS, Deadlines


class Member:
    """One that counts how often it has expired."""

    deadline = NEVER
    is_aborted = False

    def __init__(self, then: Callable[[], None] | None = None) -> None:
        self.times = 0
        self._then = then

    def expired(self) -> None:
        """Count it."""
        self.times += 1
        self.deadline = NEVER
        if self._then is not None:
            self._then()

    def abortConnection(self) -> None:
        """Note it."""
        self.is_aborted = True


class DeadlineTests(SynchronousTestCase):
    """`Deadlines`."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.deadlines = Deadlines(self.clock)

    def test_members_expire_once_within_a_tick(self) -> None:
        early, late, never = Member(), Member(), Member()
        for member, seconds in ((early, 2.5), (late, 4), (never, NEVER)):
            self.deadlines.add(member, seconds)
        self.clock.pump([SWEEP_SECONDS] * 2)
        self.assertEqual([early.times, late.times], [0, 0])
        self.clock.advance(SWEEP_SECONDS)
        self.assertEqual([early.times, late.times], [1, 0])
        self.clock.pump([SWEEP_SECONDS] * 5)
        self.assertEqual([early.times, late.times, never.times], [1, 1, 0])

    def test_a_discarded_member_does_not_expire(self) -> None:
        member, other = Member(), Member()
        self.deadlines.add(member, 1)
        self.deadlines.add(other, 1)
        self.deadlines.discard(member)
        self.clock.advance(2)
        self.assertEqual([member.times, other.times], [0, 1])

    def test_a_deadline_may_be_set_anew(self) -> None:
        member = Member()
        self.deadlines.add(member, 1)
        self.clock.advance(SWEEP_SECONDS)
        member.deadline = 3
        self.clock.pump([SWEEP_SECONDS] * 2)
        self.assertEqual(member.times, 2)

    def test_members_may_be_added_and_discarded_during_a_sweep(self) -> None:
        joining = Member()
        member = Member(lambda: self.deadlines.add(joining, 1))
        leaving = Member(lambda: self.deadlines.discard(leaving))
        for one in (member, leaving):
            self.deadlines.add(one, 1)
        self.clock.pump([SWEEP_SECONDS] * 3)
        self.assertEqual([member.times, leaving.times, joining.times], [1, 1, 1])

    def add_and_discard(self, count: int) -> None:
        """Have so many members come and go, with one timer for all of them."""
        members = [Member() for _ in range(count)]
        for member in members:
            self.deadlines.add(member, NEVER)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        for member in members:
            self.deadlines.discard(member)

    def test_there_is_one_timer_for_all_members_and_none_without(self) -> None:
        self.deadlines.begin()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.add_and_discard(3)
        self.clock.pump([SWEEP_SECONDS] * 2)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_without_a_port_the_timer_ends_with_the_last_member(self) -> None:
        for _ in range(2):
            self.add_and_discard(3)
            self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_timer_ends_with_the_last_port_where_there_is_no_member(self) -> None:
        self.deadlines.begin()
        self.add_and_discard(1)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.deadlines.end()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_members_that_outlive_the_port_are_watched(self) -> None:
        member = Member()
        self.deadlines.begin()
        self.deadlines.add(member, 1)
        self.deadlines.end()
        self.clock.pump([SWEEP_SECONDS] * 2)
        self.assertEqual(member.times, 1)
        self.deadlines.discard(member)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_time_is_current_when_the_first_member_is_added(self) -> None:
        self.clock.advance(1000)
        member = Member()
        self.deadlines.add(member, 5)
        self.assertEqual(member.deadline, 1005)
        self.assertEqual(self.deadlines.now, 1000)
        self.clock.advance(SWEEP_SECONDS)
        self.assertEqual(self.deadlines.now, 1000 + SWEEP_SECONDS)

    def test_setting_the_machines_clock_ends_nobodys_connection(self) -> None:
        times = iter([100.0, 100.0, 101.0, 102.0, 103.0])
        self.patch(deadlines_module, "monotonic", lambda: next(times))
        reactor = Clock()
        alsoProvides(reactor, IReactorCore)  # whose seconds are the machine's clock
        deadlines = Deadlines(reactor)
        member = Member()
        deadlines.add(member, 2.5)
        reactor.rightNow += 7200  # the clock was set two hours ahead
        reactor.advance(SWEEP_SECONDS)
        reactor.advance(SWEEP_SECONDS)
        self.assertEqual(member.times, 0)
        reactor.advance(SWEEP_SECONDS)
        self.assertEqual(member.times, 1)

    def test_sweeps_go_on_when_the_machines_clock_was_set_back(self) -> None:
        member = Member()
        self.deadlines.add(member, NEVER)
        self.clock.rightNow -= 7200
        late = Member()
        self.deadlines.add(late, 1)
        self.clock.pump([SWEEP_SECONDS] * 3)
        self.assertEqual(late.times, 1)

    def test_a_member_that_raises_is_ended_and_does_not_stop_the_sweeps(self) -> None:
        def fail() -> None:
            raise ZeroDivisionError

        late, failing = Member(), Member(fail)
        self.deadlines.add(failing, 1)
        self.deadlines.add(late, 5)
        self.clock.pump([SWEEP_SECONDS] * 6)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(late.times, 1)
        self.assertEqual([late.is_aborted, failing.is_aborted], [False, True])

    def test_what_is_called_soon_and_raises_ends_its_connection_only(self) -> None:
        called: list[str] = []
        failing, other = Member(), Member()
        self.deadlines.call_soon(failing, lambda: called.append(str(1 / 0)))
        self.deadlines.call_soon(other, lambda: called.append("other"))
        self.assertEqual(called, [])
        self.clock.advance(0)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(called, ["other"])
        self.assertEqual([failing.is_aborted, other.is_aborted], [True, False])


class DateTests(SynchronousTestCase):
    """`Date`."""

    def at(self, now: float) -> None:
        """The time is *now*."""
        self.patch(date_module, "time", lambda: now)

    def test_the_date_is_made_once_a_second(self) -> None:
        date = Date()
        self.at(0.2)
        first = date.value()
        self.assertEqual(first, b"Thu, 01 Jan 1970 00:00:00 GMT")
        date.keep((200, None), b"kept")
        self.at(0.99)
        self.assertIs(date.value(), first)
        self.assertEqual(date.head((200, None)), b"kept")
        self.at(1.0)
        self.assertIsNone(date.head((200, None)))
        self.assertEqual(date.value(), b"Thu, 01 Jan 1970 00:00:01 GMT")
        self.assertIsNone(date.head((200, None)))
        self.at(0.5)  # somebody has set the clock back
        self.assertIsNone(date.head((200, None)))
        self.assertEqual(date.value(), first)

    def test_heads_are_kept_within_bounds(self) -> None:
        date = Date()
        self.at(0.2)
        date.value()
        head = bytes(1024)
        most = date_module.KEPT_HEAD_BYTES // (len(head) + date_module.HEAD_ENTRY_BYTES)
        for second in (1, 2):
            self.at(second)
            date.value()
            date.keep("long", bytes(date_module.KEPT_HEAD_BYTES))
            self.assertIsNone(date.head("long"))
            for number in range(most + 1):
                date.keep(number, head)
            self.assertEqual(date.head(most - 1), head)
            self.assertIsNone(date.head(most))
