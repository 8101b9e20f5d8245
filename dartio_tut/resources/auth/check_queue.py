"""
The queue in which passwords wait to be checked.

Rule: client addresses take turns. However often somebody guesses from one address, a
login from another waits for one check of it at most, and only the guesser is refused.
"""

from __future__ import annotations

from collections import deque
from ipaddress import IPv6Address

from twisted.internet.defer import Deferred, succeed
from twisted.web.server import Request

CONCURRENT_CHECKS = 2
"""Passwords checked at a time: each takes a core, and one of the reactor's threads."""

WAITING_PER_ADDRESS = 32
"""Checks of one address that wait, some seconds' worth; one more is refused."""

WAITING_IN_ALL = 1024
"""Checks of all addresses that wait: it bounds the memory that they take."""

_PREFIX_BITS = 64
"""What one customer has of IPv6 at least (RFC 6177): its addresses count as one."""


class CheckQueue:
    """Lets a few checks run at a time, the others in turn by their addresses."""

    def __init__(self) -> None:
        self._running = 0
        self._waiting = 0
        self._by_address: dict[str, deque[Deferred[None]]] = {}

    def enter(self, address: str) -> Deferred[None] | None:
        """
        Wait for the turn of a check.

        :return: fires when it is time; call `leave` afterwards. ``None`` when too many
            are waiting.
        """
        if self._running < CONCURRENT_CHECKS:
            self._running += 1
            return succeed(None)
        mine = self._by_address.get(address, ())
        if len(mine) >= WAITING_PER_ADDRESS or self._waiting >= WAITING_IN_ALL:
            return None
        turn: Deferred[None] = Deferred()
        self._by_address.setdefault(address, deque()).append(turn)
        self._waiting += 1
        return turn

    def leave(self) -> None:
        """End a check, and begin the next: that of the address that waits longest."""
        if not self._waiting:
            self._running -= 1
            return
        address = next(iter(self._by_address))
        turns = self._by_address.pop(address)
        turn = turns.popleft()
        if turns:
            self._by_address[address] = turns  # behind all others
        self._waiting -= 1
        turn.callback(None)


def address_of(request: Request) -> str:
    """Return the client's address, or the network that stands for it."""
    host = getattr(request.getClientAddress(), "host", None)
    if not isinstance(host, str) or ":" not in host:
        return host or ""  # a UNIX socket has no address
    address = IPv6Address(host.partition("%")[0])
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{int(address) >> (128 - _PREFIX_BITS):x}/{_PREFIX_BITS}"
