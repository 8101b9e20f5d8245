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
        self.exchanges: Counter[tuple[bytes, int, Ending]] = Counter()
        self.reasons: Counter[str] = Counter()
        self.seconds = [0] * (len(SECONDS) + 1)
        self.seconds_sum = 0.0
        self.sizes = [0] * (len(BYTES) + 1)
        self.bytes_sum = 0
        self.opened = 0
        self.certificates: list[Certificate] = []

    @property
    def is_ready(self) -> bool:
        """Whether the server takes requests."""
        return not (self.site.is_draining or self.site.has_stopped)

    def __call__(self, event: Event) -> None:
        """Count *event*."""
        if isinstance(event, ExchangeDone):
            self._count(event)
        elif isinstance(event, ConnectionOpened):
            self.opened += 1

    def _count(self, event: ExchangeDone) -> None:
        _, method, _, _, _, status, _, size, started, _, ended, ending, *_ = event
        if method not in METHODS:
            method = b"other"
        self.exchanges[method, status // 100, ending] += 1
        seconds = max(0.0, ended - started)  # somebody may have set the clock back
        self.seconds[bisect_left(SECONDS, seconds)] += 1
        self.seconds_sum += seconds
        self.sizes[bisect_left(BYTES, size)] += 1
        self.bytes_sum += size
        if ending is not _COMPLETE:
            reason = event.reason or ending.value
            if reason not in self.reasons and len(self.reasons) >= MAX_REASONS:
                reason = "other"
            self.reasons[reason] += 1
