"""
Turns at what takes a while, such as to check a password or to list a folder.

Rule: client addresses take turns. However much somebody asks for from one address, a
client at another waits for one turn of it at most, and only the first is refused, as
long as not too many addresses wait.
"""

from __future__ import annotations

from collections import deque
from ipaddress import IPv6Address

from twisted.internet.defer import Deferred, succeed
from twisted.web.server import Request

WAITING_PER_ADDRESS = 32
"""Requests of one address that wait, some seconds' worth; one more is refused."""

WAITING_IN_ALL = 1024
"""Requests of all addresses that wait: it bounds the memory that they take."""

_PREFIX_BITS = 64
"""What one customer has of IPv6 at least (RFC 6177): its addresses count as one."""


class AddressTurns:
    """
    Lets a few requests go on at a time, the others in turn by their addresses.

    :param at_once: how many go on at a time.
    """

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._waiting = 0
        self._is_giving = False
        self._by_address: dict[str, deque[Deferred[None]]] = {}

    def enter(self, address: str) -> Deferred[None] | None:
        """
        Wait for the turn of a request from *address*, see `address_of`.

        :return: fires when it is time; call `leave` afterwards. ``None`` when too many
            are waiting.
        """
        if self._free:
            self._free -= 1
            return succeed(None)
        mine = self._by_address.get(address, ())
        if len(mine) >= WAITING_PER_ADDRESS or self._waiting >= WAITING_IN_ALL:
            return None
        turn: Deferred[None] = Deferred()
        self._by_address.setdefault(address, deque()).append(turn)
        self._waiting += 1
        return turn

    def leave(self) -> None:
        """End a turn, and begin the next: that of the address that waits longest."""
        self._free += 1
        if self._is_giving:  # this turn was over at once: the loop below goes on
            return
        self._is_giving = True
        try:
            while self._free and self._by_address:
                self._free -= 1
                self._next().callback(None)
        finally:
            self._is_giving = False

    def _next(self) -> Deferred[None]:
        """Take out the turn that is next."""
        address = next(iter(self._by_address))
        turns = self._by_address.pop(address)
        turn = turns.popleft()
        if turns:
            self._by_address[address] = turns  # behind all others
        self._waiting -= 1
        return turn


def address_of(request: Request) -> str:
    """Return the client's address, or the network that stands for it."""
    host = getattr(request.getClientAddress(), "host", None)
    if not isinstance(host, str) or ":" not in host:
        return host or ""  # a UNIX socket has no address
    address = IPv6Address(host.partition("%")[0])
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{int(address) >> (128 - _PREFIX_BITS):x}/{_PREFIX_BITS}"
