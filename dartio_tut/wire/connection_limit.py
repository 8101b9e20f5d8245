"""
How many connections there may be, in total and from each client.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IAddress

from .limits import Limits

ANSWERED_BEYOND_LIMIT = 64
"""
So many connections beyond the limit, or a tenth of it, are answered with 503. What
comes on top of these is closed without an answer.
"""


class HasPeer(Protocol):
    """A connection that knows whose it is."""

    def getPeer(self) -> IAddress:
        """The client's address."""


class Admission:
    """
    The place of one connection among all of a site.

    :ivar is_admitted: whether the connection is within the limits.
    :ivar is_flooded: whether there are too many connections even to answer this one.
    """

    __slots__ = ("_client", "_limit", "is_admitted", "is_flooded")

    def __init__(
        self, limit: ConnectionLimit, client: str, is_admitted: bool, is_flooded: bool
    ) -> None:
        self._limit: ConnectionLimit | None = limit
        self._client = client
        self.is_admitted = is_admitted
        self.is_flooded = is_flooded

    def release(self) -> None:
        """The connection has ended. Only the first call counts."""
        limit, self._limit = self._limit, None
        if limit is not None:
            limit._release(self._client)


class ConnectionLimit:
    """
    Counts the connections of one site.

    :param make_room: called when the limit is reached: it may close connections that
        are idle, so that a new client has their place.
    :ivar count: how many there are, those beyond the limit included.
    :ivar has_many_clients: tells whether others connect through a peer, a proxy, for
        which the limit of one client does not hold then.
    :ivar on_change: is called with the count whenever it changes, unless ``None``.
    :ivar on_empty: is called whenever there are none any more, unless ``None``.
    """

    def __init__(
        self, limits: Limits, make_room: Callable[[], None] = lambda: None
    ) -> None:
        self._limits = limits
        self._make_room = make_room
        self.has_many_clients: Callable[[IAddress], bool] = lambda peer: False
        self._by_client: Counter[str] = Counter()
        self.count = 0
        self.on_change: Callable[[int], None] | None = None
        self.on_empty: Callable[[], None] | None = None

    def has_room(self) -> bool:
        """Whether one more connection may come; idle ones are closed for it."""
        total = self._limits.connections
        if total and self.count >= total:
            self._make_room()
        return not total or self.count < total

    def admit(self, connection: HasPeer) -> Admission:
        """Count *connection*, until its admission is released."""
        total, each = self._limits.connections, self._limits.connections_per_client
        client = ""
        self.count += 1
        if self.on_change is not None:
            self.on_change(self.count)
        if total and self.count > total:
            self._make_room()
        is_admitted = not total or self.count <= total
        peer = connection.getPeer() if each else None
        if peer is not None and not self.has_many_clients(peer):
            client = str(getattr(peer, "host", ""))
            self._by_client[client] += 1
            is_admitted = is_admitted and self._by_client[client] <= each
        answered = max(ANSWERED_BEYOND_LIMIT, total // 10)
        is_flooded = bool(total) and self.count > total + answered
        return Admission(self, client, is_admitted, is_flooded)

    def _release(self, client: str) -> None:
        self.count -= 1
        if self.on_change is not None:
            self.on_change(self.count)
        if client in self._by_client:
            self._by_client[client] -= 1
            if not self._by_client[client]:
                del self._by_client[client]
        if not self.count and self.on_empty is not None:
            self.on_empty()
