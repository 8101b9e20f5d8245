"""
The body of one request, from the frames of a stream to whoever takes it: held until it
is whole, or handed to a resource while it arrives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from twisted.web import http

from ..http1 import protocol_error as errors
from ..http1.protocol_error import ProtocolError
from ..interfaces import stream_limit
from ..streamed_body import StreamedBody
from .request_body import RequestBody
from .request_head import VERSION
from .response_fields import CONTINUE

if TYPE_CHECKING:
    from .stream import Stream


class BodyIntake:
    """
    Takes in the body of the request on *stream*.

    :param request: the request: ours if it is streamed, else any of Twisted's.
    :raise ProtocolError: when it says that it is too long.
    """

    __slots__ = ("_body", "_is_held_whole", "_is_large", "_stream")

    def __init__(self, stream: Stream, request: Any, is_streamed: bool) -> None:
        self._stream = stream
        head, connection = stream.head, stream.connection
        limits = connection.limits
        max_streamed = 0
        if is_streamed:
            request.set_line(head.method, head.target, VERSION)
            max_streamed = stream_limit(request.find_resource())
        max_bytes = max_streamed or limits.body
        if head.length is not None and head.length > max_bytes:
            raise ProtocolError(*errors.BODY_TOO_LARGE)
        self._body = RequestBody(self, limits, max_bytes, connection.now)
        self._is_held_whole = not max_streamed
        self._is_large = False
        stream.intake = self
        stream.is_fresh = False
        if max_streamed:
            request.body = StreamedBody(self._is_wanted, self._hold)
            if head.expects:  # it comes when somebody wants it
                self._body.hold(True, connection.now)
            request.requestReceived(head.method, head.target, VERSION)
            return
        request.gotLength(head.length)
        if head.expects:
            connection.engine.send_head(stream.stream_id, CONTINUE, False)

    def came(self, data: bytes, is_ended: bool) -> None:
        """
        A piece has come.

        :raise ProtocolError: when it is too long, or too slow.
        """
        if self._stream.request is None:
            self.credit(len(data))  # it is not wanted any more
            return
        connection = self._stream.connection
        if self._is_held_whole and not self._is_large:
            in_memory = connection.limits.body_in_memory
            if self._body.received + len(data) > in_memory:
                self._is_large = True
                if not connection.streams.large_bodies.enter(self):
                    self._body.hold(True, connection.now)
        self._body.came(data, is_ended, connection.now)

    def partial_came(self, count: int) -> None:
        """*count* bytes of a frame have come, which is not whole yet."""
        self._body.partial_came(count, self._stream.connection.now)

    def check(self, now: float) -> None:
        """
        See whether it comes fast enough.

        :raise ProtocolError: when it does not.
        """
        if self._stream.request is not None:
            self._body.check(now)

    def go_on(self) -> None:
        """The body may become large now."""
        connection = self._stream.connection
        try:
            self._body.hold(False, connection.now)
        except ProtocolError as error:
            self._stream.refuse(error)
        connection.written()

    def drop(self) -> None:
        """Nobody wants the rest."""
        self.credit(self._body.drop())
        if self._is_large:
            self._stream.connection.streams.large_bodies.leave(self)

    def answered(self, request: Any) -> None:
        """Nobody wants the rest for *request*: whoever takes it hears of that."""
        self.drop()
        body = getattr(request, "body", None)
        if body is not None:
            body.ended(Failure(ConnectionLost()))

    # For `RequestBody`.

    def take_piece(self, piece: bytes) -> None:
        """A piece of the body, for the request."""
        request = self._stream.request
        if request is not None:
            request.handleContentChunk(piece)

    def credit(self, count: int) -> None:
        """The client may send so many bytes more."""
        if count:
            stream = self._stream
            stream.connection.engine.credit(stream.stream_id, count)

    def body_ended(self) -> None:
        """All of the body has come, and the request is whole."""
        request: http.Request | None = self._stream.request
        if request is None:
            return
        body = getattr(request, "body", None)
        if body is not None:
            body.ended()
        else:
            head = self._stream.head
            request.requestReceived(head.method, head.target, VERSION)

    # For `StreamedBody`.

    def _is_wanted(self) -> None:
        """Somebody takes the streamed body: a client that awaits a 100 may send it."""
        stream = self._stream
        connection = stream.connection
        if stream.is_over or not stream.head.expects:
            return
        self._body.hold(False, connection.now)
        if not stream.has_begun:
            connection.engine.send_head(stream.stream_id, CONTINUE, False)
            connection.written()

    def _hold(self, stop: bool) -> None:
        if not self._stream.is_over:
            connection = self._stream.connection
            self._body.hold(stop, connection.now)
            connection.written()
