"""
How processes that share a listening socket share its clients.

The kernel wakes the process that has waited for longest (``EPOLLEXCLUSIVE``), and only
one that waits: who is busy gets no client. A process accepts one client a turn and then
waits behind the others. When all are busy, some accept much more often than others; so
one that has more connections than it should leaves the next clients to the others for a
moment.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import NamedTuple

from twisted.internet import tcp
from twisted.internet.interfaces import IReactorTime

from ..twisted_private import wait_in_turn

PAUSE_SECONDS = 0.005
"""How long clients are left to the others: they take some fifty meanwhile, if they can,
and if they cannot, nobody waits for long."""

ACCEPTED_AFTER_PAUSE = 4
"""Clients that are then accepted: the others cannot."""


def never() -> bool:
    """Nobody has more connections than they should."""
    return False


class SharedSockets(NamedTuple):
    """
    Sockets that several processes listen on.

    :param sockets: what is to be listened on, in this order.
    :param has_surplus: whether this process has more connections than it should.
    """

    sockets: Sequence[socket.socket] = ()
    has_surplus: Callable[[], bool] = never


NOT_SHARED = SharedSockets()


class Turns:
    """
    When *port* may accept clients of a socket that it shares.

    :param has_surplus: see `SharedSockets`.
    """

    def __init__(self, port: tcp.Port, has_surplus: Callable[[], bool]) -> None:
        self._port = port
        self._has_surplus = has_surplus
        self._left = 0

    def begin(self) -> None:
        """Wait for clients; the port listens now."""
        wait_in_turn(self._port)

    def may_accept(self) -> bool:
        """Whether to accept a client now; else the port waits for a moment."""
        if self._left:
            self._left -= 1
            return True
        if not self._has_surplus():
            return True
        self._port.stopReading()
        IReactorTime(self._port.reactor).callLater(PAUSE_SECONDS, self._go_on)
        return False

    def done(self) -> None:
        """A client was accepted: the next one is for another process."""
        if self._is_open():
            wait_in_turn(self._port)

    def _go_on(self) -> None:
        if self._is_open():
            self._left = ACCEPTED_AFTER_PAUSE
            self._port.startReading()
            wait_in_turn(self._port)

    def _is_open(self) -> bool:
        return bool(self._port.connected and not self._port.disconnecting)
