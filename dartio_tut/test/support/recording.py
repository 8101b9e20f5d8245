"""
A connection in memory to a resource that notes what it was given.

It tells what a server understood of a request, which the answer does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from .memory_client import deliver


@dataclass(frozen=True)
class Seen:
    """What a resource was given as one request."""

    method: bytes
    target: bytes
    path: bytes
    host: bytes
    body: bytes


class Recorder(Resource):
    """
    Note each request, then answer it by its path.

    ``/later`` is answered in a later turn, ``/stream`` in pieces of unknown length,
    ``/204`` and ``/304`` with that code, ``/204-body`` and ``/304-body`` with that
    code and a body that must not go out; all else at once.

    :param call_later: what a later turn is asked of.
    """

    isLeaf = True

    def __init__(self, call_later: Callable[..., Any]) -> None:
        super().__init__()
        self.seen: list[Seen] = []
        self._call_later = call_later

    def render(self, request: Request) -> bytes | int:
        """Note *request* and answer it."""
        assert request.content is not None
        host = request.getRequestHostname()
        self.seen.append(
            Seen(
                request.method, request.uri, request.path, host, request.content.read()
            )
        )
        code, _, body = request.path[1:].partition(b"-")
        if code in (b"204", b"304"):
            request.setResponseCode(int(code))
            return body
        if request.path == b"/later":
            self._call_later(0, self._finish, request, b"later")
            return NOT_DONE_YET
        if request.path == b"/stream":
            request.write(b"piece, ")
            self._call_later(0, self._finish, request, b"piece")
            return NOT_DONE_YET
        return b"Hello, world!"

    def _finish(self, request: Request, body: bytes) -> None:
        request.write(body)
        request.finish()


class _Transport(StringTransport):
    """One that also tells when its writing side was closed."""

    ended = False

    def loseWriteConnection(self) -> None:
        """Note it: nothing more may be written."""
        self.ended = True

    def resumeProducing(self) -> None:
        """Do nothing once closed, as a socket's transport does."""
        if not self.disconnecting:
            super().resumeProducing()

    def pauseProducing(self) -> None:
        """Do nothing once closed, as a socket's transport does."""
        if not self.disconnecting:
            super().pauseProducing()


class MemoryConnection:
    """
    A client's connection to *protocol*.

    :param clock: what the protocol and the resource wait for.
    :param seen: where the resource notes what it was given.
    """

    def __init__(self, protocol: Any, clock: Clock, seen: list[Seen]) -> None:
        self.seen = seen
        self._clock = clock
        self._transport = _Transport()
        self._protocol = protocol
        protocol.makeConnection(self._transport)

    def send(self, data: bytes) -> bytes:
        """Deliver *data* to the server; what it has written since the last call."""
        deliver(data, self._protocol, self._clock)
        written: bytes = self._transport.value()
        self._transport.clear()
        return written

    def leave(self) -> None:
        """The connection is gone, whoever closed it."""
        self._protocol.connectionLost(Failure(ConnectionDone()))

    @property
    def closed(self) -> bool:
        """Whether the server has closed the connection, or its side of it."""
        transport = self._transport
        return transport.disconnecting or transport.disconnected or transport.ended
