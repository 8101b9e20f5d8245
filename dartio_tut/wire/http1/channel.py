"""
The HTTP/1.1 channel: bytes to requests (RFC 9112). It offers what
`twisted.web.http.HTTPChannel` offers to requests and factories.

One request at a time is answered, so that answers go out in the order asked. Anything
ambiguous is refused and the connection closed: what follows it has no meaning.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import (
    IConsumer,
    IHalfCloseableProtocol,
    IProtocol,
    IPushProducer,
    ITCPTransport,
    ITransport,
)
from twisted.python.failure import Failure

# Names, not the module: it looks each of them up for deprecation.
from twisted.web.http import (
    REQUEST_ENTITY_TOO_LARGE,
    REQUEST_TIMEOUT,
    SERVICE_UNAVAILABLE,
    _NoPushProducer,
)
from zope.interface import implementer

from ..connection_limit import ConnectionLimit
from ..deadlines import NEVER
from ..ending import Ending
from ..handover import become_h2, foreign_request, hand_over
from ..request import Request
from ..states import ANSWERING, BODY, CLOSING, HEAD, IDLE
from ..streamed_body import begin_stream
from ..transport.tcp import Server
from .request_body import Content
from .request_head import Fields, HeadReader, ProtocolError, behind_empty_line


@implementer(IProtocol, IHalfCloseableProtocol, ITransport, IConsumer, IPushProducer)
class Channel(Ending):
    """
    One connection.

    :ivar uses_our_request: the factory makes our `Request`.
    """

    requestFactory: Any = Request
    uses_our_request = True
    timeOut: float | None = None
    callLater: Any = None
    heads: HeadReader
    crowd: ConnectionLimit
    _line_checked = False
    _first = True
    _paused = False
    _ended = False
    _line = (b"", b"", b"")
    _content: Content

    # The connection.

    def makeConnection(self, transport: Any) -> None:
        """A client is connected."""
        self.transport = transport
        if ITCPTransport.providedBy(transport) and not isinstance(transport, Server):
            transport.setTcpNoDelay(True)
        self._send_through(transport)
        self._network = IPushProducer(transport, None) or _NoPushProducer()
        self._network.registerProducer(self, True)
        self.deadlines.add(self, self.limits.header_time)
        if not self.crowd.enter(transport):
            if self.crowd.overflows():
                self.transport.abortConnection()
            else:
                self.refuse(SERVICE_UNAVAILABLE)

    connectionMade = staticmethod(lambda: None)

    def connectionLost(self, reason: Failure) -> None:
        """The connection is gone, and with it what was under way."""
        self.deadlines.discard(self)
        self.crowd.leave(self.transport)
        self._state = CLOSING
        self._kept = b""
        request, self.request = self.request, None
        if request is not None:
            request.connectionLost(reason)
        self._producer = None

    def readConnectionLost(self) -> None:
        """The client says no more: answer what it asked for, then close."""
        self._ended = True
        if self._state is ANSWERING or self._blocked:
            self.transport.stopReading()
        else:
            self.loseConnection()

    def writeConnectionLost(self) -> None:
        """Our half is closed: the client reads, and we drop what it still sends."""

    def expired(self) -> None:
        """Too slow: tell the client where it may still listen, and close."""
        if self._state is IDLE and not self._blocked:
            self._close()
        elif self._state is HEAD or self._state is BODY:
            self.refuse(REQUEST_TIMEOUT)
        elif not self._lingering and self._still_sends():
            self.deadline = self.deadlines.now + self.limits.write_time
        else:
            self.deadline = NEVER
            self.transport.abortConnection()

    def pauseProducing(self) -> None:
        """The client does not read: neither do we, until it does."""
        super().pauseProducing()
        self._stop_reading()

    def resumeProducing(self) -> None:
        """The client reads again."""
        if self._state is ANSWERING:
            self.deadline = NEVER
        elif self._state is BODY:
            self.deadline = self.deadlines.now + self.limits.body_time
        elif self._state is IDLE:
            self.deadline = self.deadlines.now + self.limits.idle_time
        super().resumeProducing()
        if self._state is not ANSWERING:
            self._go_on()

    def _stop_reading(self) -> None:
        if not self._paused and not self._ended:
            self._paused = True
            self._network.pauseProducing()

    def _go_on(self) -> None:
        """Take what was kept, and read on."""
        if self._blocked or self._state is CLOSING:
            return
        if self._paused:
            self._paused = False
            self._network.resumeProducing()
        if self._kept:
            data, self._kept = self._kept, b""
            self.dataReceived(data)
        if self._ended and self._state is not ANSWERING and not self._blocked:
            self._close()

    # Bytes in.

    def dataReceived(self, data: bytes) -> None:
        """Take *data* as far as the state allows."""
        if self._state is CLOSING:
            return
        if self._state is ANSWERING or self._blocked:
            self._keep(data)
            return
        if self._kept:
            data = self._kept + data
            self._kept = b""
        elif self._first:
            self._first = False
            if getattr(self.transport, "negotiatedProtocol", None) == b"h2":
                become_h2(self, data)
                return
        self._collecting = True
        try:
            self._take(data)
        finally:
            self._collecting = False
            self.flush()
            if self._asked_to_lose:
                self._lose(at_once=False)
            elif self._state is CLOSING and not (self.request or self._lingering):
                self._lose()

    def _keep(self, data: bytes) -> None:
        """Keep what follows a request that is being answered, within bounds."""
        self._kept += data
        if len(self._kept) > self.limits.pipelined:
            self._stop_reading()

    def _take(self, data: bytes) -> None:
        while True:
            if self._state is BODY:
                rest = self._take_content(data)
                if rest is None:
                    return
                data = rest
            else:
                end = data.find(b"\r\n\r\n") + 4
                if end == 3 or data[0] == 13:  # CR: an empty line comes first
                    rest = self._take_start(data)
                    if rest is None:
                        return
                    data = rest
                    continue
                if end == len(data):
                    self._take_head(data)
                    data = b""
                else:
                    self._take_head(data[:end])
                    data = data[end:]
            if self._state is CLOSING or self._asked_to_lose or not data:
                return
            if self._state is ANSWERING or self._blocked:
                self._kept = data
                return

    def _take_start(self, data: bytes) -> bytes | None:
        """
        Begin a head that is not whole yet, or comes behind an empty line.

        :return: what to go on with; nothing when more is awaited.
        """
        try:
            start = behind_empty_line(data)
            if start is not data and b"\r\n\r\n" in start:
                return start
            self._line_checked = self.heads.check_part(start, self._line_checked)
        except ProtocolError as refused:
            self.refuse(refused.code, data.startswith(b"HEAD "))
            return None
        self._kept = data
        if self._state is IDLE:
            self._state = HEAD
            self.deadline = self.deadlines.now + self.limits.header_time
        return None

    def _take_head(self, head: bytes) -> None:
        try:
            method, target, fields = self.heads.read(head)
        except ProtocolError as refused:
            self.refuse(refused.code, head.startswith(b"HEAD "))
            return
        self._line_checked = False
        self.persistent = fields.persistent
        self.old = fields.version == b"HTTP/1.0"
        length = fields.length
        self.request = request = self._make_request(fields)
        self._line = (method, target, fields.version)
        if length == 0:
            if not self.uses_our_request or request.wants_length:
                request.gotLength(0)
            self._answer()
        else:
            self._begin_content(fields)

    def _make_request(self, fields: Fields) -> Any:
        if not self.uses_our_request:
            return foreign_request(self, fields.values)
        request = self.requestFactory(self)
        request.fields = fields
        return request

    def _begin_content(self, fields: Fields) -> None:
        request, length = self.request, fields.length
        takes = 0
        if self.uses_our_request and getattr(self.site, "streaming", False):
            takes = request.look_ahead(*self._line)
        limit = takes or self.limits.body
        if length > limit:
            self.refuse(REQUEST_ENTITY_TOO_LARGE, self._line[0] == b"HEAD")
            return
        self._state = BODY
        now = self.deadlines.now
        self._content = Content(length, limit, self.limits, now)
        self.deadline = now + self.limits.body_time
        if takes:
            begin_stream(self, fields.expects)
            return
        request.gotLength(None if length < 0 else length)
        if fields.expects:
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def hold(self, stop: bool) -> None:
        """Stop reading content that is streamed, or go on."""
        if self._state is not BODY:
            return
        now = self.deadlines.now
        self.deadline = NEVER if stop else now + self.limits.body_time
        if stop:
            self._stop_reading()
            return
        self._content.go_on(now)
        if not self._collecting:
            self._go_on()
        elif self._paused:
            self._paused = False
            self._network.resumeProducing()

    def _take_content(self, data: bytes) -> bytes | None:
        """
        Give the request its content.

        :return: what is behind it; nothing when more of it is awaited.
        """
        try:
            pieces, rest, ended = self._content.feed(data)
            for piece in pieces:
                self.request.handleContentChunk(piece)
            if self._state is CLOSING:  # answered before all of it has come
                return None
            if not ended:
                self._kept = rest
                if not self._paused:  # by whom it is streamed to
                    self.deadline = self._content.deadline(self.deadlines.now)
                return None
        except ProtocolError as refused:
            self.refuse(refused.code)
            return None
        self._answer()
        return rest

    def _answer(self) -> None:
        """Hand the request, now whole, to whoever answers it."""
        self._state = ANSWERING
        self.deadline = NEVER
        if getattr(self.request, "body", None) is not None:
            self.request.body.ended()
        else:
            self.request.requestReceived(*self._line)

    # Ends.

    def requestDone(self, request: Any) -> None:
        """The request is answered; what follows it may be taken."""
        if request != self.request:  # not "is": a proxy of it will do
            raise TypeError(f"{request} is not being answered")
        self.request = None
        if self._state is CLOSING:
            return
        if self._state is BODY:  # of a stream: what still comes is dropped
            self._linger()
            return
        if not self.persistent:
            self._close()
            return
        self._state = IDLE
        if not self._blocked:
            self.deadline = self.deadlines.now + self.limits.idle_time
        if not self._collecting:
            self._go_on()

    def _protocolUpgradeForWebsockets(self, protocol: Any) -> None:
        """What Twisted's websockets call when a request becomes one."""
        hand_over(self, protocol)
        protocol.makeConnection(self.transport)
