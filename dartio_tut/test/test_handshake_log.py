"""Clients that did not come through the TLS handshake, in the log and in the counts."""

from __future__ import annotations

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import Site
from dartio_tut.daemon.handshake_log import (
    LOGGED_IN_ALL,
    LOGGED_OF_A_REASON,
    PERIOD_SECONDS,
)
from dartio_tut.daemon.metrics_numbers import MAX_REASONS
from dartio_tut.testing import Connection

from .support.function_resource import FunctionResource
from .test_metrics import CountedCase

PEER = IPv4Address("TCP", "192.0.2.1", 50000)


class HandshakeLogTests(SynchronousTestCase):
    """What an operator reads."""

    def setUp(self) -> None:
        self.clock = Clock()
        resource = FunctionResource(lambda request: b"")
        self.site = Site(resource, reactor=self.clock)

    def lines(self, count: int, *reasons: str, pause: float = 0) -> list[str]:
        """What is logged for *count* failures of each of *reasons*, and a *pause*."""
        with capturedLogs() as logged:
            for reason in reasons:
                for _ in range(count):
                    self.site.handshake_failed(PEER, reason)
            self.clock.advance(pause)
        return [formatEvent(event) for event in logged]

    def test_the_client_the_reason_and_what_it_is_about_are_on_one_line(self) -> None:
        with capturedLogs() as logged:
            self.site.handshake_failed(PEER, "it is late", "CN=a {b}")
        (event,) = logged
        said = "192.0.2.1: TLS handshake failed: it is late (CN=a {b})"
        self.assertEqual(formatEvent(event), said)

    def test_a_client_that_tries_tls_on_a_port_without_it_is_told_of(self) -> None:
        connection = Connection(self.site.buildProtocol(PEER), self.clock)
        with capturedLogs() as logged:
            answer = connection.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 "))
        (event,) = logged
        said = "TLS handshake failed: the port is without TLS"
        self.assertTrue(formatEvent(event).endswith(said))
        self.assertEqual(self.site.failed_handshakes, {"the port is without TLS": 1})

    def test_a_flood_is_counted_in_one_line_when_the_minute_is_over(self) -> None:
        said = self.lines(1000, "a", "b", pause=PERIOD_SECONDS)
        self.assertEqual(len(said), 2 * LOGGED_OF_A_REASON + 1)
        rest = 1000 - LOGGED_OF_A_REASON
        more = "More TLS handshakes failed within a minute: "
        self.assertEqual(said[-1], f"{more}{rest} x a, {rest} x b")
        self.assertFalse(self.clock.getDelayedCalls())
        self.assertEqual(self.site.failed_handshakes, {"a": 1000, "b": 1000})

    def test_another_reason_is_not_hidden_by_a_flood_nor_the_next_minute(self) -> None:
        self.lines(1000, "a")
        self.assertEqual(len(self.lines(1, "b")), 1)
        self.clock.advance(PERIOD_SECONDS)
        self.assertEqual(len(self.lines(1, "a")), 1)

    def test_a_mixture_of_reasons_is_bounded_as_well(self) -> None:
        reasons = [f"reason {number}" for number in range(2 * MAX_REASONS)]
        said = self.lines(20, *reasons)
        self.assertEqual(len(said), LOGGED_IN_ALL)
        self.assertEqual(len(self.site.failed_handshakes), MAX_REASONS + 1)
        self.assertEqual(sum(self.site.failed_handshakes.values()), 40 * MAX_REASONS)

    def test_the_end_of_the_server_says_the_rest_and_leaves_no_timer(self) -> None:
        self.site.doStart()
        self.lines(11, "a")
        with capturedLogs() as logged:
            self.site.doStop()
        self.assertIn("1 x a", [formatEvent(event) for event in logged][-1])
        self.assertFalse(self.clock.getDelayedCalls())


class CountedHandshakesTests(CountedCase):
    """What is told to Prometheus."""

    def test_failed_handshakes_are_told_by_the_reason(self) -> None:
        for reason in ("late", "late", "early"):
            self.site.handshake_failed(PEER, reason)
        name = "dartio_tls_handshakes_failed_total"
        self.assertEqual(self.sample(name, reason="late", server="hello"), 2)
        self.assertEqual(self.sample(name, reason="early", server="hello"), 1)
        numbers = self.counts.numbers()
        both = (numbers + numbers).failed_handshakes
        self.assertEqual(both, {"late": 4, "early": 2})
