"""
A port on a Unix socket that another process has bound, and that several listen on.
"""

from __future__ import annotations

import socket
from typing import cast

from twisted.internet import tcp, unix
from twisted.internet.protocol import Factory, ServerFactory
from twisted.python.failure import Failure

from ..twisted_private import closes_only_itself
from .turns import ILoad, Turns


class SharedUNIXPort(unix.Port):
    """
    Accepts one client a turn, in turn with other processes.

    The socket's file is not its own: it neither sets its mode nor removes it.
    """

    def __init__(
        self,
        listening: socket.socket,
        load: ILoad,
        factory: ServerFactory,
        reactor: object,
    ) -> None:
        name = listening.getsockname()
        super().__init__(name, factory, reactor=reactor)
        self._listening = listening
        self._turns = Turns(self, load)

    def startListening(self) -> None:
        """Accept clients."""
        cast("Factory", self.factory).doStart()
        self.connected = True
        self.socket = self._listening
        self.fileno = self.socket.fileno  # type: ignore[method-assign]
        closes_only_itself(self)
        self.startReading()
        self._turns.begin()

    def doRead(self) -> None:
        """Accept the next client, if no other process has."""
        if self._turns.may_accept():
            self.numberAccepts = 1
            super().doRead()
            self._turns.done()

    def connectionLost(self, reason: Failure) -> None:
        """Listen no more. Clients that wait are for the other processes."""
        tcp.Port.connectionLost(self, reason)
