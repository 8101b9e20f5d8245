"""
A request that makes nothing before it is asked for.

Twisted's own makes two collections of headers, a file, lists and addresses for every
request, used or not: more work than parsing it. Here the first look makes them. On any
other channel than ours (HTTP/2), a request is as Twisted makes it.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from twisted.web import server
from twisted.web.http import (
    _getMultiPartArgs,
    _MultiPartParseException,
    _parseContentType,
    parse_qs,
)
from twisted.web.http_headers import Headers

from .deadlines import date
from .http1.request_head import Fields
from .http1.response_head import SERVER, replace_fields
from .lazy import kept_as, made_once
from .sending import Sender

_COPIED = (
    "client",
    "host",
    "content",
    "requestHeaders",
    "responseHeaders",
    "received_cookies",
    "cookies",
    "notifications",
    "args",
    "_adapterCache",
)


class BadForm(ValueError):
    """Content that is not the form it says it is."""


class LazyRequest(server.Request):
    """
    What a request is made of, at the first look.

    :ivar fields: what was read of its head.
    :ivar body: its content, when it is streamed.
    :ivar takes: bytes that its resource takes as a stream; 0 for none.
    """

    channel: Any
    transport: Any
    fields: Fields | None = None
    body: Any = None
    takes = 0
    _found: Any = None
    queued = False
    wants_length = False
    _direct = False
    _length: int | None = None
    _declared_length: int | None = None
    _received = 0
    _set: tuple[tuple[bytes, bytes], ...] = ()
    _content: Any = None
    _cookies: Any = None
    _notifications: Any = None
    _request_headers: Any = None
    _response_headers: Any = None

    def __init__(self, channel: Any, queued: Any = False, **more: Any) -> None:
        if isinstance(channel, Sender):
            self.channel = channel
            self.transport = channel.transport
            self._direct = True
            if more.get("parsePOSTFormSubmission") is not None:
                self._parsePOSTFormSubmission = more["parsePOSTFormSubmission"]
        else:
            super().__init__(channel, queued, **more)

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.wants_length = cls.gotLength is not LazyRequest.gotLength

    # Made at the first look.

    @made_once
    def _parsePOSTFormSubmission(self) -> Any:
        return self.channel.site._parsePOSTFormSubmission

    @made_once
    def client(self) -> Any:
        """The client's address."""
        return self.transport.getPeer()  # the channel is gone once it is finished

    @made_once
    def host(self) -> Any:
        """Our address."""
        return self.transport.getHost()

    @made_once
    def received_cookies(self) -> Any:
        """The cookies the client sent."""
        self.received_cookies = {}
        self.parseCookies()
        return self.received_cookies

    @made_once
    def args(self) -> Any:
        """
        The decoded query and form, a list of values for each name. A form is read at
        the first look only: reading some takes seconds.

        :raise BadForm: when the content is not the form it says it is.
        """
        query = self.uri.partition(b"?")[2]
        args: dict[bytes, list[bytes]] = parse_qs(query, 1) if query else {}
        if self.method == b"POST" and self._content is not None:
            args.update(self._form())
        return args

    def _form(self) -> dict[bytes, list[bytes]]:
        """What the content holds, if it is a form that is to be read."""
        kind = self.getHeader(b"Content-Type")
        if not kind or not self._parsePOSTFormSubmission:
            return {}
        name = _parseContentType(kind)
        if name not in (b"application/x-www-form-urlencoded", b"multipart/form-data"):
            return {}
        at = self._content.tell()
        self._content.seek(0)
        content = self._content.read()
        self._content.seek(at)
        if name == b"multipart/form-data":
            try:
                return dict(_getMultiPartArgs(content, kind))
            except _MultiPartParseException:
                raise BadForm from None
        return dict(parse_qs(content, 1))

    @made_once
    def _adapterCache(self) -> Any:
        return {}

    def _make_request_headers(self) -> Headers:
        return Headers({} if self.fields is None else self.fields.values)

    def _make_response_headers(self) -> Headers:
        headers = Headers()
        if self.site is not None:
            headers.setRawHeaders(b"Server", [SERVER])
            headers.setRawHeaders(b"Date", [date.value()])
        replace_fields(headers, self._set)
        return headers

    requestHeaders = kept_as("_request_headers", _make_request_headers)
    responseHeaders = kept_as("_response_headers", _make_response_headers)
    content = kept_as("_content", lambda self: BytesIO())
    cookies = kept_as("_cookies", lambda self: [])
    notifications = kept_as("_notifications", lambda self: [])

    @property
    def is_conditional(self) -> bool:
        """
        Whether anything but the whole representation may be the answer: there is a
        precondition or a Range (RFC 9110 sections 13 and 14).
        """
        return self.fields is None or self.fields.conditional

    def set_fields(self, fields: tuple[tuple[bytes, bytes], ...]) -> None:
        """
        Set several fields of the response, without line breaks in them. A tuple that
        comes again costs next to nothing. A Vary joins what others have said.
        """
        if self._direct and self._response_headers is None and not self._set:
            self._set = fields
            return
        replace_fields(self.responseHeaders, fields)

    def getHeader(self, key: Any) -> Any:
        """The last value of the field *key*, without making all headers."""
        if (
            self.fields is None
            or self._request_headers is not None
            or not isinstance(key, bytes)
        ):
            return super().getHeader(key)
        return self.fields.last(key.lower())

    # From the channel to the resource.

    def getTypeToCopyFor(self, issuer: Any) -> bytes:
        """What the other process takes it for: it knows Twisted's."""
        return b"twisted.web.server.Request"

    def getStateToCopyFor(self, issuer: Any) -> Any:
        """
        What `twisted.web.distrib` sends to another process. Twisted looks for it in
        ``__dict__``, where things are that it makes at once.
        """
        own = self.__dict__
        kept = own.copy()
        own.update({name: getattr(self, name) for name in _COPIED})
        try:
            state: dict[str, Any] = super().getStateToCopyFor(issuer)
        finally:
            own.clear()
            own.update(kept)
        return {name: value for name, value in state.items() if name not in _OURS}


_OURS = {name for name in vars(LazyRequest) if name.startswith("_")} - {"_adapterCache"}
_OURS |= {"fields", "_parsePOSTFormSubmission"}
