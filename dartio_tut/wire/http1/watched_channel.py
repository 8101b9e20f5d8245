"""
The channel of a site that is watched: it tells a watcher all bytes, both ways.

It is the channel, parser and output of every site, each with a step more. Files are
read and sent like any other bytes, not by the kernel, so that they are seen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from twisted.internet.interfaces import IPushProducer, ITransport
from twisted.web import http

from ..events import Event, ExchangeDone, Observer
from ..interfaces import ISite
from ..transport.interface import ResponseTransport
from ..watching import ConnectionWatcher, IWatcher, tls_facts
from .channel import Channel
from .output import Output
from .parser import Head, RequestParser, _End
from .protocol_error import ProtocolError
from .request_head import HeadReader
from .states import BODY, HEAD, IDLE, NO_MORE_REQUESTS


class WatchedChannel(Channel):
    """
    One connection that is watched.

    :param watcher: watches the site.
    :ivar watch: watches this connection.
    """

    def __init__(self, site: ISite, watcher: IWatcher) -> None:
        self.watch = watcher.watch_connection()
        self.make_parser = partial(WatchedParser, self.watch)
        self.make_output = partial(WatchedOutput, self.watch)
        super().__init__(site)
        self.observer = _telling(self.watch, site.observer)
        self._knows_tls = self._rest_is_told = self._is_closed = False

    def makeConnection(self, transport: ITransport) -> None:
        """A client has connected."""
        self.watch.opened(transport.getPeer(), transport.getHost())
        super().makeConnection(transport)
        self.output.transport.can_send_files = False

    def dataReceived(self, data: bytes) -> None:
        """Bytes have come."""
        if not self._knows_tls:  # some transports begin before their handshake
            self._knows_tls = True
            facts = tls_facts(self._transport)
            if facts is not None:
                self.watch.secured(facts)
        if self.state not in NO_MORE_REQUESTS:
            self.watch.bytes_came(len(data))
        super().dataReceived(data)

    def requestDone(self, request: http.Request) -> None:
        """The request is answered."""
        if request == self.request:
            self.watch.response_ended()
        super().requestDone(request)

    def refuse(self, error: ProtocolError) -> None:
        """Answer with the error's status code, and close."""
        if self.state is IDLE or self.state is HEAD or self.state is BODY:
            self._tell_rest()
        super().refuse(error)
        self.watch.response_ended()

    # Each of these may end a request that has not come to its end.

    def close(self) -> None:
        """No more requests are taken in."""
        self._tell_part()
        super().close()

    def loseConnection(self) -> None:
        """Close once what was written is sent."""
        self._tell_part()
        super().loseConnection()

    def abortConnection(self) -> None:
        """Close now."""
        self._tell_part()
        super().abortConnection()

    def connection_closed(self) -> None:
        """The transport has ended."""
        if self._is_closed:
            super().connection_closed()
            return
        self._is_closed = True
        self._tell_part()
        unsent = self.output.unsent()
        if unsent:
            self.watch.unsent(unsent)
        super().connection_closed()
        self.watch.closed()

    def _tell_part(self) -> None:
        """Tell what has come of a request that is not whole, if there is one."""
        if self.state is HEAD or self.state is BODY:
            self._tell_rest()

    def _tell_rest(self) -> None:
        if self.intake.waiting and not self._rest_is_told:
            self._rest_is_told = True
            self.watch.request_rest(self.intake.waiting)


def _telling(watch: ConnectionWatcher, observer: Observer | None) -> Observer:
    """What tells *watch* of the exchanges that end, and *observer* of everything."""

    def tell(event: Event) -> None:
        if observer is not None:
            observer(event)
        if isinstance(event, ExchangeDone):
            watch.exchange_ended(event)

    return tell


class WatchedParser(RequestParser):
    """Parses requests, and tells *watch* which bytes they are."""

    __slots__ = ("_watch",)

    def __init__(self, watch: ConnectionWatcher, reader: HeadReader) -> None:
        super().__init__(reader)
        self._watch = watch

    def next_event(self) -> Head | bytes | _End | None:
        """The next event; see `RequestParser`."""
        before = self.waiting
        event = super().next_event()
        taken = before[: len(before) - len(self.waiting)]
        if isinstance(event, Head):
            self._watch.request_head(taken, event)
        elif taken:
            self._watch.request_body(taken)
        return event


class WatchedOutput(Output):
    """Sends responses, and tells *watch* of their bytes."""

    __slots__ = ("_watch",)

    def __init__(
        self,
        watch: ConnectionWatcher,
        transport: ResponseTransport,
        registered: IPushProducer,
        paused: Callable[[], None],
        resumed: Callable[[], None],
    ) -> None:
        super().__init__(transport, registered, paused, resumed)
        self._watch = watch

    def write(self, data: bytes) -> None:
        """Send *data*."""
        if data:
            self._watch.response(data)
        super().write(data)
