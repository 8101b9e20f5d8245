"""
Exchanges as they go by, as server-sent events.

Rule: nothing is kept for one who follows; what changes too quickly, or is not kept any
more when its turn comes, is left out and counted.
"""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.web.server import Request

from ..rest.event_stream import EventStream
from .event_texts import EventTexts
from .recorded import RecordedConnection, RecordedExchange
from .recorder import KEPT_EXCHANGES, Recorder

PAUSE_SECONDS = 0.05
"""Time between two batches of events."""

BATCH = 10
"""Exchanges in a batch: so at most 200 a second are sent, more than anybody can see."""

HEARTBEAT_SECONDS = 15.0
"""A comment is sent so often, so that a client finds out that the server has gone."""


class WireStream:
    """
    Sends to one client what changes from now on.

    :param clock: calls when it is time for the next batch.
    """

    def __init__(
        self,
        request: Request,
        recorder: Recorder,
        texts: EventTexts,
        clock: IReactorTime,
    ) -> None:
        self._recorder = recorder
        self._texts = texts
        self._clock = clock
        self._change = recorder.last_change
        self._first = recorder.last_number + 1
        self._sent: set[int] = set()
        self._connections: dict[RecordedConnection, None] = {}
        self._missed = self._told_missed = 0
        self._call: IDelayedCall | None = None
        self._stream = EventStream(request, self._schedule, self._close)
        self._beat: IDelayedCall = clock.callLater(HEARTBEAT_SECONDS, self._heartbeat)
        recorder.followers.add(self)
        self._stream.begin("exchanges as they go by", str(recorder.last_number))

    # What the recorder tells.

    def exchange_changed(self, exchange: RecordedExchange) -> None:
        """*exchange* is answered, or has ended."""
        self._schedule()

    def exchange_dropped(self, exchange: RecordedExchange) -> None:
        """*exchange* is not kept any more."""
        if exchange.number in self._sent:
            self._sent.remove(exchange.number)
        elif exchange.number >= self._first:
            self._missed += 1

    def connection_changed(self, connection: RecordedConnection) -> None:
        """*connection* has begun or ended."""
        self._connections[connection] = None
        if len(self._connections) > KEPT_EXCHANGES:
            del self._connections[next(iter(self._connections))]
        self._schedule()

    # Sending.

    def _schedule(self) -> None:
        if self._call is None and self._stream.is_ready:
            self._call = self._clock.callLater(PAUSE_SECONDS, self._send_batch)

    def _send_batch(self) -> None:
        self._call = None
        if not self._stream.is_ready:
            return  # it goes on when the client has read
        changed = [
            one for one in self._recorder.exchanges() if one.change > self._change
        ]
        changed.sort(key=lambda exchange: exchange.change)
        connections, self._connections = self._connections, {}
        for connection in connections:
            self._stream.send(self._texts.connection(connection))
        for exchange in changed[:BATCH]:
            if not self._stream.is_ready:
                return
            self._stream.send(self._texts.exchange(exchange))
            self._change = exchange.change
            self._sent.add(exchange.number)
        if self._missed != self._told_missed:
            self._told_missed = self._missed
            self._stream.send(self._texts.dropped(self._missed))
        if len(changed) > BATCH:
            self._schedule()

    def _heartbeat(self) -> None:
        self._beat = self._clock.callLater(HEARTBEAT_SECONDS, self._heartbeat)
        if self._stream.is_ready:
            self._stream.send(b":\n\n")

    def _close(self) -> None:
        self._recorder.followers.discard(self)
        for call in (self._call, self._beat):
            if call is not None and call.active():
                call.cancel()
