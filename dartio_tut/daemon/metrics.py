"""
What a server has done, in plain numbers: counted from its events.

Rule: every label has few values, whatever clients send. What is no known method is
``other``, and so are reasons beyond the first hundred.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from datetime import datetime
from operator import attrgetter, sub
from typing import Protocol, cast

from dartio_tut.wire import (
    ConnectionLimit,
    ConnectionOpened,
    Ending,
    Event,
    ExchangeDone,
)

from .metrics_numbers import BYTES, SECONDS, Numbers, count_reason
from .metrics_store import StoreTimes

METHODS = frozenset(
    (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"CONNECT")
)

COUNTED_TOGETHER = 256
"""Events that are noted before they are counted, which costs less than one by one."""

_COMPLETE = Ending.COMPLETE

# Looking one of these up for many events in one call costs less than one by one.
_started, _ended = attrgetter("started"), attrgetter("ended")
_body_bytes, _ending = attrgetter("response_body_bytes"), attrgetter("ending")
_method_and_status = attrgetter("method", "status")


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
    :ivar store_times: how long its stores took.
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
        self.store_times = StoreTimes()
        self._complete: Counter[tuple[bytes, int]] = Counter()
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
            self.store_times.numbers(),
        )

    def __call__(self, event: Event) -> None:
        """Note *event*, which is counted later."""
        self._events.append(event)
        if len(self._events) >= COUNTED_TOGETHER:
            self.count()

    def count(self) -> None:
        """Count what was noted: call this before you look at the counts."""
        events, self._events = self._events, []
        kinds = list(map(type, events))
        done = cast(list[ExchangeDone], events)
        if kinds.count(ExchangeDone) < len(events):
            self.opened += kinds.count(ConnectionOpened)
            done = [event for event in events if event.__class__ is ExchangeDone]
        if done:
            self._count_endings(done)
            self._count_seconds(list(map(sub, map(_ended, done), map(_started, done))))
            self._count_sizes(Counter(map(_body_bytes, done)))

    def _count_endings(self, done: list[ExchangeDone]) -> None:
        endings = list(map(_ending, done))
        if endings.count(_COMPLETE) == len(done):
            complete = done
        else:
            complete = [event for event in done if event.ending is _COMPLETE]
            for event in done:
                if event.ending is not _COMPLETE:
                    key = _known(event.method), event.status // 100, event.ending
                    self._others[key] += 1
                    count_reason(self.reasons, event.reason or event.ending.value)
        for (method, status), count in Counter(
            map(_method_and_status, complete)
        ).items():
            self._complete[_known(method), status // 100] += count

    def _count_seconds(self, durations: list[float]) -> None:
        """Count *durations*; those below zero are of a clock that was set back."""
        if min(durations) < 0.0:
            durations = [max(0.0, duration) for duration in durations]
        self.seconds_sum += sum(durations)
        if max(durations) <= SECONDS[0]:  # as most are, and then no more is to be done
            self.seconds[0] += len(durations)
            return
        for duration in durations:
            self.seconds[bisect_left(SECONDS, duration)] += 1

    def _count_sizes(self, sizes: Counter[int]) -> None:
        for size, count in sizes.items():
            self.sizes[bisect_left(BYTES, size)] += count
            self.bytes_sum += size * count


def _known(method: bytes) -> bytes:
    return method if method in METHODS else b"other"
