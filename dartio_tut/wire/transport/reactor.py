"""
A reactor whose ports, on TCP and Unix sockets, are ours.
"""

from __future__ import annotations

import os
import select
import socket
from typing import Any, TypeVar, cast

from twisted.internet import tcp
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import ServerFactory

from ..twisted_private import closes_only_itself, port_from_descriptor
from .port import Port
from .turns import NOT_SHARED, ILoad, SharedSockets
from .unix_port import AdoptedUNIXPort, SharedUNIXPort, UNIXPort

_Reactor = TypeVar("_Reactor")


def with_fast_ports(reactor: _Reactor, shared: SharedSockets = NOT_SHARED) -> _Reactor:
    """
    *reactor*, with cheaper TCP ports where the system has epoll.

    :param shared: sockets that other processes listen on, too. Whatever listens through
        the reactor is given the next of them, instead of one of its own.
    """
    if not hasattr(select, "epoll"):
        return reactor
    return cast("_Reactor", FastPortsReactor(reactor, shared))


def begin_to_listen(port: Port, reactor: object) -> None:
    """Have *port* listen; on a shared socket, if *reactor* has one for it."""
    if isinstance(reactor, FastPortsReactor):
        reactor.begin(port)
    else:
        port.startListening()


def leave_to_others(port: object) -> None:
    """Leave the socket of *port*, and who waits there, to others when it is closed."""
    if isinstance(port, tcp.Port):
        closes_only_itself(port)
    if isinstance(port, (Port, UNIXPort)):
        port.others_go_on = True


class FastPortsReactor:
    """
    A reactor whose ports are `Port` and `UNIXPort`; everything else is the *reactor*'s
    own.

    Endpoints that listen through it (``tcp:``, ``tcp6:``, ``systemd:``) need not know.

    :param shared: see `with_fast_ports`.
    """

    def __init__(self, reactor: object, shared: SharedSockets) -> None:
        self._reactor = reactor
        self._shared = list(shared.sockets)
        self._load = shared.load

    def __getattr__(self, name: str) -> object:
        return getattr(self._reactor, name)

    def begin(self, listening: Port) -> None:
        """Have *listening* listen, on a socket of its own or on a shared one."""
        if self._shared and self._load is not None:
            listening.share(self._shared.pop(0), self._load)
        listening.startListening()

    def listenTCP(
        self, port: int, factory: ServerFactory, backlog: int = 50, interface: str = ""
    ) -> Port:
        """Listen on *port*."""
        listening = Port(port, factory, backlog, interface, self._reactor)
        self.begin(listening)
        return listening

    def listenUNIX(
        self,
        address: str,
        factory: ServerFactory,
        backlog: int = 50,
        mode: int = 0o666,
        wantPID: bool = False,
    ) -> IListeningPort:
        """Listen on the Unix socket *address*."""
        if self._shared and self._load is not None:
            return self._begin_unix(factory, self._load)
        made: Any = factory  # Twisted's type asks for what this one has, too
        listening = UNIXPort(
            os.fsencode(address), made, backlog, mode, self._reactor, wantPID
        )
        return _begun(listening)

    def adoptStreamPort(
        self,
        fileDescriptor: int,
        addressFamily: socket.AddressFamily,
        factory: ServerFactory,
    ) -> IListeningPort:
        """Listen on a socket that is listened on already."""
        if addressFamily not in (socket.AF_INET, socket.AF_INET6):
            if self._shared and self._load is not None:
                return self._begin_unix(factory, self._load)
            adopted = socket.fromfd(fileDescriptor, addressFamily, socket.SOCK_STREAM)
            adopted.setblocking(False)
            return _begun(AdoptedUNIXPort(adopted, factory, self._reactor))
        listening = port_from_descriptor(
            Port, self._reactor, fileDescriptor, addressFamily, factory
        )
        self.begin(listening)
        return listening

    def _begin_unix(self, factory: ServerFactory, load: ILoad) -> IListeningPort:
        """Listen on the next shared socket, which is a Unix socket."""
        shared = self._shared.pop(0)
        return _begun(SharedUNIXPort(shared, load, factory, self._reactor))


def _begun(port: UNIXPort) -> IListeningPort:
    """*port*, which listens from now on."""
    port.startListening()
    return cast("IListeningPort", port)
