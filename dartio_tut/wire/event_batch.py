"""
Events that are told many at a time.

An observer that writes or counts does for many events at once what costs much for each:
it is told within a second, and usual exchanges come to it as short notes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from .events import Event, ExchangeDone, UsualExchange, usual_exchange_done

Noted = Event | UsualExchange
"""What is noted is an event; or, of class ``tuple``, a usual exchange."""

BatchObserver = Callable[[list[Noted]], None]
"""Is called with what was noted since it was called last, in the order of its end."""

NOTED_AT_MOST = 256
"""When so many are noted, they are told."""

NOTED_SECONDS = 1.0
"""After so long they are told, however few they are."""


def exchanges_done(noted: Iterable[Noted]) -> Iterator[ExchangeDone]:
    """The exchanges in *noted*, all of them as events."""
    for event in noted:
        if isinstance(event, ExchangeDone):
            yield event
        elif event.__class__ is tuple:
            usual: Any = event
            yield usual_exchange_done(usual)


class EventBatch:
    """
    What is noted until it is told.

    :param reactor: calls when it is time.
    :ivar observers: are told. What they raise is logged.
    """

    __slots__ = ("_call", "_limit", "_noted", "_reactor", "observers")

    _log = Logger()

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor
        self._call: IDelayedCall | None = None
        self._limit = NOTED_AT_MOST
        self.observers: list[BatchObserver] = []
        self._noted: list[Noted] = []

    def add(self, event: Noted) -> None:
        """Note *event*."""
        noted = self._noted
        noted.append(event)
        if self._call is None or len(noted) >= self._limit:
            self._tell_or_wait()

    def add_all(self, exchanges: list[UsualExchange]) -> None:
        """Note *exchanges*, and leave an empty list."""
        noted = self._noted
        noted += exchanges
        exchanges.clear()
        if self._call is None or len(noted) >= self._limit:
            self._tell_or_wait()

    def _tell_or_wait(self) -> None:
        if len(self._noted) >= self._limit:
            self.tell()
        else:
            self._call = self._reactor.callLater(NOTED_SECONDS, self._second_is_over)

    def _second_is_over(self) -> None:
        self._call = None
        self.tell()

    def tell(self) -> None:
        """Tell what was noted."""
        noted, self._noted = self._noted, []
        for observer in self.observers if noted else ():
            try:
                observer(noted)
            except Exception:  # noqa: BLE001  (it is no fault of the exchanges)
                self._log.failure("An observer failed")

    def begin(self) -> None:
        """The server starts: wait until there is much to tell."""
        self._limit = NOTED_AT_MOST

    def end(self) -> None:
        """The server is about to stop: from now on wait for nothing."""
        self._limit = 1
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self.tell()
