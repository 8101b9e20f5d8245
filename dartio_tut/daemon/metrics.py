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

from .metrics_numbers import BYTES, SECONDS, Numbers, count_reason

METHODS = frozenset(
    (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"CONNECT")
)

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
        self.reasons: dict[str, int] = {}
        self.certificates: list[Certificate] = []
        self._complete: dict[tuple[bytes, int], int] = {}
        self._others: Counter[tuple[bytes, int, Ending]] = Counter()
        self._events: list[Event] = []

    def numbers(self) -> Numbers:
        """All counts, as of now."""
        self.count()
        exchanges = {
            (method.decode(), status, _COMPLETE.value): count
            for (method, status), count in self._complete.items()
        }
        for (method, status, ending), count in self._others.items():
            exchanges[method.decode(), status, ending.value] = count
        ends = [certificate.end.timestamp() for certificate in self.certificates]
        return Numbers(
            self.server,
            exchanges,
            dict(self.reasons),
            list(self.seconds),
            self.seconds_sum,
            list(self.sizes),
            self.bytes_sum,
            self.opened,
            self.site.connection_limit.count,
            min(ends, default=None),
            not (self.site.is_draining or self.site.has_stopped),
        )

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
                count_reason(self.reasons, event.reason or event.ending.value)
            seconds = max(0.0, event[10] - event[8])  # a clock may have been set back
            self.seconds[bisect_left(SECONDS, seconds)] += 1
            self.seconds_sum += seconds
            self.sizes[bisect_left(BYTES, event[7])] += 1
            self.bytes_sum += event[7]
