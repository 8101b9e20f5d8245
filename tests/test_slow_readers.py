"""
Clients that read slowly but steadily get all of it; those that stop reading are cut.
"""

from __future__ import annotations

import os
import select
import socket
import ssl
from pathlib import Path
from time import monotonic
from typing import Any

from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.protocols.basic import FileSender
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import Limits
from dartio_tut.daemon.certificate import localhost_certificate
from dartio_tut.wire import Ending, ExchangeDone, listen_tls

from .support.harness import PATIENCE
from .support.serving import ServingCase

WRITE_TIME = 1.0
"""Seconds that the server waits for a client that does not read."""

LONGER_WRITE_TIME = 3.0
"""For one that reads each tenth of a second, and may get no processor meanwhile."""

SIZE = 12 * 1024 * 1024
"""Bytes of the response: more than the kernel buffers for one connection."""

RECEIVE_BUFFER = 8 * 1024
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def read_slowly(port: int, secure: bool, seconds: float) -> int:
    """
    Read with pauses, for *seconds*, and then all that is left.

    :return: the bytes that came.
    """
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    plain.settimeout(PATIENCE)
    plain.connect(("127.0.0.1", port))
    connection = plain
    if secure:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = context.wrap_socket(plain)
    came = 0
    with connection:
        connection.sendall(GET)
        until = monotonic() + seconds
        while monotonic() < until:
            came += len(connection.recv(8000))
            select.select([], [], [], 0.1)
        while part := connection.recv(65536):
            came += len(part)
    return came


class SlowReaderTests(ServingCase):
    """Readers that take several times the time that is allowed without reading."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()
        self.path.write_bytes(os.urandom(1024) * (SIZE // 1024))
        self.events: list[Any] = []

    def send_file(self, request: Any) -> int:
        """Answer with the file, sent by the kernel where that is possible."""
        request.send_file(os.open(self.path, os.O_RDONLY), 0, SIZE)
        return NOT_DONE_YET

    def send_by_producer(self, request: Any) -> int:
        """Answer with the file, pulled from a producer of Twisted's."""
        request.setHeader(b"Content-Length", b"%d" % SIZE)
        file = self.path.open("rb")
        sending = FileSender().beginFileTransfer(file, request)
        sending.addCallbacks(lambda _: request.finish(), lambda _: None)
        sending.addBoth(lambda _: file.close())
        return NOT_DONE_YET

    def send_at_once(self, request: Any) -> bytes:
        """Answer with all of it."""
        return self.path.read_bytes()

    def start(self, render: Any, secure: bool, write_time: float = PATIENCE) -> int:
        """Serve *render*; the port."""
        port = self.serve(render, limits=Limits(write_time=write_time))
        self.site.add_observer(self.events.append)
        if not secure:
            return port
        names = localhost_certificate(str(Path(self.mktemp()).absolute()))
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate_file(names[0])
        context.use_privatekey_file(names[1])
        listening = listen_tls(reactor, 0, self.site, 50, "127.0.0.1", context)
        self.addCleanup(listening.stopListening)
        secure_port: int = listening.getHost().port
        return secure_port

    def exchanges(self) -> list[ExchangeDone]:
        """The exchanges that are done."""
        return [event for event in self.events if isinstance(event, ExchangeDone)]

    async def check_slow(self, secure: bool) -> None:
        """All ways of sending serve a slow reader to the end."""
        renders = (self.send_file, self.send_by_producer, self.send_at_once)
        time = LONGER_WRITE_TIME
        ports = [self.start(render, secure, time) for render in renders]
        reading = [deferToThread(read_slowly, port, secure, 3 * time) for port in ports]
        for came, render in zip(reading, renders, strict=True):
            self.assertGreater(await came, SIZE, render)

    async def test_a_slow_steady_reader_gets_all_of_it(self) -> None:
        await self.check_slow(secure=False)

    async def test_a_slow_steady_reader_gets_all_of_it_over_tls(self) -> None:
        await self.check_slow(secure=True)

    async def test_one_that_stops_reading_is_cut_and_the_event_says_so(self) -> None:
        port = self.start(self.send_file, secure=False, write_time=WRITE_TIME)
        with socket.socket() as stopped:
            stopped.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            stopped.connect(("127.0.0.1", port))
            stopped.sendall(GET)
            await self.until(self.exchanges)
        (done,) = self.exchanges()
        self.assertEqual((done.ending, done.status), (Ending.TIMED_OUT, 200))
        self.assertEqual(done.reason, "the client did not read")
        self.assertTrue(0 < done.response_body_bytes < SIZE, done)

    async def test_a_download_that_the_client_breaks_off_tells_what_was_sent(
        self,
    ) -> None:
        for render in (self.send_file, self.send_at_once):
            self.events.clear()
            port = self.start(render, secure=False)
            with socket.socket() as leaving:
                leaving.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
                leaving.connect(("127.0.0.1", port))
                leaving.sendall(GET)
                await deferToThread(leaving.recv, 1000)
            await self.until(self.exchanges)
            (done,) = self.exchanges()
            self.assertEqual((done.ending, done.status), (Ending.CLIENT_GONE, 200))
            self.assertTrue(0 < done.response_body_bytes < SIZE, done)
