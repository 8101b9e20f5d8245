"""
The request: found a resource, asked it, and sends what it says.

A `twisted.web.server.Request` to all who use it; see `LazyRequest` for what it saves.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes as unquote

from twisted.python.failure import Failure
from twisted.web import server
from twisted.web.error import UnsupportedMethod

# Names, not the module: it looks each of them up for deprecation.
from twisted.web.http import (
    BAD_REQUEST,
    INSUFFICIENT_STORAGE_SPACE,
    INTERNAL_SERVER_ERROR,
    NO_BODY_CODES,
    NO_CONTENT,
    NOT_MODIFIED,
    RESPONSES,
    datetimeToString,
)
from twisted.web.http_headers import Headers
from twisted.web.iweb import INonQueuedRequestFactory
from twisted.web.resource import _IEncodingResource
from zope.interface import directlyProvides

from .asked import Asked
from .http1.request_head import ProtocolError
from .http1.response_head import TEXT, common_head, field_lines, response_head
from .lazy_request import BadForm, LazyRequest
from .transport.file_senders import send_file

FAILED = b"Something went wrong here."
"""All a client is told of a fault of ours."""


class Request(LazyRequest):
    """A request of our `Channel`, or of any other."""

    def handleContentChunk(self, data: bytes) -> None:
        """Keep *data*. Our channel knows the limit itself; HTTP/2 has none."""
        if not self._direct:
            self._received += len(data)
            site = getattr(self.channel, "site", None)
            limits = getattr(site, "limits", None)
            if limits is not None and self._received > limits.body:
                self.channel.abortConnection()  # of this stream
                return
        if self.body is not None:
            self.body.received(data)
            return
        try:
            super().handleContentChunk(data)
        except OSError as error:  # where large content is held: no room, no descriptor
            self._log.error("Cannot hold content: {error}", error=error.strerror)
            if not self._direct:
                self.channel.abortConnection()
                return
            raise ProtocolError(INSUFFICIENT_STORAGE_SPACE) from None

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The request is whole."""
        if not self._direct:
            super().requestReceived(command, path, version)
            return
        if self._content is not None:
            self._content.seek(0)
        self._set_line(command, path, version)
        self.process()

    def _set_line(self, command: bytes, path: bytes, version: bytes) -> None:
        self.method, self.uri, self.clientproto = command, path, version
        self.path = path.partition(b"?")[0]

    def look_ahead(self, command: bytes, path: bytes, version: bytes) -> int:
        """
        Find the resource before the content has come.

        :return: how many bytes of it the resource takes as a stream; 0 for none.
        """
        self._set_line(command, path, version)
        self.site = self.channel.site
        try:
            self._found = self._find()
        except Exception:  # noqa: BLE001  (it is raised again when the request is whole)
            return 0
        self.takes = getattr(self._found, "streams_up_to", 0)
        return self.takes

    def deliver_body(self, protocol: Any) -> None:
        """
        Hand the content to *protocol* as it comes, when the resource streams: its
        transport is a push producer, ``connectionLost`` has `ConnectionDone` when all
        has come.

        :raise RuntimeError: when the content is not streamed, or was delivered.
        """
        if self.body is None:
            raise RuntimeError("the content of this request is in request.content")
        self.body.deliver(protocol)

    def process(self) -> None:
        """Find the resource and let it answer."""
        if not self._direct or self._response_headers is not None:
            super().process()
            return
        self.site = self.channel.site
        try:
            if self.path == b"*":
                self._handleStar()
                return
            found = self._found or self._find()
            if _IEncodingResource.providedBy(found):
                self._encoder = found.getEncoder(self)
            self.render(found)
        except BaseException:  # noqa: BLE001  (as Twisted does: the client is answered)
            self.processingFailed(Failure())

    def _find(self) -> Any:
        """The resource that the path leads to."""
        path = self.path
        self.prepath = []
        segments = path[1:].split(b"/")
        self.postpath = (
            [unquote(segment) for segment in segments] if b"%" in path else segments
        )
        return self.channel.site.getResourceFor(self)

    def processingFailed(self, reason: Failure) -> Failure:
        """
        A resource has raised *reason*: the log is told, the client gets a 500. When
        its response has begun, it must not be taken for whole: the connection ends. A
        form that is none is the client's fault: 400.
        """
        if reason.check(BadForm) and not self.startedWriting:
            self.channel.refuse(BAD_REQUEST)
            return reason
        if self.site is not None and self.site.displayTracebacks:
            failed: Failure = super().processingFailed(reason)
            return failed
        self._log.failure("{method} {uri}", reason, method=self.method, uri=self.uri)
        if self.startedWriting:
            if not self.finished and self.channel is not None:
                self.channel.abortConnection()
            return reason
        self._response_headers = None
        self._set = ()
        self._encoder = None
        self.setResponseCode(INTERNAL_SERVER_ERROR)
        self.defaultContentType = TEXT
        self.setHeader(b"Content-Length", b"%d" % len(FAILED))
        self.write(FAILED)
        self.finish()
        return reason

    def render(self, resrc: Any) -> None:
        """Send what *resrc* returns; a HEAD request gets the length of it."""
        try:
            body = resrc.render(self)
        except UnsupportedMethod as error:
            super().render(Asked(resrc, error))
            return
        if body is server.NOT_DONE_YET:
            return
        if not isinstance(body, bytes):
            super().render(Asked(resrc, None, body))
            return
        if self._response_headers is None and self._direct:
            self._length = len(body)
        elif body or not self.responseHeaders.hasHeader(b"Content-Length"):
            self.setHeader(b"Content-Length", b"%d" % len(body))
        self.write(b"" if self.method == b"HEAD" else body)
        self.finish()

    # From the resource to the channel.

    def set_length(self, length: int) -> None:
        """Say how long the content is."""
        if self._response_headers is None and self._direct:
            self._length = length
        else:
            self.setHeader(b"Content-Length", b"%d" % length)

    def write(self, data: bytes) -> None:
        """Send *data*, behind the head if this is the first."""
        if (
            not self._direct
            or self.startedWriting
            or self.finished
            or self._disconnected
            or self._inFakeHead
            or self._encoder
        ):
            super().write(data)
            return
        bodiless = self.method == b"HEAD" or self.code in NO_BODY_CODES
        if bodiless or not data:  # no data may be text as well: Twisted takes it
            data = b""
        head = self._head(bodiless)
        sent = b"%x\r\n%b\r\n" % (len(data), data) if self.chunked and data else data
        self.channel.write(head + sent)
        self.startedWriting = 1
        self.sentLength = len(data)
        if bodiless:
            self.write = _drop  # type: ignore[method-assign]

    def _head(self, bodiless: bool) -> bytes:
        """The head of the response."""
        channel = self.channel
        code, length = self.code, self._length
        if (
            self._response_headers is None
            and (length is not None or code == NOT_MODIFIED)
            and channel.persistent
            and not channel.old
            and not self._cookies
            and self.etag is None
            and self.lastModified is None
            and self.code_message == RESPONSES.get(code)
        ):
            bare = bodiless and code in NO_BODY_CODES
            lines, has_type = field_lines(self._set) if self._set else (b"", False)
            silent = has_type or bare or not length
            kind = None if silent else self.defaultContentType
            head = common_head(code, kind) + lines
            if code in NO_BODY_CODES:
                return head + b"\r\n"
            self._declared_length = None if bodiless else length
            return b"%bContent-Length: %d\r\n\r\n" % (head, length or 0)
        headers = self.responseHeaders
        self._set_fields(headers)
        lengths = headers.getRawHeaders(b"Content-Length")
        if lengths and lengths[0].isdigit() and not bodiless:
            self._declared_length = int(lengths[0])
        if not lengths and not bodiless:
            if channel.old:
                channel.persistent = False
            else:
                headers.setRawHeaders(b"Transfer-Encoding", [b"chunked"])
                self.chunked = True
        channel.check_persistent(headers)
        return response_head(
            self.code, self.code_message, headers, channel.persistent, channel.old
        )

    def _set_fields(self, headers: Headers) -> None:
        """Set the fields that stand for attributes."""
        if self._length is not None and self.code not in NO_BODY_CODES:
            headers.setRawHeaders(b"Content-Length", [b"%d" % self._length])
        if (
            self.defaultContentType is not None
            and self.code not in (NOT_MODIFIED, NO_CONTENT)
            and not headers.hasHeader(b"Content-Type")
            and headers.getRawHeaders(b"Content-Length") != [b"0"]
        ):
            headers.setRawHeaders(b"Content-Type", [self.defaultContentType])
        if self.lastModified is not None and not headers.hasHeader(b"Last-Modified"):
            changed = datetimeToString(self.lastModified)
            headers.setRawHeaders(b"Last-Modified", [changed])
        if self.etag is not None:
            headers.setRawHeaders(b"ETag", [self.etag])
        if self._cookies:
            headers.setRawHeaders(b"Set-Cookie", self._cookies)

    def send_file(self, descriptor: int, offset: int, length: int) -> None:
        """
        Finish the response with *length* bytes of an open file from *offset*, sent
        by the kernel where the connection allows it.

        The descriptor is closed when they are sent or the client is gone. When the
        file turns out shorter, the connection is cut.
        """
        send_file(self, descriptor, offset, length)

    def finish(self) -> None:
        """The response is complete."""
        if not self._direct or self._encoder or self._disconnected or self.finished:
            super().finish()
            return
        if not self.startedWriting:
            self.write(b"")
        channel = self.channel
        if self.chunked:
            channel.write(b"0\r\n\r\n")
        if channel.factory is not None:
            channel.factory.log(self)
        if (
            self._declared_length is not None
            and self._declared_length != self.sentLength
        ):
            # The client would take what is missing, or too much, for the next answer.
            channel.abortConnection()
        self.finished = 1
        self._cleanup()

    def _cleanup(self) -> None:
        if not self._direct or self.producer:
            super()._cleanup()
            return
        channel = self.channel
        del self.channel
        content, self._content = self._content, None
        if content is not None:
            content.close()
        channel.requestDone(self)
        notifications, self._notifications = self._notifications, None
        for waiting in notifications or ():
            waiting.callback(None)

    def connectionLost(self, reason: Failure) -> None:
        """The client is gone."""
        self._disconnected = True
        self.channel = None
        content, self._content = self._content, None
        if content is not None:
            content.close()
        if self.body is not None:
            self.body.ended(reason)
        notifications, self._notifications = self._notifications, None
        for waiting in notifications or ():
            waiting.errback(reason)


directlyProvides(Request, INonQueuedRequestFactory)


def _drop(data: bytes) -> None:
    """There is no content in this response."""
