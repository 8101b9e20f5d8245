"""
A reactor whose TCP ports are ours.
"""

from __future__ import annotations

import select
import socket
from typing import TypeVar, cast

from twisted.internet.interfaces import IListeningPort, IReactorSocket
from twisted.internet.protocol import ServerFactory

from ..twisted_private import port_from_descriptor
from .port import Port

_Reactor = TypeVar("_Reactor")


def with_fast_ports(reactor: _Reactor) -> _Reactor:
    """*reactor*, with cheaper TCP ports where the system has epoll."""
    if not hasattr(select, "epoll"):
        return reactor
    return cast("_Reactor", FastPortsReactor(reactor))


class FastPortsReactor:
    """
    A reactor whose TCP ports are `Port`; everything else is the *reactor*'s own.

    Endpoints that listen through it (``tcp:``, ``tcp6:``, ``systemd:``) need not know.
    """

    def __init__(self, reactor: object) -> None:
        self._reactor = reactor

    def __getattr__(self, name: str) -> object:
        return getattr(self._reactor, name)

    def listenTCP(
        self, port: int, factory: ServerFactory, backlog: int = 50, interface: str = ""
    ) -> Port:
        """Listen on *port*."""
        listening = Port(port, factory, backlog, interface, self._reactor)
        listening.startListening()
        return listening

    def adoptStreamPort(
        self,
        fileDescriptor: int,
        addressFamily: socket.AddressFamily,
        factory: ServerFactory,
    ) -> IListeningPort:
        """Listen on a socket that is listened on already."""
        if addressFamily not in (socket.AF_INET, socket.AF_INET6):
            reactor = IReactorSocket(self._reactor)
            return reactor.adoptStreamPort(fileDescriptor, addressFamily, factory)
        listening = port_from_descriptor(
            Port, self._reactor, fileDescriptor, addressFamily, factory
        )
        listening.startListening()
        return listening
