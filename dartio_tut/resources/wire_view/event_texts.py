"""
Changes as server-sent events, made once for all who follow.
"""

from __future__ import annotations

from collections import OrderedDict

from ..rest.event_stream import format_event
from .exchange_json import connection_json, exchange_json
from .recorded import RecordedConnection, RecordedExchange
from .recorder import Recorder

KEPT_TEXTS = 32
"""Events that are kept, for other followers of the same changes."""


class EventTexts:
    """The events of what *recorder* has."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._kept: OrderedDict[int, bytes] = OrderedDict()

    def exchange(self, exchange: RecordedExchange) -> bytes:
        """The event that *exchange* has changed."""
        made = self._kept.get(exchange.change)
        if made is None:
            made = format_event(
                exchange_json(exchange), str(exchange.number), "exchange"
            )
            self._kept[exchange.change] = made
            if len(self._kept) > KEPT_TEXTS:
                self._kept.popitem(last=False)
        return made

    def connection(self, connection: RecordedConnection) -> bytes:
        """The event that *connection* has changed."""
        data = connection_json(connection, self._recorder.exchanges())
        return format_event(data, str(self._recorder.last_number), "connection")

    def dropped(self, count: int) -> bytes:
        """The event that *count* exchanges were left out so far."""
        return format_event(
            {"dropped": count}, str(self._recorder.last_number), "dropped"
        )
