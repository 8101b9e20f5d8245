"""
Asking a resource over the wire, without a socket.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twisted.internet import task
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock, Cooperator
from twisted.internet.testing import StringTransport
from twisted.web.resource import IResource

from dartio_tut.daemon import Site

CLIENT = IPv4Address("TCP", "127.0.0.1", 50000)


@dataclass
class Response:
    """What came back: status code, fields by lower-case name, content."""

    code: int
    fields: dict[str, str]
    body: bytes


def deliver(data: bytes, protocol: Any, clock: Clock) -> None:
    """
    Hand *data* to *protocol*, and let what is due at once be done: pull producers are
    asked by a cooperator, here by one of the fake *clock*'s.
    """
    by_clock = Cooperator(scheduler=lambda tick: clock.callLater(0, tick))
    waiting, task._theCooperator = task._theCooperator, by_clock
    now = clock.seconds()
    try:
        protocol.dataReceived(data)
        while any(call.getTime() <= now for call in clock.getDelayedCalls()):
            clock.advance(0)
    finally:
        task._theCooperator = waiting


class Connection:
    """A client's connection to a site that serves *resource*."""

    def __init__(self, resource: IResource) -> None:
        self.clock = Clock()
        site = Site(resource, reactor=self.clock)
        self.transport = StringTransport()
        self.protocol = site.buildProtocol(CLIENT)
        self.protocol.makeConnection(self.transport)

    def send(self, data: bytes) -> bytes:
        """Deliver *data* to the server; what it has written since."""
        deliver(data, self.protocol, self.clock)
        written: bytes = self.transport.value()
        self.transport.clear()
        return written


def ask(
    resource: IResource,
    method: str = "GET",
    target: str = "/",
    body: bytes = b"",
    **fields: str,
) -> Response:
    """The response of *resource* to one request; ``content_type=`` is a field."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return parsed(Connection(resource).send(head + body))


def parsed(raw: bytes) -> Response:
    """The response that *raw* is."""
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines)
    return Response(
        int(status.split()[1]), {k.lower(): v for k, v in fields.items()}, body
    )
