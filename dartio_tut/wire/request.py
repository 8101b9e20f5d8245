"""
The request: Twisted's, with a bound on what a client may send.

Twisted keeps a whole body before a resource sees any of it, however long it is.
"""

from __future__ import annotations

from twisted.web.http import REQUEST_ENTITY_TOO_LARGE
from twisted.web.server import Request as TwistedRequest

from .limits import Limits

TOO_LARGE = (
    b"HTTP/1.1 413 Content Too Large\r\n"
    b"Connection: close\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 22\r\n"
    b"\r\n"
    b"The body is too large."
)


class Request(TwistedRequest):
    """A request whose body is refused once it is longer than the limit."""

    limits = Limits()
    _body_length = 0
    _refused = False

    def gotLength(self, length: int | None) -> None:
        """Refuse a body that says at once that it is too long."""
        super().gotLength(length)
        if length is not None and length > self.limits.body:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        """Keep *data*, unless that makes the body too long."""
        self._body_length += len(data)
        if self._body_length > self.limits.body:
            self._refuse()
        if not self._refused:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Answer the request, unless that was done."""
        if not self._refused:
            super().requestReceived(command, path, version)

    def _refuse(self) -> None:
        if self._refused:
            return
        self._refused = True
        if self.clientproto == b"HTTP/2":
            self.setResponseCode(REQUEST_ENTITY_TOO_LARGE)
            self.finish()
        else:
            assert self.channel.transport is not None  # noqa: S101  (for mypy)
            self.channel.transport.write(TOO_LARGE)
            self.channel.loseConnection()
