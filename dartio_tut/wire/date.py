"""
The Date header field (RFC 9110 section 6.6.1), made once a second.
"""

from __future__ import annotations

from collections.abc import Hashable
from time import time

from twisted.web.http import datetimeToString

KEPT_HEAD_BYTES = 8 * 1024 * 1024
"""
What the heads that are kept for a second may have in all: those of some 10,000 files.
"""

HEAD_ENTRY_BYTES = 256
"""What a head counts beside its bytes."""


class Date:
    """
    The value of the Date header field, and heads of responses that have it.
    """

    def __init__(self) -> None:
        self._since = self._until = -1.0
        self._value = b""
        self._heads: dict[Hashable, bytes] = {}
        self._free_bytes = KEPT_HEAD_BYTES

    def head(self, key: Hashable) -> bytes | None:
        """The head that is kept under *key*, if it still holds."""
        if self._since <= time() < self._until:
            return self._heads.get(key)
        return None

    def keep(self, key: Hashable, head: bytes) -> None:
        """Keep *head*, which has the `value` of now, as long as that holds."""
        counted = len(head) + HEAD_ENTRY_BYTES
        if counted <= self._free_bytes:
            self._free_bytes -= counted
            self._heads[key] = head

    def value(self) -> bytes:
        """The value for now."""
        now = time()
        if not self._since <= now < self._until:
            second = int(now)
            self._since, self._until = float(second), second + 1.0
            self._value = datetimeToString(second)
            self._heads.clear()
            self._free_bytes = KEPT_HEAD_BYTES
        return self._value


date = Date()
