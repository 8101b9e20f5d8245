"""
The Date header field (RFC 9110 section 6.6.1), made once a second.
"""

from __future__ import annotations

from time import time

from twisted.web.http import datetimeToString


class Date:
    """
    The value of the Date header field.

    :ivar heads: other bytes that hold for this second, kept here by their makers;
        `head` looks for them.
    """

    def __init__(self) -> None:
        self._second = -1
        self._value = b""
        self.heads: dict[tuple[int, bytes | None], bytes] = {}

    def head(self, key: tuple[int, bytes | None]) -> bytes | None:
        """What is kept under *key*, if it still holds."""
        return self.heads.get(key) if int(time()) == self._second else None

    def value(self) -> bytes:
        """The value for now."""
        second = int(time())
        if second != self._second:
            self._second = second
            self._value = datetimeToString(second)
            self.heads.clear()
        return self._value


date = Date()
