"""
A TCP port and transport that accept, send and close cheaply.

They stay a `tcp.Port` and a `tcp.Server` for whoever looks. What they do otherwise: an
`EpollMultiplexer` watches all connections; what an accepted socket needs is set on the
listening one and inherited; data is sent at once when none waits, and a connection with
nothing left to send is closed at once.
"""

from __future__ import annotations

import select
import socket
from typing import Any

from twisted.internet import address, error, main, tcp
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from .epoll import DONE, IN, OUT, EpollMultiplexer

RECEIVED = 64 * 1024
"""Bytes of one read, as in Twisted."""

_log = Logger()

ACCEPTED = 64
"""Connections of one turn: those that are open get theirs in between."""


class Server(tcp.Server):
    """
    One accepted connection.

    :ivar sending: a file on its way to the client, which takes what the socket does.
    """

    sending: Any = None

    logstr = "HTTP"
    _interest = 0
    _host: Any = None
    server: Any
    protocol: Any

    def __init__(self, sock: socket.socket, client: Any, port: Any, number: int):
        # Not the bases' __init__: they set the same, and much that can be derived.
        self.reactor = port.reactor
        self._tempDataBuffer = []
        self._tempDataLen = 0
        self.socket = sock
        self.fileno = sock.fileno
        self.client = client
        self.server = port
        self.sessionno = number
        self.connected = 1
        if len(client) != 2:
            self._addressType = address.IPv6Address
        self._watch(IN)

    @property
    def hostname(self) -> str:  # type: ignore[override]
        """The client's address."""
        return str(self.client[0])

    @property
    def repstr(self) -> str:  # type: ignore[override]
        """How the connection is shown."""
        name = type(self.protocol).__name__
        return f"<{name} #{self.sessionno} on {self.server._realPortNumber}>"

    def getHost(self) -> Any:
        """Our address."""
        if self._host is None:
            self._host = self.server.local_address or super().getHost()
        return self._host

    # What it waits for.

    def _watch(self, interest: int) -> None:
        if interest != self._interest and self.connected:
            self._interest = interest
            self.server.hub.watch(self, self.socket.fileno(), interest)

    def startReading(self) -> None:
        """Tell of bytes that come."""
        self._watch(self._interest | IN)

    def stopReading(self) -> None:
        """Leave them to the kernel."""
        self._watch(self._interest & ~IN)

    def startWriting(self) -> None:
        """Tell when the socket takes more."""
        self._watch(self._interest | OUT)

    def stopWriting(self) -> None:
        """There is nothing to send."""
        self._watch(self._interest & ~OUT)

    # Reading, writing.

    def doRead(self) -> Any:
        """Take what has come."""
        try:
            data = self.socket.recv(RECEIVED)
        except BlockingIOError:
            return None
        except OSError:
            return main.CONNECTION_LOST
        if not data:
            return main.CONNECTION_DONE
        self.protocol.dataReceived(data)
        return None

    def doWrite(self) -> Any:
        """The socket takes more: of a file, once what was buffered is sent."""
        if self.sending is None or self.dataBuffer or self._tempDataLen:
            return super().doWrite()
        self.sending.resumeProducing()
        return None

    # Ends.

    def close_now(self) -> None:
        """
        Close, within this call when all is sent.

        The protocol's ``connectionLost`` is called then.
        """
        if self._tempDataLen or self.dataBuffer or self.TLS or not self.connected:
            self.loseConnection()
        else:
            self.connectionLost(DONE)

    def readConnectionLost(self, reason: Failure) -> None:
        """The client says no more."""
        if IHalfCloseableProtocol.providedBy(self.protocol):
            self.protocol.readConnectionLost()
        else:
            self.connectionLost(reason)

    def connectionLost(self, reason: Failure) -> None:
        """The connection is over: close the socket, tell the protocol."""
        if self.disconnected:
            return
        self._host = self.getHost() if self._host is None else self._host
        self.disconnected = 1
        self.connected = 0
        producer, self.producer = self.producer, None
        sending, self.sending = self.sending, None
        if sending is not None:
            sending.close()
        protocol = self.protocol
        try:
            if producer is not None:
                producer.stopProducing()
        finally:
            self.server.hub.forget(self.socket.fileno())
            if reason is not DONE and reason.check(error.ConnectionAborted):
                self._closeSocket(False)
            else:
                self.socket.close()  # nobody else holds it: no shutdown is needed
            del self.protocol, self.socket, self.fileno
            protocol.connectionLost(reason)


class Port(tcp.Port):
    """
    Accepts into `Server`.

    :ivar local_address: what all connections have as our address, unless it listens
        on any.
    """

    hub: EpollMultiplexer
    factory: Any
    local_address: Any = None

    def createInternetSocket(self) -> socket.socket:
        """A socket to listen on; "::" is for IPv4 too, whatever the default."""
        made: socket.socket = super().createInternetSocket()
        if self.addressFamily == socket.AF_INET6 and self.interface == "::":
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        return made

    def startListening(self) -> None:
        """Listen, and have the kernel prepare what is accepted."""
        super().startListening()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.hub = EpollMultiplexer(self.reactor)
        name = self.socket.getsockname()
        if name[0] not in ("0.0.0.0", "::"):  # noqa: S104  (asks, binds nothing)
            self.local_address = self.getHost()

    def doRead(self) -> None:
        """Accept who is there."""
        # The half of socket.accept() that makes no socket yet.
        accept: Any = self.socket._accept  # type: ignore[union-attr]
        try:
            for _ in range(ACCEPTED):
                descriptor, client = accept()
                self._accepted(descriptor, client)
        except BlockingIOError:
            return
        except OSError:
            self._accept_as_twisted_does()

    def _accept_as_twisted_does(self) -> None:
        """
        Go on where no descriptors are left, and the like: a reserved one is given up
        for accepting clients, only to close them.
        """
        with tcp._BuffersLogs(_log.namespace, _log.observer) as log:
            for sock, client in tcp._accept(
                log, range(ACCEPTED), self.socket, tcp._reservedFD
            ):
                self._prepared(sock, client)

    def _accepted(self, descriptor: int, client: Any) -> None:
        listening: Any = self.socket
        family, kind = listening.family, listening.type
        sock = socket.socket(family, kind, listening.proto, fileno=descriptor)
        self._prepared(sock, client)

    def _prepared(self, sock: socket.socket, client: Any) -> None:
        sock.setblocking(False)
        self.sessionno += 1
        if len(client) == 4 and client[3]:
            client = tcp._resolveIPv6(client[0], client[1])
        try:
            self.connect(sock, client)
        except Exception:  # noqa: BLE001  (one client's fault, not the port's)
            _log.failure("A connection could not begin")
            sock.close()

    def connect(self, sock: socket.socket, client: Any) -> None:
        """Give a connection its transport and protocol."""
        protocol = self.factory.buildProtocol(self._buildAddr(client))
        if protocol is None:
            sock.close()
            return
        transport = Server(sock, client, self, self.sessionno)
        transport.protocol = protocol
        protocol.makeConnection(transport)

    def connectionLost(self, reason: Any) -> None:
        """The port is closed; its connections may go on."""
        super().connectionLost(reason)
        self.hub.close()


def with_fast_ports(reactor: Any) -> Any:
    """*reactor*, with cheaper TCP ports where the system has epoll."""
    return FastPortsReactor(reactor) if hasattr(select, "epoll") else reactor


class FastPortsReactor:
    """
    A reactor whose TCP ports are `Port`; all else is the *reactor*'s own.

    Endpoints that listen through it (``tcp:``, ``tcp6:``, ``systemd:``) need not know.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenTCP(
        self, port: int, factory: Any, backlog: int = 50, interface: str = ""
    ) -> Port:
        """Listen on *port*."""
        listening = Port(port, factory, backlog, interface, self._reactor)
        listening.startListening()
        return listening

    def adoptStreamPort(
        self, fileDescriptor: int, addressFamily: int, factory: Any
    ) -> Any:
        """Listen on a socket that is listened on already."""
        if addressFamily not in (socket.AF_INET, socket.AF_INET6):
            return self._reactor.adoptStreamPort(fileDescriptor, addressFamily, factory)
        listening = Port._fromListeningDescriptor(
            self._reactor, fileDescriptor, addressFamily, factory
        )
        listening.startListening()
        return listening
