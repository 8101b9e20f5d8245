"""
One epoll instance for all connections, which is itself a single reader of the reactor.

The reactor's own way to a connection costs about 2 µs an event (a logging context and
three calls); here it is a look into a dictionary. An epoll descriptor can be watched
like any other descriptor, so this works on top of any reactor.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Protocol

from twisted.internet import main
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

IN, OUT = select.EPOLLIN, select.EPOLLOUT
HANGUP_EVENTS = select.EPOLLHUP | select.EPOLLERR

EVENTS_PER_TURN = 256
"""Then the reactor's other readers have their turn."""

CONNECTION_DONE = Failure(main.CONNECTION_DONE)
CONNECTION_LOST = Failure(main.CONNECTION_LOST)
"""The two usual ends of a connection. Made once: making a failure is expensive."""


class WatchedConnection(Protocol):
    """A connection as the multiplexer sees it: what Twisted's reactors expect, too."""

    connected: int
    fileno: Callable[[], int]
    interest: int

    def doRead(self) -> Exception | None:
        """The descriptor is readable. An error that is returned ends the connection."""

    def doWrite(self) -> Exception | None:
        """The descriptor is writable; as above."""

    def stopReading(self) -> None:
        """Ask for no more calls of ``doRead``."""

    def readConnectionLost(self, reason: Failure) -> None:
        """The client has closed its half of the connection."""

    def connectionLost(self, reason: Failure) -> None:
        """The connection has ended."""


@implementer(IReadDescriptor)
class EpollMultiplexer:
    """
    Watches connections on behalf of a reactor.

    :param reactor: the reactor that watches the epoll descriptor.
    """

    _log = Logger()
    _closing = False

    def __init__(self, reactor: IReactorFDSet) -> None:
        self._reactor = reactor
        self._poller = select.epoll()
        self._watched: dict[int, WatchedConnection] = {}
        self.fileno = self._poller.fileno
        reactor.addReader(self)

    def logPrefix(self) -> str:
        """The name of this reader in the reactor's log."""
        return "epoll"

    def watch(
        self, connection: WatchedConnection, descriptor: int, events: int
    ) -> None:
        """
        Call *connection* when one of *events* happens on *descriptor*.

        :param events: `IN`, `OUT` or both; with 0 only errors are reported.
        """
        if descriptor in self._watched:
            self._poller.modify(descriptor, events)
        else:
            self._poller.register(descriptor, events)
            self._watched[descriptor] = connection

    def begin(self, connection: WatchedConnection) -> None:
        """
        Read what has come on a new *connection* already, and watch for more.

        Most clients send their request at once. One that is answered, and whose
        connection ends with that, is never watched: it costs some 8 % less.
        """
        reading = True
        why: Exception | None = None
        try:
            if connection.connected and connection.interest & IN:
                why = connection.doRead()
            reading = False
            if not why and connection.connected:
                descriptor = connection.fileno()
                if descriptor not in self._watched:
                    self.watch(connection, descriptor, connection.interest)
        except Exception as error:  # noqa: BLE001  (only this connection fails)
            self._log.failure("A connection failed")
            why = error
        if why:
            self._end(connection, why, reading)

    def forget(self, descriptor: int) -> None:
        """*descriptor* is about to be closed, which makes the kernel stop watching."""
        self._watched.pop(descriptor, None)
        if self._closing:
            self.close()

    def doRead(self) -> None:
        """Hand the events that have happened to their connections."""
        watched = self._watched
        for descriptor, event in self._poller.poll(0, EVENTS_PER_TURN):
            connection = watched.get(descriptor)
            if connection is None:
                continue
            reading = False
            why: Exception | None = None
            try:
                if event & IN:
                    reading = True
                    why = connection.doRead()
                elif event & HANGUP_EVENTS:
                    why = main.CONNECTION_LOST
                if not why and event & OUT and connection.connected:
                    reading = False
                    why = connection.doWrite()
            except Exception as error:  # noqa: BLE001  (only this connection fails)
                self._log.failure("A connection failed")
                why = error
            if why:
                self._end(connection, why, reading)

    def _end(
        self, connection: WatchedConnection, why: Exception, reading: bool
    ) -> None:
        """End *connection*; an error in doing so must not reach the others."""
        try:
            self._report_end(connection, why, reading)
        except Exception:  # noqa: BLE001  (see above)
            self._log.failure("A connection could not be ended")

    def _report_end(
        self, connection: WatchedConnection, why: Exception, reading: bool
    ) -> None:
        if reading and why is main.CONNECTION_DONE:
            connection.stopReading()
            connection.readConnectionLost(CONNECTION_DONE)
        elif why is main.CONNECTION_DONE:
            connection.connectionLost(CONNECTION_DONE)
        elif why is main.CONNECTION_LOST:
            connection.connectionLost(CONNECTION_LOST)
        else:
            connection.connectionLost(Failure(why))

    def connectionLost(self, reason: Failure) -> None:
        """The reactor stops, and all connections end with it."""
        for connection in list(self._watched.values()):
            self._end(connection, main.CONNECTION_LOST, reading=False)
        self._poller.close()

    def close(self) -> None:
        """Stop watching once the last connection has ended."""
        self._closing = True
        if not self._watched and not self._poller.closed:
            self._reactor.removeReader(self)
            self._poller.close()
