"""
A resource that records the requests it was given, and a connection to it.

They tell what a server understood of a request, which its response does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.task import Clock
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from dartio_tut.testing import Connection


@dataclass(frozen=True)
class SeenRequest:
    """One request, as a resource was given it."""

    method: bytes
    target: bytes
    path: bytes
    host: bytes
    body: bytes


class Recorder(Resource):
    """
    Record each request, then respond to it by its path.

    The response to ``/later`` is sent in a later turn of the reactor, that to
    ``/stream`` in pieces of unknown length, those to ``/204`` and ``/304`` with that
    status code, those to ``/204-body`` and ``/304-body`` with that status code and a
    body that must not go out; every other response is sent at once.

    :param call_later: the reactor's ``callLater``, or a clock's.
    """

    isLeaf = True

    def __init__(self, call_later: Callable[..., Any]) -> None:
        super().__init__()
        self.seen: list[SeenRequest] = []
        self._call_later = call_later

    def render(self, request: Request) -> bytes | int:
        """Record *request* and respond to it."""
        assert request.content is not None
        host = request.getRequestHostname()
        self.seen.append(
            SeenRequest(
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


class RecordedConnection(Connection):
    """
    A client's connection to a site that serves a `Recorder`.

    :param seen: what the recorder was given.
    """

    def __init__(self, protocol: Any, clock: Clock, seen: list[SeenRequest]) -> None:
        super().__init__(protocol, clock)
        self.seen = seen
