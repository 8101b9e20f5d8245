"""
The PROXY protocol: its heads, and the connections that begin with one.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import replace
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IAddress
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import Limits, Site
from dartio_tut.daemon.trusted_proxies import TrustedProxies, trusted_proxy
from dartio_tut.testing import Connection
from dartio_tut.wire import Event, ExchangeDone
from dartio_tut.wire.proxy_head import V2_START, read_proxy_head

from .support.function_resource import FunctionResource

V1 = b"PROXY TCP4 203.0.113.7 10.0.0.1 56324 443\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
PROXY = IPv4Address("TCP", "127.0.0.1", 54321)
"""The peer of a transport in memory."""


def v2(command: int, family: int, addresses: bytes, tlvs: bytes = b"") -> bytes:
    """A head of version 2."""
    facts = addresses + tlvs
    return V2_START + struct.pack("!BBH", command, family, len(facts)) + facts


TCP4 = socket.inet_aton("203.0.113.7") + socket.inet_aton("10.0.0.1")
TCP4 += struct.pack("!HH", 56324, 443)
TCP6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7") * 2 + b"\1\2\3\4"

GOOD: list[tuple[bytes, str | None]] = [
    (V1, "203.0.113.7"),
    (b"PROXY TCP6 2001:db8::7 ::1 1 65535\r\n", "2001:db8::7"),
    (b"PROXY TCP6 ::ffff:203.0.113.7 ::1 1 2\r\n", "203.0.113.7"),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", None),
    (v2(0x21, 0x11, TCP4), "203.0.113.7"),
    (v2(0x21, 0x11, TCP4, b"\x01\0\x02h2" * 100), "203.0.113.7"),
    (v2(0x21, 0x21, TCP6), "2001:db8::7"),
    (v2(0x20, 0x00, b""), None),
    (v2(0x20, 0x11, TCP4), None),
    (v2(0x21, 0x00, b"x"), None),
    (v2(0x21, 0x12, TCP4), None),
    (v2(0x21, 0x31, bytes(216)), None),
]

BAD = [
    b"PROXY TCP4 203.0.113.7 10.0.0.1 56324\r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 56324 443 \r\n",
    b"PROXY TCP4  203.0.113.7 10.0.0.1 56324 443\r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 56324 65536\r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 056 443\r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 -1 443\r\n",
    b"PROXY TCP4 203.0.113.300 10.0.0.1 1 443\r\n",
    b"PROXY TCP4 2001:db8::7 ::1 1 2\r\n",
    b"PROXY TCP6 203.0.113.7 10.0.0.1 1 2\r\n",
    b"PROXY TCP6 fe80::7%lo ::1 1 2\r\n",
    b'PROXY TCP6 ::1 fe80::7%" 1 2\r\n',
    b"PROXY TCP5 203.0.113.7 10.0.0.1 1 2\r\n",
    b"PROXY TCP4 \xff 10.0.0.1 1 2\r\n",
    b"PROXY \r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 1 2\nGET",
    b"PROXY UNKNOWN " + b"x" * 100,
    v2(0x11, 0x11, TCP4),
    v2(0x22, 0x11, TCP4),
    v2(0x21, 0x11, TCP4[:11]),
    v2(0x21, 0x21, TCP6[:35]),
    v2(0x21, 0x31, bytes(215)),
    v2(0x21, 0x41, bytes(300)),
    V2_START + b"\x21\x11\xff\xff",
]


class HeadTests(SynchronousTestCase):
    """`read_proxy_head`."""

    def test_a_head_tells_whose_the_connection_is_and_where_it_ends(self) -> None:
        for data, host in GOOD:
            head = read_proxy_head(data + GET)
            assert head is not None
            self.assertEqual(getattr(head.client, "host", None), host, data)
            self.assertEqual(head.size, len(data), data)

    def test_a_head_that_is_not_whole_needs_more_bytes(self) -> None:
        for data, _ in GOOD:
            for size in range(1, len(data)):
                self.assertIsNone(read_proxy_head(data[:size]), data[:size])

    def test_a_malformed_head_is_an_error(self) -> None:
        for data in [*BAD, GET]:
            with self.assertRaises(ValueError, msg=str(data)):
                read_proxy_head(data)


class ConnectionTests(SynchronousTestCase):
    """Connections to a site that trusts a proxy."""

    trusted = "127.0.0.0/8"
    limits = Limits(header_time=5)

    def setUp(self) -> None:
        self.events: list[ExchangeDone] = []
        self.clock = Clock()
        self.clients: list[Any] = []
        self.site = self.make_site(self.limits)

    def make_site(self, limits: Limits, **more: Any) -> Site:
        """A site that trusts the peer of all transports in memory."""
        trust = TrustedProxies([trusted_proxy(self.trusted)])
        resource = FunctionResource(self.render)
        site = Site(
            resource, reactor=self.clock, limits=limits, proxy_trust=trust, **more
        )
        site.add_observer(self.observe)
        return site

    def observe(self, event: Event) -> None:
        """Keep exchanges that are done."""
        if isinstance(event, ExchangeDone):
            self.events.append(event)

    def render(self, request: Any) -> bytes:
        """Note whose request it is."""
        self.clients.append(request.getClientAddress().host)
        return b"hello"

    def connect(self, address: IAddress = PROXY) -> Connection:
        """A new connection."""
        return Connection(self.site.buildProtocol(address), self.clock)

    def test_requests_are_those_of_the_client_that_the_proxy_names(self) -> None:
        for data, host in GOOD:
            for pieces in ([data + GET], [data, GET], [bytes([b]) for b in data + GET]):
                self.clients.clear()
                self.events.clear()
                connection = self.connect()
                said = b"".join(map(connection.send, pieces))
                self.assertIn(b" 200 ", said, data)
                self.assertEqual(self.clients, [host or PROXY.host])
                (done,) = self.events
                self.assertEqual(getattr(done.peer, "host", None), self.clients[0])

    def test_malformed_heads_are_refused_as_malformed_requests_are(self) -> None:
        for data in BAD:
            self.events.clear()
            said = self.connect().send(data + b"\r\n\r\n")
            self.assertTrue(said.startswith(b"HTTP/1.1 400 "), (data, said))
            self.assertEqual(self.events[0].status, 400)
        self.assertEqual(self.clients, [])

    def test_a_head_of_a_peer_that_is_not_trusted_is_refused(self) -> None:
        self.site = self.make_site(self.limits)
        self.site.proxy_trust = TrustedProxies([trusted_proxy("10.0.0.0/8")])
        for data, _ in GOOD:
            said = self.connect().send(data + GET)
            self.assertTrue(said.startswith(b"HTTP/1.1 400 "), (data, said))
        self.assertEqual(self.clients, [])

    def test_a_head_that_is_cut_is_closed_in_time_and_counts_no_more(self) -> None:
        for data in (V1[:-1], v2(0x21, 0x11, TCP4)[:-1], b"P", b""):
            connection = self.connect()
            self.assertEqual(connection.send(data) if data else b"", b"")
            self.assertEqual(self.site.connection_limit.count, 1)
            self.clock.advance(2)
            self.clock.advance(5)
            self.assertTrue(connection.transport.disconnecting, data)
            connection.leave()
            self.assertEqual(self.site.connection_limit.count, 0)

    def test_a_trusted_peer_that_sends_no_head_is_served(self) -> None:
        for data in (GET, b"\r\n" + GET, GET.replace(b"GET", b"PROPFIND")):
            self.assertIn(b" 200 ", self.connect().send(data))
        self.assertEqual(self.clients, [PROXY.host] * 3)

    def test_fields_are_believed_from_the_proxy_not_from_its_client(self) -> None:
        spoofed = GET.replace(b"\r\n\r\n", b"\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n")
        self.connect().send(spoofed)
        self.connect().send(V1 + spoofed)
        self.assertEqual(self.clients, ["1.1.1.1", "203.0.113.7"])
        hosts = [getattr(done.peer, "host", None) for done in self.events]
        self.assertEqual(hosts, self.clients)

    def test_lines_of_a_field_that_comes_twice_are_one_list(self) -> None:
        two = b"\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 127.0.0.9\r\n\r\n"
        self.connect().send(GET.replace(b"\r\n\r\n", two))
        self.assertEqual(self.clients, ["1.1.1.1"])

    def test_the_limit_of_a_client_holds_for_clients_and_not_for_the_proxy(
        self,
    ) -> None:
        self.site = self.make_site(replace(self.limits, connections_per_client=1))
        kept = [self.connect() for _ in range(3)]
        self.assertIn(b" 200 ", kept[0].send(V1 + GET))
        self.assertIn(b" 503 ", kept[1].send(V1 + GET))
        other = V1.replace(b"113.7", b"113.8")
        self.assertIn(b" 200 ", kept[2].send(other + GET))
        self.assertIn(b" 200 ", self.connect().send(GET))
        self.assertIn(b" 200 ", self.connect().send(GET))
        for connection in kept[:2]:
            connection.leave()
        self.assertIn(b" 200 ", self.connect().send(V1 + GET))

    def test_a_server_that_stops_closes_a_connection_without_a_head(self) -> None:
        connection = self.connect()
        asking = self.connect()
        self.site.drain()
        self.assertIn(b" 200 ", asking.send(V1 + GET))
        self.clock.pump([1.0] * 2)
        self.assertTrue(connection.transport.disconnecting)
