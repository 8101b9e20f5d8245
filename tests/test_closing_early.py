"""
A resource that closes its connection itself: what the client has sent behind the
request is not served, whichever transport it is, and by whichever method it is closed.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.ssl import DefaultOpenSSLContextFactory
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import https_endpoint
from dartio_tut.daemon.certificate import localhost_certificate
from dartio_tut.wire import Ending, Event, ExchangeDone, listen_tls

from .support.harness import PATIENCE
from .support.serving import ServingCase

FIRST = b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n"
SECOND = b"POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"

CLOSING = {
    "transport.loseConnection": lambda request: request.transport.loseConnection(),
    "transport.abortConnection": lambda request: request.transport.abortConnection(),
    "channel.loseConnection": lambda request: request.channel.loseConnection(),
    "channel.abortConnection": lambda request: request.channel.abortConnection(),
    "request.loseConnection": lambda request: request.loseConnection(),
}


class ClosingEarlyTests(ServingCase):
    """The port is ours."""

    is_secure = False

    def setUp(self) -> None:
        self.events: list[Event] = []
        self.asked: list[bytes] = []
        self.how = self.then = ""
        self.port = self.listen()
        self.site.add_observer(self.events.append)

    def listen(self) -> int:
        """Serve; the port."""
        return self.serve(self.answer)

    def answer(self, request: Any) -> Any:
        """Close, and answer nevertheless."""
        self.asked.append(request.uri)
        if request.uri != b"/first":
            return b"second"
        if self.then == "in render":
            request.write(b"early")
            CLOSING[self.how](request)
            return b"late"
        if self.then == "in render, finished later":
            request.write(b"early")
            CLOSING[self.how](request)
            deferLater(reactor, 0, self.finish, request)
        elif self.then == "never, now":
            self.close(request)
        elif self.then == "never, later":
            deferLater(reactor, 0.01, self.close, request)
        else:
            deferLater(reactor, 0.01, self.close_and_finish, request)
        return NOT_DONE_YET

    def close_and_finish(self, request: Any) -> None:
        """Later, and at once."""
        self.close(request)
        self.finish(request)

    def close(self, request: Any) -> None:
        """Close in the middle of the response."""
        request.write(b"early")
        CLOSING[self.how](request)

    def finish(self, request: Any) -> None:
        """Finish, unless the connection has ended."""
        if not request._disconnected:
            request.write(b"late")
            request.finish()

    def talk(self, pieces: list[bytes]) -> bytes:
        """Send *pieces*; all that comes until the end, which may be a reset."""
        said = b""
        plain = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        try:
            plain = self.open(plain)
            for piece in pieces:
                plain.sendall(piece)
            while piece := plain.recv(65536):
                said += piece
        except TimeoutError:
            raise
        except OSError:
            pass
        finally:
            plain.close()
        return said

    def open(self, plain: socket.socket) -> socket.socket:
        """Shake hands on *plain*, if the port has TLS."""
        if not self.is_secure:
            return plain
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(plain)

    def cases(self) -> Iterator[list[bytes]]:
        """Each way to close, at each time; what the client sends."""
        times = ("in render", "in render, finished later", "later")
        sent = ([FIRST + SECOND], [FIRST, SECOND], [FIRST + SECOND * 40])
        for self.how, self.then, pieces in product(CLOSING, times, sent):
            yield pieces

    async def test_what_follows_is_not_served(self) -> None:
        for pieces in self.cases():
            case = (self.how, self.then, pieces[0][-10:])
            self.asked.clear()
            self.events.clear()
            said = await deferToThread(self.talk, pieces)
            await self.until(lambda: not self.site.connection_limit.count)
            self.assertEqual(self.asked, [b"/first"], case)
            self.assertNotIn(b"second", said, case)
            if "lose" in self.how:
                self.assertIn(b"early", said, case)
            elif self.then == "in render":
                self.assertEqual(said, b"", case)
            (done,) = [e for e in self.events if isinstance(e, ExchangeDone)]
            self.assertIn(done.ending, (Ending.COMPLETE, Ending.CUT_OFF), case)

    async def test_a_response_that_is_never_finished_is_ended(self) -> None:
        for self.how, self.then in product(CLOSING, ("never, now", "never, later")):
            case = (self.how, self.then)
            self.events.clear()
            said = await deferToThread(self.talk, [FIRST])
            await self.until(lambda: not self.site.connection_limit.count)
            if "lose" in self.how:
                self.assertIn(b"early", said, case)
            (done,) = [e for e in self.events if isinstance(e, ExchangeDone)]
            self.assertIs(done.ending, Ending.CUT_OFF, case)

    async def test_a_client_that_does_not_let_it_be_ended_is_cut(self) -> None:
        self.site.limits = replace(self.site.limits, write_time=1)
        for self.how in CLOSING:
            self.then = "never, later"
            self.events.clear()
            with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as plain:
                kept = await deferToThread(self.open, plain)
                kept.sendall(FIRST)
                await self.until(lambda: self.events)
                await self.until(lambda: not self.site.connection_limit.count)
                kept.close()


class StockClosingEarlyTests(ClosingEarlyTests):
    """The port is Twisted's."""

    stock = True


class SecureClosingEarlyTests(ClosingEarlyTests):
    """The port is ours, with TLS."""

    is_secure = True

    def listen(self) -> int:
        """Serve with TLS; the port."""
        self.serve(self.answer)
        names = localhost_certificate(str(Path(self.mktemp()).absolute()))
        listening = self.listen_secure(*names)
        self.addCleanup(listening.stopListening)
        port: int = listening.getHost().port
        return port

    def listen_secure(self, cert: str, key: str) -> Any:
        """Listen with this certificate."""
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate_file(cert)
        context.use_privatekey_file(key)
        return listen_tls(reactor, 0, self.site, 50, "127.0.0.1", context)


class StockSecureClosingEarlyTests(SecureClosingEarlyTests):
    """The port is Twisted's, with TLS."""

    def listen_secure(self, cert: str, key: str) -> Any:
        """Listen with this certificate."""
        where: Any = reactor
        factory = DefaultOpenSSLContextFactory(
            key, cert, sslmethod=SSL.TLS_SERVER_METHOD
        )
        return where.listenSSL(0, self.site, factory, interface="127.0.0.1")


class OverSecureClosingEarlyTests(SecureClosingEarlyTests):
    """The port is that of another endpoint, with Twisted's TLS."""

    def listen_secure(self, cert: str, key: str) -> Any:
        """Listen with this certificate."""
        over = "tcp:0:interface=127.0.0.1"
        endpoint = https_endpoint(reactor, over=over, cert=cert, key=key)
        return self.successResultOf(endpoint.listen(self.site))
