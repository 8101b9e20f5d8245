"""
Records the exchanges of servers, and keeps the last of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from itertools import count
from time import monotonic
from typing import Protocol

from dartio_tut.wire import seconds_since_epoch

from .connection_recorder import ConnectionRecorder
from .recorded import RecordedConnection, RecordedExchange

KEPT_EXCHANGES = 200
"""More than a person looks through."""

KEPT_BYTES = 2 * 1024 * 1024
"""Bytes of all exchanges that are kept."""

WAITING_EXCHANGES = 200
"""Exchanges that are kept until they begin to be answered."""


class ExchangeFollower(Protocol):
    """Is told what changes."""

    def exchange_changed(self, exchange: RecordedExchange) -> None:
        """*exchange* is answered, or has ended."""

    def exchange_dropped(self, exchange: RecordedExchange) -> None:
        """*exchange* is not kept any more."""

    def connection_changed(self, connection: RecordedConnection) -> None:
        """*connection* has begun or ended."""


class Recorder:
    """
    Keeps the last exchanges of all the sites that it watches.

    :param now: the clock of the events, whose zero is anywhere.
    :param epoch: when a moment of that clock was, in seconds since the epoch.
    :ivar dropped: how many exchanges have been, and are not kept any more.
    :ivar followers: are told what changes.
    :ivar last_change: the number of the last change of an exchange.
    :ivar last_number: the number of the last exchange that was shown.
    """

    def __init__(
        self,
        now: Callable[[], float] = monotonic,
        epoch: Callable[[float], float] = seconds_since_epoch,
    ) -> None:
        self.now, self.epoch = now, epoch
        self.dropped = 0
        self.followers: set[ExchangeFollower] = set()
        self._kept: OrderedDict[int, RecordedExchange] = OrderedDict()
        self._connections: dict[RecordedConnection, int] = {}
        self._waiting: dict[RecordedExchange, None] = {}
        self._bytes = 0
        self._connection_numbers = count(1)
        self._exchange_numbers = count(1)
        self._changes = count(1)
        self.last_change = self.last_number = 0

    def watcher(self, server: str) -> SiteRecorder:
        """What watches the site of the server with the name *server*."""
        return SiteRecorder(self, server)

    def new_connection(self, server: str) -> ConnectionRecorder:
        """What records a connection to *server* that is about to begin."""
        number = next(self._connection_numbers)
        connection = RecordedConnection(number, server, self.epoch(self.now()))
        return ConnectionRecorder(self, connection)

    def exchanges(self, after: int = 0) -> list[RecordedExchange]:
        """Those that are kept, the oldest first; only those behind number *after*."""
        return [one for one in self._kept.values() if one.number > after]

    def exchange(self, number: int) -> RecordedExchange | None:
        """The exchange with this number, if it is kept."""
        return self._kept.get(number)

    def connections(self) -> list[RecordedConnection]:
        """The connections of the exchanges that are kept."""
        return sorted(self._connections, key=lambda connection: connection.number)

    # What the recorders of the connections call.

    def begin(self, exchange: RecordedExchange) -> None:
        """*exchange* has begun; it is shown when it begins to be answered."""
        self._waiting[exchange] = None
        if len(self._waiting) > WAITING_EXCHANGES:
            self.hide(next(iter(self._waiting)))
            self.dropped += 1

    def hide(self, exchange: RecordedExchange) -> None:
        """Never show *exchange*, and keep nothing of it."""
        self._waiting.pop(exchange, None)
        exchange.is_hidden = True
        exchange.forget()

    def show(self, exchange: RecordedExchange) -> None:
        """Show *exchange*, or what has changed of it."""
        if exchange.is_hidden:
            return
        if not exchange.number:
            self._keep(exchange)
        elif exchange.number not in self._kept:
            return
        exchange.change = self.last_change = next(self._changes)
        size = exchange.measured()
        self._bytes += size - exchange.size
        exchange.size = size
        self._drop_old()
        for follower in tuple(self.followers):
            follower.exchange_changed(exchange)

    def connection_changed(self, connection: RecordedConnection) -> None:
        """*connection* has begun or ended; only those with exchanges are shown."""
        if connection in self._connections:
            for follower in tuple(self.followers):
                follower.connection_changed(connection)

    def _keep(self, exchange: RecordedExchange) -> None:
        self._waiting.pop(exchange, None)
        exchange.number = self.last_number = next(self._exchange_numbers)
        self._kept[exchange.number] = exchange
        connection = exchange.connection
        is_new = connection not in self._connections
        self._connections[connection] = self._connections.get(connection, 0) + 1
        if is_new:
            self.connection_changed(connection)

    def _drop_old(self) -> None:
        while len(self._kept) > KEPT_EXCHANGES or self._bytes > KEPT_BYTES:
            _, exchange = self._kept.popitem(last=False)
            self._bytes -= exchange.size
            self.dropped += 1
            exchange.forget()
            connection = exchange.connection
            self._connections[connection] -= 1
            if not self._connections[connection]:
                del self._connections[connection]
            for follower in tuple(self.followers):
                follower.exchange_dropped(exchange)


class SiteRecorder:
    """Watches one site; see `dartio_tut.wire.IWatcher`."""

    def __init__(self, recorder: Recorder, server: str) -> None:
        self._recorder = recorder
        self._server = server

    def watch_connection(self) -> ConnectionRecorder:
        """Watch a connection that is about to begin."""
        return self._recorder.new_connection(self._server)
