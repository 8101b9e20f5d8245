"""
What a server has done, in plain numbers: counted from its events.

Rule: every label has few values, whatever clients send. What is no known method is
``other``, and so are reasons beyond the first hundred.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from datetime import datetime
from typing import Protocol

from dartio_tut.wire import (
    ConnectionLimit,
    ConnectionOpened,
    Ending,
    Event,
    ExchangeDone,
)

SECONDS = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
"""Upper bounds of the times that are told apart, near those of Prometheus's clients."""

BYTES = (0, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 16777216, 268435456)
"""Upper bounds of the sizes of response bodies that are told apart."""

METHODS = frozenset(
    (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"CONNECT")
)

MAX_REASONS = 100
"""Reasons that are told apart; the wire has fewer."""

COUNTED_TOGETHER = 256
"""Events that are noted before they are counted, which costs less than one by one."""

_COMPLETE = Ending.COMPLETE


class MeasuredSite(Protocol):
    """
    What is looked up of a site.

    :ivar is_draining: whether the server is about to stop.
    :ivar has_stopped: whether it has.
    """

    connection_limit: ConnectionLimit
    is_draining: bool
    has_stopped: bool


class Certificate(Protocol):
    """A certificate whose end is known."""

    @property
    def end(self) -> datetime:
        """When it expires."""


class Counts:
    """
    Counts the exchanges of one server; an observer of its site.

    :param server: its name.
    :ivar exchanges: by method, status class and how they ended.
    :ivar reasons: how often an exchange was refused or ended early, by the reason.
    :ivar seconds: exchanges of each of the times `SECONDS`, and of longer ones.
    :ivar sizes: responses of each of the sizes `BYTES`, and of larger ones.
    :ivar opened: connections since the start.
    :ivar certificates: those that it shows.
    """

    def __init__(self, server: str, site: MeasuredSite) -> None:
        self.server = server
        self.site = site
        self.seconds = [0] * (len(SECONDS) + 1)
        self.seconds_sum = 0.0
        self.sizes = [0] * (len(BYTES) + 1)
        self.bytes_sum = 0
        self.opened = 0
        self.reasons: Counter[str] = Counter()
        self.certificates: list[Certificate] = []
        self._complete: dict[tuple[bytes, int], int] = {}
        self._others: Counter[tuple[bytes, int, Ending]] = Counter()
        self._events: list[Event] = []

    @property
    def exchanges(self) -> dict[tuple[bytes, int, Ending], int]:
        """See the class."""
        complete = {(*key, _COMPLETE): count for key, count in self._complete.items()}
        return complete | self._others

    @property
    def is_ready(self) -> bool:
        """Whether the server takes requests."""
        return not (self.site.is_draining or self.site.has_stopped)

    def __call__(self, event: Event) -> None:
        """Note *event*, which is counted later."""
        self._events.append(event)
        if len(self._events) >= COUNTED_TOGETHER:
            self.count()

    def count(self) -> None:
        """Count what was noted: call this before you look at the counts."""
        events, self._events = self._events, []
        complete = self._complete
        for event in events:
            if not isinstance(event, ExchangeDone):
                self.opened += isinstance(event, ConnectionOpened)
                continue
            method, ending = event[1], event[11]
            key = (method if method in METHODS else b"other", event[5] // 100)
            if ending is _COMPLETE:
                complete[key] = complete.get(key, 0) + 1
            else:
                self._others[(*key, ending)] += 1
                self._note_reason(event)
            seconds = max(0.0, event[10] - event[8])  # a clock may have been set back
            self.seconds[bisect_left(SECONDS, seconds)] += 1
            self.seconds_sum += seconds
            self.sizes[bisect_left(BYTES, event[7])] += 1
            self.bytes_sum += event[7]

    def _note_reason(self, event: ExchangeDone) -> None:
        reason = event.reason or event.ending.value
        if reason not in self.reasons and len(self.reasons) >= MAX_REASONS:
            reason = "other"
        self.reasons[reason] += 1
