"""
The transport of one connection, and what is known of the client at its other end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from twisted.internet.interfaces import (
    IAddress,
    IPushProducer,
    ISSLTransport,
    ITCPTransport,
    ITransport,
)

from ..connection_limit import Admission
from ..interfaces import ISite
from ..transport.foreign import adapted
from ..transport.interface import ResponseTransport
from ..transport.tcp import Server

COLLECTED_BYTES = 128 * 1024
"""Pieces of responses are sent together, up to so many bytes: each write costs."""


class ConnectionTransport:
    """
    What a connection knows of *transport*.

    :param ended: called when the connection has ended, on our own transports.
    :ivar sender: sends bytes.
    :ivar admission: the place of the connection among those of the site.
    :ivar is_secure: whether it is encrypted.
    """

    def __init__(
        self, transport: ITransport, site: ISite, ended: Callable[[], None]
    ) -> None:
        self._twisted_transport = transport
        self.is_secure = ISSLTransport.providedBy(transport)
        self._network: IPushProducer = IPushProducer(transport, None)
        self._is_paused = False
        self._collected: list[bytes] = []
        self._collected_bytes = 0
        self._peer: IAddress | None = None
        self._host: IAddress | None = None
        admission = None
        self._takes_buffers = isinstance(transport, Server)
        if isinstance(transport, Server):
            self.sender: ResponseTransport = transport
            admission = transport.admission
            transport.on_closed = ended
        else:
            self.sender = adapted(transport)
            self._host = transport.getHost()  # not to be had when it is lost
            if ITCPTransport.providedBy(transport):
                transport.setTcpNoDelay(True)
        # Not every transport that is declared to be one has an address.
        self.admission: Admission = admission or site.connection_limit.admit(transport)

    def getPeer(self) -> IAddress:
        """The client's address, also after the end of the connection."""
        if self._peer is None:
            self._peer = self._twisted_transport.getPeer()
        return self._peer

    def getHost(self) -> IAddress:
        """Our address, also after the end of the connection."""
        if self._host is None:
            self._host = self._twisted_transport.getHost()
        return self._host

    def of_transport(self, name: str) -> Any:
        """What the method *name* of the transport gives, where it has one."""
        return getattr(self._twisted_transport, name, lambda: None)()

    def collect(self, data: bytes) -> None:
        """Send *data*, with what is collected until `send_collected` or a bound."""
        if not data:
            return
        self._collected.append(data)
        self._collected_bytes += len(data)
        if self._collected_bytes >= COLLECTED_BYTES:
            self.send_collected()

    def send_collected(self) -> None:
        """Send what was collected."""
        collected = self._collected
        if collected:
            self._collected, self._collected_bytes = [], 0
            whole = collected[0] if len(collected) == 1 else b"".join(collected)
            self.sender.write(whole)

    def take_collected(self, most: int) -> bytes:
        """What was collected, at most *most* bytes; if there is more, it is sent."""
        if self._collected_bytes > most:
            self.send_collected()
        collected = self._collected
        if not collected:
            return b""
        self._collected, self._collected_bytes = [], 0
        return collected[0] if len(collected) == 1 else b"".join(collected)

    def send_buffer(self, data: memoryview) -> None:
        """Send *data*, which holds something else as soon as this returns."""
        if self._takes_buffers:
            self.sender.write(cast("bytes", data))
        else:
            self.sender.write(bytes(data))

    def stop_reading(self) -> None:
        """Leave what comes to the kernel."""
        if not self._is_paused and self._network is not None:
            self._is_paused = True
            self._network.pauseProducing()

    def read_on(self) -> None:
        """Read what comes."""
        if self._is_paused:
            self._is_paused = False
            self._network.resumeProducing()
