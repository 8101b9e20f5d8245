"""
Servers that do one thing, mostly a wrong one, on a port of the system's choice.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from .harness import PATIENCE

Script = Callable[[socket.socket], None]
"""What is done with one connection; it is closed afterwards."""


class ScriptedServer:
    """
    Runs *script* for each connection, one after the other, in a thread.

    :ivar requests: the heads of the requests that `read_head` has read.
    """

    def __init__(
        self,
        script: Script | bytes,
        tls: ssl.SSLContext | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self.requests: list[bytes] = []
        self._script = self.answer(script) if isinstance(script, bytes) else script
        self._tls = tls
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listening = socket.create_server((address, 0), family=family)
        self.port: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)

    @property
    def url(self) -> str:
        """The URL of its root."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/"

    def read_head(self, connection: socket.socket) -> bytes:
        """Read the head of a request, and what happens to come with it."""
        head = b""
        while b"\r\n\r\n" not in head and (data := connection.recv(65536)):
            head += data
        self.requests.append(head)
        return head

    def answer(self, response: bytes) -> Script:
        """A script that reads the head of a request, and sends *response*."""

        def script(connection: socket.socket) -> None:
            self.read_head(connection)
            connection.sendall(response)

        return script

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:  # closed
                return
            connection.settimeout(PATIENCE)
            self._open.append(connection)
            with suppress(OSError), connection:
                self._script(self._secured(connection))

    def _secured(self, connection: socket.socket) -> socket.socket:
        if self._tls is None:
            return connection
        return self._tls.wrap_socket(connection, server_side=True)


def response(
    content: bytes = b"", *fields: str, code: int = 200, length: int | None = None
) -> bytes:
    """A response with *content*, whose Content-Length is right unless it is given."""
    length = len(content) if length is None else length
    lines = [f"HTTP/1.1 {code} Said", f"Content-Length: {length}", *fields, "", ""]
    return "\r\n".join(lines).encode("utf-8") + content
