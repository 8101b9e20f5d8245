"""
What happened, told to the observers of a site.

Exactly one `ExchangeDone` comes for each exchange, whatever became of it. An exchange
begins with the first byte of a request and ends when the last byte of the response was
taken by the socket, or when it is known that this will never be.

Without observers nothing is made and no time is taken. An `ExchangeDone` costs as much
as a tenth of a small exchange; where all observers are told many events at a time, what
is usual is noted as a `UsualExchange` instead.

Times are those of a clock that nobody sets, so that an exchange takes as long as it
takes: the clock of a machine jumps when it is set, and by NTP soon after the start.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from time import monotonic, time
from typing import NamedTuple, Protocol

from twisted.internet.interfaces import IAddress

from .transport.subjects import subject_text

CLOCK_WAS_SET_SECONDS = 0.002
"""A smaller change is no sign that somebody has set the clock: NTP makes such."""

_epoch = [time() - monotonic()]
"""How much later it is by the clock of the machine than by that of events."""


def seconds_since_epoch(moment: float) -> float:
    """
    When *moment* of an event was, by the clock of the machine as it is set now.

    Take the time of an event soon after it: the clock may be set meanwhile. As long as
    it is not, events keep their order and the time between them.
    """
    before, now, after = monotonic(), time(), monotonic()  # others may run in between
    since = now - _epoch[0]
    if not before - CLOCK_WAS_SET_SECONDS <= since <= after + CLOCK_WAS_SET_SECONDS:
        _epoch[0] = now - after
    return moment + _epoch[0]


class Ending(Enum):
    """How an exchange ended."""

    COMPLETE = "complete"
    """The response was sent, all of it."""

    REFUSED = "refused"
    """The request was refused before any resource was asked; there is a reason."""

    CLIENT_GONE = "client gone"
    """The client closed the connection before the response was sent."""

    CUT_OFF = "cut off"
    """This side ended the connection in the middle, because something failed."""

    TIMED_OUT = "timed out"
    """The client was too slow in sending or in reading."""


COMPLETE = Ending.COMPLETE
"""Looking a member up in its class costs more than most of what makes an event."""


class ExchangeDone(NamedTuple):
    """
    A request, and what became of it.

    :ivar peer: the client's address; behind a trusted proxy, what that says of it.
    :ivar method: as it came; empty if it did not come.
    :ivar target: the request target as it came; likewise.
    :ivar version: such as ``b"HTTP/1.1"``; likewise.
    :ivar fields: gives all values of a request's header field as one list, by its name
        in lower case.
    :ivar status: the status code of the response; 0 if none was sent.
    :ivar request_body_bytes: bytes of the request body that came.
    :ivar response_body_bytes: bytes of the response body that the socket took.
    :ivar started: when its first byte came, in seconds of `time.monotonic`: see
        `seconds_since_epoch`.
    :ivar first_byte: when the response began; `None` if it never did.
    :ivar ended: when it was over.
    :ivar reason: in a few words, why it was refused or did not come to its end.
    :ivar clause: the rule behind a refusal, such as ``RFC 9112 section 3.2``.
    :ivar tls_version: such as ``TLSv1.3``; empty without TLS.
    :ivar tls_client: the subject of the client's certificate (RFC 4514), if it showed
        one that was asked for; else empty.
    :ivar response_framing_bytes: bytes of the response besides its body, as far as the
        socket took them: its head, and what is around each chunk.
    """

    peer: IAddress
    method: bytes
    target: bytes
    version: bytes
    fields: Callable[[bytes], bytes | None]
    status: int
    request_body_bytes: int
    response_body_bytes: int
    started: float
    first_byte: float | None
    ended: float
    ending: Ending
    reason: str = ""
    clause: str = ""
    tls_version: str = ""
    tls_client: str = ""
    response_framing_bytes: int = 0

    def cut(self, unsent: int, ending: Ending, reason: str) -> ExchangeDone:
        """
        The event of this exchange if it ends now and *unsent* bytes of its response
        will not be sent any more.

        :param ending: how it ends, unless that is known already.
        """
        framing, body = self.response_framing_bytes, self.response_body_bytes
        nothing_was_sent = 0 < framing + body <= unsent
        is_known = self.ending is not COMPLETE or self.reason != ""
        if is_known or not unsent:
            ending, reason = self.ending, self.reason
        return self._replace(
            status=0 if nothing_was_sent else self.status,
            first_byte=None if nothing_was_sent else self.first_byte,
            response_body_bytes=max(0, body - unsent),
            response_framing_bytes=framing - max(0, min(framing, unsent - body)),
            ended=monotonic(),
            ending=ending,
            reason=reason,
        )


new_exchange_done = tuple.__new__
"""Spares a call of ``ExchangeDone.__new__``, for every exchange."""


class ConnectionOpened(NamedTuple):
    """
    A client has connected, and the TLS handshake, if any, has succeeded.

    :ivar time: when, as in `ExchangeDone`.
    """

    peer: IAddress
    time: float


class ConnectionClosed(NamedTuple):
    """
    A connection has ended.

    :ivar time: when, as in `ExchangeDone`.
    """

    peer: IAddress
    time: float


Event = ExchangeDone | ConnectionOpened | ConnectionClosed

Observer = Callable[[Event], None]


class NotedFields(Protocol):
    """What is noted of the header fields of a request."""

    @property
    def version(self) -> bytes:
        """That of the request, such as ``b"HTTP/1.1"``."""

    def joined(self, name: bytes) -> bytes | None:
        """All values of the field *name* (in lower case) as one list."""


class NotedHead(Protocol):
    """What is noted of a request."""

    @property
    def method(self) -> bytes:
        """As it came."""

    @property
    def target(self) -> bytes:
        """As it came."""

    @property
    def fields(self) -> NotedFields:
        """Its header fields."""


class Client:
    """
    Who is at the other end of a connection.

    :ivar peer: the address.
    :ivar tls_version: as that of `ExchangeDone`; so is *tls_client*.
    """

    __slots__ = ("peer", "tls_client", "tls_version")

    def __init__(self, peer: IAddress, transport: object) -> None:
        self.peer = peer
        self.tls_version, self.tls_client = _tls_facts(transport)


UsualExchange = tuple[Client, NotedHead, int, int, float, float, float, int]
"""
An exchange that is complete, and whose request had no body: its client and its head; of
the response, the status code and the bytes of the body; when it began, when its
response did, and when it was over; and the bytes of the response besides its body.

It has no class of its own, because making a plain tuple costs half as much.
"""


def usual_exchange_done(exchange: UsualExchange) -> ExchangeDone:
    """The event of *exchange*."""
    client, head, status, body_bytes, started, first_byte, ended, framing = exchange
    return ExchangeDone(
        client.peer,
        head.method,
        head.target,
        head.fields.version,
        head.fields.joined,
        status,
        0,
        body_bytes,
        started,
        first_byte,
        ended,
        COMPLETE,
        tls_version=client.tls_version,
        tls_client=client.tls_client,
        response_framing_bytes=framing,
    )


def no_field(name: bytes) -> bytes | None:
    """What `ExchangeDone.fields` is where no header fields were read."""
    return None


class Exchange:
    """
    An exchange under way, from which the event is made at its end.

    :ivar head: that of the request, if it could be read.
    :ivar response_body_bytes: so far handed to the connection.
    :ivar framing_bytes: those of the response besides its body, likewise: its head, and
        what is around each chunk.
    """

    __slots__ = (
        "clause",
        "ending",
        "first_byte",
        "framing_bytes",
        "head",
        "reason",
        "request_body_bytes",
        "response_body_bytes",
        "started",
        "status",
    )

    def __init__(self, head: NotedHead | None) -> None:
        self.started = monotonic()
        self.head = head
        self.status = self.request_body_bytes = 0
        self.response_body_bytes = self.framing_bytes = 0
        self.first_byte: float | None = None
        self.ending: Ending | None = None
        self.reason = self.clause = ""

    def response_began(self, status: int, head_bytes: int) -> None:
        """The first byte of the response is on its way, and the rest of its head."""
        self.status = status
        self.framing_bytes = head_bytes
        self.first_byte = monotonic()

    def ends(self, ending: Ending, reason: str = "", clause: str = "") -> None:
        """Remember how it ends. What was remembered first is the cause, and stays."""
        if self.ending is None:
            self.ending, self.reason, self.clause = ending, reason, clause

    def usual(self, client: Client, ended: float) -> UsualExchange | None:
        """This one, all of which was sent, if it is a usual exchange of *client*."""
        head, first_byte = self.head, self.first_byte
        if (
            self.ending is not None
            or self.request_body_bytes
            or head is None
            or first_byte is None
        ):
            return None
        return (
            client,
            head,
            self.status,
            self.response_body_bytes,
            self.started,
            first_byte,
            ended,
            self.framing_bytes,
        )

    def done(
        self, client: Client, version: bytes, unsent: int, ended: float
    ) -> ExchangeDone:
        """
        The event.

        :param version: that of a request whose head could not be read.
        :param unsent: bytes of the response that will not be sent any more.
        """
        if unsent and unsent >= self.framing_bytes + self.response_body_bytes:
            self.status, self.first_byte = 0, None  # nothing of it was sent
        body_bytes, head = self.response_body_bytes, self.head
        facts = (
            client.peer,
            b"" if head is None else head.method,
            b"" if head is None else head.target,
            version if head is None else head.fields.version,
            no_field if head is None else head.fields.joined,
            self.status,
            self.request_body_bytes,
            max(0, body_bytes - unsent) if unsent else body_bytes,
            self.started,
            self.first_byte,
            ended,
            self.ending or COMPLETE,
            self.reason,
            self.clause,
            client.tls_version,
            client.tls_client,
            self.framing_bytes,
        )
        return new_exchange_done(ExchangeDone, facts)


def _tls_facts(transport: object) -> tuple[str, str]:
    """
    The TLS version of *transport*, and the subject of the client's certificate. Each is
    an empty string for a connection that does not have it.
    """
    handle = getattr(transport, "getHandle", lambda: None)()
    name = getattr(handle, "get_protocol_version_name", None)
    if name is None:
        return "", ""
    shown = getattr(transport, "getPeerCertificate", lambda: None)()
    return str(name()), "" if shown is None else subject_text(shown)
