"""
A client that sends requests to a site in memory, without a socket.

Rule: time is a fake clock's, and the server's bytes go through the strict reader.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import Site
from dartio_tut.wire import cooperating_by

from .function_resource import FunctionResource
from .response_reader import Response, read_response

CLIENT_ADDRESS = IPv4Address("TCP", "127.0.0.1", 50000)


class MemoryTransport(StringTransport):
    """
    A transport that also tells when its writing side was closed.

    :ivar dataBuffer: what the client has not read; declared only, so that nothing is
        known of it unless a test sets it.
    """

    dataBuffer: bytes
    has_ended = False

    def loseWriteConnection(self) -> None:
        """Note that nothing more may be written."""
        self.has_ended = True

    def resumeProducing(self) -> None:
        """Do nothing once closed, as a socket's transport does."""
        if not self.disconnecting:
            super().resumeProducing()

    def pauseProducing(self) -> None:
        """Do nothing once closed, as a socket's transport does."""
        if not self.disconnecting:
            super().pauseProducing()


class Connection:
    """
    A client's connection to *protocol*.

    :param clock: the clock of the protocol, and of the resource behind it.
    """

    def __init__(self, protocol: Any, clock: Clock) -> None:
        self.clock = clock
        self.transport = MemoryTransport()
        self.protocol = protocol
        protocol.makeConnection(self.transport)

    def send(self, data: bytes) -> bytes:
        """Deliver *data* to the server; return what it has written since."""
        deliver(data, self.protocol, self.clock)
        written: bytes = self.transport.value()
        self.transport.clear()
        return written

    def leave(self) -> None:
        """Lose the connection, whoever closed it."""
        self.protocol.connectionLost(Failure(ConnectionDone()))

    @property
    def closed(self) -> bool:
        """Whether the server has closed the connection, or its side of it."""
        transport = self.transport
        return transport.disconnecting or transport.disconnected or transport.has_ended


def connect(resource: IResource) -> Connection:
    """A connection to a site that serves *resource*, with a clock of its own."""
    clock = Clock()
    site = Site(resource, reactor=clock)
    return Connection(site.buildProtocol(CLIENT_ADDRESS), clock)


def deliver(data: bytes, protocol: Any, clock: Clock) -> None:
    """
    Hand *data* to *protocol*, then make the calls that are due at once.

    Pull producers are asked by Twisted's global cooperator, which waits for the global
    reactor; meanwhile it is replaced by one that waits for *clock*.
    """
    now = clock.seconds()
    with cooperating_by(clock):
        protocol.dataReceived(data)
        while any(call.getTime() <= now for call in clock.getDelayedCalls()):
            clock.advance(0)


def ask(
    resource: IResource,
    method: str = "GET",
    target: str = "/",
    body: bytes = b"",
    **fields: str,
) -> Response:
    """Send *resource* one request; ``content_type=`` is a field."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    connection = connect(resource)
    return read_response(connection.send(head + body), method, closed=connection.closed)


class RequestCase(SynchronousTestCase):
    """A test that sends requests to functions, as `FunctionResource` serves them."""

    def written(
        self,
        render: Callable[[Any], Any],
        *lines: str,
        start: str = "GET / HTTP/1.1",
    ) -> bytes:
        """All bytes that are sent when *render* is called."""
        head = "\r\n".join([start, "Host: a", *lines, "", ""])
        return connect(FunctionResource(render)).send(head.encode("latin-1"))

    def response(
        self,
        render: Callable[[Any], Any],
        *lines: str,
        start: str = "GET / HTTP/1.1",
    ) -> Response:
        """The response when *render* is called; it must be whole and well framed."""
        method = start.partition(" ")[0]
        return read_response(self.written(render, *lines, start=start), method)

    def held_request(
        self, *lines: str, start: str = "GET /a/b?c=d HTTP/1.1", body: bytes = b""
    ) -> Any:
        """A request that waits for its response, at ``self.connection``."""
        held: list[Any] = []

        def hold(request: Any) -> int:
            held.append(request)
            return NOT_DONE_YET

        if body:
            lines = (*lines, f"Content-Length: {len(body)}")
        head = "\r\n".join([start, "Host: a:80", *lines, "", ""])
        self.connection = connect(FunctionResource(hold))
        self.connection.send(head.encode("latin-1") + body)
        return held[0]
