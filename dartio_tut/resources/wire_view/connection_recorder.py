"""
Records one connection: which bytes belong to which exchange, and when they came.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec
from urllib.parse import unquote_to_bytes

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress
from twisted.logger import Logger

from dartio_tut.wire import ExchangeDone, Head, TLSFacts

from .kept_message import MAX_ARRIVALS, Arrival, half_as_many
from .recorded import Done, RecordedConnection, RecordedExchange

if TYPE_CHECKING:
    from .recorder import Recorder

MAX_LINE_BYTES = 8192
"""Bytes of what could not be read in which the target of a request is looked for."""

_own_path = re.compile(
    rb"(?:[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)?/+(?:wire|try|learn)(?:[/?#]|\Z)"
)
"""The paths of pages that show exchanges, as they stand in a request target; and of the
built course, whose many files would push out what its reader does."""

_log = Logger()
_P = ParamSpec("_P")


def is_own(target: bytes) -> bool:
    """Whether *target*, a request target, leads to a page that is not shown itself."""
    return _own_path.match(unquote_to_bytes(target)) is not None


def _never_fails(
    method: Callable[Concatenate[ConnectionRecorder, _P], None],
) -> Callable[Concatenate[ConnectionRecorder, _P], None]:
    """*method*, which logs what it raises: an exchange must not fail for its record."""

    def call(one: ConnectionRecorder, /, *args: _P.args, **named: _P.kwargs) -> None:
        try:
            method(one, *args, **named)
        except Exception:  # noqa: BLE001  (see above)
            _log.failure("An exchange could not be recorded")

    return call


class ConnectionRecorder:
    """
    Records what it is told of one connection; see `dartio_tut.wire.ConnectionWatcher`.
    """

    def __init__(self, recorder: Recorder, connection: RecordedConnection) -> None:
        self._recorder = recorder
        self._connection = connection
        self._now, self._epoch = recorder.now, recorder.epoch
        self._arrived: list[Arrival] = []
        self._current: RecordedExchange | None = None
        self._under_way: deque[RecordedExchange] = deque()

    @_never_fails
    def opened(self, peer: IAddress, host: IAddress) -> None:
        """A client has connected."""
        self._connection.peer = _shown(peer)
        self._connection.address = _shown(host)

    @_never_fails
    def secured(self, facts: TLSFacts) -> None:
        """The connection is secured by TLS."""
        self._connection.tls = facts

    @_never_fails
    def bytes_came(self, count: int) -> None:
        """So many bytes have come."""
        self._arrived.append((self._now(), count))
        if len(self._arrived) > MAX_ARRIVALS:
            self._arrived = half_as_many(self._arrived)

    @_never_fails
    def request_head(self, data: bytes, head: Head) -> None:
        """An exchange begins."""
        exchange = self._begin(len(data))
        if is_own(head.target):
            self._recorder.hide(exchange)
        else:
            exchange.request.add_head(data, head)

    @_never_fails
    def request_body(self, data: bytes) -> None:
        """More bytes of the body have come."""
        arrivals = self._take_arrivals(len(data))
        if self._current is not None:
            self._current.request.arrived(arrivals)
            self._current.request.add_body(data)

    @_never_fails
    def request_rest(self, data: bytes) -> None:
        """Bytes have come that could not be read."""
        exchange = self._current
        if exchange is None:
            exchange = self._begin(len(data))
            words = data[:MAX_LINE_BYTES].split(None, 2)
            if len(words) > 1 and is_own(words[1]):
                self._recorder.hide(exchange)
        else:
            exchange.request.arrived(self._take_arrivals(len(data)))
        exchange.request.add_rest(data)

    @_never_fails
    def resource_found(self, resource: object) -> None:
        """The request is passed to *resource*."""
        if self._current is not None:
            self._current.resource = type(resource).__name__

    @_never_fails
    def response(self, data: bytes) -> None:
        """Bytes of the response are handed to the connection."""
        exchange = self._current or self._begin(0)
        response = exchange.response
        begins = not response.total
        response.arrived([(self._now(), len(data))])
        response.add(data)
        if begins:
            self._recorder.show(exchange)

    @_never_fails
    def response_ended(self) -> None:
        """All of the response was told."""
        self._current = None

    @_never_fails
    def unsent(self, count: int) -> None:
        """The last bytes, so many, will not be sent."""
        for exchange in reversed(self._under_way):
            there = exchange.response.total
            exchange.response.cut(count)
            count -= min(count, there)

    @_never_fails
    def exchange_ended(self, done: ExchangeDone) -> None:
        """An exchange has ended."""
        exchange = self._under_way.popleft() if self._under_way else self._begin(0)
        if exchange is self._current:
            self._current = None
        exchange.done = Done.of(done)
        self._recorder.show(exchange)

    @_never_fails
    def closed(self) -> None:
        """The connection has ended."""
        self._connection.closed = self._epoch(self._now())
        self._recorder.connection_changed(self._connection)

    def _begin(self, count: int) -> RecordedExchange:
        """An exchange whose request begins with so many bytes that came."""
        arrivals = self._take_arrivals(count)
        began = arrivals[0][0] if arrivals else self._now()
        exchange = RecordedExchange(self._connection, self._epoch(began), began)
        exchange.request.arrived(arrivals)
        self._current = exchange
        self._under_way.append(exchange)
        self._recorder.begin(exchange)
        return exchange

    def _take_arrivals(self, count: int) -> list[Arrival]:
        """When the next *count* bytes came."""
        taken: list[Arrival] = []
        for number, (when, there) in enumerate(self._arrived):
            if there > count:
                if count:
                    taken.append((when, count))
                self._arrived[: number + 1] = [(when, there - count)]
                return taken
            taken.append((when, there))
            count -= there
        self._arrived.clear()
        return taken


def _shown(address: Any) -> str:
    """The host and the port of *address*."""
    if isinstance(address, IPv6Address):
        return f"[{address.host}]:{address.port}"
    if isinstance(address, IPv4Address):
        return f"{address.host}:{address.port}"
    return "a UNIX socket"
