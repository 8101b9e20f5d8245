"""
A connection from a trusted proxy, until it is known whose it is.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IAddress, IProtocol

from .first_bytes import FirstBytesProtocol
from .interfaces import ISite
from .proxy_head import begins_proxy_head, read_proxy_head
from .transport.tcp import Server


class ProxiedSite(ISite, Protocol):
    """What a connection from a proxy asks of its site."""

    def build_for_client(self) -> IProtocol:
        """A protocol for a connection whose client is known."""


class ProxiedProtocol(FirstBytesProtocol):
    """
    Reads the head of the PROXY protocol, if there is one, and hands the connection to
    the protocol that would have had it at once.
    """

    _site: ProxiedSite

    def dataReceived(self, data: bytes) -> None:
        """Bytes have come."""
        self._data += data
        client: IAddress | None = None
        if begins_proxy_head(self._data):
            try:
                head = read_proxy_head(self._data)
            except ValueError:
                pass  # it is refused as a request
            else:
                if head is None:
                    return
                client = head.client
                self._data = self._data[head.size :]
        self._hand_over(client)

    def _hand_over(self, client: IAddress | None) -> None:
        """From here on the connection is that of *client*, if that is known."""
        transport = self._transport
        self._site.deadlines.discard(self)
        if client is not None:
            transport.getPeer = lambda: client
        self._admission.release()  # the next protocol counts it, for its client
        if isinstance(transport, Server):
            transport.on_closed = None
        protocol = self._site.build_for_client()
        transport.protocol = protocol
        self.dataReceived = protocol.dataReceived  # type: ignore[method-assign]
        self.connectionLost = protocol.connectionLost  # type: ignore[method-assign]
        protocol.makeConnection(transport)
        if self._data:
            protocol.dataReceived(self._data)
