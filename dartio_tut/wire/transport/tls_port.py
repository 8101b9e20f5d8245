"""
A TCP port whose connections begin with a TLS handshake.
"""

from __future__ import annotations

import socket
from typing import cast

from OpenSSL import SSL
from twisted.internet import main
from twisted.internet.interfaces import IProtocolFactory
from twisted.python.failure import Failure

from ..interfaces import ITLSSite
from ..twisted_private import SocketAddress
from .handshake_faults import TOO_MANY
from .plain_text import MAX_HANDSHAKES
from .port import Port
from .reactor import begin_to_listen
from .tls import TLSServer

HANDSHAKE_SECONDS = 10
"""Time for a handshake; nginx allows 60 s, browsers take less than one."""


class TLSPort(Port):
    """
    Accepts into `TLSServer`.

    :ivar site: builds the protocols.
    :ivar context: the settings of the secure connections.
    """

    _type = "TLS"

    def __init__(
        self,
        port: int,
        site: ITLSSite,
        backlog: int,
        interface: str,
        reactor: object,
        context: SSL.Context,
    ) -> None:
        factory = cast("IProtocolFactory", site)
        super().__init__(port, factory, backlog, interface, reactor)
        self.site = site
        self.context = context
        self._handshakes: dict[TLSServer, None] = {}

    def connect(self, sock: socket.socket, client: SocketAddress) -> None:
        """Begin the handshake; the protocol is built when it has ended."""
        is_full = len(self._handshakes) >= MAX_HANDSHAKES
        if self._handshakes and (is_full or not self.site.connection_limit.has_room()):
            next(iter(self._handshakes)).give_up(TOO_MANY)
        transport = TLSServer(sock, client, self, self.sessionno)
        transport.admission = self.site.connection_limit.admit(transport)
        transport.on_closed = transport.admission.release
        if transport.admission.is_flooded:
            transport.connectionLost(Failure(main.CONNECTION_LOST))
            return
        self._handshakes[transport] = None
        self.site.deadlines.add(transport, HANDSHAKE_SECONDS)

    def handshake_ended(self, transport: TLSServer) -> None:
        """The handshake of *transport* has succeeded, or the connection has ended."""
        self._handshakes.pop(transport, None)
        self.site.deadlines.discard(transport)


def listen_tls(
    reactor: object,
    port: int,
    site: ITLSSite,
    backlog: int,
    interface: str,
    context: SSL.Context,
) -> TLSPort:
    """Listen with TLS on *port* for *site*."""
    listening = TLSPort(port, site, backlog, interface, reactor, context)
    begin_to_listen(listening, reactor)
    return listening
