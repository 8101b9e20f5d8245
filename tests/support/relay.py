"""
A relay between clients and a server, which can be cut.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from .harness import RECEIVE_BYTES, Case


class Relay:
    """
    Passes connections on to *port* of this machine.

    :ivar port: where it listens.
    """

    def __init__(self, case: Case, port: int) -> None:
        self._target = port
        self._pairs: list[socket.socket] = []
        self._is_cut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        case.addCleanup(self.close)

    def cut(self) -> None:
        """End all connections; those that come are ended at once."""
        self._is_cut = True
        for one in self._pairs:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def mend(self) -> None:
        """Pass connections on again."""
        self._is_cut = False

    def close(self) -> None:
        """End everything."""
        self.cut()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._target))
            self._pairs += [client, server]
            for source, target in [(client, server), (server, client)]:
                threading.Thread(
                    target=self._pass_on, args=(source, target), daemon=True
                ).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(RECEIVE_BYTES):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
