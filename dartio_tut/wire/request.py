"""
The request: finds its resource, asks it, and sends what it says.

A `twisted.web.server.Request` to all who use it; see `LazyRequest` for what it saves.
It does not know how a response is framed: that is the part of its `ResponseStream`.
"""

from __future__ import annotations

import os
from urllib.parse import unquote_to_bytes as unquote

from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionClosed
from twisted.internet.interfaces import IProducer
from twisted.python.failure import Failure
from twisted.web import server
from twisted.web.error import UnsupportedMethod

# Names, not the module: it looks each of them up for deprecation.
from twisted.web.http import INTERNAL_SERVER_ERROR
from twisted.web.iweb import INonQueuedRequestFactory
from twisted.web.resource import IResource
from zope.interface import directlyProvides

from .file_sending import send_file
from .http1.protocol_error import ProtocolError
from .interfaces import set_refusal_fields
from .lazy_request import MalformedForm
from .not_bytes import NotBytesError, check_rendered, shown
from .on_drain import OnDrain
from .producers import stop
from .request_with_body import RequestWithBody
from .twisted_private import IEncodingResource
from .unsendable import BODILESS_CODES, UnsendableError
from .unsupported_method import Refusing, end_fake_head, render_head

SERVER_FAULT_TEXT = b"Something went wrong here."
"""All that a client is told of a fault of ours."""

PERCENT = ord("%")
"""Looking for a number in bytes costs a twentieth of looking for bytes there."""

TEXT = b"text/plain; charset=utf-8"

_ENDS = (ConnectionClosed, CancelledError, ProtocolError)


def is_end_of_request(request: server.Request, error: BaseException | None) -> bool:
    """
    Whether *error* says no more than that *request* is over: its client has left, or
    was refused. Whoever awaits its body or its end meets such an error, which is no
    fault of the server's.
    """
    is_over = getattr(request, "_disconnected", False) or request.finished
    return bool(is_over) and isinstance(error, _ENDS)


class Request(RequestWithBody):
    """
    A request of our `Channel`, or of any other that Twisted has.

    :ivar on_drain: is called once when the server is about to stop, or is stopping,
        unless ``None``. A response that has no end of its own, such as a stream of
        events, sets it, and finishes then.
    """

    on_drain = OnDrain()
    _drops_body = False
    _resource: IResource | None = None

    # From the channel to the resource.

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The request is whole."""
        if self._content is not None and not self.rewind_content():
            return
        if not self._stream.keeps_limits:
            super().requestReceived(command, path, version)
            return
        self.method, self.uri, self.clientproto = command, path, version
        self.path = path.partition(b"?")[0]
        self.process()

    def set_line(self, command: bytes, path: bytes, version: bytes) -> None:
        """Set what stands in the request line."""
        self.method, self.uri, self.clientproto = command, path, version
        self.path = path.partition(b"?")[0]

    def find_resource(self) -> IResource | None:
        """
        The resource that will be asked, before the body has come; ``None`` when looking
        for it fails. That is found out again, and told, when the request is whole.
        """
        self.site = self.channel.site
        try:
            self._resource = self._find()
        except Exception:  # noqa: BLE001  (see above)
            return None
        finally:
            vars(self).pop("args", None)  # the form has not come
        return self._resource

    def process(self) -> None:
        """Find the resource and let it answer."""
        if not self._stream.keeps_limits:
            super().process()
            return
        site = self.site = self.channel.site
        try:
            path = self.path
            if path == b"*":
                set_refusal_fields(self)
                self._handleStar()
                return
            found = self._resource
            if found is None:  # as `_find`, and spares a call
                self.prepath = []
                segments = path[1:].split(b"/")
                self.postpath = (
                    [unquote(segment) for segment in segments]
                    if PERCENT in path
                    else segments
                )
                found = site.getResourceFor(self)
            # Looking for the method costs a third of asking for the interface.
            if hasattr(found, "getEncoder") and IEncodingResource.providedBy(found):
                _ = self.responseHeaders  # from which an encoder may take the length
                self._encoder = found.getEncoder(self)
            self.render(found)
        except BaseException:  # noqa: BLE001  (as Twisted does: the client is answered)
            self.processingFailed(Failure())

    def _find(self) -> IResource:
        path = self.path
        self.prepath = []
        segments = path[1:].split(b"/")
        self.postpath = [*map(unquote, segments)] if PERCENT in path else segments
        return self.channel.site.getResourceFor(self)  # type: ignore[no-any-return]

    def render(self, resrc: IResource) -> None:
        """Send what *resrc* returns; a HEAD request gets the length of it."""
        try:
            body = resrc.render(self)
        except UnsupportedMethod as error:
            if not render_head(self, resrc, error):
                super().render(Refusing(resrc, error))
            return
        if body is server.NOT_DONE_YET:
            return
        if not isinstance(body, bytes):
            check_rendered(resrc, self, body)
        if self.made_response_headers is None:
            self.response_length = len(body)
        elif body or not self.responseHeaders.hasHeader(b"Content-Length"):
            self.setHeader(b"Content-Length", b"%d" % len(body))
        if not self.write_whole(body):
            self.write(b"" if self.method == b"HEAD" else body)
            self.finish()

    def write_whole(self, body: bytes) -> bool:
        """
        As `write` and `finish`, when *body* is all there is and can be sent at once.

        :return: false when it cannot; then nothing was done.
        """
        if (
            not self._stream.sends_whole
            or self.startedWriting
            or not self._writes_as_usual()
            or self._encoder is not None
            or self._inFakeHead
            or not self._stream.send_whole(self, body)
        ):
            return False
        self.startedWriting = self.finished = 1
        del self.channel
        if self._content is not None:
            self.drop_content()
        if self._notifications is not None:
            self._notify()
        return True

    def _writes_as_usual(self) -> bool:
        """Whether nobody has put other methods in the place of `write` and `finish`."""
        try:
            return (
                self.write.__func__ is _write  # type: ignore[attr-defined]
                and self.finish.__func__ is _finish  # type: ignore[attr-defined]
            )
        except AttributeError:
            return False

    def _notify(self) -> None:
        """Tell those who wait that the response is complete."""
        while notifications := self._notifications:  # one may ask for another
            self._notifications = None
            for waiting in notifications:
                waiting.callback(None)

    def processingFailed(self, reason: Failure) -> Failure:
        """
        A resource has raised *reason*: the log is told, the client gets a 500. When
        its response has begun, it must not be taken for whole: the connection ends. A
        malformed form is the client's fault: 400.
        """
        if self._has_failed:  # and so has what relied on it
            return reason
        if self._disconnected or self.finished:
            if not is_end_of_request(self, reason.value):
                self._log_failure(reason)
            return reason
        if reason.check(MalformedForm) and not self.startedWriting:
            self._stream.refuse_form()
            return reason
        if reason.check(UnsendableError):
            self._log.error(
                "{method} {uri}: {error}",
                method=shown(self.method),
                uri=shown(self.uri),
                error=reason.getErrorMessage(),
            )
        elif getattr(self.site, "displayTracebacks", False) and not self.startedWriting:
            failed: Failure = super().processingFailed(reason)
            return failed
        else:
            self._log_failure(reason)
        if self.startedWriting:
            self._stream.cut_off("the resource failed in the middle of its response")
        else:
            self.send_failed()
        return reason

    def _log_failure(self, reason: Failure) -> None:
        self._log.failure(
            "{method} {uri}", reason, method=shown(self.method), uri=shown(self.uri)
        )

    def send_failed(self) -> None:
        """Answer 500, with nothing of what was prepared."""
        self.made_response_headers = None
        self.made_cookies = None
        self.bulk_fields = ()
        self.response_length = None
        self.etag = self.lastModified = None
        self._encoder = None
        self.setResponseCode(INTERNAL_SERVER_ERROR)
        set_refusal_fields(self)
        self.defaultContentType = TEXT
        self.set_length(len(SERVER_FAULT_TEXT))
        is_cut_short = self.body is not None and not self.body.is_whole
        if is_cut_short and self.clientproto.startswith(b"HTTP/1"):
            self.setHeader(b"Connection", b"close")
        self.write(SERVER_FAULT_TEXT)
        self.finish()

    # From the resource to the channel.

    def write(self, data: bytes) -> None:
        """
        Send *data*, with the head before it if this is the first.

        :raise NotBytes: when it is anything else than bytes; then nothing is sent.
        """
        if data.__class__ is not bytes:
            if not isinstance(data, (bytes, bytearray, memoryview)):
                raise NotBytesError("request.write takes", data)
            data = bytes(data)  # it may change before it is sent
        if self._inFakeHead:
            return
        if self._encoder is not None:
            data = self._encoder.encode(data)
        if self.finished:
            if self._has_failed:
                return
            raise RuntimeError(
                "request.write was called after request.finish: the response had "
                f"ended, and {len(data)} bytes are not sent. Finish after all writes."
            )
        if self._disconnected:
            return
        if self.startedWriting:
            if data and not self._drops_body:
                self.sentLength += len(data)
                self._stream.write_body(data)
            return
        self.startedWriting = 1
        if self.method == b"HEAD" or self.code in BODILESS_CODES:
            self._drops_body = True
        else:
            self.sentLength = len(data)
        try:
            self._stream.begin_response(self, data)
        except Exception:
            if self.startedWriting:
                raise
            self._head_failed(Failure())

    def _head_failed(self, reason: Failure) -> None:
        """No head can be made: answer 500, whatever the resource does from now on."""
        self.etag = self.lastModified = self.made_cookies = None
        self.bulk_fields = ()
        self.processingFailed(reason)
        self._has_failed = True

    def send_file(self, descriptor: int, offset: int, length: int) -> None:
        """
        Finish the response with *length* bytes of an open file from *offset* on, sent
        by the kernel where the connection allows it.

        The descriptor is closed when they are sent or the client is gone. When the
        file turns out to be shorter, the connection is cut.
        """
        if self._disconnected:
            os.close(descriptor)
        else:
            send_file(self, descriptor, offset, length)

    def send_file_directly(self, descriptor: int, offset: int, length: int) -> bool:
        """
        As `send_file`, if the connection can send files itself.

        :return: false when it cannot; then nothing was done.
        """
        if self._encoder is not None or self.startedWriting:
            return False
        self.startedWriting = 1
        if self._stream.send_file(self, descriptor, offset, length):
            return True
        self.startedWriting = 0
        return False

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Let *producer* write the body; it is stopped if the client has gone."""
        if self._disconnected:
            stop(producer)
        else:
            super().registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """The producer writes nothing more."""
        if self._disconnected:
            self.producer = None
        else:
            super().unregisterProducer()

    def finish(self) -> None:
        """
        The response is complete.

        :raise RuntimeError: when the client has gone; see ``notifyFinish``.
        """
        if self._disconnected or self.finished:
            if self._disconnected or not self._has_failed:
                super().finish()  # which raises, or warns
            return
        if self._inFakeHead:
            end_fake_head(self)
        if self._encoder is not None:
            rest, self._encoder = self._encoder.finish(), None
            if rest:
                self.write(rest)
        if not self.startedWriting:
            self.write(b"")
        stream = self._stream
        stream.end_response(self)
        if stream.log is not None:
            stream.log(self)
        self.finished = 1
        if not self.queued:
            self._cleanup()

    def _cleanup(self) -> None:
        if self.producer or not self._stream.keeps_limits:
            super()._cleanup()
            return
        channel = self.channel
        del self.channel
        if self._content is not None:
            self.drop_content()
        channel.requestDone(self)
        self._notify()

    def connectionLost(self, reason: Failure) -> None:
        """The client has gone, or the request is refused."""
        self._disconnected = True
        self.channel = None
        self.drop_content()
        if self.body is not None:
            self.body.ended(reason)
        while notifications := self._notifications:
            self._notifications = None
            for waiting in notifications:
                waiting.errback(reason)


_write, _finish = Request.write, Request.finish

directlyProvides(Request, INonQueuedRequestFactory)
