"""
One connection by HTTP/2: its streams, its limits and its end.

It is what a transport calls, with bytes that have come, and when more may be sent. It
has an engine, which speaks HTTP/2, and `Streams`, which the engine calls. Floods, and
faults of the connection, end it with a GOAWAY that says why; `states` has a table.
"""

from __future__ import annotations

from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import (
    IProtocol,
    IPushProducer,
    ITransport,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from ..deadlines import NEVER
from ..events import Ending
from . import draining
from .connection_transport import ConnectionTransport
from .engine import ConnectionFault, Engine, ErrorCode
from .flood_budget import FloodBudget
from .frames import FrameScanner, goaway_frame
from .reports import Reports
from .response_fields import keep_up
from .scheduler import Scheduler
from .shared import HTTP2Site
from .states import CLOSED, CLOSING, LEAVING, LINGERING, OPEN, State
from .stream_output import StreamOutput
from .streams import Streams

LOOK_SECONDS = 1.0
"""Time between two looks at the deadlines of streams."""


@implementer(IProtocol, IPushProducer)
class HTTP2Connection:
    """
    One connection.

    :param site: gives the limits, and finds the resource that answers a request.
    :ivar deadline: when `expired` is called.
    :ivar make_request: makes requests: of our own class if `uses_our_request`.
    :ivar wants_length: whether these are told how long their bodies are.
    :ivar log: is called with a request whose response is complete, if not ``None``.
    :ivar streams: all of its streams.
    :ivar is_admitted: whether it is within the limits on connections.
    :ivar is_active: whether bytes are being taken in; what is written waits for that.
    :ivar is_blocked: whether the transport takes nothing more for now.
    :ivar leaves_soon: whether the server stops, and only what has come is waited for.
    :ivar transport: the transport, and what is known of the client.
    """

    engine: Engine
    scanner: FrameScanner
    streams: Streams
    transport: ConnectionTransport
    is_admitted: bool
    is_blocked: bool
    leaves_soon = False

    def __init__(self, site: HTTP2Site) -> None:
        self.site = self.factory = site
        self.limits = site.limits
        self.deadlines = site.deadlines
        self.uses_our_request = site.uses_our_request
        self.make_request = site.requestFactory
        self.wants_length = getattr(site.requestFactory, "wants_length", True)
        self.log = site.request_log
        self.deadline = NEVER
        self.state: State = OPEN
        self.budget = FloodBudget(self.deadlines.now)
        self._scheduler = Scheduler(self)
        self.is_blocked = self.is_active = self._has_read = False
        self._waiting = b""
        self._progress = 0
        self._blocked_since = self._within_since = 0.0
        self._frames_seen = 0

    @property
    def now(self) -> float:
        """The time, to the second."""
        return self.deadlines.now

    # The beginning.

    def makeConnection(self, transport: ITransport) -> None:
        """A client has connected, and speaks HTTP/2."""
        self.transport = ours = ConnectionTransport(transport, self.site, self.release)
        self._sender = ours.sender
        self.is_admitted = ours.admission.is_admitted
        self.deadlines.add(self, self.limits.header_time)
        self._within_since = self.now
        observer, reports = self.site.observer, None
        if observer is not None:
            batch = self.site.usual_exchanges
            reports = Reports(observer, ours.sender, ours.getPeer(), batch)
        self._reports = reports
        self.streams = Streams(self, reports)
        shared = self.site.http2
        self.engine = engine = shared.engine.make(self.streams, shared.engine_limits)
        self.scanner = engine.scanner(self.budget, shared.max_block, self.streams.open)
        ours.sender.registerProducer(self, True)
        if ours.admission.is_flooded:
            self.abortConnection()
            return
        self.flush()
        if self.site.is_draining or self.site.is_retiring:
            draining.drain(self)

    def connectionMade(self) -> None:
        """Nothing more: ``makeConnection`` has done it."""

    # Reading.

    def dataReceived(self, data: bytes) -> None:
        """Bytes have come."""
        if self.state in (OPEN, LEAVING):
            self._has_read = True
            if self._waiting:
                self._waiting += data
            else:
                self._advance(data)
            if self.is_blocked:
                self.transport.stop_reading()

    def _advance(self, data: bytes) -> None:
        """Take in *data*, a turn's worth of requests at most."""
        scanner, engine = self.scanner, self.engine
        self.budget.passed(self.deadlines.now)
        keep_up()
        self.is_active = True
        try:
            while data:
                fed, data = scanner.scan(data)
                if fed:
                    engine.receive(fed)
                if scanner.late:
                    late, scanner.late = scanner.late, 0
                    self.streams.data_is_late(late)
                if scanner.is_turn_over:
                    scanner.is_turn_over = False
                    break
            self._waiting = data
        except ConnectionFault as fault:
            self.is_active = False
            self.fail(fault)
            return
        finally:
            self.is_active = False
        self._look_at_rest()
        self.written()
        if self.state is LEAVING and not self.streams.open:
            self.close()

    def _look_at_rest(self) -> None:
        """Note since when the client has been in the middle of something."""
        scanner = self.scanner
        if self._waiting:
            self.transport.stop_reading()
            self.deadlines.call_soon(self, self._go_on)
        elif scanner.is_within:
            stream_id, count = scanner.partial
            intake = self.streams.intake_of(stream_id)
            if intake is not None:
                intake.partial_came(count)
            seen = scanner.count + scanner.highest
            if seen != self._frames_seen:
                self._frames_seen = seen
                self._within_since = self.now
                self._look_soon()

    def _go_on(self) -> None:
        """Other connections have had their turn."""
        if self.is_blocked:
            return  # called again when the client has read
        waiting, self._waiting = self._waiting, b""
        if self.state in (OPEN, LEAVING):
            if waiting:
                self._advance(waiting)
            self._read_on()

    def _read_on(self) -> None:
        if not (self._waiting or (self.is_blocked and self._has_read)):
            self.transport.read_on()

    # Streams.

    def streams_open(self) -> None:
        """There is a stream that may take too long, the first after a while."""
        self._look_soon()

    def _look_soon(self) -> None:
        self.deadline = min(self.deadline, self.now + LOOK_SECONDS)

    def streams_closed(self) -> None:
        """No stream is open any more."""
        if self.state is LEAVING and not self.is_active:
            self.written()
            self.close()

    def client_is_leaving(self) -> None:
        """The client makes no more requests: answer those that there are."""
        if self.state is OPEN:
            self.state = LEAVING

    # Sending.

    def schedule(self, output: StreamOutput) -> None:
        """A stream has something to send."""
        self._scheduler.add(output)

    def written(self) -> None:
        """Something was given to the engine or the scheduler."""
        if not self.is_active:
            self._scheduler.run()
            self.flush()

    def flush(self) -> None:
        """Send what the engine has."""
        if self.state in (CLOSING, CLOSED, LINGERING):
            return
        engine = self.engine
        try:
            while data := engine.output():
                self.transport.collect(data)
        except ConnectionFault as fault:
            self.fail(fault)
            return
        self.transport.send_collected()
        if engine.has_failed and self.state in (OPEN, LEAVING):
            self._linger("the client broke the protocol")
        if self._reports is not None:
            self._reports.flushed()

    def collect(self) -> None:
        """Take what the engine has, and send it once there is enough."""
        try:
            self.transport.collect(self.engine.output())
        except ConnectionFault as fault:
            self.fail(fault)

    def call_soon(self) -> None:
        """Let other connections have their turn."""
        self.deadlines.call_soon(self, self._run_again)

    def _run_again(self) -> None:
        self._scheduler.is_waiting = False
        if self.state in (OPEN, LEAVING):
            self._scheduler.run()
            self.flush()

    # As the producer of the transport.

    def pauseProducing(self) -> None:
        """The transport has enough for a while: then we read once more at most."""
        if not self.is_blocked:
            self.is_blocked = True
            self._blocked_since = self.now
            self._look_soon()
            self._progress = self._sender.client_progress()
            if self._has_read:
                self.transport.stop_reading()

    def resumeProducing(self) -> None:
        """The transport has sent all: what the client says comes before more of it."""
        self.is_blocked = self._has_read = False
        self._go_on()
        if self.state in (OPEN, LEAVING):
            self.written()

    def stopProducing(self) -> None:
        """The connection is lost; ``connectionLost`` is called, too."""

    # Time.

    @property
    def idle_since(self) -> float | None:
        """Since when nothing is under way; ``None`` if something is."""
        if self.state is not OPEN or self.streams.open or self.is_blocked:
            return None
        return self.streams.idle_since

    def expired(self) -> None:
        """It is time to look at what takes too long."""
        now, streams = self.now, self.streams
        self.deadline = now + LOOK_SECONDS
        if self.state is LINGERING:
            self._close_transport()
        elif self.state is CLOSING or self.is_blocked:
            self._look_at_progress(now)
        elif self.scanner.is_within and self._is_too_slow(now):
            self.fail(ConnectionFault(ErrorCode.NO_ERROR, "a frame took too long"))
        elif streams.need_a_look:
            keep_up()
            self.is_active = True
            streams.look_at(now)
            self.is_active = False
            self.written()
        elif self.state is LEAVING or self.leaves_soon:
            self.close()
        elif not self.scanner.is_within:
            self.deadline = streams.idle_since + self.limits.idle_time
            if now >= self.deadline:
                self.close()

    def _is_too_slow(self, now: float) -> bool:
        """Whether a frame, or a header section, has been under way for too long."""
        if self.streams.intake_of(self.scanner.partial[0]) is not None:
            return False  # the rate of a body is looked at
        return now >= self._within_since + self.limits.header_time

    def _look_at_progress(self, now: float) -> None:
        """The client has to read before anything else: see whether it does."""
        progress = self._sender.client_progress()
        if progress != self._progress:
            self._progress = progress
            self._blocked_since = now
        elif now >= self._blocked_since + self.limits.write_time:
            self.abortConnection(Ending.TIMED_OUT, "the client did not read")

    # The end.

    def close(self) -> None:
        """Take in no more requests; the connection ends when all are answered."""
        if self.state in (OPEN, LEAVING):
            self.flush()
        if self.state is OPEN:
            self.state = LEAVING
            self._sender.write(goaway_frame(self.streams.last, ErrorCode.NO_ERROR))
        if self.state is LEAVING and not self.streams.open:
            self._close_transport()

    def drain(self) -> None:
        """The server is about to stop: finish what is under way, and close."""
        self.streams.drain()
        draining.drain(self)

    retire = drain  # a client knows by GOAWAY which requests to send again

    def fail(self, fault: ConnectionFault) -> None:
        """Tell the client what it did wrong, and close."""
        if self.state not in (OPEN, LEAVING):
            return
        self.flush()
        if self.state not in (OPEN, LEAVING):
            return
        self._sender.write(goaway_frame(self.streams.last, fault.code, fault.reason))
        self._linger(fault.reason)

    def _linger(self, reason: str) -> None:
        """Drop what comes for a while, so that the client can read why."""
        self.state = LINGERING
        self.deadline = self.now + self.limits.linger_time
        self._waiting = b""
        self.streams.end_all(Failure(ConnectionAborted()), Ending.CUT_OFF, reason)
        self.is_blocked = False
        self._read_on()

    def _close_transport(self) -> None:
        """Have the transport close when all is sent."""
        self.state = CLOSING
        self.deadline = self.now + LOOK_SECONDS
        self._blocked_since = self.now
        self._sender.unregisterProducer()
        self._sender.loseConnection()
        if self.state is CLOSING:
            self._progress = self._sender.client_progress()

    def abortConnection(
        self, ending: Ending = Ending.CUT_OFF, reason: str = ""
    ) -> None:
        """Close now, whatever is still to be sent; exchanges end with *ending*."""
        if self.state is not CLOSED:
            self.state = CLOSED
            if self._reports is not None:
                self._reports.unsent_end = ending, reason
            self.streams.end_all(Failure(ConnectionAborted()), ending, reason)
            self._sender.abortConnection()

    def connectionLost(self, reason: Failure) -> None:
        """The connection is gone, and with it what was under way."""
        by_client = self.state in (OPEN, LEAVING) and not self.site.has_stopped
        self.state = CLOSED
        self.streams.end_all(
            reason, Ending.CLIENT_GONE if by_client else Ending.CUT_OFF
        )
        self.release()
        if self._reports is not None:
            self._reports.connection_closed()

    def release(self) -> None:
        """The transport has ended: another client may have its place."""
        self.transport.admission.release()
        self.deadlines.discard(self)
