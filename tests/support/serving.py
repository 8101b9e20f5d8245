"""
A site in the test's own process on a real port, for what only sockets can show.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from dartio_tut.daemon import Site
from dartio_tut.test.support.function_resource import FunctionResource
from dartio_tut.wire import with_fast_ports

from .exchange import exchange

SOON = 30.0
"""Seconds within which everything that should happen has happened."""


class ServingCase(TestCase):
    """
    A test that serves from its own reactor to clients in threads.

    :cvar stock: whether the port is Twisted's own instead of ours.
    """

    stock = False

    def serve(self, do: Callable[[Any], Any], **options: Any) -> int:
        """Serve a resource that is a function, by a site with *options*; the port."""
        self.site = site = Site(FunctionResource(do), **options)
        where: Any = reactor if self.stock else with_fast_ports(reactor)
        self.listening = where.listenTCP(0, self.site, interface="127.0.0.1")
        self.addCleanup(self.listening.stopListening)
        # Trial fails a test at whose end a timer is left: neither may a site leave one.
        self.addCleanup(self.until, lambda: not site.connection_limit.count)
        port: int = self.listening.getHost().port
        return port

    def exchange(self, port: int, data: bytes, **options: Any) -> Deferred[bytes]:
        """Send *data*; return all that comes until the server closes."""
        return deferToThread(exchange, port, data, **options)

    async def until(self, true: Callable[[], object], seconds: float = SOON) -> None:
        """Wait until *true* returns something true."""
        for _ in range(int(seconds / 0.01)):
            if true():
                return
            await deferLater(reactor, 0.01)
        self.fail(f"not true within {seconds} seconds")


def open_on(path: Path) -> int:
    """How many descriptors this process has open on *path*."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            found += os.readlink(f"/proc/self/fd/{name}") == str(path)
        except OSError:  # it was the descriptor of the listing itself
            continue
    return found


def reset(connection: socket.socket) -> None:
    """Close *connection* so that the peer sees a reset."""
    connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0" + b"\0\0\0\0"
    )
    connection.close()
