"""
Looking up a host name that IDNA does not know.

Twisted's endpoint refuses such a name before it asks anybody. So the endpoint is given
a stand-in, and a reactor that looks up the real name in its place.
"""

from __future__ import annotations

from typing import Any

from .own_names import OwnNames

STAND_IN = "stand-in.invalid"
"""A name that every endpoint takes, and nobody has (RFC 6761 section 6.4)."""


class NameAsItIs(OwnNames):
    """*reactor*, which looks up *host*, whatever name it is asked for."""

    def __init__(self, reactor: Any, host: str) -> None:
        super().__init__(reactor)
        self._host = host

    def name(self, asked: str) -> str:
        """The real host."""
        return self._host
