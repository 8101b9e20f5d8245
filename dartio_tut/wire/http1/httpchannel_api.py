"""
What `twisted.web.http.HTTPChannel` offers to requests, resources and protocols.

Requests that are not ours (those of another factory) send their responses through it,
and websocket resources take over the connection with it. It decides nothing about the
states of the connection: that is the channel's part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IProducer,
    IProtocol,
    IPushProducer,
    ISSLTransport,
    ITransport,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.http_headers import Headers

from ..deadlines import NEVER, Deadlines
from ..events import Ending
from ..fields import as_headers
from ..limits import Limits
from ..unsendable import declared_length
from . import protocol_error as errors
from .exchange_reports import ExchangeReports
from .output import Output
from .parser import RequestParser
from .protocol_error import ProtocolError
from .request_head import HeadReader
from .request_intake import RequestIntake
from .response_head import apply_connection_close, head_from_headers
from .states import TAKEN_OVER, State

_log = Logger()

TAKEN_OVER_CHECK_SECONDS = 1.0
"""Time between two looks at whether a connection has ended that was taken over."""


class HTTPChannelAPI:
    """
    The part of a channel that others know from Twisted.

    :ivar make_parser: makes what reads the requests; `WatchedChannel` has another.
    :ivar make_output: makes what sends the responses; likewise.
    """

    make_parser: Callable[[HeadReader], RequestParser] = RequestParser
    make_output: Callable[..., Output] = Output

    abortTimeout: float | None = 15
    delimiter = b"\r\n"
    callLater: Callable[..., IDelayedCall] | None = None
    write: Callable[[bytes], None]
    output: Output
    request: http.Request | None
    persistent: bool
    is_http10: bool
    deadline: float
    deadlines: Deadlines
    reports: ExchangeReports | None
    _transport: ITransport
    dataReceived: Callable[[bytes], None]
    connectionLost: Callable[[Failure], None]
    readConnectionLost: Callable[[], None]
    intake: RequestIntake
    state: State
    _peer: IAddress | None = None
    _host: IAddress | None = None
    _is_timed = False
    _seconds: float | None = None
    limits: Limits

    @property
    def connected(self) -> int:
        """Whether there was ever a connection, as protocols of Twisted have it."""
        return int(hasattr(self, "_transport"))

    @property
    def paused(self) -> bool:
        """Whether what the client sends is left to the kernel."""
        return not self.intake.is_reading

    def logPrefix(self) -> str:
        """The name of this protocol in Twisted's log."""
        return type(self).__name__

    def clearLineBuffer(self) -> bytes:
        """Drop what was not taken in yet: these bytes."""
        return self.intake.take_rest()

    def sendLine(self, line: bytes) -> None:
        """Send *line* with its end."""
        self.output.write(line + self.delimiter)

    def connectionMade(self) -> None:
        """Nothing more: ``makeConnection`` has done it."""

    def writeConnectionLost(self) -> None:
        """Our half is closed: the client reads, and we drop what it still sends."""

    @property
    def requests(self) -> list[http.Request]:
        """The requests under way: one, or none."""
        return [] if self.request is None else [self.request]

    # Sending.

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Send all of *iovec*."""
        self.output.write(b"".join(iovec))

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
        is_final = status >= 200
        said_length = headers.hasHeader(b"Content-Length")
        has_length = declared_length(headers) is not None
        if is_final and not has_length and (said_length or self.is_http10):
            self.persistent = False  # only the end of the connection ends it
        is_chunked = is_final and not (said_length or self.is_http10)
        apply_connection_close(headers, self)
        head = head_from_headers(status, reason, headers, self, is_chunked)
        if is_final and self.reports is not None:
            self.reports.response_began(status, len(head))
        self.output.write(head)

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Let *producer* write; it is paused while the client does not read."""
        self.output.register_producer(producer, streaming)

    def unregisterProducer(self) -> None:
        """The producer has written all of the response."""
        self.output.unregister_producer()

    # As the producer of the transport.

    def pauseProducing(self) -> None:
        """The transport has enough for a while."""
        self.output.pause()

    def resumeProducing(self) -> None:
        """The transport has sent all that it had."""
        self.output.resume()

    def stopProducing(self) -> None:
        """The connection is lost."""
        self.output.stop()

    def _ends_pause(self) -> bool:
        """
        End the pause of a resource that called ``pauseProducing`` itself, when its
        response is finished: nothing waits for the client, so nobody would end it.
        """
        if self.output.file is not None or self.output.transport.buffered():
            return False
        self.output.is_blocked = False
        self.intake.resume_reading()
        return True

    # The connection.

    @property
    def transport(self) -> ITransport:
        """Twisted's transport. Who sets it to ``None`` takes the connection over."""
        return self._transport

    @transport.setter
    def transport(self, transport: ITransport | None) -> None:
        if transport is None:
            self.let_go()
        else:
            self._transport = transport

    def isSecure(self) -> bool:
        """Whether the connection is encrypted."""
        return ISSLTransport(self._transport, None) is not None

    def getPeer(self) -> IAddress:
        """The client's address, also after the end of the connection."""
        if self._peer is None:
            self._peer = self._transport.getPeer()
        return self._peer

    def getHost(self) -> IAddress:
        """Our address, also after the end of the connection."""
        if self._host is None:
            self._host = self._transport.getHost()
        return self._host

    @property
    def _networkProducer(self) -> IPushProducer:
        return self.intake.network

    @property
    def timeOut(self) -> float | None:
        """The seconds of `setTimeout`; until that is called, the idle time."""
        if self._is_timed:
            return self._seconds
        idle_time = self.limits.idle_time
        return None if idle_time == NEVER else idle_time

    @timeOut.setter
    def timeOut(self, seconds: float | None) -> None:
        self._is_timed, self._seconds = True, seconds

    def setTimeout(self, period: float | None) -> float | None:
        """
        End the connection in *period* seconds; ``None``: not by itself.

        :return: the seconds before.
        """
        before, self.timeOut = self.timeOut, period
        self.deadline = self.deadlines.now + (NEVER if period is None else period)
        return before

    def resetTimeout(self) -> None:
        """Count the seconds of `setTimeout` anew, if they are counted."""
        if self._is_timed and self._seconds is not None and self.deadline != NEVER:
            self.deadline = self.deadlines.now + self._seconds

    def timeoutConnection(self) -> None:
        """Close; and cut the connection if the client does not let it be closed."""
        _log.info("Timing out client: {peer}", peer=str(self.getPeer()))
        if self.reports is not None:
            self.reports.ends(Ending.TIMED_OUT, "a resource has timed the client out")
        self.loseConnection()
        seconds = NEVER if self.abortTimeout is None else self.abortTimeout
        self.deadline = self.deadlines.now + seconds

    def forceAbortClient(self) -> None:
        """Close now."""
        self.abortConnection()

    def loseConnection(self) -> None:
        """Close once what was written is sent, and take in no request that follows."""
        raise NotImplementedError

    def abortConnection(self) -> None:
        """Close now, whatever is still to be sent."""
        raise NotImplementedError

    def _respondToBadRequestAndDisconnect(self) -> None:
        """What Twisted's requests call when a form cannot be read."""
        self.refuse_form()

    def refuse_form(self) -> None:
        """The body is not the form that it is said to be: answer 400, and close."""
        self.refuse(ProtocolError(*errors.FORM_MALFORMED))

    def refuse(self, error: ProtocolError) -> None:
        """Answer with the error's status code, and close so that the client sees it."""
        raise NotImplementedError

    def cut_off(self, reason: str) -> None:
        """End the connection so that nobody can take the response for whole."""
        if self.reports is not None:
            self.reports.ends(Ending.CUT_OFF, reason)
        self.abortConnection()

    # Another protocol takes over.

    def let_go(self) -> None:
        """
        The connection is another protocol's from now on: do not drive it any more.
        """
        self.state = TAKEN_OVER
        self.deadline = self.deadlines.now
        if self.reports is not None:
            self.reports.ends(Ending.COMPLETE, "taken over by another protocol")
        self.output.flush()
        self.output.transport.unregisterProducer()
        self.output.transport.taken_over()
        self.intake.is_held = False
        self.intake.resume_reading()

    def look_after_taken_over(self) -> None:
        """
        See whether the connection has ended. Nobody tells: the protocol that has taken
        it over does not know this one, and most transports tell their protocol only.
        """
        if self.output.transport.has_ended:
            self.connection_closed()
        else:
            self.deadline = self.deadlines.now + TAKEN_OVER_CHECK_SECONDS

    def connection_closed(self) -> None:
        """The transport has ended, whichever protocol it has by now."""
        raise NotImplementedError

    def pass_on(self) -> None:
        """Give the protocol that has taken over what came for it already."""
        rest = self.intake.take_rest()
        if rest:
            protocol = getattr(self._transport, "protocol", None) or self
            protocol.dataReceived(rest)

    def hand_over(self, protocol: IProtocol) -> None:
        """
        From here on the connection is *protocol*'s.

        The transport may be wrapped, so that it goes on calling this channel: its
        methods become those of *protocol*.
        """
        self.let_go()
        self.dataReceived = protocol.dataReceived
        self.connectionLost = protocol.connectionLost
        self.readConnectionLost = self._transport.loseConnection

    def _protocolUpgradeForWebsockets(self, protocol: IProtocol) -> None:
        """What Twisted's websockets call when a request becomes one."""
        self.hand_over(protocol)
        protocol.makeConnection(self._transport)
        if not self.intake.is_active:  # else this is done at the end of that
            self.pass_on()
