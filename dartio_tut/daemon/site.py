"""
The site: hands each request to the resource tree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from heapq import nsmallest
from io import BytesIO
from operator import itemgetter
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IProtocol
from twisted.logger import Logger
from twisted.web import http
from twisted.web.resource import IResource, getChildForRequest
from twisted.web.server import Site as TwistedSite

from dartio_tut.wire import (
    HTTP2,
    NEVER,
    BatchObserver,
    Channel,
    ChoosingProtocol,
    ConnectionLimit,
    Deadlines,
    Event,
    EventBatch,
    ExchangeDone,
    Fields,
    HeadReader,
    HTTP2Connection,
    IConnection,
    IProxyTrust,
    Limits,
    LogsTimeOfDay,
    Observer,
    ProxiedProtocol,
    Request,
    by_preface,
    refusal,
    refusal_fields,
)

from .handshake_log import HandshakeLog
from .hsts import HSTS
from .mistakes import UnfinishedResponses, root_warning

CLOSED_IDLE_SHARE = 64
"""
One in so many idle connections is closed when there are too many connections, but at
least one: looking for them takes time.
"""

TIMEOUT_POSITION = 1
"""That of ``timeout`` among those arguments that `HTTPFactory` has in a fixed order."""

MAY_BE_IDLE = (Channel, HTTP2Connection, ChoosingProtocol, ProxiedProtocol)


class Site(LogsTimeOfDay, TwistedSite):
    """
    A `twisted.web.server.Site` for any resource tree, several times as fast.

    It never shows a traceback to a client, and writes no access log unless it is
    given a *logPath*.

    :param resource: the root of the tree.
    :param limits: what a client may ask of it.
    :param streaming: find the resource of a request with a body as soon as its head
        is there; one with ``streams_up_to`` has the body handed over as it comes
        (`Request.deliver_body`), up to so many bytes.
    :param h2c: whether a client may begin with HTTP/2 on a port without TLS.
    :param proxy_trust: knows the proxies that may say whose a request is; without it,
        none.
    :ivar observer: is told every event; `add_observer` sets it.
    :ivar event_batch: what observers that are told many events at a time will be told.
    :ivar usual_exchanges: see `dartio_tut.wire.interfaces.ISite`.
    :cvar has_short_notes: whether such observers may be told of exchanges in short.
    :cvar offers_http2: whether a port with TLS may offer HTTP/2 for it.
    """

    noisy = False
    displayTracebacks = False
    offers_http2 = True
    has_short_notes = True
    observer: Observer | None = None
    usual_exchanges: EventBatch | None = None
    is_retiring = False
    _drained: Deferred[None] | None = None
    _log = Logger()
    _looked_for_idle = -1.0

    def __init__(
        self,
        resource: IResource,
        requestFactory: Any = None,
        *args: Any,
        limits: Limits | None = None,
        streaming: bool = False,
        h2c: bool = False,
        proxy_trust: IProxyTrust | None = None,
        **more: Any,
    ) -> None:
        self.limits = limits or Limits()
        super().__init__(resource, requestFactory or Request, *args, **more)
        if "timeout" not in more and len(args) <= TIMEOUT_POSITION:
            self.limits = limits or Limits()  # not Twisted's default
        self.streaming = streaming
        self.h2c = h2c
        self.proxy_trust = proxy_trust
        self.head_reader = HeadReader(self.limits)
        self.http2 = HTTP2(self.limits)
        self.has_stopped = self.is_draining = False
        self.connection_limit = ConnectionLimit(self.limits, self._close_idle)
        if proxy_trust is not None:
            self.connection_limit.has_many_clients = proxy_trust.trusts
        self.deadlines = Deadlines(self.reactor)
        self.event_batch = EventBatch(self.reactor)
        self._handshake_log = HandshakeLog(self.reactor)
        self._unfinished = UnfinishedResponses(self.deadlines.members, self.reactor)

    def startFactory(self) -> None:
        """A port listens for this site."""
        super().startFactory()
        self.has_stopped = self.is_draining = False
        if warning := root_warning(self.resource):
            self._log.warn("{text}", text=warning)
        self.event_batch.begin()
        self.deadlines.begin()
        self._unfinished.start()

    def stopFactory(self) -> None:
        """No port listens for this site any more."""
        super().stopFactory()
        self._unfinished.stop()
        self._handshake_log.stop()
        self.event_batch.end()
        self.deadlines.end()
        self.has_stopped = not self.is_draining

    def drain(self) -> Deferred[None]:
        """
        Finish what is under way, and close every connection; fires when all are closed.

        Connections that are idle, and responses that have no end of their own, are
        closed at once. Stop listening before, and call `abort` to wait no longer.
        """
        self.is_draining = True
        drained: Deferred[None] = Deferred()
        self._drained = drained
        self.connection_limit.on_empty = self._end_drain
        for connection in self._connections():
            connection.drain()
        if not self.connection_limit.count:
            self._end_drain()
        return drained

    def retire(self) -> Deferred[None]:
        """
        Close each connection after its next response; fires when all are closed.

        For a process in whose place another one goes on: no client is hurried, and none
        finds its connection closed while it sends a request. Stop listening before, and
        call `drain` to wait no longer.
        """
        self.is_retiring, self.has_stopped = True, False
        retired: Deferred[None] = Deferred()
        self._drained = retired
        self.connection_limit.on_empty = self._end_drain
        for connection in self._connections():
            connection.retire()
        if not self.connection_limit.count:
            self._end_drain()
        return retired

    def abort(self) -> None:
        """Close all connections now; what is under way is cut off."""
        self.has_stopped = True
        for connection in self._connections():
            connection.abortConnection()
        self._end_drain()

    def _connections(self) -> list[IConnection]:
        return [m for m in self.deadlines.members if isinstance(m, IConnection)]

    def _end_drain(self) -> None:
        self.connection_limit.on_empty = None
        self.has_stopped = True
        drained, self._drained = self._drained, None
        if drained is not None:
            drained.callback(None)

    def add_observer(self, observer: Observer) -> None:
        """
        Tell *observer* every event from now on: each exchange once, whatever became of
        it, and each connection at its beginning and its end.

        It is called in the reactor's thread, and must be quick. What it raises is
        logged.
        """

        def tell(event: Event) -> None:
            try:
                observer(event)
            except Exception:  # noqa: BLE001  (it is no fault of the exchange)
                self._log.failure("An observer failed")

        self.usual_exchanges = None
        self._observe(tell)

    def add_batch_observer(self, observer: BatchObserver) -> None:
        """
        Tell *observer* the same, but many events at a time, within a second or, once
        the server stops, at once. If all observers are told so, this costs much less.
        """
        batch = self.event_batch
        batch.observers.append(observer)
        if len(batch.observers) > 1:
            return
        if self.observer is None and self.proxy_trust is None and self.has_short_notes:
            self.usual_exchanges = batch
        self._observe(batch.add)

    def _observe(self, observer: Observer) -> None:
        trust, before = self.proxy_trust, self.observer
        if trust is not None:
            observer = _told_clients(observer, trust)
        self.observer = observer if before is None else _both(before, observer)

    @property
    def timeOut(self) -> float | None:
        """Twisted's name for the idle time of `Limits`; ``None``: no limit."""
        idle_time = self.limits.idle_time
        return None if idle_time == NEVER else idle_time

    @timeOut.setter
    def timeOut(self, seconds: float | None) -> None:
        idle_time = NEVER if seconds is None else seconds
        self.limits = replace(self.limits, idle_time=idle_time)

    # What the wire asks for; see `dartio_tut.wire.interfaces.ISite`.

    @property
    def uses_our_request(self) -> bool:
        """Whether the requests are of our own class."""
        factory = self.requestFactory
        return isinstance(factory, type) and issubclass(factory, Request)

    @property
    def request_log(self) -> Callable[[http.Request], None] | None:
        """What writes Twisted's access log, if there is one."""
        has_own = type(self).log is not Site.log or "log" in vars(self)
        is_wanted = self.logPath is not None or has_own
        return self._log_response if is_wanted else None

    @property
    def refusal_fields(self) -> Fields:
        """The header fields of the wire's own refusals."""
        return refusal_fields(self.resource)

    # Twisted's type asks for another class of protocol.
    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A protocol for a new connection."""
        if self.proxy_trust is not None and self.proxy_trust.trusts(addr):
            return ProxiedProtocol(self)
        return self.build_for_client()

    def build_for_client(self) -> Any:
        """A protocol for a connection whose client is known."""
        if self.h2c and self.offers_http2:
            return ChoosingProtocol(self, by_preface)
        return self.make_channel()

    def make_channel(self) -> Channel:
        """What speaks HTTP/1 on a connection."""
        channel = Channel(self)
        channel.callLater = self.reactor.callLater
        return channel

    def build_negotiated(self, protocol: bytes | None, addr: IAddress) -> IProtocol:
        """The protocol that a client has negotiated, for a new connection."""
        if protocol == b"h2":
            return HTTP2Connection(self)
        return self.make_channel()

    def acceptableProtocols(self) -> list[bytes]:
        """
        What is offered by ALPN where Twisted asks: it builds a protocol before it knows
        which one a client has chosen. The endpoint string ``https:`` offers HTTP/2.
        """
        return [b"http/1.1"]

    def answer_without_tls(self) -> bytes:
        """What a client gets that sends a request without TLS to a port with TLS."""
        response = refusal(http.BAD_REQUEST, self.refusal_fields)
        head, _, _ = response.partition(b"\r\n\r\n")
        body = b"This port speaks TLS: use https://\n"
        lines = [
            line
            for line in head.split(b"\r\n")
            if not line.startswith((b"Content-Length:", HSTS))
        ]
        lines.append(b"Content-Length: %d" % len(body))
        return b"\r\n".join([*lines, b"", body])

    def handshake_failed(self, peer: IAddress, reason: str, detail: str = "") -> None:
        """A client did not come through the TLS handshake: log and count that."""
        self._handshake_log.failed(peer, reason, detail)

    @property
    def failed_handshakes(self) -> Mapping[str, int]:
        """How many TLS handshakes have failed, by the reason."""
        return self._handshake_log.counts

    def _close_idle(self) -> None:
        """
        Close the connections that have been idle longest, so that others may come.
        """
        deadlines = self.deadlines
        if self._looked_for_idle == deadlines.now:
            return  # none were found a moment ago
        channels = [m for m in deadlines.members if isinstance(m, MAY_BE_IDLE)]
        since = [(channel.idle_since, channel) for channel in channels]
        idle = [(when, channel) for when, channel in since if when is not None]
        if not idle:
            self._looked_for_idle = deadlines.now
            return
        count = max(1, len(idle) // CLOSED_IDLE_SHARE)
        for _, channel in nsmallest(count, idle, key=itemgetter(0)):
            channel.close()

    # Requests.

    def getContentFile(self, length: int | None) -> IO[bytes]:
        """Where a request's body is held: in memory, and on disk beyond a bound."""
        if length is not None and length <= self.limits.body_in_memory:
            return BytesIO()
        return SpooledTemporaryFile(max_size=self.limits.body_in_memory)

    def getResourceFor(self, request: Any) -> IResource:
        """The resource that answers *request*."""
        request.site = self
        request.sitepath = request.prepath[:]
        root: IResource = self.resource
        return root if root.isLeaf else getChildForRequest(root, request)

    def _log_response(self, request: http.Request) -> None:
        """As `log`; when that fails, the response is sent for all that."""
        try:
            self.log(request)
        except Exception:  # noqa: BLE001  (it is no fault of the exchange)
            self._log.failure("A line of the access log could not be written")

    def log(self, request: http.Request) -> None:
        """Write a line of Twisted's access log, if there is one."""
        if self.logPath is not None:
            super().log(request)


def _both(first: Observer, second: Observer) -> Observer:
    """What tells *first* and *second*."""

    def tell(event: Event) -> None:
        first(event)
        second(event)

    return tell


def _told_clients(observer: Observer, trust: IProxyTrust) -> Observer:
    """*observer*, but told whose the requests are that proxies pass on."""

    def tell(event: Event) -> None:
        if isinstance(event, ExchangeDone):
            client = trust.client_by(event.peer, event.fields)
            if client is not event.peer:
                event = event._replace(peer=client)
        observer(event)

    return tell
