"""
`dartio_tut.wire.protocol_choice`: which version of HTTP a connection speaks.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import Limits, Site
from dartio_tut.testing import CLIENT_ADDRESS, Connection
from dartio_tut.wire import HTTP2Connection
from dartio_tut.wire.http2.frames import PREFACE

from .support.function_resource import FunctionResource
from .support.http2_client import FrameReader, settings_frame

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class PriorKnowledgeTests(SynchronousTestCase):
    """``--h2c``: a client may begin with HTTP/2."""

    def setUp(self) -> None:
        self.clock = Clock()
        resource = FunctionResource(lambda request: request.clientproto)
        limits = Limits(header_time=5)
        self.site = Site(resource, reactor=self.clock, limits=limits, h2c=True)

    def connect(self) -> Connection:
        """A connection that may speak either."""
        return Connection(self.site.buildProtocol(CLIENT_ADDRESS), self.clock)

    def test_client_that_begins_with_http1_is_answered_in_it(self) -> None:
        connection = self.connect()
        self.assertIn(b"\r\n\r\nHTTP/1.1", connection.send(GET))
        self.assertIn(b"\r\n\r\nHTTP/1.1", connection.send(GET))

    def test_client_that_begins_with_http2_is_answered_in_it(self) -> None:
        for pieces in ([PREFACE], [PREFACE[:1], PREFACE[1:5], PREFACE[5:]]):
            connection = self.connect()
            reader = FrameReader()
            for piece in pieces:
                reader.feed(connection.send(piece))
            reader.feed(connection.send(settings_frame()))
            self.assertEqual(reader.acknowledged, 1)

    def test_request_by_pri_that_is_no_preface_is_refused_in_http1(self) -> None:
        said = self.connect().send(b"PRI * HTTP/2.0\r\nHost: a\r\n\r\n")
        self.assertTrue(said.startswith(b"HTTP/1.1 505"), said)

    def test_site_without_it_speaks_http1(self) -> None:
        self.site.h2c = False
        said = self.connect().send(PREFACE)
        self.assertTrue(said.startswith(b"HTTP/1.1 505"), said)

    def test_client_that_says_nothing_is_closed(self) -> None:
        connection = self.connect()
        self.clock.pump([1.0] * 7)
        self.assertTrue(connection.closed)

    def test_place_is_given_back_whatever_is_spoken(self) -> None:
        for data in (b"", GET, PREFACE + settings_frame()):
            connection = self.connect()
            self.assertEqual(self.site.connection_limit.count, 1)
            if data:
                connection.send(data)
            self.assertEqual(self.site.connection_limit.count, 1)
            connection.leave()
            self.assertEqual(self.site.connection_limit.count, 0)
            self.assertEqual(self.site.deadlines.members, set())

    def test_negotiated_protocol_is_built(self) -> None:
        built: Any = self.site.build_negotiated(b"h2", CLIENT_ADDRESS)
        self.assertIsInstance(built, HTTP2Connection)
        for other in (b"http/1.1", None):
            built = self.site.build_negotiated(other, CLIENT_ADDRESS)
            self.assertNotIsInstance(built, HTTP2Connection)

    def test_silent_clients_are_closed_when_the_server_stops(self) -> None:
        connection = self.connect()
        drained = self.site.drain()
        self.clock.pump([1.0] * 2)  # a moment, see below
        self.assertTrue(connection.closed)
        connection.protocol.connectionLost(Failure(ConnectionDone()))
        self.successResultOf(drained)

    def test_a_request_that_comes_when_the_server_stops_is_answered(self) -> None:
        connection = self.connect()
        self.site.drain()
        said = connection.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertIn(b" 200 ", said)
        self.assertIn(b"\r\nConnection: close\r\n", said)
        self.assertTrue(connection.closed)
