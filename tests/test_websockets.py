"""
Connections that another protocol takes over: Autobahn's websockets, Twisted's own, and
one that a resource hands over by itself.
"""

from __future__ import annotations

import base64
import os
import socket
import ssl
import struct
from pathlib import Path
from typing import Any

from autobahn.twisted.resource import WebSocketResource
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.protocol import Protocol
from twisted.internet.threads import deferToThread
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import Limits
from dartio_tut.daemon.certificate import localhost_certificate
from dartio_tut.wire import ConnectionClosed, ExchangeDone, listen_tls

from .support.harness import PATIENCE
from .support.serving import ServingCase

LARGE, SMALL = 200_000, 5
"""Bytes of two messages: the first fills the buffers, the second comes after that."""

CONNECTIONS = 4


class EchoMessages(WebSocketServerProtocol):
    """Send each message back."""

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Echo it."""
        self.sendMessage(payload, isBinary)


class EchoBytes(Protocol):
    """Send all bytes back."""

    transport: Any

    def dataReceived(self, data: bytes) -> None:
        """Echo them."""
        self.transport.write(data)


def frame(payload: bytes) -> bytes:
    """*payload* as a client's binary message (RFC 6455 section 5.2), mask zero."""
    length = len(payload)
    if length < 126:
        size = bytes([0x80 | length])
    elif length < 65536:
        size = struct.pack("!BH", 0x80 | 126, length)
    else:
        size = struct.pack("!BQ", 0x80 | 127, length)
    return b"\x82" + size + bytes(4) + payload


def read(connection: socket.socket, count: int) -> bytes:
    """*count* bytes, or what comes until the end."""
    came = bytearray()
    while len(came) < count:
        part = connection.recv(min(65536, count - len(came)))
        if not part:
            break
        came += part
    return bytes(came)


def open_connection(port: int, secure: bool) -> socket.socket:
    """A connection to *port*."""
    plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
    if not secure:
        return plain
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(plain)


def upgrade(port: int, secure: bool) -> socket.socket:
    """A connection to *port* that has become a websocket."""
    connection = open_connection(port, secure)
    key = base64.b64encode(os.urandom(16))
    connection.sendall(
        b"GET / HTTP/1.1\r\nHost: localhost:%d\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: %b\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n" % (port, key)
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += read(connection, 1)
    assert b" 101 " in head, head
    return connection


def talk(port: int, secure: bool) -> list[int]:
    """Send messages of several sizes: the bytes that came back for each."""
    came = []
    with upgrade(port, secure) as connection:
        for size in (SMALL, LARGE, SMALL):
            message = frame(bytes(size))
            connection.sendall(message)
            came.append(len(read(connection, len(message) - 4)))
    return came


class AutobahnTests(ServingCase):
    """Websockets of Autobahn, on our port and on Twisted's."""

    def setUp(self) -> None:
        sizes = (SMALL, LARGE, SMALL)
        self.expected = [len(frame(bytes(size))) - 4 for size in sizes]
        factory = WebSocketServerFactory()
        factory.protocol = EchoMessages
        self.resource = WebSocketResource(factory)
        self.events: list[Any] = []

    def websocket(self, **options: Any) -> int:
        """Serve the websocket; the port."""
        port = self.serve(self.resource.render, **options)
        self.site.add_observer(self.events.append)
        return port

    async def test_a_small_message_is_heard_after_a_large_one(self) -> None:
        came = await deferToThread(talk, self.websocket(), False)
        self.assertEqual(came, self.expected)

    async def test_places_are_given_back_when_websockets_have_ended(self) -> None:
        port = self.websocket(limits=Limits(connections=CONNECTIONS))
        for _ in range(CONNECTIONS + 5):
            await deferToThread(talk, port, False)
            await self.until(lambda: not self.site.connection_limit.count)
        done = [one for one in self.events if isinstance(one, ExchangeDone)]
        closed = [one for one in self.events if isinstance(one, ConnectionClosed)]
        self.assertEqual(len(done), CONNECTIONS + 5)
        self.assertEqual(len(closed), CONNECTIONS + 5)

    async def test_they_work_over_tls(self) -> None:
        names = localhost_certificate(str(Path(self.mktemp()).absolute()))
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate_file(names[0])
        context.use_privatekey_file(names[1])
        self.websocket()
        listening = listen_tls(reactor, 0, self.site, 50, "127.0.0.1", context)
        self.addCleanup(listening.stopListening)
        came = await deferToThread(talk, listening.getHost().port, True)
        self.assertEqual(came, self.expected)


class StockAutobahnTests(AutobahnTests):
    """The same on a port of Twisted's."""

    stock = True


class HandOverTests(ServingCase):
    """A resource that gives the connection to a protocol by itself."""

    async def test_bytes_behind_the_request_reach_the_new_protocol(self) -> None:
        def take(request: Any) -> int:
            channel = request.channel
            transport = channel.transport
            channel.transport = None
            protocol = EchoBytes()
            transport.protocol = protocol
            protocol.makeConnection(transport)
            return NOT_DONE_YET

        port = self.serve(take)

        def exchange() -> bytes:
            with open_connection(port, False) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nand more")
                first = read(connection, 8)
                connection.sendall(bytes(LARGE))
                return first + read(connection, LARGE)

        self.assertEqual(await deferToThread(exchange), b"and more" + bytes(LARGE))
