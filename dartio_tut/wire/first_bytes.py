"""
A connection of which only the first bytes tell which protocol is to have it.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import ITransport
from twisted.python.failure import Failure

from .deadlines import NEVER
from .http1.draining import FIRST_REQUEST_SECONDS
from .interfaces import ISite
from .transport.tcp import Server


class FirstBytesProtocol:
    """
    Waits for the first bytes. It counts as a connection meanwhile, and has the time
    that a request's head has.

    :ivar deadline: when `expired` is called.
    """

    deadline = NEVER
    _site: ISite
    _is_closed = False

    def __init__(self, site: ISite) -> None:
        self._site = site
        self._data = b""

    def makeConnection(self, transport: ITransport) -> None:
        """The connection begins."""
        site = self._site
        self._transport: Any = transport  # each kind has more than ITransport
        self._admission = site.connection_limit.admit(transport)
        if isinstance(transport, Server):
            transport.on_closed = self._admission.release
        site.deadlines.add(self, site.limits.header_time)
        if self._admission.is_flooded:
            self.abortConnection()

    def connectionLost(self, reason: Failure) -> None:
        """The client has gone before its protocol was known."""
        self._site.deadlines.discard(self)
        self._admission.release()

    @property
    def idle_since(self) -> float | None:
        """Since when it waits for the first byte; ``None`` if it does not."""
        if self._data or self._is_closed:
            return None
        return self.deadline - self._site.limits.header_time

    def close(self) -> None:
        """Make room for another connection, at once: nothing is lost."""
        self._is_closed = True
        transport = self._transport
        getattr(transport, "close_now", transport.abortConnection)()
        self._admission.release()

    def expired(self) -> None:
        """The first bytes took too long."""
        self.deadline = NEVER
        self._transport.loseConnection()

    def drain(self) -> None:
        """The server is about to stop: the first bytes have a moment to come."""
        soon = self._site.deadlines.now + FIRST_REQUEST_SECONDS
        self.deadline = min(self.deadline, soon)

    def retire(self) -> None:
        """Another process goes on: the protocol that comes next will see to it."""

    def abortConnection(self) -> None:
        """Close now."""
        self._transport.abortConnection()
