"""
One peer and its part: what a server is asked to be for one case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .cases import Case
from .installing import HERE

SERVERS = HERE / "servers"
"""Where the programs and the configuration of the peers are."""


@dataclass(frozen=True)
class Role:
    """What a peer is to serve, and where."""

    case: Case
    port: int
    folder: Path
    files: Path
    certificate: tuple[str, str]
    connections: int

    @property
    def pair(self) -> tuple[str, ...]:
        """Certificate and key, when this is over TLS."""
        return self.certificate if self.case.secure else ()


@dataclass(frozen=True)
class Peer:
    """
    One server.

    :ivar title: what it is, with its version.
    :ivar log: where its access log goes; empty when it writes none.
    :ivar command: what starts it.
    :ivar http2: whether it speaks HTTP/2.
    """

    name: str
    title: str
    log: str
    command: Callable[[Role], list[str]]
    http2: bool = True
