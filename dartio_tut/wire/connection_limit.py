"""
How many connections there are, in total and from each client.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from .limits import Limits

OVERFLOW = 64
"""So many beyond the limit, or a tenth of it, are told 503; one more is just closed."""


class ConnectionLimit:
    """The connections of one site, counted."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._clients: Counter[str] = Counter()
        self.count = 0

    def enter(self, transport: Any) -> bool:
        """Count one more; whether it may stay."""
        self.count += 1
        total, each = self._limits.connections, self._limits.connections_per_client
        if each:
            client = _client(transport)
            self._clients[client] += 1
            if self._clients[client] > each:
                return False
        return not total or self.count <= total

    def leave(self, transport: Any) -> None:
        """Count one less."""
        self.count -= 1
        if self._limits.connections_per_client:
            client = _client(transport)
            self._clients[client] -= 1
            if not self._clients[client]:
                del self._clients[client]

    def overflows(self) -> bool:
        """Whether there are too many even to be told so."""
        total = self._limits.connections
        return bool(total) and self.count > total + max(OVERFLOW, total // 10)


def _client(transport: Any) -> str:
    """What stands for the client: its address, where it has one."""
    return str(getattr(transport.getPeer(), "host", ""))
