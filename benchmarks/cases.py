"""
What is measured: one request, repeated, and the answer it must get.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate

HELLO = b"Hello, world!"

FILES = {"1k.bin": 1 << 10, "100k.bin": 100 << 10, "10m.bin": 10 << 20}

MODIFIED = 1_577_836_800
"""When the files were changed: the start of 2020, far enough back for any cache."""


@dataclass(frozen=True)
class Case:
    """
    One request and how it is repeated.

    :ivar name: what a person types.
    :ivar path: what is asked for; hello is ``/``, all else is a file.
    :ivar secure: whether over TLS.
    :ivar http2: whether by HTTP/2, with the load of h2load instead of wrk.
    :ivar fields: header fields of the request.
    :ivar status: the status of the right answer.
    :ivar connections: how many ask at the same time.
    :ivar idle: whether the connections only stay open, and memory is measured.
    """

    name: str
    title: str
    path: str = "/"
    secure: bool = False
    http2: bool = False
    fields: tuple[tuple[str, str], ...] = ()
    status: int = 200
    connections: int = 64
    idle: bool = False

    @property
    def length(self) -> int:
        """How long the content of the file is; 0 for hello."""
        return FILES.get(self.path[1:], 0)

    @property
    def by_bytes(self) -> bool:
        """
        Whether answers are counted by their bytes.

        At the end of a run each connection has a part of an answer: of a large
        file that part counts, and it counts more against a slow server.
        """
        return self.length >= 1 << 20


CASES = (
    Case("hello", "Hello, world"),
    Case("1k", "File of 1 KiB", "/1k.bin"),
    Case("100k", "File of 100 KiB", "/100k.bin"),
    # Fewer connections: 64 would hold a large part of the run's bytes in buffers.
    Case("10m", "File of 10 MiB, 16 connections", "/10m.bin", connections=16),
    Case(
        "304",
        "Not modified (304, by If-Modified-Since)",
        "/1k.bin",
        fields=(("If-Modified-Since", formatdate(MODIFIED, usegmt=True)),),
        status=304,
    ),
    Case("close", "Hello, a connection each", fields=(("Connection", "close"),)),
    Case("tls", "Hello over TLS", secure=True),
    Case("tls-100k", "File of 100 KiB over TLS", "/100k.bin", secure=True),
    Case(
        "h2",
        "Hello over HTTP/2, 16 connections with 10 streams each",
        secure=True,
        http2=True,
        connections=16,
    ),
    Case("idle", "Idle connections", idle=True),
)

STREAMS = 10
"""Requests at the same time on one HTTP/2 connection."""
