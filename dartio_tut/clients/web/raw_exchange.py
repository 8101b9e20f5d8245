"""
One exchange, byte by byte: what was sent, what came back, and when.

Rule: the bytes are those of the connection, above TLS. Nothing is sent before the
server's certificate was looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHandshakeListener
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from .certificates import CertificateFacts, certificate_facts, unreadable
from .connection import MAX_HEAD_BYTES, Connection
from .response_end import ResponseEnd
from .url import WebURL

MAX_KEPT_BYTES = 1 << 20
"""As much of a response as is read: more can be shown by no terminal."""

MAX_ARRIVALS = 10_000
"""Reads that are told apart; a server may send each byte alone."""


@dataclass
class TLSFacts:
    """
    What was agreed upon in the handshake.

    :ivar problem: why the certificate is not trusted; empty if it is.
    """

    version: str
    cipher: str
    protocol: str
    problem: str
    certificates: list[CertificateFacts] = field(default_factory=list)


@dataclass
class Times:
    """When what happened, in the seconds of one clock; ``None`` if it did not."""

    started: float
    resolved: float | None = None
    connected: float | None = None
    secured: float | None = None
    sent: float | None = None
    first_byte: float | None = None
    ended: float | None = None


@dataclass
class RawExchange:
    """
    A request, and what came of it.

    :ivar addresses: those that the host's name stands for; *address* is the one that
        was connected to.
    :ivar is_whole: whether the response came to its end, as far as it says where.
    :ivar was_closed: whether the server has closed the connection.
    :ivar broke_off: whether it ended otherwise than on purpose; over TLS, a server must
        say that it is.
    :ivar is_cut: whether there was more than is read.
    :ivar failure: why there is no response, or not all of it; empty if all is well.
    """

    url: WebURL
    method: str
    request: bytes
    times: Times
    received: bytearray = field(default_factory=bytearray)
    arrivals: list[tuple[float, int]] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    address: str = ""
    proxy: str = ""
    tls: TLSFacts | None = None
    is_whole: bool = False
    was_closed: bool = False
    broke_off: bool = False
    is_cut: bool = False
    failure: str = ""


@implementer(IHandshakeListener)
class ExchangeProtocol(Protocol):
    """
    Sends the request of *exchange*, and reads until the response has ended.

    :param connection: what is seen of the connection below.
    :param trusts_all: whether a certificate that is not trusted will do.
    :param seconds: the time.
    :param heard: is called when bytes come.
    :ivar done: fires when all that is read has come.
    :ivar reason: why the connection ended, if it did before the response.
    """

    transport: Any
    reason: Failure | None = None

    def __init__(
        self,
        exchange: RawExchange,
        connection: Connection,
        trusts_all: bool,
        seconds: Callable[[], float],
        heard: Callable[[], None],
    ) -> None:
        self._exchange = exchange
        self._connection = connection
        self._trusts_all = trusts_all
        self._seconds = seconds
        self._heard = heard
        self._end = ResponseEnd(exchange.method)
        self._is_done = False
        self.done: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        """The way to the server is open; over TLS, the handshake comes first."""
        exchange = self._exchange
        exchange.times.connected = self._seconds()
        peer = self.transport.getPeer()
        exchange.address = getattr(peer, "host", "")
        if not self._connection.is_tls:
            self._begin()

    def handshakeCompleted(self) -> None:
        """The connection is secured: look at the certificate, then send."""
        self._exchange.times.secured = self._seconds()
        self._exchange.tls = tls = tls_facts(
            self.transport.getHandle(), self._connection.certificate_problem
        )
        if tls.problem and not self._trusts_all:
            self.finish(None)
        else:
            self._begin()

    def _begin(self) -> None:
        self.transport.write(self._exchange.request)
        self._exchange.times.sent = self._seconds()

    def dataReceived(self, data: bytes) -> None:
        """Bytes of the response have come."""
        if self._is_done:
            return
        exchange, now = self._exchange, self._seconds()
        self._heard()
        if exchange.times.first_byte is None:
            exchange.times.first_byte = now
        kept = data[: MAX_KEPT_BYTES - len(exchange.received)]
        exchange.received += kept
        if len(exchange.arrivals) < MAX_ARRIVALS:
            exchange.arrivals.append((now - exchange.times.started, len(kept)))
        self._connection.head_bytes = len(exchange.received)
        if self._end.feed(data):
            exchange.is_whole = True
            self.finish(None)
        elif not self._end.has_head and len(exchange.received) > MAX_HEAD_BYTES:
            self.finish(None)
        elif len(kept) < len(data):
            exchange.is_cut = True
            self.finish(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection has ended."""
        if not self._is_done:
            self._exchange.was_closed = True
            self.finish(reason)

    def finish(self, reason: Failure | None) -> None:
        """All that is read has come; *reason* is why the connection ended, if so."""
        if self._is_done:
            return
        self._is_done = True
        self._exchange.times.ended = self._seconds()
        self.reason = reason
        self.transport.abortConnection()
        self.done.callback(None)


def tls_facts(handle: Any, problem: str) -> TLSFacts:
    """What was agreed upon on the TLS connection *handle*."""
    made = handle.get_peer_cert_chain() or []
    return TLSFacts(
        handle.get_protocol_version_name(),
        handle.get_cipher_name() or "",
        (handle.get_alpn_proto_negotiated() or b"").decode("latin-1"),
        problem,
        [_facts(certificate) for certificate in made],
    )


def _facts(certificate: Any) -> CertificateFacts:
    try:
        return certificate_facts(certificate.to_cryptography())
    except Exception as error:  # noqa: BLE001  (a server can put anything there)
        return unreadable(str(error))


async def exchange_over(
    endpoint: Any, protocol: ExchangeProtocol, give_up: Callable[[Any], None]
) -> Failure | None:
    """
    Connect *protocol* by *endpoint*, and wait until it is done.

    :param give_up: is told what ends it before.
    :return: why the connection ended, if it did before the response.
    """
    connecting: Deferred[Any] = endpoint.connect(Factory.forProtocol(lambda: protocol))
    give_up(connecting.cancel)
    await connecting
    give_up(lambda: protocol.finish(None))
    await protocol.done
    return protocol.reason


def ended_well(reason: Failure | None) -> bool:
    """Whether the server ended the connection on purpose."""
    return reason is None or reason.check(ConnectionDone) is not None
