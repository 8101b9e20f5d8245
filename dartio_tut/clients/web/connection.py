"""
What is seen of a connection: its first bytes, its end, the verdict on its certificate.

Twisted says that an exchange failed, and often not why. With the bytes and OpenSSL's
verdicts, a server that speaks no TLS and one whose certificate has expired are told
apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from .url import WebURL

FIRST_BYTES = 60
"""As much of what a server sends first as an error quotes."""

MAX_HEAD_BYTES = 1 << 18
"""The most that a response may have before its content; curl draws the line near there
too. Twisted would keep header fields for as long as they come."""

TLS_ALERT = b"\x15\x03"
"""How an answer begins that a TLS server gives to plain text (RFC 8446, 5.1)."""

TLS_RECORD_TYPES = (0x14, 0x15, 0x16, 0x17)


@dataclass
class Connection:
    """
    One connection, as far as it is needed to say what went wrong.

    :ivar host: whom it leads to; ``port`` likewise. ``proxy`` is on the way, if any.
    :ivar first_bytes: what the server sent first, below TLS.
    :ivar certificate_problem: what is wrong with the server's certificate, in words.
    :ivar to_proxy: the connection to the proxy, if that is over TLS.
    :ivar end: why it ended, as the client of HTTP is told.
    """

    host: str
    port: int
    is_tls: bool = False
    proxy: WebURL | None = None
    first_bytes: bytes = b""
    certificate_problem: str = ""
    end: Failure | None = None
    head_bytes: int = 0
    has_response: bool = False
    transport: Any = None
    to_proxy: Connection | None = None

    def watch_bytes(self, endpoint: IStreamClientEndpoint) -> IStreamClientEndpoint:
        """*endpoint*, with its bytes seen as they are on the wire."""
        return _WatchedEndpoint(endpoint, lambda *made: _ByteWatch(self, *made))

    def watch_end(self, endpoint: IStreamClientEndpoint) -> IStreamClientEndpoint:
        """*endpoint*, with its end seen as the client of HTTP sees it."""
        return _WatchedEndpoint(endpoint, lambda *made: _EndWatch(self, *made))

    def speaks_tls(self) -> bool:
        """Whether the server's first bytes are TLS."""
        first = self.first_bytes
        return len(first) > 1 and first[0] in TLS_RECORD_TYPES and first[1] == 3

    def was_closed_well(self) -> bool:
        """Whether the server ended it on purpose; over TLS it must say so."""
        return self.end is None or bool(self.end.check(ConnectionDone))

    def has_endless_head(self) -> bool:
        """Whether the server has sent far too much before any content."""
        return self.head_bytes > MAX_HEAD_BYTES

    def abort(self) -> None:
        """Close it at once, if it is open."""
        if self.transport is not None:
            self.transport.abortConnection()


class _ByteWatch(ProtocolWrapper):
    def __init__(self, connection: Connection, *made: Any) -> None:
        super().__init__(*made)
        self._connection = connection

    def dataReceived(self, data: bytes) -> None:
        seen = self._connection.first_bytes
        if len(seen) < FIRST_BYTES:
            self._connection.first_bytes = (seen + data)[:FIRST_BYTES]
        super().dataReceived(data)


class _EndWatch(ProtocolWrapper):
    transport: Any

    def __init__(self, connection: Connection, *made: Any) -> None:
        super().__init__(*made)
        self._connection = connection

    def makeConnection(self, transport: Any) -> None:
        self._connection.transport = transport
        super().makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        if not self._connection.has_response:
            self._connection.head_bytes += len(data)
            if self._connection.has_endless_head():
                self.transport.abortConnection()
                return
        super().dataReceived(data)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self._connection.end = reason
        self._connection.transport = None
        super().connectionLost(reason)


@implementer(IStreamClientEndpoint)
class _WatchedEndpoint:
    """An endpoint whose protocols are wrapped in what *watch* makes."""

    def __init__(self, endpoint: IStreamClientEndpoint, watch: Callable[..., Any]):
        self._endpoint = endpoint
        self._watch = watch

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Connect, with a watch in between."""
        factory: WrappingFactory[Any] = WrappingFactory(protocolFactory)
        factory.protocol = self._watch
        connecting: Deferred[Any] = self._endpoint.connect(factory)
        connecting.addCallback(lambda watch: watch.wrappedProtocol)
        return connecting
