"""
A request that makes nothing before it is asked for.

Twisted's own makes two collections of headers, a file, lists and addresses for every
request, used or not: more work than parsing it. Here the first look makes them.
"""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from typing import IO, Any, AnyStr

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, ITransport
from twisted.web import server
from twisted.web.http import OK, parse_qs
from twisted.web.http_headers import Headers
from twisted.web.server import version as SERVER

from .date import date
from .fields import replace_fields, set_from_attributes
from .foreign_stream import ForeignStream
from .interfaces import (
    Fields,
    RequestChannel,
    RequestHeaderFields,
    ResponseStream,
)
from .lazy import cached_attribute, cached_in_slot
from .streamed_body import StreamedBody
from .twisted_private import MultipartError, multipart_arguments

_COPIED = (
    "queued",
    "client",
    "host",
    "content",
    "requestHeaders",
    "responseHeaders",
    "received_cookies",
    "cookies",
    "notifications",
    "args",
    "transport",
    "_adapterCache",
)

_FORMS = (b"application/x-www-form-urlencoded", b"multipart/form-data")


class MalformedForm(ValueError):
    """The body of a request is not the form that it is said to be."""


class LazyRequest(server.Request):
    """
    What a request is made of, at the first look.

    :ivar fields: what was read of its head.
    :ivar body: its body, when it is streamed.
    :ivar trailers: the fields that came behind its body, by HTTP/2.
    :ivar has_early_headers: whether somebody has looked at ``responseHeaders`` before
        ``process``, which is when Twisted's requests get Server and Date.
    """

    channel: Any  # ours or any of Twisted's; None once the client has gone
    fields: RequestHeaderFields | None = None
    body: StreamedBody | None = None
    trailers: Fields = ()
    queued: object = False
    wants_length = False
    has_early_headers = False
    response_length: int | None = None
    bulk_fields: Fields = ()
    made_cookies: list[bytes] | None = None
    made_response_headers: Headers | None = None
    _content: IO[bytes] | None = None
    _form_content: IO[bytes] | None = None
    _notifications: list[Deferred[None]] | None = None
    _request_headers: Headers | None = None

    def __init__(
        self,
        channel: Any,
        queued: object = False,
        parsePOSTFormSubmission: bool | None = None,
    ) -> None:
        # Not the __init__ of server.Request, which makes everything at once.
        self.channel = channel
        self._connection: RequestChannel = channel
        stream: ResponseStream | None = getattr(channel, "response_writer", None)
        if stream is None:
            stream = ForeignStream(channel)
            self.queued = queued
        self._stream = stream
        # Python finds these here in a tenth of the time that it takes to find them in
        # the class, and each is looked at on the way of every response. With more than
        # 30 attributes in all, an object becomes a third dearer.
        self.made_response_headers = self.made_cookies = self._content = None
        self._notifications = self._encoder = None
        self._inFakeHead = self._disconnected = False
        self.bulk_fields, self.code, self.startedWriting = (), OK, 0
        if parsePOSTFormSubmission is not None:
            self._parsePOSTFormSubmission = parsePOSTFormSubmission

    def __init_subclass__(cls, **more: object) -> None:
        super().__init_subclass__(**more)
        cls.wants_length = cls.gotLength is not LazyRequest.gotLength

    # Made at the first look.

    @cached_attribute
    def _parsePOSTFormSubmission(self) -> bool:
        return self._connection.site._parsePOSTFormSubmission

    @cached_attribute
    def transport(self) -> ITransport | None:
        """The connection's transport."""
        return self._connection.transport

    @cached_attribute
    def client(self) -> IAddress:
        """The client's address, also behind a proxy that is trusted."""
        peer = self._connection.getPeer()
        trust = getattr(self._connection.site, "proxy_trust", None)
        client: IAddress = peer if trust is None else trust.client(peer, self.fields)
        return client

    @cached_attribute
    def host(self) -> IAddress:
        """Our address."""
        return self._connection.getHost()

    @cached_attribute
    def received_cookies(self) -> dict[bytes, bytes]:
        """The cookies that the client has sent."""
        self.received_cookies = {}
        self.parseCookies()
        return self.received_cookies

    @cached_attribute
    def args(self) -> dict[bytes, list[bytes]]:
        """
        The decoded query and form, a list of values for each name. A form is read at
        the first look only: reading some takes seconds.

        :raise MalformedForm: when the body is not the form that it is said to be.
        """
        query = self.uri.partition(b"?")[2]
        args: dict[bytes, list[bytes]] = parse_qs(query, 1) if query else {}
        content, self._form_content = self._form_content or self._content, None
        if self.method == b"POST" and content is not None and not content.closed:
            args.update(self._form(content))
        return args

    def _form_type(self) -> bytes | None:
        """The media type of the body, if it is a form that is to be read."""
        content_type = self.getHeader(b"Content-Type")
        if not content_type or not self._parsePOSTFormSubmission:
            return None
        name = content_type.partition(b";")[0].strip().lower()
        return name if name in _FORMS else None

    def _form(self, content: IO[bytes]) -> dict[bytes, list[bytes]]:
        """The arguments in *content*, if it is a form."""
        media_type = self._form_type()
        if media_type is None:
            return {}
        at = content.tell()
        content.seek(0)
        body = content.read()
        content.seek(at)
        if media_type == b"multipart/form-data":
            try:
                content_type = self.getHeader(b"Content-Type") or b""
                found = multipart_arguments(body, content_type)
                return dict(found)
            except MultipartError:
                raise MalformedForm from None
        return dict(parse_qs(body, 1))

    def drop_content(self) -> None:
        """
        The request is over: close its content, unless ``args`` may still need it.
        """
        content, self._content = self._content, None
        if content is None:
            return
        may_need = self.method == b"POST" and "args" not in self.__dict__
        if may_need and self._form_type() is not None:
            self._form_content = content
            return
        with suppress(OSError):  # it has had no room for all, and nobody reads it
            content.close()

    @cached_attribute
    def _adapterCache(self) -> dict[str, object]:
        return {}

    def _make_request_headers(self) -> Headers:
        return Headers({} if self.fields is None else self.fields.values)

    def _make_response_headers(self) -> Headers:
        headers = Headers()
        if self.site is None:
            self.has_early_headers = True
        else:
            headers.setRawHeaders(b"Server", [SERVER])
            headers.setRawHeaders(b"Date", [date.value()])
        replace_fields(headers, self.bulk_fields)
        if self.startedWriting and self.lastModified is None:
            # A response was sent without them: who looks afterwards sees what it had.
            set_from_attributes(self, headers)
        return headers

    def _make_content(self) -> BytesIO:
        content = BytesIO()
        if self.finished or self._disconnected:
            content.close()  # as the dropped one was; an empty body would be a lie
        return content

    requestHeaders = cached_in_slot("_request_headers", _make_request_headers)
    responseHeaders = cached_in_slot("made_response_headers", _make_response_headers)
    content = cached_in_slot("_content", _make_content)
    cookies = cached_in_slot("made_cookies", lambda self: [])
    notifications = cached_in_slot("_notifications", lambda self: [])

    def set_fields(self, fields: Fields) -> None:
        """
        Set several header fields of the response, which may not hold line breaks. A
        tuple that comes again costs next to nothing. A Vary joins those set before.
        """
        if self.made_response_headers is None and not self.bulk_fields:
            self.bulk_fields = fields
            return
        replace_fields(self.responseHeaders, fields)

    def set_length(self, length: int) -> None:
        """Say how many bytes the body of the response has."""
        if self.made_response_headers is None:
            self.response_length = length
        else:
            self.setHeader(b"Content-Length", b"%d" % length)

    def getHeader(self, key: AnyStr) -> AnyStr | None:
        """
        The last value of the field *key*, without making all headers. It is text when
        *key* is text: bytes that are no UTF-8 become U+FFFD.
        """
        if isinstance(key, str):
            value = LazyRequest.getHeader(self, key.encode("iso-8859-1"))
            return None if value is None else value.decode("utf-8", "replace")
        if self.fields is None or self._request_headers is not None:
            return super().getHeader(key)
        return self.fields.last(key.lower())

    # What `twisted.web.distrib` sends to another process.

    def getTypeToCopyFor(self, issuer: object) -> bytes:
        """What the other process takes it for: it knows Twisted's."""
        return b"twisted.web.server.Request"

    def getStateToCopyFor(self, issuer: object) -> dict[str, object]:
        """
        The state to send. Twisted looks for it in ``__dict__``, where those things are
        that it makes at once.
        """
        own = self.__dict__
        kept = own.copy()
        own.update({name: getattr(self, name) for name in _COPIED})
        try:
            state: dict[str, object] = super().getStateToCopyFor(issuer)
        finally:
            own.clear()
            own.update(kept)
        return {name: value for name, value in state.items() if name not in _OURS}


_OURS = {name for name in vars(LazyRequest) if name.startswith("_")} - {"_adapterCache"}
_OURS |= {
    "fields",
    "body",
    "trailers",
    "bulk_fields",
    "has_early_headers",
    "made_cookies",
    "made_response_headers",
    "response_length",
    "_connection",
    "_parsePOSTFormSubmission",
    "_stream",
}
