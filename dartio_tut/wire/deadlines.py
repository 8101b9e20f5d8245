"""
Deadlines of all connections, kept by one timer.

A timer for each request would cost more than the request. Here one sweep a second ends
what is past its deadline. Where no port listens any more and no connection is left, no
timer is left either: a test with the real reactor fails when there is one.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorCore, IReactorTime
from twisted.logger import Logger

_log = Logger()

NEVER = float("inf")

SWEEP_SECONDS = 1.0
"""Time between two sweeps: a deadline is kept to within so much."""


LATE_SECONDS = 2.0
"""
How late a sweep may be before the log says so. A loaded machine is late by less; a
program that does something else meanwhile keeps all of its clients waiting.
"""


class HasDeadline(Protocol):
    """
    Something that has a deadline.

    :ivar deadline: when `expired` is called, in seconds of `Deadlines.now`.
    """

    deadline: float

    def expired(self) -> None:
        """The deadline has passed. A new one may be set."""

    def abortConnection(self) -> None:
        """Close now, because something has failed."""


class Deadlines:
    """
    Calls ``expired`` on each member whose deadline has passed.

    Time is monotonic: setting the machine's clock ends nobody's connection.

    :param reactor: a reactor, or a `twisted.internet.task.Clock` for tests.
    :ivar now: the time at the last sweep, good enough to count a deadline from.
    :ivar members: those that are watched.
    """

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor
        self._seconds: Callable[[], float] = (
            monotonic if IReactorCore.providedBy(reactor) else reactor.seconds
        )
        self.members: set[HasDeadline] = set()
        self._call: IDelayedCall | None = None
        self._due = NEVER
        self._is_listening = False
        self.now: float = self._seconds()

    def begin(self) -> None:
        """A port listens: go on while there are no members, for there will be some."""
        self._is_listening = True

    def end(self) -> None:
        """No port listens any more: stop when there are no members."""
        self._is_listening = False
        if not self.members:
            self._stop()

    def add(self, member: HasDeadline, seconds: float) -> None:
        """Watch *member* from now on; its first deadline is in so many *seconds*."""
        if self._call is None:
            self.now = self._seconds()  # there were no sweeps for a while
            self._plan_sweep()
        elif self._call.getTime() - self._reactor.seconds() > 2 * SWEEP_SECONDS:
            self._call.reset(SWEEP_SECONDS)  # the reactor's clock was set back
            self._due = NEVER
            self.now = self._seconds()
        self.members.add(member)
        member.deadline = self.now + seconds

    def discard(self, member: HasDeadline) -> None:
        """Stop watching *member*."""
        self.members.discard(member)
        if not (self.members or self._is_listening):
            self._stop()

    def _stop(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call.cancel()

    def _plan_sweep(self) -> None:
        self._call = self._reactor.callLater(SWEEP_SECONDS, self._sweep)
        self._due = self.now + SWEEP_SECONDS

    def call_soon(self, member: HasDeadline, function: Callable[[], None]) -> None:
        """
        Call *function* of *member* in the next turn of the reactor. If it raises,
        nobody goes on with what is under way there: so the connection is aborted.
        """
        self._reactor.callLater(0, _call, member, function)

    def _sweep(self) -> None:
        now = self.now = self._seconds()
        if now - self._due > LATE_SECONDS and self._seconds is monotonic:
            _log.warn(
                "For {late:.1f} seconds no client was served: something kept the "
                "reactor waiting. Sleep with deferLater instead of time.sleep, and "
                "compute with deferToThread.",
                late=now - self._due,
            )
        self._call = None
        if self.members:
            self._plan_sweep()
        for member in [m for m in self.members if m.deadline <= now]:
            _call(member, member.expired)


def _call(member: HasDeadline, function: Callable[[], None]) -> None:
    try:
        function()
    except Exception:  # noqa: BLE001  (only this connection fails)
        _log.failure("A connection failed")
        member.abortConnection()
