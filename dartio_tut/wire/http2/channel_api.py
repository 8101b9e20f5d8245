"""
What `twisted.web.http.HTTPChannel` offers to requests, resources and producers, for one
stream.

What would end a connection of HTTP/1 ends the stream only: the others go on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from twisted.internet.interfaces import IProducer
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.http_headers import Headers

from ..fields import as_headers
from ..http1 import protocol_error as errors
from ..http1.protocol_error import ProtocolError
from ..interfaces import RequestLog
from ..not_bytes import shown
from ..producers import PRODUCER_FAILED, stop
from ..unsendable import BODILESS_CODES, declared_length
from .response_fields import fields_from_headers
from .stream_output import StreamOutput

if TYPE_CHECKING:
    from ..transport.tcp import TCPAddress
    from .connection import HTTP2Connection
    from .request_head import RequestHead
    from .shared import HTTP2Site


_log = Logger()


class ChannelAPI:
    """
    The part of a stream that others know from Twisted.

    :ivar connection: whose stream this is.
    """

    connection: HTTP2Connection
    site: HTTP2Site
    stream_id: int
    head: RequestHead
    request: http.Request | None
    _left: int | None  # of a body whose length the head tells

    persistent = True
    timeOut: float | None = None

    @property
    def factory(self) -> HTTP2Site:
        """The site."""
        return self.site

    @property
    def log(self) -> RequestLog | None:
        """Is called with a request whose response is complete."""
        return self.connection.log

    @property
    def response_writer(self) -> ChannelAPI:
        """What a request of ours sends its response on."""
        return self

    @property
    def transport(self) -> ChannelAPI:
        """A transport of this stream's own: it cannot harm the others."""
        return self

    @property
    def requests(self) -> list[http.Request]:
        """The requests under way: one, or none."""
        return [] if self.request is None else [self.request]

    # What a stream has.

    def write_body(self, data: bytes) -> None:
        """Send more of the body."""
        raise NotImplementedError

    def make_output(self) -> StreamOutput:
        """What waits to be sent."""
        raise NotImplementedError

    def send_section(self, code: int, fields: tuple[tuple[bytes, bytes], ...]) -> None:
        """Send the header section of a response, or of an interim one."""
        raise NotImplementedError

    def refuse(self, error: ProtocolError) -> None:
        """Answer with the error's status code."""
        raise NotImplementedError

    def cut_off(self, reason: str) -> None:
        """Reset the stream."""
        raise NotImplementedError

    def refuse_form(self) -> None:
        """The body is not the form that it is said to be: answer 400."""
        self.refuse(ProtocolError(*errors.FORM_MALFORMED))

    def refuses_file(self) -> bool:
        """Answer 503 if too many files are open for one more."""
        connection = self.connection
        is_full = connection.streams.files.is_full()
        if is_full:
            self.refuse(ProtocolError(*errors.TOO_MANY_FILES))
            connection.written()
        return is_full

    # Sending.

    def within_length(self, data: bytes) -> bytes:
        """As much of *data* as the head has announced; more resets the stream."""
        left = self._left
        if left is None:
            return data
        self._left = left - len(data)
        return data if left >= len(data) else data[: max(left, 0)]

    def write(self, data: bytes) -> None:
        """Send *data* as a part of the body."""
        if data:
            self.write_body(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Send all of *iovec*."""
        self.write(b"".join(iovec))

    def writeHeaders(
        self,
        version: bytes,
        code: bytes,
        reason: bytes,
        headers: Headers | Iterable[tuple[bytes, bytes]],
    ) -> None:
        """Send the head of a response, as Twisted's own requests ask for it."""
        headers = as_headers(headers)
        status = int(code)
        length = declared_length(headers)
        is_head = self.request is None or self.request.method == b"HEAD"
        if not (is_head or status in BODILESS_CODES):
            self._left = length
        self.send_section(status, fields_from_headers(status, headers))

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Let *producer* write; it is paused while the client does not read."""
        if not streaming and self.refuses_file():  # see `StreamOutput`
            stop(producer)
        else:
            self.make_output().register_producer(producer, streaming)

    def unregisterProducer(self) -> None:
        """The producer has written all of the response."""
        self.make_output().unregister_producer()

    # What a program does that takes the transport for the producer of what comes.

    def pauseProducing(self) -> None:
        """Take in no more of a body that is streamed; a whole one is there already."""
        if (body := getattr(self.request, "body", None)) is not None:
            body.pauseProducing()

    def resumeProducing(self) -> None:
        """Go on."""
        if (body := getattr(self.request, "body", None)) is not None:
            body.resumeProducing()

    def stopProducing(self) -> None:
        """Nobody wants what still comes: end the stream now."""
        self.abortConnection()

    def failed(self) -> None:
        """What a program does with its request has failed: the stream ends."""
        head = self.head
        _log.failure(
            "{method} {uri}", method=shown(head.method), uri=shown(head.target)
        )
        self.cut_off("the program failed")

    def tell_lost(self, request: http.Request, reason: Failure) -> None:
        """Tell *request* that it is over; the other streams go on if that fails."""
        try:
            request.connectionLost(reason)
        except Exception:  # noqa: BLE001  (see above)
            _log.failure("{name}.connectionLost", name=type(request).__qualname__)

    def producer_failed(self) -> None:
        """What writes the response has failed, and is let go."""
        self.cut_off(PRODUCER_FAILED)

    # The connection.

    def isSecure(self) -> bool:
        """Whether the connection is encrypted."""
        return self.connection.transport.is_secure

    def getPeer(self) -> TCPAddress:
        """The client's address."""
        return cast("TCPAddress", self.connection.transport.getPeer())

    def getHost(self) -> TCPAddress:
        """Our address."""
        return cast("TCPAddress", self.connection.transport.getHost())

    def getHandle(self) -> Any:
        """What Twisted's transports have below them: a socket, or pyOpenSSL's TLS."""
        return self.connection.transport.of_transport("getHandle")

    def getPeerCertificate(self) -> Any:
        """The client's certificate, if it sent one."""
        return self.connection.transport.of_transport("getPeerCertificate")

    @property
    def negotiatedProtocol(self) -> bytes:
        """What was negotiated by ALPN."""
        return b"h2"

    def loseWriteConnection(self) -> None:
        """Nothing: a response ends when its request is finished."""

    def getTcpNoDelay(self) -> bool:
        """Whether small packets are sent at once: they are."""
        return True

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Nothing: the connection has other streams, too."""

    def getTcpKeepAlive(self) -> bool:
        """Whether the kernel asks if the other machine is still there: it does."""
        return True

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Nothing: the connection has other streams, too."""

    def setTimeout(self, period: float | None) -> None:
        """Nothing: the limits of the site hold for a stream."""

    def resetTimeout(self) -> None:
        """Likewise."""

    def loseConnection(self) -> None:
        """Cut the response off, unless it is complete in the next turn."""
        self.connection.deadlines.call_soon(self.connection, self._lose)

    def _lose(self) -> None:
        if self.request is not None:
            self.cut_off("a resource has closed its connection")

    def abortConnection(self) -> None:
        """End the stream now."""
        self.cut_off("a resource has cut its connection")

    def forceAbortClient(self) -> None:
        """End the stream now."""
        self.abortConnection()

    def _respondToBadRequestAndDisconnect(self) -> None:
        """What Twisted's requests call when a form cannot be read."""
        self.refuse_form()
