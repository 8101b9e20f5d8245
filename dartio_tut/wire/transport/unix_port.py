"""
Ports on Unix sockets.

Twisted's own closes a socket while clients wait there, which resets them. It also takes
the file of a socket that systemd has made for its own: it lets everybody connect, and
removes the file when it is closed.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import Any, cast

from twisted.internet import tcp, unix
from twisted.internet.protocol import Factory, ServerFactory
from twisted.python.failure import Failure

from ..twisted_private import closes_only_itself, reserved_descriptor
from .port import LARGEST_USUAL_BACKLOG
from .turns import ACCEPTED_WHEN_LEAVING, ILoad, Turns


class UNIXPort(unix.Port):
    """
    A port on a Unix socket that it has bound itself.

    :ivar others_go_on: whether other processes listen there when this port is closed.
    """

    others_go_on = False
    _made: tuple[int, int] | None = None

    def startListening(self) -> None:
        """Bind the socket, and listen."""
        super().startListening()
        self._made = self._named_file()

    def _named_file(self) -> tuple[int, int] | None:
        """Which file has the name of the socket, if there is one."""
        # A name in the abstract namespace of Linux is no path: it begins with NUL.
        with suppress(OSError, ValueError):
            named = os.stat(self.getHost().name)
            return named.st_dev, named.st_ino
        return None

    def connectionLost(self, reason: Failure) -> None:
        """
        Listen no more. First nobody else can connect, because the file is gone; then
        those are accepted who have.
        """
        if self._made is not None and self._made == self._named_file():
            with suppress(OSError):
                os.unlink(self.getHost().name)
        if self.lockFile is not None:
            with suppress(OSError, ValueError):  # somebody has removed it, too
                self.lockFile.unlock()
        if most := self._accepted_at_end():
            self.numberAccepts = most
            tcp.Port.doRead(self)
        tcp.Port.connectionLost(self, reason)

    def _accepted_at_end(self) -> int:
        """How many of the clients that the kernel has let in are for this port."""
        return 0 if self.others_go_on else self.backlog or LARGEST_USUAL_BACKLOG


class AdoptedUNIXPort(UNIXPort):
    """
    A port on a Unix socket that another process has bound, such as systemd.

    The socket's file is not its own: it neither sets its mode nor removes it.

    :param listening: the socket.
    """

    def __init__(
        self, listening: socket.socket, factory: ServerFactory, reactor: object
    ) -> None:
        # Twisted's type asks for a factory of its interface, which this one has.
        made: Any = factory
        super().__init__(listening.getsockname(), made, reactor=reactor)
        self.backlog = LARGEST_USUAL_BACKLOG
        self._listening = listening

    def startListening(self) -> None:
        """Accept clients."""
        reserved_descriptor.reserve()
        cast("Factory", self.factory).doStart()
        self.connected = True
        self.socket = self._listening
        self.fileno = self.socket.fileno  # type: ignore[method-assign]
        self.numberAccepts = 100  # Twisted's own number, which it then adapts
        closes_only_itself(self)
        self.startReading()


class SharedUNIXPort(AdoptedUNIXPort):
    """Accepts one client a turn, in turn with other processes."""

    def __init__(
        self,
        listening: socket.socket,
        load: ILoad,
        factory: ServerFactory,
        reactor: object,
    ) -> None:
        super().__init__(listening, factory, reactor)
        self._turns = Turns(self, load)

    def startListening(self) -> None:
        """Accept clients."""
        super().startListening()
        self._turns.begin()

    def doRead(self) -> None:
        """Accept the next client, if no other process has."""
        if self._turns.may_accept():
            self.numberAccepts = 1
            super().doRead()
            self._turns.done()

    def _accepted_at_end(self) -> int:
        """How many of the clients that the kernel has let in are for this port."""
        return super()._accepted_at_end() or ACCEPTED_WHEN_LEAVING
