"""
What the wire asks of those who use it, and offers to them.

Sites, resources and requests are told apart by what they declare here, so that nobody
has to ask whether an object has an attribute.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any, Protocol, runtime_checkable

from twisted.internet.interfaces import IAddress, IProtocol, IReactorTime, ITransport
from twisted.web import http, server
from twisted.web.http_headers import Headers
from twisted.web.resource import IResource

from .connection_limit import ConnectionLimit
from .deadlines import Deadlines
from .event_batch import EventBatch
from .events import Observer
from .http1.request_head import HeadReader
from .limits import Limits

Fields = tuple[tuple[bytes, bytes], ...]
"""Header fields: pairs of a name and a value, without line breaks."""

RequestLog = Callable[[http.Request], None]
"""Is called with each request whose response is complete."""


class RequestHeaderFields(Protocol):
    """
    What was read of the header fields of a request, by whichever version of HTTP.

    :ivar conditional: whether there is a precondition or a Range.
    """

    conditional: bool

    @property
    def values(self) -> dict[bytes, list[bytes]]:
        """All values, by name in lower case."""

    def joined(self, name: bytes) -> bytes | None:
        """All values of the field *name* (in lower case) as one list."""

    def last(self, name: bytes) -> bytes | None:
        """The last value of the field *name* (in lower case), if there is one."""


class IProxyTrust(Protocol):
    """Knows which peers are proxies that may speak for others."""

    def trusts(self, peer: IAddress | None) -> bool:
        """Whether what *peer* says of its client is believed."""

    def client(self, peer: IAddress, fields: RequestHeaderFields | None) -> IAddress:
        """Whose request it is that *peer* has sent."""

    def client_by(
        self, peer: IAddress, joined: Callable[[bytes], bytes | None]
    ) -> IAddress:
        """Whose request it is, by what *joined* gives for the names of fields."""


class Response(Protocol):
    """
    What a request knows of its response when the first byte of it is to be sent.

    :ivar clientproto: the version of the request, such as ``b"HTTP/1.1"``.
    :ivar sentLength: bytes of the body that were sent so far.
    :ivar startedWriting: whether the head was sent, or is about to be.
    :ivar response_length: bytes of the body, if they are known; a length that was set
        as a header field is in `made_response_headers` instead.
    :ivar made_response_headers: the header fields that were set one by one; ``None`` if
        nobody has looked at ``responseHeaders``.
    :ivar bulk_fields: header fields that were set together.
    :ivar made_cookies: the values of Set-Cookie, if there are any.
    :ivar has_early_headers: whether the header fields were made before ``process``.
    :ivar site: whose request it is, from ``process`` on.
    """

    method: bytes
    site: Any
    has_early_headers: bool
    clientproto: bytes
    code: int
    code_message: bytes
    defaultContentType: bytes | None
    etag: bytes | None
    lastModified: float | None
    sentLength: int
    startedWriting: int
    response_length: int | None
    made_response_headers: Headers | None
    bulk_fields: Fields
    made_cookies: list[bytes] | None

    @property
    def responseHeaders(self) -> Headers:
        """All header fields; they are made if they were not."""

    def finish(self) -> None:
        """The response is complete."""


class RequestChannel(Protocol):
    """What a request looks up of its channel, which is ours or one of Twisted's."""

    @property
    def site(self) -> server.Site:
        """The site, of which this needs only what Twisted's have, too."""

    @property
    def transport(self) -> ITransport | None:
        """The connection's transport."""

    def getPeer(self) -> IAddress:
        """The client's address."""

    def getHost(self) -> IAddress:
        """Our address."""


class ResponseStream(Protocol):
    """
    Where a request sends its response: an HTTP/1 connection, or an HTTP/2 stream.

    It knows how a response is framed; the request does not.

    :ivar keeps_limits: whether it keeps the site's limits, so that a request need not.
    :ivar sends_whole: whether `send_whole` may be called.
    :ivar log: is called with a request whose response is complete, if not ``None``.
    """

    keeps_limits: bool
    sends_whole: bool

    @property
    def log(self) -> RequestLog | None:
        """See the class."""

    def begin_response(self, request: Response, data: bytes) -> None:
        """Send the head of the response to *request*, and the first of its body."""

    def send_whole(self, request: Response, body: bytes) -> bool:
        """
        Send the whole response to *request*, of which nothing was sent before, and be
        done with it, where `sends_whole` says that there is a shorter way for that.

        :return: false when there is no such way now; then nothing was done.
        """

    def write_body(self, data: bytes) -> None:
        """Send more of the body, which is not empty."""

    def end_response(self, request: Response) -> None:
        """The response to *request* is whole."""

    def send_file(
        self, request: Response, descriptor: int, offset: int, length: int
    ) -> bool:
        """
        Send the head, and a part of an open file as the body, and finish *request*.

        :return: false when this stream cannot send files; then nothing was done.
        """

    def refuse_form(self) -> None:
        """The body is not the form that it is said to be: answer 400, and close."""

    def cut_off(self, reason: str) -> None:
        """End the stream so that nobody can take the response for whole."""


class ISite(Protocol):
    """
    What a channel asks of its site.

    :ivar limits: what a client may ask for.
    :ivar connection_limit: counts the connections.
    :ivar deadlines: ends what takes too long.
    :ivar observer: is told what happens; ``None`` if nobody wants to know.
    :ivar usual_exchanges: where exchanges without anything special are noted instead;
        ``None`` if *observer* is to be told them, too.
    :ivar head_reader: reads the heads of requests.
    :ivar requestFactory: makes requests.
    :ivar uses_our_request: whether these are of our `Request`.
    :ivar request_log: is called with each answered request, if not ``None``.
    :ivar streaming: whether a resource may be looked for before the body has come.
    :ivar refusal_fields: header fields of the wire's own refusals.
    :ivar resource: the root of the tree.
    :ivar is_draining: whether the server is about to stop, and only finishes what is
        under way.
    :ivar is_retiring: whether another process goes on in its place: each response is
        the last of its connection, but no client is hurried.
    :ivar has_stopped: whether nothing is listened to any more: the process ends, and
        the connections with it.
    """

    limits: Limits
    connection_limit: ConnectionLimit
    deadlines: Deadlines
    head_reader: HeadReader
    observer: Observer | None
    usual_exchanges: EventBatch | None
    streaming: bool
    is_draining: bool
    is_retiring: bool
    has_stopped: bool
    resource: IResource

    @property
    def requestFactory(self) -> Callable[..., Any]:
        """Makes requests of ours, if `uses_our_request`, or any of Twisted's."""

    @property
    def uses_our_request(self) -> bool:
        """See the class."""

    @property
    def request_log(self) -> RequestLog | None:
        """See the class."""

    @property
    def refusal_fields(self) -> Fields:
        """See the class."""

    def getResourceFor(self, request: http.Request) -> IResource:
        """The resource that answers *request*."""

    def getContentFile(self, length: int | None) -> IO[bytes]:
        """An open file that holds a request's body of *length* bytes, if known."""

    def handshake_failed(self, peer: IAddress, reason: str, detail: str = "") -> None:
        """As `ITLSSite.handshake_failed`: a client has tried TLS on a port without."""


@runtime_checkable
class IConnection(Protocol):
    """What a site asks of each of its connections, in whatever state it is."""

    def drain(self) -> None:
        """The server is about to stop: finish what is under way, and close."""

    def retire(self) -> None:
        """Close after the next response; what has no end of its own ends now."""

    def abortConnection(self) -> None:
        """Close now."""


class ITLSSite(Protocol):
    """
    What a port with TLS asks of the site that it serves.

    :ivar connection_limit: counts the connections, handshake included.
    :ivar deadlines: ends the handshakes that take too long.
    :ivar reactor: the one that the site uses.
    :ivar is_draining: see `ISite`.
    """

    connection_limit: ConnectionLimit
    deadlines: Deadlines
    reactor: IReactorTime
    is_draining: bool

    def build_negotiated(
        self, protocol: bytes | None, addr: IAddress
    ) -> IProtocol | None:
        """The protocol that a client has negotiated, for a new connection."""

    @property
    def answer_without_tls(self) -> Callable[[], bytes] | None:
        """Makes the response to a request without TLS, if there is to be one."""

    def handshake_failed(self, peer: IAddress, reason: str, detail: str = "") -> None:
        """
        Log, and count, that a client did not come through the TLS handshake.

        :param reason: one of few, whatever clients send.
        :param detail: what it is about, if that is known; anything printable.
        """


class IStreamingResource(Protocol):
    """
    A resource that has request bodies handed over while they arrive.

    :ivar streams_up_to: the bytes of a body that it takes; 0 for none.
    """

    streams_up_to: int


class IRefusalFields(Protocol):
    """
    The root of a tree whose refusals by the wire (413, 408, ...) have more fields.

    :ivar refusal_fields: these fields.
    """

    refusal_fields: Fields


def stream_limit(resource: object) -> int:
    """How many bytes of a body *resource* takes as a stream; 0 for none."""
    limit: int = getattr(resource, "streams_up_to", 0)
    return limit


def refusal_fields(resource: object) -> Fields:
    """The header fields that refusals for the tree of *resource* have."""
    fields: Fields = getattr(resource, "refusal_fields", ())
    return fields


def set_refusal_fields(request: server.Request) -> None:
    """Set these fields on the response to *request*, which no resource answers."""
    for name, value in refusal_fields(request.site):
        request.setHeader(name, value)
