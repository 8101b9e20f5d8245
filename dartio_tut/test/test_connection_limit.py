"""
`dartio_tut.wire.connection_limit`: counting connections.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import Site
from dartio_tut.daemon.trusted_proxies import TrustedProxies, trusted_proxy
from dartio_tut.testing import CLIENT_ADDRESS, Connection
from dartio_tut.wire import ConnectionLimit, Limits
from dartio_tut.wire.connection_limit import ANSWERED_BEYOND_LIMIT, Admission

from .support.function_resource import FunctionResource


def client(host: str = "192.0.2.1") -> StringTransport:
    """A connection from *host*."""
    return StringTransport(peerAddress=IPv4Address("TCP", host, 50000))


class ConnectionLimitTests(SynchronousTestCase):
    """`ConnectionLimit`."""

    def limit(
        self, total: int, each: int = 0, make_room: Callable[[], None] = lambda: None
    ) -> ConnectionLimit:
        """A limit of *total* connections, and *each* from one client."""
        limits = replace(Limits(), connections=total, connections_per_client=each)
        return ConnectionLimit(limits, make_room)

    def test_one_more_than_the_limit_is_not_admitted(self) -> None:
        limit = self.limit(2)
        admissions = [limit.admit(client()) for _ in range(3)]
        self.assertEqual([a.is_admitted for a in admissions], [True, True, False])
        admissions[0].release()
        admissions[2].release()
        self.assertTrue(limit.admit(client()).is_admitted)
        self.assertEqual(limit.count, 2)

    def test_a_connection_is_released_once_however_often_that_is_told(self) -> None:
        limit = self.limit(2, 1)
        admission = limit.admit(client())
        limit.admit(client("192.0.2.2"))
        admission.release()
        admission.release()
        self.assertEqual(limit.count, 1)

    def test_without_a_limit_all_are_admitted(self) -> None:
        limit = self.limit(0)
        admissions = [limit.admit(client()) for _ in range(1000)]
        self.assertTrue(all(a.is_admitted for a in admissions))
        self.assertFalse(any(a.is_flooded for a in admissions))

    def test_far_above_the_limit_it_is_flooded(self) -> None:
        limit = self.limit(10)
        for _ in range(10 + ANSWERED_BEYOND_LIMIT):
            last = limit.admit(client())
        self.assertFalse(last.is_flooded)
        one_more = limit.admit(client())
        self.assertEqual((one_more.is_admitted, one_more.is_flooded), (False, True))

    def test_each_client_has_a_limit_of_its_own(self) -> None:
        limit = self.limit(10, 1)
        first = limit.admit(client("192.0.2.1"))
        self.assertTrue(first.is_admitted)
        self.assertTrue(limit.admit(client("192.0.2.2")).is_admitted)
        second = limit.admit(client("192.0.2.1"))
        self.assertFalse(second.is_admitted)
        first.release()
        second.release()
        self.assertTrue(limit.admit(client("192.0.2.1")).is_admitted)

    def test_nothing_is_kept_of_clients_that_have_gone(self) -> None:
        limit = self.limit(10, 1)
        for number in range(100):
            limit.admit(client(f"192.0.2.{number}")).release()
        self.assertEqual((limit.count, len(limit._by_client)), (0, 0))

    def test_clients_without_an_address_count_as_one(self) -> None:
        limit = self.limit(10, 1)
        nameless = StringTransport(peerAddress=UNIXAddress(None))
        found = [limit.admit(nameless).is_admitted for _ in range(2)]
        self.assertEqual(found, [True, False])

    def test_room_is_made_for_a_new_connection_when_there_is_none(self) -> None:
        admissions: list[Admission] = []
        limit = self.limit(2, make_room=lambda: admissions[0].release())
        admissions += [limit.admit(client()) for _ in range(2)]
        self.assertTrue(limit.admit(client()).is_admitted)
        self.assertFalse(limit.admit(client()).is_admitted)


class IdleConnectionsTests(SynchronousTestCase):
    """What a site does when it has too many connections."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.held: list[Any] = []
        limits = Limits(connections=20, header_time=1000, idle_time=1000)
        resource = FunctionResource(self.render)
        self.site = Site(resource, reactor=self.clock, limits=limits)

    def render(self, request: Any) -> Any:
        """Answer at once, or keep the request."""
        if request.path == b"/hold":
            self.held.append(request)
            return NOT_DONE_YET
        return b"hello"

    def connect(self) -> Connection:
        """A new connection, a second after the one before."""
        self.clock.advance(1)
        return Connection(self.site.buildProtocol(CLIENT_ADDRESS), self.clock)

    def test_the_one_idle_longest_is_closed_for_a_new_client(self) -> None:
        connections = [self.connect() for _ in range(20)]
        for connection in connections:
            self.clock.advance(1)
            connection.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        connections[0].send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        new = self.connect()
        closed = [connection.closed for connection in connections]
        self.assertEqual(closed, [False, True, *[False] * 18])
        self.assertIn(b" 503 ", new.transport.value())  # it could not wait for that
        connections[1].leave()
        new.leave()
        next_one = self.connect()
        self.assertIn(b"hello", next_one.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))

    def test_one_that_has_sent_nothing_is_closed_whatever_it_may_speak(self) -> None:
        for more in (
            {"h2c": True},
            {"proxy_trust": TrustedProxies([trusted_proxy("127.0.0.1")])},
        ):
            self.site = Site(
                self.site.resource, reactor=self.clock, limits=self.site.limits, **more
            )
            begun = self.connect()
            begun.send(b"P")
            connections = [self.connect() for _ in range(19)]
            new = self.connect()
            closed = [connection.closed for connection in (begun, *connections)]
            self.assertEqual(closed, [False, True, *[False] * 18], more)
            self.assertIn(b"hello", new.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
            self.clock.advance(2)
            self.connect()
            self.assertTrue(connections[1].closed)

    def test_busy_connections_are_not_closed(self) -> None:
        connections = [self.connect() for _ in range(20)]
        for connection in connections:
            connection.send(b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        new = self.connect()
        self.assertIn(b" 503 ", new.transport.value())
        self.assertFalse(any(connection.closed for connection in connections))
