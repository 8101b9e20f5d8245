"""
The streams of one connection: how they begin, what comes for them, and how they end.

It is what an engine calls when something has come. A fault of one stream ends that
stream; it counts against the connection, too, which pays for it from its budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.python.failure import Failure

from ..events import Ending
from ..http1 import protocol_error as errors
from ..http1.protocol_error import ProtocolError
from ..on_drain import end_endless
from .body_intake import BodyIntake
from .engine import ErrorCode
from .flood_budget import BURST, KIB, PER_KIB, PER_RESPONSE
from .large_bodies import LargeBodies
from .open_files import ConnectionFiles
from .reports import Reports
from .request_head import RequestHead
from .states import OPEN
from .stream import SecureStream, Stream

if TYPE_CHECKING:
    from .connection import HTTP2Connection


class Streams:
    """
    See the module.

    :ivar open: the streams that are open, by their identifiers.
    :ivar large_bodies: the request bodies that are held in files.
    :ivar files: those files, and those that responses keep open.
    :ivar last: the highest identifier of a request that was taken.
    :ivar idle_since: since when none is open.
    :ivar read_section: reads header sections.
    :ivar reports: tells of the exchanges, if anybody wants to know.
    """

    def __init__(self, connection: HTTP2Connection, reports: Reports | None) -> None:
        self._connection = connection
        self._budget, self._deadlines = connection.budget, connection.deadlines
        self._make_stream = SecureStream if connection.transport.is_secure else Stream
        self.read_section = connection.site.http2.sections.read
        self._max_open = connection.limits.streams
        self._is_usual = connection.is_admitted and connection.uses_our_request
        self._unfinished: dict[int, float] = {}
        self.reports = reports
        self.open: dict[int, Stream] = {}
        self.files = ConnectionFiles(connection.site.http2.files)
        self.large_bodies = LargeBodies(self.files)
        self.last = 0
        self.idle_since = connection.now

    # What the engine tells.

    def request_came(self, stream_id: int, head: RequestHead, is_ended: bool) -> None:
        """A request begins."""
        connection, reports = self._connection, self.reports
        if len(self.open) >= self._max_open or connection.state is not OPEN:
            self._refuse(stream_id, head)
            return
        self.last = stream_id
        exchange = None if reports is None else reports.began(head)
        make_stream = self._make_stream
        stream = make_stream(connection, stream_id, head, exchange)
        try:
            if is_ended and self._is_usual and head.error is None:
                stream.answer()
                if stream.is_over:  # as most are
                    return
            elif head.error is not None or not connection.is_admitted:
                stream.request_has_ended = is_ended
                error = head.error or errors.TOO_MANY_CONNECTIONS
                raise ProtocolError(*error)
            else:
                stream.begin(is_ended)
        except ProtocolError as error:
            stream.refuse(error)
        except Exception:  # noqa: BLE001  (the other streams go on)
            stream.failed()
        if not stream.is_over:
            if not self.open:
                connection.streams_open()
            self.open[stream_id] = stream
        if not connection.is_admitted:
            connection.close()

    def _refuse(self, stream_id: int, head: RequestHead) -> None:
        """One request too many: the client may send it again (RFC 9113 8.7)."""
        self._connection.engine.reset(stream_id, ErrorCode.REFUSED_STREAM)
        self._connection.budget.spend_on_junk()
        if self.reports is not None:
            exchange = self.reports.began(head)
            exchange.ends(Ending.REFUSED, "too many streams", "RFC 9113 section 5.1.2")
            self.reports.lost(exchange, 0)

    def body_came(self, stream_id: int, data: bytes, is_ended: bool) -> None:
        """A piece of a request body has come."""
        self._connection.budget.earn(len(data) // KIB * PER_KIB)
        stream = self.open.get(stream_id)
        if stream is None:
            self._connection.engine.credit(stream_id, len(data))
            if is_ended:
                self._unfinished.pop(stream_id, None)
            return
        try:
            stream.body_came(data, is_ended)
        except ProtocolError as error:
            stream.refuse(error)
        except Exception:  # noqa: BLE001  (the other streams go on)
            stream.failed()

    def trailers_came(
        self, stream_id: int, fields: Sequence[tuple[bytes, bytes]]
    ) -> None:
        """The trailer section of a request has come."""
        stream = self.open.get(stream_id)
        if stream is not None:
            stream.trailers_came(tuple(fields))
        self.body_came(stream_id, b"", True)

    def stream_was_reset(self, stream_id: int, code: int) -> None:
        """The client has reset a stream."""
        self._unfinished.pop(stream_id, None)
        stream = self.open.get(stream_id)
        if stream is not None:
            if stream.exchange is not None:
                stream.exchange.ends(Ending.CLIENT_GONE)
            stream.lost(Failure(ConnectionDone()))
            self._connection.budget.spend_on_reset()

    def stream_failed(self, stream_id: int, code: int) -> None:
        """The engine has reset a stream, because of the client."""
        self._unfinished.pop(stream_id, None)
        stream = self.open.get(stream_id)
        reason, clause = "malformed request", "RFC 9113 section 8.1.1"
        if stream is not None:
            if stream.exchange is not None:
                stream.exchange.ends(Ending.REFUSED, reason, clause)
            stream.lost(Failure(ConnectionAborted()))
        else:
            self.last = max(self.last, stream_id)
            if self.reports is not None:
                self.reports.malformed(reason, clause)
        self._connection.budget.spend_on_reset()

    def data_is_late(self, stream_id: int) -> None:
        """DATA has come behind the end of a request (RFC 9113 section 5.1)."""
        stream = self.open.get(stream_id)
        if stream is not None and not stream.is_ended:
            if stream.exchange is not None:
                stream.exchange.ends(Ending.REFUSED, "DATA behind the end of a request")
            stream.reset(ErrorCode.STREAM_CLOSED, Failure(ConnectionAborted()))
            self._connection.budget.spend_on_reset()

    def window_opened(self, stream_id: int) -> None:
        """
        More can be sent: on a stream, or, by 0, on all. Those that have waited longest
        come first then, because there may not be enough for all.
        """
        if stream_id:
            stream = self.open.get(stream_id)
            outputs = [] if stream is None else [stream.output]
        else:
            outputs = [stream.output for stream in self.open.values()]
        waiting = [output for output in outputs if output and output.has_more]
        if len(waiting) > 1:
            waiting.sort(key=attrgetter("stall"))
        for output in waiting:
            self._connection.schedule(output)

    def client_is_leaving(self) -> None:
        """The client makes no more requests."""
        self._connection.client_is_leaving()

    # What the scheduler tells.

    def response_sent(self, stream_id: int) -> None:
        """The end of a response is on its way."""
        stream = self.open.get(stream_id)
        if stream is not None:
            stream.response_sent()

    def file_is_short(self, stream_id: int) -> None:
        """A file has become shorter than it was said to be."""
        stream = self.open.get(stream_id)
        if stream is not None:
            stream.cut_off("the file could not be sent to its end")

    # Streams that end.

    def closed(self, stream: Stream) -> None:
        """The response of *stream* is complete."""
        stream.is_over = True
        connection = self._connection
        self.idle_since = self._deadlines.now
        if stream.exchange is not None and self.reports is not None:
            self.reports.complete(stream.exchange)
            connection.written()
        if self._budget.left < BURST:
            self._budget.earn(PER_RESPONSE)
        if not stream.request_has_ended:
            linger = connection.limits.linger_time
            self._unfinished[stream.stream_id] = connection.now + linger
            connection.streams_open()
        if self.open:  # most are closed before they are there
            self.open.pop(stream.stream_id, None)
            if not self.open:
                connection.streams_closed()

    def lost(self, stream: Stream, unsent: int) -> None:
        """*stream* was reset, by whomever."""
        stream.is_over = True
        self.open.pop(stream.stream_id, None)
        if stream.exchange is not None and self.reports is not None:
            stream.exchange.ends(Ending.CUT_OFF)
            self.reports.lost(stream.exchange, unsent)
        self.idle_since = self._connection.now
        if not self.open:
            self._connection.streams_closed()

    def drain(self) -> None:
        """End what has no end of its own, such as streams of events."""
        for stream in list(self.open.values()):
            end_endless(stream.request)

    def end_all(self, reason: Failure, ending: Ending, said: str = "") -> None:
        """The connection ends, and all streams with it."""
        self._unfinished.clear()
        for stream in list(self.open.values()):
            if stream.exchange is not None:
                stream.exchange.ends(ending, said)
            stream.lost(reason)

    def intake_of(self, stream_id: int) -> BodyIntake | None:
        """What takes in the body of a request, if one is under way there."""
        stream = self.open.get(stream_id)
        return None if stream is None else stream.intake

    # Time.

    @property
    def need_a_look(self) -> bool:
        """Whether there is a stream that may take too long."""
        return bool(self.open or self._unfinished)

    def look_at(self, now: float) -> None:
        """End the streams whose clients are too slow."""
        engine = self._connection.engine
        write_time = self._connection.limits.write_time
        for stream_id, deadline in list(self._unfinished.items()):
            if now >= deadline:
                del self._unfinished[stream_id]
                engine.reset(stream_id, ErrorCode.NO_ERROR)
        for stream in list(self.open.values()):
            try:
                if stream.intake is not None:
                    stream.intake.check(now)
            except ProtocolError as error:
                stream.refuse(error)
            output = None if stream.is_over else stream.output
            if output is not None and output.is_stalled(now, write_time):
                if stream.exchange is not None:
                    stream.exchange.ends(Ending.TIMED_OUT, "the client did not read")
                stream.reset(ErrorCode.CANCEL, Failure(ConnectionAborted()))
