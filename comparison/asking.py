"""
One running server, and asking it: a connection a question, bytes as they are.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urljoin, urlsplit

from .answer import HOST, Answer, Fields, parse, request

PATIENCE = 3.0
"""Seconds until a server has no answer; on the loopback it needs thousandths."""

PIECE = 1 << 16


@dataclass(frozen=True)
class Server:
    """A server that is running."""

    port: int

    @property
    def host(self) -> str:
        """What requests name as their host."""
        return f"{HOST}:{self.port}"

    def ask(
        self, path: str | bytes, fields: Fields = (), method: str = "GET"
    ) -> Answer:
        """What is answered to one request."""
        return self.send(request(path, fields, method, self.host), method)

    def send(self, data: bytes, method: str = "GET") -> Answer:
        """What is answered to *data*, be it a request or not."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as wire:
                return _talk(wire, data, method)
        except OSError as error:
            return Answer(0, trouble=type(error).__name__)

    def exchange(self, data: bytes) -> bytes:
        """All that comes after *data* until the server closes."""
        came = b""
        place = ("127.0.0.1", self.port)
        with suppress(OSError), socket.create_connection(place, PATIENCE) as wire:
            wire.sendall(data)
            while part := wire.recv(PIECE):
                came += part
        return came

    def follow(self, path: str, fields: Fields = ()) -> Answer:
        """As `ask`, and once more when the answer leads to another path."""
        answer = self.ask(path, fields)
        if answer.status in (301, 302, 307, 308):
            place = urlsplit(urljoin(path, answer.field("location")))
            return self.ask(place.path, fields)
        return answer


def _talk(wire: socket.socket, data: bytes, method: str) -> Answer:
    # A server that refuses early does not read the rest.
    with suppress(BrokenPipeError, ConnectionResetError):
        wire.sendall(data)
    came, until = b"", monotonic() + PATIENCE
    while monotonic() < until:
        try:
            part = wire.recv(PIECE)
        except TimeoutError:
            break
        except ConnectionResetError:
            return parse(came) or Answer(0, trouble="resets the connection")
        came += part
        answer = parse(came, method, closed=not part)
        if answer:
            return answer
    what = "not whole" if came else "no answer"
    return Answer(0, trouble=f"{what} within {PATIENCE:.0f} s")
