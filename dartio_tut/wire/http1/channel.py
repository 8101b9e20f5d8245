"""
The HTTP/1 channel: one connection, its states and its end (RFC 9112).

It owns every state of the connection and all transitions between them; `states` draws
them. It has a `RequestIntake`, which takes in requests, a `ResponseWriter`, which sends
responses, and an `Output`, on which they are sent. To requests and factories it offers
what `twisted.web.http.HTTPChannel` offers.

One request at a time is answered, so that responses are sent in the order of the
requests. Anything ambiguous is refused and the connection closed: what follows it has
no meaning.

A refused client may still be sending. Closing at once would reset the connection, and
the reset would overtake the response; so our half is closed, and the rest is read for a
while and dropped (RFC 9112 section 9.6).
"""

from __future__ import annotations

from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import (
    IConsumer,
    IHalfCloseableProtocol,
    IProtocol,
    IPushProducer,
    ITCPTransport,
    ITransport,
)
from twisted.python.failure import Failure
from twisted.web import http
from zope.interface import implementer

from ..deadlines import NEVER
from ..events import Ending
from ..interfaces import ISite
from ..on_drain import end_endless
from ..streamed_body import StreamedBody
from ..transport.foreign import adapted
from ..transport.interface import ResponseTransport
from ..transport.tcp import Server
from . import protocol_error as errors
from .draining import drain
from .exchange_reports import ExchangeReports
from .expiry import expire
from .foreign_intake import ForeignIntake
from .httpchannel_api import HTTPChannelAPI
from .protocol_error import ProtocolError
from .request_intake import RequestIntake
from .response_head import refusal
from .response_writer import ResponseWriter
from .states import (
    ANSWERING,
    BODY,
    CLOSED,
    CLOSING,
    HEAD,
    IDLE,
    LINGERING,
    NO_MORE_REQUESTS,
    TAKEN_OVER,
    State,
)


@implementer(IProtocol, IHalfCloseableProtocol, ITransport, IConsumer, IPushProducer)
class Channel(HTTPChannelAPI):
    """
    One connection.

    :param site: gives the limits, and finds the resource that answers a request.
    :ivar request: the one that is read or answered, if there is one.
    :ivar persistent: whether another request may follow on this connection.
    :ivar is_http10: whether the client speaks HTTP/1.0.
    :ivar deadline: when `expired` is called.
    :ivar client_has_ended: whether the client has closed its half of the connection.
    :ivar is_draining: whether the process is about to end: each response is the last of
        its connection, unless more requests have come already.
    :ivar close_is_asked: whether a resource has asked to close, while bytes are taken
        in.
    """

    def __init__(self, site: ISite) -> None:
        self.site = self.factory = site
        self.requestFactory = site.requestFactory
        self.uses_our_request = site.uses_our_request
        self.wants_length = getattr(site.requestFactory, "wants_length", False)
        self.limits = site.limits
        self.deadlines = site.deadlines
        self.deadline = NEVER
        self.state: State = IDLE
        self.request: http.Request | None = None
        self.persistent = True
        self.is_http10 = False
        self.is_draining = site.is_draining or site.is_retiring
        self.client_has_ended = False
        self.close_is_asked = False
        self.reports: ExchangeReports | None = None
        self.observer = site.observer
        self.intake = RequestIntake(self)
        self._progress = 0

    # The beginning.

    def makeConnection(self, transport: ITransport) -> None:
        """A client has connected."""
        self._transport = transport
        admission = None
        if isinstance(transport, Server):
            sender: ResponseTransport = transport
            self.intake.network = transport
            admission = transport.admission
            transport.on_aborted = self.abortConnection
            transport.on_closed = self.connection_closed
        else:
            self.intake = ForeignIntake(self)
            sender = adapted(transport, self.intake.let_close)
            self.intake.network = IPushProducer(transport, self.intake.network)
            self._host = transport.getHost()  # not to be had when it is lost
            if ITCPTransport.providedBy(transport):
                transport.setTcpNoDelay(True)
        self.output = output = self.make_output(
            sender, self, self._output_paused, self._output_resumed
        )
        self.write = output.write  # spares a call for each write
        self._admission = admission or self.site.connection_limit.admit(transport)
        self.deadlines.add(self, self.limits.header_time)
        if self.site.is_draining:
            drain(self)
        if self.observer is not None:
            self.reports = ExchangeReports(
                self.observer, output, self.getPeer(), self.site.usual_exchanges
            )
        self.response_writer = ResponseWriter(
            self, output, self.intake.parser, self.reports, self.site.request_log
        )
        if self._admission.is_flooded:
            self.abortConnection()
        elif not self._admission.is_admitted:
            self.refuse(ProtocolError(*errors.TOO_MANY_CONNECTIONS))

    # Requests and responses.

    def enter(self, state: State, seconds: float) -> None:
        """Go to *state*, and stay there for so many *seconds* at most."""
        self.state = state
        self.deadline = self.deadlines.now + seconds

    def dataReceived(self, data: bytes) -> None:
        """Bytes have come."""
        if self.state not in NO_MORE_REQUESTS:
            self.intake.receive(data)

    def taken_in(self) -> None:
        """All that can be taken in now was, and what was written is sent."""
        if self.close_is_asked:
            self.close_transport(within_call=False)
        elif self.state is CLOSING:
            self.close_transport()
        elif self.state is TAKEN_OVER:
            self.pass_on()

    def requestDone(self, request: http.Request) -> None:
        """The request is answered: what follows it may be taken in."""
        if request is not self.request and request != self.request:  # a proxy will do
            raise TypeError(f"{request} is not being answered")
        self.request = None
        if self.reports is not None:
            self.reports.response_ended(request.sentLength)
        if self.state in NO_MORE_REQUESTS:
            return
        if self.state is BODY:  # which is streamed: what still comes is dropped
            self._linger()
            body: StreamedBody = getattr(request, "body")  # noqa: B009  (only ours have)
            body.ended(Failure(ConnectionLost()))
        elif not self.persistent:
            self.close()
        else:
            self.state = IDLE
            if not self.output.is_blocked or self._ends_pause():
                self.deadline = self.deadlines.now + self.limits.idle_time
            if not self.intake.is_active:
                self.intake.go_on()

    def _output_paused(self) -> None:
        """The client does not read: neither do we, until it does."""
        self.file_begins()
        self.intake.stop_reading()

    def _output_resumed(self) -> None:
        """The client reads again."""
        if self.state is ANSWERING or self.intake.is_held:
            left = self.limits.idle_time if self.client_has_ended else NEVER
            self.deadline = self.deadlines.now + left
            return
        if self.state is BODY:
            self.enter(BODY, self.limits.body_time)
        elif self.state is IDLE:
            self.enter(IDLE, self.limits.idle_time)
            if self.site.is_draining:
                self.drain()
        self.intake.go_on()

    def file_begins(self) -> None:
        """From now on the client has to read what is sent."""
        self.deadline = self.deadlines.now + self.limits.write_time
        self._progress = self.output.transport.client_progress()

    # The client has gone, or takes too long.

    def readConnectionLost(self) -> None:
        """The client has closed its half: it sends nothing more."""
        self.client_has_ended = True
        if self.state is LINGERING:
            self.close_transport()
        elif self.state is BODY:
            self._client_gone()
        elif self.state is not ANSWERING and not self._has_more_to_do():
            if self.reports is not None:
                self.reports.ends(Ending.CLIENT_GONE)
            self.close()
        elif self._may_read():
            self.intake.network.pauseProducing()  # there is nothing more to read
            if self.deadline == NEVER:
                self.deadline = self.deadlines.now + self.limits.idle_time
        else:
            self._client_gone()

    def _has_more_to_do(self) -> bool:
        return self.output.is_blocked or self.intake.is_waiting_for_turn

    def _may_read(self) -> bool:
        """
        Whether a client that has closed its half may still read a response.

        One that reads what is being sent does. Of one that has sent all of its requests
        and waits nothing is known; most have gone.
        """
        if self.limits.half_close and self.state is ANSWERING:
            return True
        has_requests = b"\r\n\r\n" in self.intake.waiting.lstrip(b"\r\n")
        return has_requests or self._has_more_to_do() or self.output.is_sending

    def close_if_client_has_ended(self) -> None:
        """Close when all requests of a client that has closed its half are answered."""
        if self.client_has_ended and self.state in (IDLE, HEAD, ANSWERING):
            self.readConnectionLost()

    def _client_gone(self) -> None:
        """The client waits no more for what was under way."""
        if self.reports is not None:
            self.reports.ends(Ending.CLIENT_GONE)
        self.close()  # a reset would take from it what it was sent before

    @property
    def idle_since(self) -> float | None:
        """Since when nothing is under way; ``None`` if something is."""
        if self.state is not IDLE or self._has_more_to_do():
            return None
        limits = self.limits
        has_begun = self.intake.has_begun
        return self.deadline - (limits.idle_time if has_begun else limits.header_time)

    @property
    def waiting_request(self) -> http.Request | None:
        """The request whose response the program has not finished, if one waits."""
        sends = self.output.is_blocked or self.output.file is not None
        return None if sends or self.state is not ANSWERING else self.request

    def expired(self) -> None:
        """The client took too long: tell it where it may still listen, and close."""
        expire(self)

    def client_has_read(self) -> bool:
        """Whether the client has taken bytes since the last look."""
        before, self._progress = self._progress, self.output.transport.client_progress()
        return before != self._progress

    # The end.

    def drain(self) -> None:
        """The server is about to stop: answer what has come, and close."""
        self.is_draining = True
        drain(self)

    def retire(self) -> None:
        """
        Another process goes on: the next response is the last.

        A connection that is idle stays open for it: its client may send a request in
        the very moment in which it would be closed.
        """
        self.is_draining = True
        end_endless(self.request)

    def refuse(self, error: ProtocolError) -> None:
        """Answer with the error's status code, and close so that the client sees it."""
        if self.state in NO_MORE_REQUESTS:
            return
        request, waiting = self.request, self.intake.waiting
        if self.reports is not None:
            self.reports.refused(error, waiting)
        if getattr(request, "startedWriting", False):
            self.abortConnection()  # what was begun cannot become another response
            return
        is_head = waiting.startswith(b"HEAD ")
        if request is not None:
            is_head = self.intake.head.method == b"HEAD"
            self.request = None
            request.connectionLost(Failure(error))
        response = refusal(error.code, self.site.refusal_fields, is_head)
        self.output.write(response)
        if self.reports is not None:
            body_bytes = len(response.partition(b"\r\n\r\n")[2])
            self.reports.response_began(error.code, len(response) - body_bytes)
            self.reports.response_ended(body_bytes)
        self._linger()

    def _linger(self) -> None:
        """Close, but read on for a while, so that the client sees the response."""
        self.persistent = False
        self.intake.take_rest()
        self.output.flush()
        if self.output.transport.can_half_close and not self.client_has_ended:
            self.enter(LINGERING, self.limits.linger_time)
            self.intake.is_held = False
            self.intake.resume_reading()
            self.output.transport.loseWriteConnection()
        else:
            self.close()

    def close(self) -> None:
        """No more requests are taken in; the connection ends when all is sent."""
        self.enter(CLOSING, self.limits.write_time)
        self.intake.take_rest()
        self.output.flush()  # a resource may close Twisted's own TLS from now on
        if not self.intake.is_active:
            self.close_transport()

    def close_transport(self, within_call: bool = True) -> None:
        """
        Have the transport close when all is sent.

        :param within_call: whether nobody is in the middle of something that the end of
            the connection would end.
        """
        if self.state in (CLOSED, TAKEN_OVER):
            return
        self.close_is_asked = False
        self.enter(CLOSING, self.limits.write_time)
        transport = self.output.transport
        transport.unregisterProducer()
        (transport.close_now if within_call else transport.loseConnection)()
        if self.state is CLOSING:  # the client has to read before it ends
            self._progress = transport.client_progress()

    def loseConnection(self) -> None:
        """Close once what was written is sent, and take in no request that follows."""
        self.persistent = False
        if self.intake.is_active:
            self.close_is_asked = True
        elif self.state not in NO_MORE_REQUESTS:
            self.output.flush()
            self.close_transport(within_call=False)

    def abortConnection(self) -> None:
        """Close now, whatever is still to be sent, and whoever has taken it over."""
        if self.state is TAKEN_OVER:
            self.output.transport.abortConnection()
        elif self.state is not CLOSED:
            self.state = CLOSED
            self.intake.take_rest()
            self.output.drop()
            self.output.transport.abortConnection()

    def connectionLost(self, reason: Failure) -> None:
        """The connection is gone, and with it what was under way."""
        if self.state is TAKEN_OVER or self.intake.has_ended:
            return
        if self in self.deadlines.members:  # else the transport has told already
            self.connection_closed()
        self.state = CLOSED
        request, self.request = self.request, None
        if request is not None:
            request.connectionLost(reason)
        self.intake.end()
        del self.response_writer
        self.output.end()

    def connection_closed(self) -> None:
        """The transport has ended, whichever protocol it has by now."""
        self._admission.release()
        self.deadlines.discard(self)
        if self.reports is not None:
            by_client = not (
                self.state in (CLOSING, CLOSED)
                or self.site.has_stopped
                or self.output.transport.is_closing
            )
            self.reports.connection_closed(self.request, by_client, self.intake.waiting)
