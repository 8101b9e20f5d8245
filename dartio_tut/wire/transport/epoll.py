"""
One epoll for all connections, itself a single reader of the reactor.

The reactor's own way to a connection costs about 2 µs an event (a context for the log,
three calls); here it is a look in a dictionary. An epoll descriptor can be watched like
any other, so that any reactor will do.
"""

from __future__ import annotations

import select
from typing import Any

from twisted.internet import main
from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

IN, OUT = select.EPOLLIN, select.EPOLLOUT
GONE = select.EPOLLHUP | select.EPOLLERR

BATCH = 256
"""Events of one turn: other readers of the reactor get theirs in between."""

DONE = Failure(main.CONNECTION_DONE)
LOST = Failure(main.CONNECTION_LOST)
"""The two usual ends, made once: a failure with its traceback is dear."""


@implementer(IReadDescriptor)
class EpollMultiplexer:
    """
    Watches connections for the reactor.

    :param reactor: watches the hub.
    """

    _log = Logger()
    _closing = False

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._poller = select.epoll()
        self._members: dict[int, Any] = {}
        self.fileno = self._poller.fileno
        reactor.addReader(self)

    def logPrefix(self) -> str:
        """The name of this reader in the reactor's log."""
        return "hub"

    def watch(self, member: Any, descriptor: int, events: int) -> None:
        """Let *member* know of *events* on *descriptor*; 0 is for its end only."""
        if descriptor in self._members:
            self._poller.modify(descriptor, events)
        else:
            self._poller.register(descriptor, events)
            self._members[descriptor] = member

    def forget(self, descriptor: int) -> None:
        """*descriptor* is about to be closed, which ends the watching."""
        self._members.pop(descriptor, None)
        if self._closing:
            self.close()

    def doRead(self) -> None:
        """Tell members of their events."""
        members = self._members
        for descriptor, event in self._poller.poll(0, BATCH):
            member = members.get(descriptor)
            if member is None:
                continue
            reading = False
            why: Any = None
            try:
                if event & IN:
                    reading = True
                    why = member.doRead()
                elif event & GONE:
                    why = main.CONNECTION_LOST
                if not why and event & OUT and member.connected:
                    reading = False
                    why = member.doWrite()
            except Exception as error:  # noqa: BLE001  (one connection's fault)
                self._log.failure("A connection failed")
                why = error
            if why:
                self._end(member, why, reading)

    def _end(self, member: Any, why: Any, reading: bool) -> None:
        """End a connection; whatever goes wrong with it is its own fault alone."""
        try:
            self._tell_of_end(member, why, reading)
        except Exception:  # noqa: BLE001  (see above)
            self._log.failure("A connection could not be ended")

    def _tell_of_end(self, member: Any, why: Any, reading: bool) -> None:
        if reading and why is main.CONNECTION_DONE:
            member.stopReading()
            member.readConnectionLost(DONE)
        elif why is main.CONNECTION_LOST:
            member.connectionLost(LOST)
        else:
            member.connectionLost(DONE if why is main.CONNECTION_DONE else Failure(why))

    def connectionLost(self, reason: Failure) -> None:
        """The reactor stops, and with it all connections."""
        for member in list(self._members.values()):
            self._end(member, main.CONNECTION_LOST, reading=False)
        self._poller.close()

    def close(self) -> None:
        """Stop watching, once no connection is left."""
        self._closing = True
        if not self._members and not self._poller.closed:
            self._reactor.removeReader(self)
            self._poller.close()
