"""
The events of one connection: what its channel tells the observer of a site.

The channel calls this as it goes on. An exchange whose response was not taken by the
socket at once is reported when it was, or when the connection has ended.
"""

from __future__ import annotations

from time import time

from twisted.internet.interfaces import IAddress

from ..events import (
    ConnectionClosed,
    ConnectionOpened,
    Ending,
    Event,
    Exchange,
    Observer,
    tls_version_of,
)
from .output import Output
from .parser import Head
from .protocol_error import ProtocolError

MAX_LOGGED_LINE = 8192
"""Bytes of a request line that was refused, as events have it."""


class ExchangeReports:
    """
    Reports the exchanges of one connection.

    :ivar current: the exchange under way, if there is one.
    """

    def __init__(self, observer: Observer, output: Output, peer: IAddress) -> None:
        self._observer = observer
        self._output = output
        self._peer = peer
        self._tls_version = tls_version_of(output.transport)
        self._unsent: list[Exchange] = []
        self._unsent_end: tuple[Ending, str] | None = None
        self._is_closed = False
        self.current: Exchange | None = None
        self._tell(ConnectionOpened(peer, time()))

    def began(self) -> Exchange:
        """The first byte of a request has come, or more of it."""
        if self.current is None:
            self.current = Exchange()
        return self.current

    def head_came(self, head: Head) -> None:
        """The head of the request is there."""
        exchange = self.current
        if exchange is None:
            exchange = self.current = Exchange()
        exchange.method, exchange.target, fields = head
        exchange.version, exchange.fields = fields.version, fields.joined

    def body_came(self, count: int) -> None:
        """So many bytes of its body have come."""
        self.began().request_body_bytes += count

    def response_began(self, status: int, head_bytes: int) -> None:
        """The head of the response is on its way."""
        exchange = self.current or self.began()
        exchange.status = status
        exchange.framing_bytes = head_bytes
        exchange.first_byte = time()

    def framed(self, count: int) -> None:
        """So many bytes of the response were neither of its head nor of its body."""
        self.began().framing_bytes += count

    def refused(self, error: ProtocolError, first_bytes: bytes) -> None:
        """
        The request is refused.

        :param first_bytes: how it began, if its head was not read.
        """
        exchange = self.began()
        if not exchange.method:
            line = first_bytes.lstrip(b"\r\n").partition(b"\r\n")[0][:MAX_LOGGED_LINE]
            parts = [*line.split(b" "), b"", b""]
            exchange.method, exchange.target, exchange.version = parts[:3]
        timed_out = error.code == 408
        ending = Ending.TIMED_OUT if timed_out else Ending.REFUSED
        exchange.ends(ending, error.reason, error.clause)

    def ends(self, ending: Ending, reason: str = "") -> None:
        """
        The exchange under way will end so; without one, those whose responses are not
        sent yet will.
        """
        if self.current is not None:
            self.current.ends(ending, reason)
        else:
            self._unsent_end = ending, reason

    def response_ended(self, body_bytes: int) -> None:
        """All of the response was handed to the output."""
        exchange, self.current = self.current or self.began(), None
        exchange.response_body_bytes = body_bytes
        self._unsent.append(exchange)
        if not self._output.is_collecting:
            self.flushed()

    def flushed(self) -> None:
        """The output has handed all that it had to the transport."""
        if self._unsent and not self._output.dropped_bytes:
            self._output.transport.when_sent(self._sent)

    def _sent(self) -> None:
        unsent, self._unsent = self._unsent, []
        for exchange in unsent:
            self._observer(exchange.done(self._peer, 0, self._tls_version))

    def connection_closed(self, request: object, by_client: bool) -> None:
        """
        The connection has ended, and with it what was under way.

        :param request: the one that was being answered, if there is one.
        :param by_client: whether the client has ended it, and not this side.
        """
        if self._is_closed:
            return
        self._is_closed = True
        unsent = self._output.unsent()
        exchange, self.current = self.current, None
        usual = Ending.CLIENT_GONE if by_client else Ending.CUT_OFF
        dropped = self._output.dropped_bytes or self._output.transport.dropped_bytes
        left = Ending.CUT_OFF if dropped else Ending.CLIENT_GONE
        ending, reason = self._unsent_end or (left, "")
        if exchange is not None:
            exchange.ends(usual)
            if request is not None:
                exchange.response_body_bytes = getattr(request, "sentLength", 0)
            self._unsent.append(exchange)
        waiting, self._unsent = self._unsent, []
        lost: list[tuple[Exchange, int]] = []
        for exchange in reversed(waiting):  # the last bytes are those of the last
            lost.append((exchange, unsent))
            if unsent:
                exchange.ends(ending, reason)
            sent = exchange.framing_bytes + exchange.response_body_bytes
            unsent = max(0, unsent - sent)
        for exchange, missing in reversed(lost):
            self._done(exchange, missing)
        self._tell(ConnectionClosed(self._peer, time()))

    def _done(self, exchange: Exchange, unsent: int) -> None:
        self._tell(exchange.done(self._peer, unsent, self._tls_version))

    def _tell(self, event: Event) -> None:
        self._observer(event)
