"""
What a server has done, in plain numbers: counted from its events, many at a time.

Rule: every label has few values, whatever clients send. What is no known method is
``other``, and so are reasons beyond the first hundred.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter, sub
from typing import Any, Protocol

from dartio_tut.wire import (
    ConnectionLimit,
    ConnectionOpened,
    Ending,
    EventBatch,
    ExchangeDone,
    Noted,
    UsualExchange,
)

from .metrics_numbers import BYTES, SECONDS, Numbers, count_reason
from .metrics_store import StoreTimes

METHODS = frozenset(
    (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"CONNECT")
)

_COMPLETE = Ending.COMPLETE

_method = attrgetter("method")


class MeasuredSite(Protocol):
    """
    What is looked up of a site.

    :ivar event_batch: what will be told next.
    :ivar failed_handshakes: how many TLS handshakes have failed, by the reason.
    :ivar is_draining: whether the server is about to stop.
    :ivar has_stopped: whether it has.
    """

    connection_limit: ConnectionLimit
    event_batch: EventBatch
    is_draining: bool
    has_stopped: bool

    @property
    def failed_handshakes(self) -> Mapping[str, int]:
        """See the class."""


class Certificate(Protocol):
    """A certificate whose end is known."""

    @property
    def end(self) -> datetime:
        """When it expires."""


class Counts:
    """
    Counts the exchanges of one server; an observer of its site that is told many events
    at a time.

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

    def numbers(self) -> Numbers:
        """All counts, as of now."""
        self.site.event_batch.tell()
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
            dict(self.site.failed_handshakes),
        )

    def __call__(self, noted: list[Noted]) -> None:
        """Count the events in *noted*."""
        kinds = list(map(type, noted))
        usual: list[Any] = noted
        if kinds.count(tuple) < len(noted):
            usual = [event for event in noted if event.__class__ is tuple]
            self.opened += kinds.count(ConnectionOpened)
            done = [event for event in noted if isinstance(event, ExchangeDone)]
            for event in done:
                self._count_ending(event)
            self._count_seconds([event.ended - event.started for event in done])
        if usual:
            self._count_usual(usual)

    def _count_usual(self, exchanges: list[UsualExchange]) -> None:
        # A few calls for all of them, because that costs less than a few for each.
        _, heads, statuses, sizes, started, _, ended, _ = zip(*exchanges, strict=True)
        kinds = Counter(zip(map(_method, heads), statuses, sizes, strict=True))
        for (method, status, size), count in kinds.items():
            self._complete[_known(method), status // 100] += count
            self._count_size(size, count)
        self._count_seconds(list(map(sub, ended, started)))

    def _count_ending(self, event: ExchangeDone) -> None:
        method, status = _known(event.method), event.status // 100
        if event.ending is _COMPLETE:
            self._complete[method, status] += 1
        else:
            self._others[method, status, event.ending] += 1
            count_reason(self.reasons, event.reason or event.ending.value)
        self._count_size(event.response_body_bytes, 1)

    def _count_seconds(self, durations: list[float]) -> None:
        self.seconds_sum += sum(durations)
        if max(durations, default=0.0) <= SECONDS[0]:  # as most are
            self.seconds[0] += len(durations)
            return
        for duration in durations:
            self.seconds[bisect_left(SECONDS, duration)] += 1

    def _count_size(self, size: int, count: int) -> None:
        self.sizes[bisect_left(BYTES, size)] += count
        self.bytes_sum += size * count


def _known(method: bytes) -> bytes:
    return method if method in METHODS else b"other"
