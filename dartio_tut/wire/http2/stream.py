"""
One stream: a request and its response.

To the request it is its channel and its `ResponseStream`; nothing in a request knows
that there are frames. To others it offers what `twisted.web.http.HTTPChannel` offers.

| the client         | this side     | then                                          |
|--------------------|---------------|-----------------------------------------------|
| has ended its half | ends its half | the stream is closed                          |
| is still sending   | ends its half | what comes is dropped for a while; then the   |
|                    |               | stream is reset, with NO_ERROR                |
| resets the stream  |               | the request hears of it, and all is dropped   |
|                    | cannot go on  | the stream is reset, with the reason          |
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import (
    IConsumer,
    INegotiated,
    ISSLTransport,
    ITransport,
)
from twisted.python.failure import Failure
from twisted.web import http
from zope.interface import classImplements, implementer

from ..events import Ending, Exchange
from ..http1.protocol_error import ProtocolError
from ..interfaces import Fields, Response
from .body_intake import BodyIntake
from .channel_api import ChannelAPI
from .engine import ErrorCode
from .foreign_request import begin_foreign
from .header_compression import HeaderSection
from .request_head import VERSION, RequestHead
from .response_fields import keep_up, refusal_section, response_section
from .stream_output import StreamOutput

if TYPE_CHECKING:
    from ..request import Request
    from .connection import HTTP2Connection

MAX_AT_ONCE_BYTES = 64 * 1024
"""A larger response takes turns, whatever its client allows: others have theirs."""

_HEAD_BYTES = 1
"""What a head counts: its real length differs, and it has left if any byte has."""


@implementer(ITransport, IConsumer)
class Stream(ChannelAPI):
    """
    A stream of *connection*.

    :ivar request: the one that is read or answered, if there is one.
    :ivar exchange: what is reported of it, if anybody wants to know.
    :ivar intake: takes in its body, if it has one.
    :ivar is_fresh: whether only the head has come, and no response was begun.
    :ivar has_begun: whether the response has begun.
    :ivar output: what waits to be sent, if anything ever had to wait.
    :ivar request_has_ended: whether the client has ended its half.
    :ivar is_ended: whether the end of the response is sent.
    :ivar is_over: whether nothing more happens here; then the others tell nothing.
    """

    request: http.Request | None = None
    intake: BodyIntake | None = None
    output: StreamOutput | None = None
    has_begun = request_has_ended = is_ended = is_over = False
    _has_wrong_length = False
    _left: int | None = None

    def __init__(
        self,
        connection: HTTP2Connection,
        stream_id: int,
        head: RequestHead,
        exchange: Exchange | None,
    ) -> None:
        self.connection = connection
        self.site = connection.site
        self.stream_id = stream_id
        self.head, self.exchange = head, exchange
        # Python finds these faster here than in the class, and each is looked at.
        self.is_fresh = self.keeps_limits = self.sends_whole = True

    # From the client.

    def begin(self, has_ended: bool) -> None:
        """
        Have the request answered, or its body read first.

        :param has_ended: whether no body follows.
        :raise ProtocolError: when its body is too long.
        """
        self.request_has_ended = has_ended
        connection = self.connection
        if not connection.uses_our_request:
            begin_foreign(self)
        elif has_ended:
            self.answer()
        else:
            request: Request = connection.make_request(self)
            request.fields = self.head
            self.request = request
            BodyIntake(self, request, self.site.streaming)

    def answer(self) -> None:
        """As `begin`, of a request that is whole and of our own class."""
        head = self.head
        self.request_has_ended = True
        connection = self.connection
        make_request = connection.make_request
        request: Request = make_request(self)
        request.fields, self.request = head, request
        if connection.wants_length:
            request.gotLength(0)
        request.requestReceived(head.method, head.target, VERSION)

    def body_came(self, data: bytes, is_ended: bool) -> None:
        """
        A piece of the body has come.

        :raise ProtocolError: when it is too long, or too slow.
        """
        self.request_has_ended = is_ended
        if self.exchange is not None:
            self.exchange.request_body_bytes += len(data)
        if self.intake is not None:
            self.intake.came(data, is_ended)
        elif data:
            self.connection.engine.credit(self.stream_id, len(data))

    def trailers_came(self, fields: Fields) -> None:
        """The request ends, with trailer fields."""
        if self.request is not None:
            self.request.trailers = fields  # type: ignore[attr-defined]

    # The response.

    def begin_response(self, request: Response, data: bytes) -> None:
        """Send the head of the response to *request*, and the first of its body."""
        if not self.connection.is_active:
            keep_up()
        section = response_section(request)
        self._left = section.length
        is_whole = section.is_bodiless or section.length == len(data)
        data = b"" if section.is_bodiless else self.within_length(data)
        self._begin(request.code, section, data, is_whole)

    def send_whole(self, request: Response, body: bytes) -> bool:
        """Send the whole response to *request*, if it can be done at once."""
        connection = self.connection
        if not self.is_fresh or connection.is_blocked:
            return False
        is_active = connection.is_active
        if not is_active:
            keep_up()
        section, count = response_section(request), len(body)
        if section.length != count:
            if not section.is_bodiless:
                return False
            body, count = b"", 0
        request.sentLength = count
        self.request = None
        exchange = self.exchange
        if exchange is not None:
            exchange.response_body_bytes = count
        if connection.log is not None:
            request.startedWriting = 1
            connection.log(cast("http.Request", request))
        send_whole = connection.engine.send_whole
        if count > MAX_AT_ONCE_BYTES or not send_whole(self.stream_id, section, body):
            self._begin(request.code, section, body, True)
            return True
        self.is_fresh = False
        if exchange is not None:
            exchange.response_began(request.code, _HEAD_BYTES)
        connection.streams.closed(self)
        if not is_active:
            connection.written()
        return True

    def _begin(
        self, code: int, section: HeaderSection, data: bytes, is_whole: bool
    ) -> None:
        """Send a head, and bytes of the body which may be all of them."""
        if self.is_over:
            return
        self.has_begun = True
        self.is_fresh = False
        if self.exchange is not None:
            self.exchange.response_began(code, _HEAD_BYTES)
        connection = self.connection
        engine = connection.engine
        if not data:
            engine.send_head(self.stream_id, section, is_whole)
            self.is_ended = is_whole
        elif (
            is_whole
            and len(data) <= MAX_AT_ONCE_BYTES
            and not connection.is_blocked
            and self.output is None
        ):
            self.is_ended = engine.send_whole(self.stream_id, section, data)
        if data and not self.is_ended:
            engine.send_head(self.stream_id, section, False)
            output = self.make_output()
            output.add(data)
            if is_whole:
                output.add_end()
        connection.written()

    def make_output(self) -> StreamOutput:
        self.is_fresh = False
        if self.output is None:
            schedule, files = self.connection.schedule, self.connection.streams.files
            failed = self.producer_failed
            self.output = StreamOutput(self.stream_id, schedule, failed, files)
        return self.output

    def write_body(self, data: bytes) -> None:
        """Send more of the body, which is not empty."""
        data = self.within_length(data)
        if data and not (self.is_ended or self.is_over):
            self.make_output().add(data)
            self.connection.written()

    def end_response(self, request: Response) -> None:
        """The response to *request* is whole."""
        left, self._left = self._left, None
        if left:
            self._has_wrong_length = True  # the request is not done yet
        elif not (self.is_ended or self.is_over):
            output = self.make_output()
            if not output.is_ending:
                output.add_end()
                self.connection.written()

    def send_section(self, code: int, fields: Fields) -> None:
        """Send the header section of a response, or of an interim one."""
        section = HeaderSection(fields)
        if code >= 200:
            self._begin(code, section, b"", False)
        elif not self.is_over:
            self.connection.engine.send_head(self.stream_id, section, False)
            self.connection.written()

    def send_file(
        self, request: Response, descriptor: int, offset: int, length: int
    ) -> bool:
        """Send the head, and a part of an open file as the body; finish *request*."""
        connection = self.connection
        if self.refuses_file():
            os.close(descriptor)
            return True
        if not connection.is_active:
            keep_up()
        section = response_section(request)
        self._left, request.sentLength = (section.length or length) - length, length

        def ended(is_whole: bool) -> None:
            if is_whole and not self.is_over:
                request.finish()

        if self.is_over:
            os.close(descriptor)
            return True
        self.has_begun = True
        if self.exchange is not None:
            self.exchange.response_began(request.code, _HEAD_BYTES)
        connection.engine.send_head(self.stream_id, section, False)
        output = self.make_output()
        output.add_file(descriptor, offset, length, ended)
        connection.written()
        return True

    def response_sent(self) -> None:
        """The end of the response is on its way."""
        self.is_ended = True
        if self.request is None:
            self.connection.streams.closed(self)

    def requestDone(self, request: http.Request) -> None:
        """The request is answered."""
        if request is not self.request and request != self.request:  # a proxy will do
            raise TypeError(f"{request} is not being answered")
        self.request = None
        if self.exchange is not None:
            self.exchange.response_body_bytes = getattr(request, "sentLength", 0)
        if self.intake is not None:
            self.intake.answered(request)
        if self.is_over:
            return
        if not self.connection.uses_our_request:
            self.end_response(cast(Response, request))  # which nobody else calls
        if self._has_wrong_length:
            self.cut_off("the response has another length than it said")
        if self.is_ended and not self.is_over:
            self.connection.streams.closed(self)

    # The end.

    def refuse(self, error: ProtocolError) -> None:
        """Answer with the error's status code, and take in no more of the request."""
        if self.is_over or self.is_ended:
            return
        exchange = self.exchange
        if exchange is not None:
            timed_out = error.code == 408
            ending = Ending.TIMED_OUT if timed_out else Ending.REFUSED
            exchange.ends(ending, error.reason, error.clause)
        if self.has_begun:  # what was begun cannot become another response
            self.reset(ErrorCode.CANCEL, Failure(error))
            return
        request, self.request = self.request, None
        if self.intake is not None:
            self.intake.drop()
        if request is not None:
            self.tell_lost(request, Failure(error))
        if self.is_over:
            return
        section, body = refusal_section(
            error.code, self.site.refusal_fields, self.head.method == b"HEAD"
        )
        if exchange is not None:
            exchange.response_body_bytes = len(body)
        self._begin(error.code, section, body, True)
        if self.is_ended:
            self.connection.streams.closed(self)

    def cut_off(self, reason: str) -> None:
        """
        Reset the stream, so that nobody can take the response for whole. The request
        hears of it in the next turn of the reactor: it may be about to do more.
        """
        if self.is_over:
            return
        if self.exchange is not None:
            self.exchange.ends(Ending.CUT_OFF, reason)
        if not (self.is_ended and self.request_has_ended):  # it is closed
            self.connection.engine.reset(self.stream_id, ErrorCode.INTERNAL_ERROR)
        request = self.request
        self._drop()
        self.request = request
        self.connection.deadlines.call_soon(self.connection, self._tell_of_cut)
        self.connection.written()

    def _tell_of_cut(self) -> None:
        request, self.request = self.request, None
        if request is not None:
            self.tell_lost(request, Failure(ConnectionAborted()))

    def reset(self, code: ErrorCode, reason: Failure) -> None:
        """Reset the stream; the request hears of *reason*."""
        if not self.is_over:
            self.connection.engine.reset(self.stream_id, code)
            self.lost(reason)
            self.connection.written()

    def lost(self, reason: Failure) -> None:
        """The stream is closed, whoever has closed it: all that is under way ends."""
        if not self.is_over:
            request = self.request
            self._drop()
            if request is not None:
                self.tell_lost(request, reason)

    def _drop(self) -> None:
        """Nothing more is sent, and nothing taken in."""
        self.is_fresh = False
        request, output = self.request, self.output
        unsent = 0 if output is None else output.unsent
        if self.exchange is not None:
            if request is not None:
                sent = getattr(request, "sentLength", 0)
                self.exchange.response_body_bytes = sent
            elif self.is_ended:
                unsent = 0
        self.connection.streams.lost(self, unsent)
        self.request = None
        if output is not None:
            output.close()
        if self.intake is not None:
            self.intake.drop()


class SecureStream(Stream):
    """A stream of a connection over TLS."""


classImplements(SecureStream, ISSLTransport, INegotiated)
