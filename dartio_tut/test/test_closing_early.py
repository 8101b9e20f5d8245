"""
A resource that closes its connection: the requests behind it are not taken in.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.ssl import PrivateCertificate
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import Site
from dartio_tut.testing import CLIENT_ADDRESS
from dartio_tut.wire import Ending
from dartio_tut.wire.transport.foreign import adapted

from .support.function_resource import FunctionResource
from .support.handshakes import Client
from .support.signer import Signer
from .test_events import GET, EventCase

SECOND = b"POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"


def lose(request: Any) -> None:
    """Close by the transport, as some resources do."""
    request.transport.loseConnection()


def abort(request: Any) -> None:
    """Abort by the transport."""
    request.transport.abortConnection()


def lose_by_channel(request: Any) -> None:
    """Close by the channel."""
    request.channel.loseConnection()


def abort_by_channel(request: Any) -> None:
    """Abort by the channel."""
    request.channel.abortConnection()


class ClosingEarlyTests(EventCase):
    """Whoever closes it, and whenever."""

    def test_a_request_behind_it_is_not_taken_in(self) -> None:
        for close, is_now, is_together in product(
            (lose, abort, lose_by_channel, abort_by_channel),
            (True, False),
            (True, False),
        ):
            self.setUp()
            self.render = self.hold
            connection = self.connect()
            if is_now:
                self.render = lambda request, close=close: (
                    close(request) or self.hold(request)
                )
            said = connection.send(GET + SECOND if is_together else GET)
            if not is_now:
                close(self.held[0])
            self.held[0].write(b"late")
            self.held[0].finish()
            said += connection.send(b"" if is_together else SECOND)
            self.assertEqual([one.uri for one in self.held], [b"/a?b"], close)
            self.assertEqual(said == b"", "abort" in close.__name__, close)
            connection.leave()
            self.assertEqual(self.only().target, b"/a?b")

    def test_nothing_that_was_written_before_an_abort_is_sent_after_it(self) -> None:
        for close in (abort, abort_by_channel):

            def write_and_abort(request: Any, close: Any = close) -> bytes:
                request.write(b"early")
                close(request)
                return b"late"

            self.setUp()
            self.render = write_and_abort
            connection = self.connect()
            self.assertEqual(connection.send(GET + SECOND), b"")
            connection.leave()
            self.assertEqual(self.only().ending, Ending.CUT_OFF)

    def test_what_was_dropped_does_not_count_as_sent(self) -> None:
        def fail(request: Any) -> bytes:
            request.write(b"begun")
            raise ZeroDivisionError

        self.render = fail
        connection = self.connect()
        self.assertEqual(connection.send(GET), b"")
        self.flushLoggedErrors(ZeroDivisionError)
        connection.leave()
        self.assertEqual(self.only().response_body_bytes, 0)

    def test_a_resource_that_closes_by_the_transport_has_cut_off(self) -> None:
        for close in (lose, abort):
            self.setUp()
            self.render = self.hold
            connection = self.connect()
            connection.send(GET)
            close(self.held[0])
            connection.leave()
            self.assertEqual(self.only().ending, Ending.CUT_OFF, close)


class TcpTransport(StringTransport):
    """What TLS of Twisted's goes over."""

    def setTcpNoDelay(self, enabled: bool) -> None:
        pass


class TwistedsTlsTests(SynchronousTestCase):
    """TLS of Twisted's own, which drops what is written after it was closed."""

    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        signer = Signer(folder, "localhost")
        pem = signer.cert.read_bytes() + signer.key.read_bytes()
        self.options = PrivateCertificate.loadPEM(pem).options()

    def received(self, render: Callable[[Any], Any], request: bytes) -> bytes:
        """What a client reads that sends *request*, until the server has closed."""
        clock, transport, client = Clock(), TcpTransport(), Client()
        site = Site(FunctionResource(render), reactor=clock)
        server = TLSMemoryBIOFactory(self.options, False, site, clock).buildProtocol(
            CLIENT_ADDRESS
        )
        server.makeConnection(transport)
        for step in (client.tls.do_handshake, client.tls.do_handshake, None):
            if step is None:
                client.tls.write(request)
            else:
                with contextlib.suppress(ssl.SSLWantReadError):
                    step()
            server.dataReceived(client.goes.read())
            clock.advance(0)
            client.came.write(transport.value())
            transport.clear()
        received = b""
        with contextlib.suppress(ssl.SSLWantReadError):
            while data := client.tls.read():
                received += data
        server.connectionLost(Failure(ConnectionDone()))
        return received

    def test_response_is_sent_before_its_resource_closes(self) -> None:
        def render(request: Any) -> int:
            request.write(b"part")
            request.finish()
            request.transport.loseConnection()
            return NOT_DONE_YET

        for head in (
            b"GET / HTTP/1.0\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        ):
            self.assertIn(b"part", self.received(render, head), head)


class IsClosingTests(SynchronousTestCase):
    """``is_closing`` of transports."""

    def test_stand_ins_of_any_kind_are_open_until_they_are_closed(self) -> None:
        transport: Any = StringTransport()
        self.assertFalse(adapted(transport).is_closing)
        transport.loseConnection()
        self.assertTrue(adapted(transport).is_closing)
        transport.disconnecting = lambda: False
        self.assertFalse(adapted(transport).is_closing)
