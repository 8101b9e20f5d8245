"""
What a stream of HTTP/2 offers to requests, as `twisted.web.http.HTTPChannel` does.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import ISSLTransport
from twisted.internet.task import Clock
from twisted.trial.unittest import SkipTest, SynchronousTestCase
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from dartio_tut.daemon import Limits, Site
from dartio_tut.testing.connection import MemoryTransport
from dartio_tut.wire import ConnectionClosed, ConnectionOpened, Ending
from dartio_tut.wire.http2.engine import ErrorCode
from dartio_tut.wire.http2.engines import EngineChoice
from dartio_tut.wire.http2.frames import Kind, frame

from .support import http2_client
from .support.function_resource import FunctionResource
from .support.http2_client import END_HEADERS, HTTP2Client, data_frame, engines
from .test_http2_streams import HTTP2Case


@implementer(ISSLTransport)
class SecureTransport(MemoryTransport):
    """A transport over TLS, with a client that has shown a certificate."""

    def getTcpNoDelay(self) -> bool:
        """Whether small packets are sent at once."""
        return True

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Nothing."""

    def getTcpKeepAlive(self) -> bool:
        """Whether the kernel looks for the client."""
        return True

    def setTcpKeepAlive(self, keepAlive: bool) -> None:
        """Nothing."""

    def getPeerCertificate(self) -> str:
        """The certificate."""
        return "certificate"

    def getHandle(self) -> str:
        """The connection of OpenSSL."""
        return "handle"


class EngineTests(SynchronousTestCase):
    """Which engines the tests of HTTP/2 are made with."""

    def test_nghttp2_judges_ours_where_it_is_installed(self) -> None:
        if len(engines()) == 1:
            raise SkipTest("NOT TESTED: HTTP/2 beside nghttp2; ngh2 is not installed")
        names = [engine.name for engine in engines()]
        self.assertIn("ngh2", names[1])


class ChannelTests(HTTP2Case):
    """A request may look at its connection, and cannot harm other requests."""

    def held_request(self, engine: EngineChoice) -> tuple[HTTP2Client, Any]:
        """A request that waits for its response, and its client."""
        client = self.client(engine, self.hold)
        client.send(client.head(1), client.head(3))
        return client, self.held[-2]

    def tearDown(self) -> None:
        self.held.clear()
        self.errors.clear()

    def test_client_certificate_can_be_reached(self) -> None:
        self.patch(http2_client, "MemoryTransport", SecureTransport)
        for engine in engines():
            _, request = self.held_request(engine)
            self.assertTrue(request.isSecure())
            self.assertTrue(ISSLTransport.providedBy(request.transport))
            for where in (request.transport, request.channel.transport):
                self.assertEqual(where.getPeerCertificate(), "certificate")
                self.assertEqual(where.getHandle(), "handle")
                self.assertEqual(where.negotiatedProtocol, b"h2")

    def test_without_tls_there_is_none(self) -> None:
        for engine in engines():
            _, request = self.held_request(engine)
            self.assertFalse(request.isSecure())
            self.assertFalse(ISSLTransport.providedBy(request.transport))
            self.assertIsNone(request.transport.getPeerCertificate())

    def test_addresses_are_those_of_the_connection(self) -> None:
        for engine in engines():
            client, request = self.held_request(engine)
            peer, host = client.transport.getPeer(), client.transport.getHost()
            self.assertEqual(request.getClientAddress(), peer)
            self.assertEqual(request.getHost(), host)
            client.leave()
            self.assertEqual(request.getClientAddress(), peer)

    def test_abort_ends_its_own_stream_only(self) -> None:
        for engine in engines():
            for abort in ("abortConnection", "forceAbortClient", "stopProducing"):
                client, request = self.held_request(engine)
                getattr(request.channel, abort)()
                client.send()
                client.clock.advance(0)
                self.assertEqual(client.answer(1).reset, ErrorCode.INTERNAL_ERROR)
                self.assertEqual(len(self.errors), 1)
                self.held[-1].write(b"other")
                self.held[-1].finish()
                self.assertEqual(client.read().answer(3).body, b"other")
                self.errors.clear()
                endings = {done.ending for done in self.exchanges()}
                self.assertEqual(endings, {Ending.CUT_OFF, Ending.COMPLETE})

    def test_close_behind_a_complete_response_is_nothing(self) -> None:
        for engine in engines():
            client, request = self.held_request(engine)
            request.transport.loseConnection()
            request.write(b"all")
            request.finish()
            client.clock.advance(0)
            answer = client.read().answer(1)
            self.assertEqual((answer.body, answer.reset), (b"all", None))
            self.assertFalse(client.closed)

    def test_close_in_the_middle_of_a_response_cuts_it_off(self) -> None:
        for engine in engines():
            client, request = self.held_request(engine)
            request.write(b"some")
            request.transport.loseConnection()
            client.clock.advance(0)
            self.assertEqual(client.read().answer(1).reset, ErrorCode.INTERNAL_ERROR)
            client.clock.advance(0)
            self.assertEqual(len(self.errors), 1)
            self.errors.clear()

    def test_settings_of_the_connection_are_not_those_of_a_stream(self) -> None:
        for engine in engines():
            client, request = self.held_request(engine)
            channel = request.channel
            channel.setTimeout(0)
            channel.resetTimeout()
            channel.transport.setTcpNoDelay(False)
            channel.transport.setTcpKeepAlive(False)
            channel.transport.loseWriteConnection()
            self.assertTrue(channel.transport.getTcpNoDelay())
            self.assertTrue(channel.transport.getTcpKeepAlive())
            self.assertEqual(channel.requests, [request])
            channel.pauseProducing()
            channel.transport.pauseProducing()
            channel.resumeProducing()
            client.wait(3)
            request.finish()
            self.assertEqual(client.read().answer(1).status, 200)

    def test_form_that_is_none_is_answered_400(self) -> None:
        def render(request: Any) -> bytes:
            return repr(request.args).encode()

        kind = b"multipart/form-data"
        for engine in engines():
            client = self.client(engine, render)
            head = client.head(
                1, (b"content-type", kind), method=b"POST", flags=END_HEADERS
            )
            client.send(head, data_frame(1, b"--x\r\nno form"))
            self.assertEqual(client.answer(1).status, 400)
            self.assertIsNone(client.goaway)


class SiteTests(HTTP2Case):
    """What a site does with its connections."""

    def test_connections_are_told_of(self) -> None:
        for engine in engines():
            client = self.client(engine)
            client.leave()
            kinds = [type(event) for event in self.events]
            self.assertEqual(kinds, [ConnectionOpened, ConnectionClosed])
            self.events.clear()

    def test_responses_that_are_not_read_end_as_timed_out(self) -> None:
        def render(request: Any) -> bytes:
            return b"x" * 1000

        for engine in engines():
            client = self.client(engine, render, limits=Limits(write_time=5))
            sender = client.protocol.transport.sender
            sender.when_sent = lambda call: True
            sender.buffered = lambda: 500
            client.send(client.head(1))
            client.protocol.pauseProducing()
            self.assertEqual(self.exchanges(), [])
            client.wait(8)
            self.assertTrue(client.closed)
            client.leave()
            (done,) = self.exchanges()
            self.assertEqual(done.ending, Ending.TIMED_OUT)
            self.assertEqual(done.reason, "the client did not read")
            self.assertEqual(done.response_body_bytes, 500)

    def test_abort_of_the_connection_ends_all_its_requests(self) -> None:
        for engine in engines():
            client = self.client(engine, self.hold)
            client.send(client.head(1), client.head(3))
            client.site.abort()
            self.assertTrue(client.closed)
            self.assertEqual(len(self.errors), 2)
            endings = [done.ending for done in self.exchanges()]
            self.assertEqual(endings, [Ending.CUT_OFF] * 2)
            self.errors.clear()
            self.held.clear()

    def test_idle_connections_are_closed_for_others(self) -> None:
        for engine in engines():
            site = Site(
                FunctionResource(lambda request: NOT_DONE_YET),
                reactor=Clock(),
                limits=Limits(connections=2),
            )
            busy = HTTP2Client(site.resource, engine, site=site)
            busy.send(busy.head(1))
            idle = HTTP2Client(site.resource, engine, site=site)
            busy.clock.advance(2)
            HTTP2Client(site.resource, engine, site=site)
            self.assertTrue(idle.closed)
            self.assertEqual(idle.read().goaway, (ErrorCode.NO_ERROR, 0))
            self.assertFalse(busy.closed)

    def test_twisteds_access_log_has_a_line(self) -> None:
        for engine in engines():
            site = Site(
                FunctionResource(lambda request: b"x"),
                reactor=Clock(),
                logPath=self.mktemp().encode(),
            )
            site.startFactory()
            client = HTTP2Client(site.resource, engine, site=site)
            client.send(client.head(1, path=b"/logged"))
            site.stopFactory()
            assert site.logPath is not None
            with open(site.logPath, "rb") as log:
                line = log.read()
            self.assertIn(b'"GET /logged HTTP/2" 200 1', line)
            self.assertNotIn(b"/1970:", line, "the reactor's time")

    def test_draining_ends_what_has_no_end(self) -> None:
        def render(request: Any) -> int:
            request.on_drain = request.finish
            request.write(b"event")
            return NOT_DONE_YET

        for engine in engines():
            client = self.client(engine, render)
            client.send(client.head(1))
            self.assertFalse(client.answer(1).is_ended)
            client.site.drain()
            self.assertTrue(client.read().answer(1).is_ended)
            self.assertEqual(client.goaway, (ErrorCode.NO_ERROR, 1))
            self.assertTrue(client.closed)

    def test_first_request_has_a_moment_when_the_server_stops(self) -> None:
        for engine in engines():
            client = self.client(engine)
            client.site.drain()
            self.assertFalse(client.read().closed)
            client.send(client.head(1))
            self.assertEqual(client.answer(1).status, 200)
            self.assertEqual(client.goaway, (ErrorCode.NO_ERROR, 1))
            self.assertTrue(client.closed)

    def test_client_that_asks_for_nothing_is_closed_when_the_server_stops(self) -> None:
        for engine in engines():
            client = self.client(engine)
            asked = HTTP2Client(client.site.resource, engine, site=client.site)
            asked.send(asked.head(1))
            client.site.drain()
            self.assertTrue(asked.closed)  # it was served, and nothing has come since
            client.send(frame(Kind.PING, 0, bytes(8)))
            self.assertFalse(client.closed)
            client.wait(2)
            self.assertTrue(client.closed)
            self.assertEqual(client.goaway, (ErrorCode.NO_ERROR, 0))

    def test_fault_behind_the_last_response_closes_once(self) -> None:
        goaway = frame(Kind.GOAWAY, 0, bytes(8))
        for engine in engines():
            client = self.client(engine)
            again = client.headers(1, [(b"x", b"y")])
            client.send(client.head(1), goaway, again)
            client.wait(5)
            self.assertTrue(client.closed)
            self.assertEqual(self.flushLoggedErrors(), [])
