"""
A TCP port, which accepts at little cost.

It is a `tcp.Port` to everybody else. What it does otherwise: options that an accepted
socket needs are set on the listening one, from which it inherits them; and an
`EpollMultiplexer` watches its connections.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import cast

from twisted.internet import tcp
from twisted.internet.protocol import Factory
from twisted.logger import ILogObserver, LogEvent, Logger
from twisted.python.failure import Failure

from ..repeated_line import RepeatedLine
from ..twisted_private import (
    BuffersLogs,
    SocketAddress,
    accept_descriptor,
    accept_with_reserve,
    adopt_socket,
    reserved_descriptor,
    resolve_ipv6,
)
from .epoll import EpollMultiplexer
from .tcp import Server, TCPAddress
from .turns import ACCEPTED_WHEN_LEAVING, ILoad, Turns

ACCEPTED_PER_TURN = 64
"""New connections a turn: then those that are open have their turn."""

LARGEST_USUAL_BACKLOG = 4096
"""Clients that may wait at a socket of unknown backlog: Linux' own largest."""

KEEPALIVE_IDLE_SECONDS = 60
KEEPALIVE_PROBE_SECONDS = 15
KEEPALIVE_PROBES = 4
"""
Of a silent connection the kernel asks whether the other machine is still there, so that
a resource that takes its time does not answer one that has lost its power for ever.
"""

_log = Logger()


class Port(tcp.Port):
    """
    Accepts into `Server`.

    :ivar local_address: our address in all connections, unless the port listens on
        every address of the machine.
    :ivar turns: says when to accept, if other processes listen on the same socket.
    :ivar others_go_on: whether they will do so when this port is closed.
    """

    multiplexer: EpollMultiplexer
    factory: Factory
    local_address: TCPAddress | None = None
    turns: Turns | None = None
    others_go_on = False

    def createInternetSocket(self) -> socket.socket:
        """
        A socket to listen on; "::" accepts IPv4 too, whatever the system's default.
        """
        made: socket.socket = super().createInternetSocket()
        if self.addressFamily == socket.AF_INET6 and self.interface == "::":
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        return made

    def share(self, listening: socket.socket, load: ILoad) -> None:
        """
        Listen on a socket that other processes have, too, when this port begins.

        :param load: how the connections are spread.
        """
        adopt_socket(self, listening)
        self.turns = Turns(self, load)

    def startListening(self) -> None:
        """Listen, and have the kernel prepare the sockets that are accepted."""
        self._not_accepted = RepeatedLine()
        super().startListening()
        if self.turns is not None:
            self.turns.begin()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            (socket.TCP_NODELAY, 1),
            (socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS),
            (socket.TCP_KEEPINTVL, KEEPALIVE_PROBE_SECONDS),
            (socket.TCP_KEEPCNT, KEEPALIVE_PROBES),
        ):
            self.socket.setsockopt(socket.IPPROTO_TCP, name, value)
        self.multiplexer = EpollMultiplexer(self.reactor)
        self._new: list[Server] = []
        listening = self.socket
        self._kind = (listening.family, listening.type, listening.proto)
        host = self.socket.getsockname()[0]
        if host not in ("0.0.0.0", "::"):  # noqa: S104  (compares, binds nothing)
            self.local_address = self.getHost()

    def doRead(self) -> None:
        """Accept the clients that wait."""
        if self.turns is not None:
            self._accept_in_turn(self.turns)
            return
        try:
            for _ in range(ACCEPTED_PER_TURN):
                descriptor, client = accept_descriptor(self.socket)
                self._accepted(descriptor, client)
        except BlockingIOError:
            pass  # none is left
        except OSError:
            self._accept_with_reserve(ACCEPTED_PER_TURN)
        self._begin_new()

    def _accept_in_turn(self, turns: Turns) -> None:
        """Accept those clients that are not for other processes."""
        accepted = 0
        if not turns.may_accept():
            return
        try:
            while turns.goes_on(accepted):
                descriptor, client = accept_descriptor(self.socket)
                self._accepted(descriptor, client)
                accepted += 1
        except BlockingIOError:
            pass  # none is left
        except OSError:
            self._accept_with_reserve(1)
        turns.done()
        self._begin_new()

    def _begin_new(self) -> None:
        """
        Serve the clients that were accepted. Doing so one by one, right after each was
        accepted, costs some 8 % more: the processor's caches do not hold all of it.
        """
        new, self._new = self._new, []
        for connection in new:
            self.multiplexer.begin(connection)

    def _accept_with_reserve(self, most: int) -> None:
        """
        Go on where no descriptors are left, and after errors of the like.

        Twisted gives up a descriptor that it keeps in reserve, accepts each client with
        it, and closes it at once: without that, they would wait, and the reactor spin.

        :param most: how many clients there are in this turn.
        """
        observer = cast(ILogObserver, self._count_not_accepted)
        with BuffersLogs(_log.namespace, observer) as log:
            for sock, client in accept_with_reserve(
                log, range(most), self.socket, reserved_descriptor
            ):
                self._prepared(sock, client)

    def _count_not_accepted(self, event: LogEvent) -> None:
        """Log one line a minute, not one a client."""
        count = self._not_accepted.count()
        if count:
            _log.error(
                "Clients could not be accepted ({count} events since the last line). "
                "Are there too many open files? See LimitNOFILE and --max-connections.",
                count=count,
            )

    def _accepted(self, descriptor: int, client: SocketAddress) -> None:
        self._prepared(socket.socket(*self._kind, fileno=descriptor), client)

    def _prepared(self, sock: socket.socket, client: SocketAddress) -> None:
        sock.setblocking(False)
        self.sessionno += 1
        if len(client) == 4 and client[3]:
            client = resolve_ipv6(client[0], client[1])
        try:
            self.connect(sock, client)
        except Exception:  # noqa: BLE001  (only this connection fails)
            _log.failure("A connection could not begin")
            sock.close()

    def connect(self, sock: socket.socket, client: SocketAddress) -> None:
        """Give a connection its transport and its protocol."""
        protocol = self.factory.buildProtocol(self._buildAddr(client))
        if protocol is None:
            sock.close()
            return
        transport = Server(sock, client, self, self.sessionno)
        transport.protocol = protocol
        protocol.makeConnection(transport)
        self._new.append(transport)

    def connectionLost(self, reason: Failure) -> None:
        """
        The port is closed; its connections may go on, also those that the kernel has
        accepted already: closing the socket would reset them.
        """
        if self.others_go_on:
            most = 0 if self.turns is None else ACCEPTED_WHEN_LEAVING
        else:
            most = self.backlog or LARGEST_USUAL_BACKLOG
        with suppress(OSError):  # there are no more, or no descriptors
            for _ in range(most):
                self._accepted(*accept_descriptor(self.socket))
        self._begin_new()
        if not self.others_go_on:
            self.socket.close()  # at once, because clients that come now are reset
        super().connectionLost(reason)
        self.multiplexer.close()
