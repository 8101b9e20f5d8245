"""
Time, told once for all connections.

A timer for each request would cost more than the request. Here one sweep a second
ends what is past its deadline, and a Date field is made once a second.
"""

from __future__ import annotations

from time import time
from typing import Any, Protocol

from twisted.logger import Logger
from twisted.web.http import datetimeToString

_log = Logger()

NEVER = float("inf")

TICK = 1.0
"""Seconds between sweeps: a deadline is kept to within so much."""


class Expiring(Protocol):
    """What has a deadline."""

    deadline: float

    def expired(self) -> None:
        """The deadline has passed; `deadline` may be set anew."""


class Deadlines:
    """
    Calls ``expired`` on each member whose deadline has passed.

    :param reactor: tells the time and calls later.
    :ivar now: the time at the last tick, good enough to count a deadline from.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._members: set[Expiring] = set()
        self._call: Any = None
        self.now: float = reactor.seconds()

    def add(self, member: Expiring, seconds: float) -> None:
        """Watch *member* from now on, for *seconds* at first."""
        if self._call is None:
            self.now = self._reactor.seconds()  # nobody has looked for a while
            self._call = self._reactor.callLater(TICK, self._sweep)
        self._members.add(member)
        member.deadline = self.now + seconds

    def discard(self, member: Expiring) -> None:
        """Watch *member* no more."""
        self._members.discard(member)

    def _sweep(self) -> None:
        now = self.now = self._reactor.seconds()
        self._call = None
        if self._members:
            self._call = self._reactor.callLater(TICK, self._sweep)
        for member in [m for m in self._members if m.deadline <= now]:
            try:
                member.expired()
            except Exception:  # noqa: BLE001  (the others' deadlines are kept all the same)
                _log.failure("A deadline could not be kept")


class Date:
    """
    The Date field (RFC 9110 section 6.6.1), made once a second.

    :ivar heads: what else holds for this second, kept by whoever made it.
    """

    def __init__(self) -> None:
        self._until = 0.0
        self._value = b""
        self.heads: dict[Any, bytes] = {}

    def value(self) -> bytes:
        """The value for now."""
        now = time()
        if now >= self._until:
            self._until = int(now) + 1
            self._value = datetimeToString(now)
            self.heads.clear()
        return self._value


date = Date()
