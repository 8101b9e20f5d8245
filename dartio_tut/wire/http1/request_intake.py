"""
Takes in the requests of one connection: reads bytes, has them parsed, makes requests of
what the parser finds, hands them their bodies, and has them answered.

It stops reading when enough waits, or while a resource has paused a body, and it goes
on when that is over. Which state the connection is in is the channel's to say.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IPushProducer
from twisted.web import http
from twisted.web.iweb import INonQueuedRequestFactory

from ..deadlines import NEVER
from ..interfaces import stream_limit
from ..streamed_body import StreamedBody
from ..twisted_private import NoPushProducer
from . import protocol_error as errors
from .draining import has_more
from .parser import END, Head
from .protocol_error import ProtocolError
from .request_body import BodyPace
from .response_head import CONTINUE
from .states import ANSWERING, BODY, HEAD, IDLE, NO_MORE_REQUESTS

if TYPE_CHECKING:
    from ..request import Request
    from .channel import Channel

REQUESTS_PER_TURN = 32
"""
Pipelined requests that one connection has answered in a turn of the reactor; then the
other connections have their turn.
"""


_UNPAUSABLE = NoPushProducer()
"""Stands for a transport that cannot stop reading."""


class RequestIntake:
    """
    Takes in one request after the other.

    :param channel: whose requests these are.
    :ivar parser: makes events of what has come.
    :ivar head: of the request that is read or answered.
    :ivar network: pauses and resumes what comes from the client.
    :ivar is_active: whether bytes are being taken in, and writes collected, just now.
    :ivar is_waiting_for_turn: whether other connections have their turn just now.
    :ivar is_held: whether a resource has paused the body.
    :ivar has_ended: whether the connection is lost.
    """

    head: Head
    _pace: BodyPace

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.parser = channel.make_parser(channel.site.head_reader)
        self.is_active = False
        self.is_waiting_for_turn = False
        self.is_held = False
        self._is_reading = True
        self.has_ended = False
        self.network: IPushProducer = _UNPAUSABLE

    @property
    def waiting(self) -> bytes:
        """What has come and was not taken in yet."""
        return self.parser.waiting

    @property
    def has_begun(self) -> bool:
        """Whether a request has come on this connection."""
        return hasattr(self, "head")

    @property
    def is_reading(self) -> bool:
        """Whether what the client sends is read."""
        return self._is_reading

    def take_rest(self) -> bytes:
        """What was not taken in yet; it will not be."""
        rest, self.parser.waiting = self.parser.waiting, b""
        if rest and not self.has_ended and self._channel.reports is not None:
            self._channel.reports.dropped(rest)
        return rest

    def end(self) -> None:
        """
        The connection is lost: nothing more is taken in.

        The channel is let go, so that both are freed at once: a cycle of references
        would keep them until the garbage collector comes.
        """
        self.take_rest()
        self.has_ended = True
        del self._channel

    # Reading.

    def receive(self, data: bytes) -> None:
        """Take in *data* as far as the state allows."""
        channel, parser = self._channel, self.parser
        waiting = parser.waiting
        parser.waiting = waiting + data if waiting else data  # spares a call
        if (
            channel.state is ANSWERING
            or channel.output.is_blocked
            or self.is_waiting_for_turn
        ):
            if len(parser.waiting) > channel.limits.pipelined:
                self.stop_reading()
        else:
            self._advance()

    @property
    def _has_enough(self) -> bool:
        """Whether requests wait that take up more than the limit."""
        channel = self._channel
        return len(self.parser.waiting) > channel.limits.pipelined and (
            channel.state is ANSWERING
            or channel.output.is_blocked
            or self.is_waiting_for_turn
        )

    def stop_reading(self) -> None:
        """Leave what comes to the kernel."""
        if self._is_reading and not self._channel.client_has_ended:
            self._is_reading = False
            self.network.pauseProducing()

    def resume_reading(self) -> None:
        """Read what comes, unless a resource has paused the body."""
        if not self._is_reading and not self.is_held:
            self._is_reading = True
            self.network.resumeProducing()

    def go_on(self) -> None:
        """Take in what waits, and read on."""
        channel = self._channel
        if (
            channel.output.is_blocked
            or channel.state in NO_MORE_REQUESTS
            or self.is_waiting_for_turn
        ):
            return
        if self.parser.waiting:
            if channel.output.transport.is_closing:
                return
            self._advance()
        if not (
            channel.output.is_blocked
            or channel.state in NO_MORE_REQUESTS
            or self._has_enough
        ):
            self.resume_reading()
        channel.close_if_client_has_ended()

    def _take_turn(self) -> None:
        """Other connections have had their turn: go on with pipelined requests."""
        self.is_waiting_for_turn = False
        if not self.has_ended:
            self.go_on()

    # From bytes to requests.

    def _advance(self) -> None:
        """Take in what has come, as far as the state allows."""
        channel = self._channel
        output = channel.output
        output.is_collecting = self.is_active = True
        if channel.reports is not None:
            channel.reports.read_at = monotonic()
        try:
            self._take_events()
        except ProtocolError as error:
            if error.reason == errors.TLS_WITHOUT_TLS[1]:
                channel.site.handshake_failed(
                    channel.getPeer(), "the port is without TLS"
                )
            channel.refuse(error)
        finally:
            output.is_collecting = self.is_active = False
            if output.collected:
                output.flush()
            if channel.reports is not None:
                channel.reports.flushed()
            if channel.close_is_asked or channel.state is not IDLE:
                if channel.reports is not None:
                    channel.reports.goes_on()
                channel.taken_in()

    def _take_events(self) -> None:
        """
        Do what the parser's events ask for, until more bytes or a response are awaited.

        :raise ProtocolError: when the client breaks the protocol.
        """
        channel = self._channel
        next_event = self.parser.next_event
        left = REQUESTS_PER_TURN
        while True:
            event = next_event()
            if isinstance(event, Head):
                self._take_head(event)
            elif event is None:
                self._await_more()
                return
            elif event is END:
                self._end_body()
            else:
                self._take_body(event)
                if channel.state is not BODY:
                    return
                continue
            state = channel.state
            if state is BODY:
                continue
            if not self.parser.waiting or state is not IDLE or channel.close_is_asked:
                return
            if channel.output.is_blocked or channel.output.transport.is_closing:
                return
            left -= 1
            if not left:
                self.is_waiting_for_turn = True
                channel.deadlines.call_soon(channel, self._take_turn)
                return

    def _await_more(self) -> None:
        """The parser needs more bytes."""
        channel = self._channel
        if channel.state is BODY:
            # Else a resource has paused the body, or the client waits for a 100.
            if self._is_reading and channel.deadline != NEVER:
                self._pace.check(channel.deadlines.now)
                channel.enter(BODY, channel.limits.body_time)
        elif channel.state is IDLE and self.parser.waiting:
            channel.enter(HEAD, channel.limits.header_time)
            if channel.reports is not None:
                channel.reports.began()

    def _take_head(self, head: Head) -> None:
        """
        A request begins.

        :raise ProtocolError: when its body is too long.
        """
        channel = self._channel
        fields = head.fields
        self.head = head
        channel.persistent = fields.persistent
        if channel.is_draining and not fields.length and not has_more(channel):
            channel.persistent = False
        channel.is_http10 = fields.version == b"HTTP/1.0"
        if channel.reports is not None:
            channel.reports.head = head
        if not channel.uses_our_request:
            self._take_foreign(head)
            return
        request: Request = channel.requestFactory(channel)
        request.fields = fields
        channel.request = request
        if fields.length:
            if not channel.site.streaming or not self._stream_body(request, head):
                self._begin_body(request, head)
            return
        if channel.wants_length:
            request.gotLength(0)
        channel.state, channel.deadline = ANSWERING, NEVER
        request.requestReceived(head.method, head.target, fields.version)

    def _take_foreign(self, head: Head) -> None:
        """A request of a factory that is not ours begins."""
        channel = self._channel
        request = channel.request = _foreign_request(channel, head)
        if head.fields.length:
            self._begin_body(request, head)
            return
        request.gotLength(0)
        self._answer(request)

    def _stream_body(self, request: Request, head: Head) -> bool:
        """Have the resource answer before the body has come, if it wants to."""
        method, target, fields = head
        request.set_line(method, target, fields.version)
        max_streamed = stream_limit(request.find_resource())
        if not max_streamed:
            return False
        self._begin_body(request, head, max_streamed)
        request.body = StreamedBody(self._body_is_wanted, self._hold_body)
        request.requestReceived(method, target, fields.version)
        return True

    def _begin_body(
        self, request: http.Request, head: Head, max_streamed: int = 0
    ) -> None:
        """
        The next bytes are those of the body.

        :param max_streamed: so many are handed over as they come; else they are held.
        :raise ProtocolError: when it is too long.
        """
        channel, fields = self._channel, head.fields
        if channel.reports is not None:
            channel.reports.began()
        self.parser.begin_body(fields.length, max_streamed or channel.limits.body)
        self._pace = BodyPace(channel.limits, channel.deadlines.now)
        self.is_held = False
        channel.enter(BODY, channel.limits.body_time)
        if max_streamed:
            if fields.expects:  # it comes when somebody wants it
                channel.deadline = NEVER
            return
        request.gotLength(None if fields.length < 0 else fields.length)
        if fields.expects:
            channel.output.write(CONTINUE)

    def _take_body(self, piece: bytes) -> None:
        channel = self._channel
        if channel.reports is not None:
            channel.reports.body_came(len(piece))
        self._pace.received(len(piece))
        if channel.request is not None:
            channel.request.handleContentChunk(piece)

    def _end_body(self) -> None:
        """All of the body has come, and the request is whole."""
        if self.is_held:  # there is nothing left that could be held
            self.is_held = False
            self.resume_reading()
        channel = self._channel
        if channel.is_draining and not has_more(channel):
            channel.persistent = False
        if channel.request is not None:
            self._answer(channel.request)

    def _body_is_wanted(self) -> None:
        """Somebody takes the streamed body: a client that awaits a 100 may send it."""
        if self.has_ended:
            return
        channel = self._channel
        request = channel.request
        if channel.state is not BODY or not self.head.fields.expects:
            return
        self._pace.restart(channel.deadlines.now)
        if not channel.output.is_blocked:
            channel.enter(BODY, channel.limits.body_time)
        if request and not request.startedWriting:
            channel.output.write(CONTINUE)

    def _hold_body(self, stop: bool) -> None:
        """Stop reading a body that is streamed, or go on."""
        if self.has_ended or self._channel.state is not BODY:
            return
        channel = self._channel
        self.is_held = stop
        if stop:
            if not channel.output.is_blocked:
                channel.deadline = NEVER
            self.stop_reading()
            return
        self._pace.restart(channel.deadlines.now)
        channel.enter(BODY, channel.limits.body_time)
        if self.is_active:
            self.resume_reading()
        else:
            self.go_on()

    def _answer(self, request: http.Request) -> None:
        """The *request* is whole: whoever answers it may begin."""
        channel = self._channel
        channel.state, channel.deadline = ANSWERING, NEVER
        body = getattr(request, "body", None)
        if body is not None:
            body.ended()
        else:
            method, target, fields = self.head
            request.requestReceived(method, target, fields.version)


def _foreign_request(channel: Channel, head: Head) -> http.Request:
    """A request of a factory that is not ours, with its fields, as Twisted makes it."""
    factory = channel.requestFactory
    is_not_queued = INonQueuedRequestFactory.providedBy(factory)
    request: http.Request = (
        factory(channel) if is_not_queued else factory(channel, False)
    )
    for name, values in head.fields.values.items():
        request.requestHeaders.setRawHeaders(name, values)
    request.parseCookies()
    return request
