"""
Who watches a connection in the laboratory: each exchange, with all of its bytes and
the time at which they came, by the laboratory's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from twisted.internet.interfaces import IAddress
from twisted.internet.task import Clock
from twisted.web.resource import IResource

from dartio_tut.wire import (
    ConnectionWatcher,
    ExchangeDone,
    Head,
    Request,
    TLSFacts,
)


class Program(NamedTuple):
    """What a resource was given: its request, as a program reads it."""

    method: bytes
    uri: bytes
    args: Mapping[bytes, list[bytes]]
    resource: str


@dataclass
class Seen:
    """
    An exchange.

    :ivar started: when its first byte came, in seconds of the laboratory's clock.
    :ivar arrivals: of the response: when, and how many bytes.
    :ivar done: how it ended; ``None`` before.
    :ivar ended: when.
    :ivar is_open: whether it was still under way when the laboratory stopped looking.
    """

    started: float
    request: bytearray = field(default_factory=bytearray)
    response: bytearray = field(default_factory=bytearray)
    arrivals: list[tuple[float, int]] = field(default_factory=list)
    method: bytes = b""
    program: Program | None = None
    done: ExchangeDone | None = None
    ended: float | None = None
    is_open: bool = False


class Witness(ConnectionWatcher):
    """
    Watches the one connection of a site.

    :ivar exchanges: all that have begun, in their order.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.seconds()
        self._untold = 0
        self._current: Seen | None = None
        self._undone: list[Seen] = []
        self.exchanges: list[Seen] = []

    def watch_connection(self) -> Witness:
        """Watch the connection."""
        return self

    @property
    def is_waiting(self) -> bool:
        """Whether a request is incomplete, or a response is."""
        return self._untold > 0 or self._current is not None

    def bytes_came(self, count: int) -> None:
        """Bytes have come; what they are is told later."""
        self._untold += count

    def request_head(self, data: bytes, head: Head) -> None:
        """An exchange begins."""
        self._current = None
        self._request(data).method = head.method

    def request_body(self, data: bytes) -> None:
        """More of the body."""
        self._request(data)

    def request_rest(self, data: bytes) -> None:
        """Bytes that are refused."""
        self._request(data)

    def asked(self, request: Request, resource: IResource) -> None:
        """A *resource* is about to answer *request*."""
        try:
            args = request.args
        except ValueError:  # it is not the form that it is said to be
            args = {}
        seen = self._exchange()
        name = type(resource).__name__
        seen.program = Program(request.method, request.uri, args, name)

    def response(self, data: bytes) -> None:
        """Bytes of the response."""
        seen = self._exchange()
        seen.response += data
        seen.arrivals.append((self._since(seen), len(data)))

    def response_ended(self) -> None:
        """All of the response has come."""
        self._current = None

    def exchange_ended(self, done: ExchangeDone) -> None:
        """An exchange has ended, the first of those that have not."""
        seen = self._undone.pop(0) if self._undone else self._exchange()
        seen.done, seen.ended = done, self._since(seen)
        if seen is self._current:
            self._current = None
        if seen in self._undone:
            self._undone.remove(seen)

    def _since(self, seen: Seen) -> float:
        """Seconds since *seen* has begun."""
        return round(self._clock.seconds() - seen.started, 3)

    def _request(self, data: bytes) -> Seen:
        self._untold -= len(data)
        seen = self._exchange()
        seen.request += data
        return seen

    def _exchange(self) -> Seen:
        """The exchange that is under way."""
        if self._current is None:
            self._current = Seen(self._began)
            self.exchanges.append(self._current)
            self._undone.append(self._current)
        return self._current

    # What is not looked at here.

    def opened(self, peer: IAddress, host: IAddress) -> None:
        """The connection is there from the beginning."""

    def secured(self, facts: TLSFacts) -> None:
        """There is no TLS in memory."""

    def resource_found(self, resource: object) -> None:
        """See `asked`."""

    def unsent(self, count: int) -> None:
        """The client reads all."""

    def closed(self) -> None:
        """See the transport."""


class WitnessedRequest(Request):
    """A request that the witness is told of, before a resource is asked."""

    def render(self, resrc: IResource) -> None:
        """Tell, then render."""
        channel: Any = self.channel
        channel.watch.asked(self, resrc)
        super().render(resrc)
