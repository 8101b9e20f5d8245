"""
The events of one connection by HTTP/2: one for each exchange, whatever became of it.

The bytes of all streams share a buffer. An exchange is done when nothing waits in this
process any more; when the connection is lost before that, what waits is taken to be of
the exchanges that were the last to be handed over.
"""

from __future__ import annotations

from time import monotonic

from twisted.internet.interfaces import IAddress

from ..event_batch import EventBatch
from ..events import (
    Client,
    ConnectionClosed,
    ConnectionOpened,
    Ending,
    Exchange,
    Observer,
)
from ..transport.interface import ResponseTransport
from .request_head import VERSION, RequestHead


class Reports:
    """
    Tells an observer of the exchanges of one connection.

    :param transport: of the connection.
    :param batch: where a usual exchange is noted, instead of told to *observer*.
    :ivar unsent_end: how exchanges end whose responses are complete, but not sent, when
        the connection ends.
    """

    def __init__(
        self,
        observer: Observer,
        transport: ResponseTransport,
        peer: IAddress,
        batch: EventBatch | None = None,
    ) -> None:
        self._observer = observer
        self._transport = transport
        self._batch = batch
        self._client = Client(peer, transport)
        self._unsent: list[Exchange] = []
        self._is_waiting = self._is_closed = False
        self.unsent_end: tuple[Ending, str] = (Ending.CLIENT_GONE, "")
        observer(ConnectionOpened(peer, monotonic()))

    def began(self, head: RequestHead) -> Exchange:
        """A request has come."""
        return Exchange(head)

    def malformed(self, reason: str, clause: str) -> None:
        """A request has come that nothing could be read of."""
        exchange = Exchange(None)
        exchange.ends(Ending.REFUSED, reason, clause)
        self.lost(exchange, 0)

    def complete(self, exchange: Exchange) -> None:
        """All of a response was handed to the engine."""
        self._unsent.append(exchange)

    def flushed(self) -> None:
        """The engine has handed all that it had to the transport."""
        if self._unsent and not self._is_waiting:
            self._is_waiting = self._transport.when_sent(self._sent)
            if not self._is_waiting:
                self._sent()

    def _sent(self) -> None:
        self._is_waiting = False
        unsent, self._unsent = self._unsent, []
        batch, client, ended = self._batch, self._client, monotonic()
        for exchange in unsent:
            usual = None if batch is None else exchange.usual(client, ended)
            if usual is None or batch is None:
                self.lost(exchange, 0)
            else:
                batch.add(usual)

    def lost(self, exchange: Exchange, unsent: int) -> None:
        """
        It is over.

        :param unsent: bytes of the response that were not sent.
        """
        self._observer(exchange.done(self._client, VERSION, unsent, monotonic()))

    def connection_closed(self) -> None:
        """The connection has ended, and all its streams."""
        if self._is_closed:
            return
        self._is_closed = True
        left = self._transport.buffered()
        lost: list[tuple[Exchange, int]] = []
        for exchange in reversed(self._unsent):
            if left:
                exchange.ends(*self.unsent_end)
            lost.append((exchange, min(left, exchange.response_body_bytes)))
            left = max(0, left - exchange.response_body_bytes)
        self._unsent = []
        for exchange, unsent in reversed(lost):
            self.lost(exchange, unsent)
        self._observer(ConnectionClosed(self._client.peer, monotonic()))
