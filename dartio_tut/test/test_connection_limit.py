"""
Counting connections.
"""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.wire import ConnectionLimit, Limits
from dartio_tut.wire.connection_limit import OVERFLOW


def client(host: str = "192.0.2.1") -> StringTransport:
    """A connection from *host*."""
    return StringTransport(peerAddress=IPv4Address("TCP", host, 50000))


class CrowdTests(SynchronousTestCase):
    """`ConnectionLimit`."""

    def crowd(self, total: int, each: int = 0) -> ConnectionLimit:
        """A crowd of *total*, and *each* from one client."""
        limits = replace(Limits(), connections=total, connections_per_client=each)
        return ConnectionLimit(limits)

    def test_so_many_and_no_more(self) -> None:
        crowd = self.crowd(2)
        self.assertEqual([crowd.enter(client()) for _ in range(3)], [True, True, False])
        for _ in range(2):  # one of them the one that was refused
            crowd.leave(client())
        self.assertTrue(crowd.enter(client()))
        self.assertEqual(crowd.count, 2)

    def test_no_limit(self) -> None:
        crowd = self.crowd(0)
        self.assertTrue(all(crowd.enter(client()) for _ in range(1000)))
        self.assertFalse(crowd.overflows())

    def test_too_many_to_be_told_so(self) -> None:
        crowd = self.crowd(10)
        for _ in range(10 + OVERFLOW):
            crowd.enter(client())
        self.assertFalse(crowd.overflows())
        self.assertFalse(crowd.enter(client()))
        self.assertTrue(crowd.overflows())

    def test_each_client(self) -> None:
        crowd = self.crowd(10, 1)
        self.assertTrue(crowd.enter(client("192.0.2.1")))
        self.assertTrue(crowd.enter(client("192.0.2.2")))
        self.assertFalse(crowd.enter(client("192.0.2.1")))
        crowd.leave(client("192.0.2.1"))
        crowd.leave(client("192.0.2.1"))
        self.assertTrue(crowd.enter(client("192.0.2.1")))

    def test_nothing_is_kept_of_those_who_left(self) -> None:
        crowd = self.crowd(10, 1)
        for number in range(100):
            crowd.enter(client(f"192.0.2.{number}"))
            crowd.leave(client(f"192.0.2.{number}"))
        self.assertEqual((crowd.count, len(crowd._clients)), (0, 0))

    def test_clients_without_an_address_are_one(self) -> None:
        crowd = self.crowd(10, 1)
        nameless = StringTransport(peerAddress=UNIXAddress(None))
        self.assertEqual([crowd.enter(nameless) for _ in range(2)], [True, False])
