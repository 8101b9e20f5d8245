"""
The events of one connection: what its channel tells the observer of a site.

The channel calls this as it goes on. An exchange whose response was not taken by the
socket at once is reported when it was, or when the connection has ended.

The facts about the exchange that is under way are kept here, not in an object of its
own: making one would be a third of what an event costs.
"""

from __future__ import annotations

from time import monotonic

from twisted.internet.interfaces import IAddress

from ..event_batch import EventBatch
from ..events import (
    COMPLETE,
    Client,
    ConnectionClosed,
    ConnectionOpened,
    Ending,
    ExchangeDone,
    Observer,
    UsualExchange,
    new_exchange_done,
    no_field,
    usual_exchange_done,
)
from .output import Output
from .parser import Head
from .protocol_error import ProtocolError

MAX_LOGGED_LINE = 8192
"""Bytes of a request line that was refused, as events have it."""

NOT_READ = (b"", b"", b"", no_field)
"""Method, target, version and fields of a request of which nothing was read."""


class ExchangeReports:
    """
    Reports the exchanges of one connection.

    :param batch: where a usual exchange is noted, instead of told to *observer*.
    :ivar read_at: when the bytes came that are being taken in.
    :ivar head: that of the request under way, if it has come.
    :ivar status: the status code of its response, if that has begun; else 0.
    :ivar framing_bytes: bytes of its response besides its body, so far.
    """

    __slots__ = (
        "_batch",
        "_clause",
        "_client",
        "_ending",
        "_first_byte",
        "_has_begun",
        "_is_closed",
        "_is_usual",
        "_observer",
        "_output",
        "_reason",
        "_refused_line",
        "_request_body_bytes",
        "_started",
        "_unsent",
        "_unsent_end",
        "_usual",
        "framing_bytes",
        "head",
        "read_at",
        "status",
    )

    def __init__(
        self,
        observer: Observer,
        output: Output,
        peer: IAddress,
        batch: EventBatch | None = None,
    ) -> None:
        self._observer = observer
        self._output = output
        self._batch = batch
        self._client = Client(peer, output.transport)
        # Of those that are not sent yet, the usual ones, and then the others.
        self._usual: list[UsualExchange] = []
        self._unsent: list[ExchangeDone] = []
        self._unsent_end: tuple[Ending, str] | None = None
        self._is_closed = False
        self.head: Head | None = None
        self.read_at = self._started = monotonic()
        self._first_byte: float | None = None
        self.status = self.framing_bytes = 0
        self._forget_unusual()
        observer(ConnectionOpened(peer, self.read_at))

    def _forget_unusual(self) -> None:
        """What most exchanges do not have is as if it had never been told."""
        self._has_begun = False
        self._is_usual = self._batch is not None
        self._request_body_bytes = 0
        self._refused_line = NOT_READ
        self._ending: Ending | None = None
        self._reason = self._clause = ""

    def began(self) -> None:
        """A part of a request has come, and more of it is to come."""
        if not self._has_begun:
            self._has_begun = True
            self._is_usual = False
            self._started = self.read_at

    def body_came(self, count: int) -> None:
        """So many bytes of its body have come."""
        self._request_body_bytes += count

    def response_began(self, status: int, head_bytes: int) -> None:
        """The head of the response is on its way."""
        self.status = status
        self.framing_bytes = head_bytes
        if not self._output.is_collecting:  # else it is sent when all is collected
            self._first_byte = monotonic()
            self._is_usual = False

    def goes_on(self) -> None:
        """What was collected is sent. A response that has begun is not whole yet."""
        if self.status and self._first_byte is None:
            self._first_byte = monotonic()
            self._is_usual = False

    def framed(self, count: int) -> None:
        """So many bytes of the response were neither of its head nor of its body."""
        self.framing_bytes += count

    def dropped(self, first_bytes: bytes) -> None:
        """What has come is dropped: *first_bytes* of a request, if one is under way."""
        if self._has_begun:
            self._read_line(first_bytes)

    def refused(self, error: ProtocolError, first_bytes: bytes) -> None:
        """
        The request is refused.

        :param first_bytes: how it began, if its head was not read.
        """
        self.began()
        self._read_line(first_bytes)
        timed_out = error.code == 408
        ending = Ending.TIMED_OUT if timed_out else Ending.REFUSED
        self._ends(ending, error.reason, error.clause)

    def _read_line(self, first_bytes: bytes) -> None:
        """Take the request line from *first_bytes*, if no head was read."""
        if self.head is None and self._refused_line is NOT_READ:
            line = first_bytes.lstrip(b"\r\n").partition(b"\r\n")[0][:MAX_LOGGED_LINE]
            method, target, version, *_ = [*line.split(b" "), b"", b""]
            self._refused_line = method, target, version, no_field

    def ends(self, ending: Ending, reason: str = "") -> None:
        """
        The exchange under way will end so; without one, those whose responses are not
        sent yet will.
        """
        if self._is_under_way:
            self._ends(ending, reason)
        else:
            self._unsent_end = ending, reason

    @property
    def _is_under_way(self) -> bool:
        return self._has_begun or self.head is not None

    def _ends(self, ending: Ending, reason: str = "", clause: str = "") -> None:
        """What was told first is the cause, and stays."""
        self.began()
        if self._ending is None:
            self._ending, self._reason, self._clause = ending, reason, clause

    def response_ended(self, body_bytes: int) -> None:
        """All of the response was handed to the output."""
        head, ended = self.head, monotonic()
        if self._is_usual and head is not None and not self._unsent:
            self._usual.append(
                (
                    self._client,
                    head,
                    self.status,
                    body_bytes,
                    self.read_at,
                    ended,
                    ended,
                    self.framing_bytes,
                )
            )
        else:
            self._unsent.append(self._event(head, body_bytes, ended))
        self.head = None
        self.status = self.framing_bytes = 0
        if not self._output.is_collecting and not self._is_closed:
            self.flushed()

    def _event(self, head: Head | None, body_bytes: int, ended: float) -> ExchangeDone:
        """The event of the exchange under way, which ends."""
        if head is None:
            method, target, version, joined = self._refused_line
        else:
            method, target, fields = head
            version, joined = fields.version, fields.joined
        status, client = self.status, self._client
        facts = (
            client.peer,
            method,
            target,
            version,
            joined,
            status,
            self._request_body_bytes,
            body_bytes,
            self._started if self._has_begun else self.read_at,
            self._first_byte or (ended if status else None),
            ended,
            self._ending or COMPLETE,
            self._reason,
            self._clause,
            client.tls_version,
            client.tls_client,
            self.framing_bytes,
        )
        self._first_byte = None
        if self._has_begun:
            self._forget_unusual()
        else:
            self._is_usual = self._batch is not None
        return new_exchange_done(ExchangeDone, facts)

    def flushed(self) -> None:
        """The output has handed all that it had to the transport."""
        output = self._output
        if (
            not (self._usual or self._unsent)
            or output.dropped_bytes
            or output.transport.when_sent(self._sent_late)
        ):
            return
        if self._batch is not None:
            self._batch.add_all(self._usual)
        if self._unsent:
            self._tell(self._unsent)
            self._unsent = []

    def _sent_late(self) -> None:
        ended = monotonic()
        self._tell([event._replace(ended=ended) for event in self._take_unsent()])

    def _take_unsent(self) -> list[ExchangeDone]:
        """The exchanges that are not sent yet; they are told by whoever takes them."""
        unsent = [*map(usual_exchange_done, self._usual), *self._unsent]
        self._usual, self._unsent = [], []
        return unsent

    def _tell(self, events: list[ExchangeDone]) -> None:
        observer = self._observer
        for event in events:
            observer(event)

    def connection_closed(
        self, request: object, by_client: bool, first_bytes: bytes
    ) -> None:
        """
        The connection has ended, and with it what was under way.

        :param request: the one that was being answered, if there is one.
        :param by_client: whether the client has ended it, and not this side.
        :param first_bytes: how a request began whose head was not read.
        """
        if self._is_closed:
            return
        self._is_closed = True
        output = self._output
        if self._is_under_way:
            self._read_line(first_bytes)
            self._ends(Ending.CLIENT_GONE if by_client else Ending.CUT_OFF)
            self.response_ended(getattr(request, "sentLength", 0))
        dropped = output.dropped_bytes or output.transport.dropped_bytes
        left = Ending.CUT_OFF if dropped else Ending.CLIENT_GONE
        ending, reason = self._unsent_end or (left, "")
        unsent = output.unsent()
        lost: list[ExchangeDone] = []
        for event in reversed(self._take_unsent()):  # the last bytes are of the last
            lost.append(event.cut(unsent, ending, reason))
            sent = event.response_framing_bytes + event.response_body_bytes
            unsent = max(0, unsent - sent)
        self._tell(lost[::-1])
        self._observer(ConnectionClosed(self._client.peer, monotonic()))
