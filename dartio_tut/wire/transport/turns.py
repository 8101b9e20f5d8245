"""
How processes that share a listening socket share its clients.

The kernel wakes the process that has waited for longest (``EPOLLEXCLUSIVE``), and only
one that waits: who is busy gets no client. A process that then has more connections
than another one waits behind the others. While there are as many, it stays where it is,
and is the next to be woken: short connections would cost much more if each woke another
process. When all are busy, some accept much more often than others; so one that has
more connections than it should leaves the next clients to the others for a moment.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from twisted.internet import tcp
from twisted.internet.interfaces import IReactorTime

from ..twisted_private import wait_in_turn

PAUSE_SECONDS = 0.005
"""How long clients are left to the others: they take some fifty meanwhile, if they can,
and if they cannot, nobody waits for long."""

ACCEPTED_AFTER_PAUSE = 4
"""
Clients that are then accepted, because the others cannot. They may just not have got a
core: with sixteen, one of two workers once had 237 of 320 clients.
"""

ACCEPTED_PER_TURN_OF_SHARED = 16
"""Clients a turn, if so many wait: they wait together for what the first of them wants.
Each turn costs as much as half a request, to look for a client in vain much less."""

ACCEPTED_WHEN_LEAVING = 4
"""
Clients that a process still accepts when it leaves the socket to the others: the kernel
may have woken nobody else for them, and then they would wait until another one comes.
It wakes a process for one client, and then others; the rest is for good measure.
"""


class ILoad(Protocol):
    """How the connections are spread."""

    def has_more(self) -> bool:
        """Whether another process has fewer connections than this one."""

    def has_surplus(self) -> bool:
        """Whether this process has more connections than it should."""


class SharedSockets(NamedTuple):
    """
    Sockets that several processes listen on.

    :param sockets: what is to be listened on, in this order.
    :param load: how the connections are spread; ``None`` if there are no sockets.
    """

    sockets: Sequence[socket.socket] = ()
    load: ILoad | None = None


NOT_SHARED = SharedSockets()


class Turns:
    """
    When *port* may accept clients of a socket that it shares.

    :param load: how the connections are spread.
    """

    def __init__(self, port: tcp.Port, load: ILoad) -> None:
        self._port = port
        self._load = load
        self._has_paused = False

    def begin(self) -> None:
        """Wait for clients; the port listens now."""
        wait_in_turn(self._port)

    def may_accept(self) -> bool:
        """Whether to accept a client now; else the port waits for a moment."""
        if self._has_paused or not self._load.has_surplus():
            return True
        self._port.stopReading()
        IReactorTime(self._port.reactor).callLater(PAUSE_SECONDS, self._go_on)
        return False

    def goes_on(self, accepted: int) -> bool:
        """Whether to accept another client in this turn, after so many; one, always."""
        if self._has_paused:
            return accepted < ACCEPTED_AFTER_PAUSE
        if not accepted:
            return True
        return accepted < ACCEPTED_PER_TURN_OF_SHARED and not self._load.has_surplus()

    def done(self) -> None:
        """The turn ends; other processes may come first now."""
        self._has_paused = False
        if self._load.has_more() and self._is_open():
            wait_in_turn(self._port)

    def _go_on(self) -> None:
        if self._is_open():
            self._has_paused = True
            self._port.startReading()
            wait_in_turn(self._port)

    def _is_open(self) -> bool:
        return bool(self._port.connected and not self._port.disconnecting)
