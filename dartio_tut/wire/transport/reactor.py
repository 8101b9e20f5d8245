"""
A reactor whose TCP ports are ours.
"""

from __future__ import annotations

import select
import socket
from typing import Any

from ..twisted_private import port_from_descriptor
from .tcp import Port


def with_fast_ports(reactor: Any) -> Any:
    """*reactor*, with cheaper TCP ports where the system has epoll."""
    return FastPortsReactor(reactor) if hasattr(select, "epoll") else reactor


class FastPortsReactor:
    """
    A reactor whose TCP ports are `Port`; everything else is the *reactor*'s own.

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
        listening = port_from_descriptor(
            Port, self._reactor, fileDescriptor, addressFamily, factory
        )
        listening.startListening()
        return listening
