"""
`dartio_tut.daemon.metrics` and `metrics_port`: what is counted, and how it is shown.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from prometheus_client.parser import text_string_to_metric_families
from twisted.internet.testing import MemoryReactorClock

from dartio_tut.daemon import Limits, ServerOptions, Site, metrics_numbers
from dartio_tut.daemon.metrics import Counts
from dartio_tut.daemon.metrics_pages import MetricsPages
from dartio_tut.daemon.metrics_port import MetricsPort, OwnCounts, metrics_port
from dartio_tut.testing import CLIENT_ADDRESS, Connection
from dartio_tut.wire.event_batch import NOTED_AT_MOST

from .support.startup_case import StartupCase
from .test_events import GET, POST, EventCase


class CountedCase(EventCase):
    """A site whose exchanges are counted."""

    in_batches = True

    def setUp(self) -> None:
        super().setUp()
        self.counts = Counts("hello", self.site)
        self.site.add_batch_observer(self.counts)
        own = OwnCounts()
        own.counts.append(self.counts)
        pages = MetricsPages(own)
        self.pages = Site(pages, reactor=self.clock, limits=Limits())

    def page(self, path: str, method: str = "GET") -> tuple[int, str]:
        """The status code and the body of the page at *path*."""
        connection = Connection(self.pages.buildProtocol(CLIENT_ADDRESS), self.clock)
        request = f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        head, _, body = connection.send(request.encode()).partition(b"\r\n\r\n")
        return int(head.split()[1]), body.decode()

    def sample(self, name: str, **labels: str) -> float | None:
        """The value of one metric."""
        _, text = self.page("/metrics")
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return float(sample.value)
        return None


class CountsTests(CountedCase):
    """What is counted."""

    def total(self, **labels: str) -> float | None:
        """How many exchanges have *labels*."""
        return self.sample("dartio_exchanges_total", server="hello", **labels)

    def test_exchanges_are_counted_by_what_became_of_them(self) -> None:
        for data in (GET, GET, POST % 3 + b"abc", b"GET / HTTP/9.9\r\n\r\n"):
            self.connect().send(data)
        self.render = self.hold
        connection = self.connect()
        connection.send(GET)
        connection.leave()
        for count, method, status, ending in [
            (2, "GET", "2xx", "complete"),
            (1, "POST", "2xx", "complete"),
            (1, "GET", "5xx", "refused"),
            (1, "GET", "0xx", "client gone"),
            (None, "PUT", "2xx", "complete"),
        ]:
            found = self.total(method=method, status=status, ending=ending)
            self.assertEqual(found, count, (method, status, ending))
        name = "dartio_exchanges_not_completed_total"
        self.assertEqual(self.sample(name, reason="version not supported"), 1)
        self.assertEqual(self.sample(name, reason="client gone"), 1)

    def test_methods_and_reasons_that_a_client_invents_make_no_labels(self) -> None:
        self.patch(metrics_numbers, "MAX_REASONS", 2)
        for number in range(5):
            self.connect().send(GET.replace(b"GET", b"X%d" % number))
        self.assertEqual(self.total(method="other", status="2xx"), 5)
        self.assertEqual(len(self.counts.numbers().exchanges), 1)
        for data in (
            b"oops\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            POST % 101,
            POST % 102,
        ):
            self.connect().send(data)
        self.site.event_batch.tell()
        self.assertEqual(self.counts.reasons["other"], 2)
        self.assertEqual(len(self.counts.reasons), 3)

    def test_times_and_sizes_are_histograms(self) -> None:
        self.connect().send(GET)
        self.render = lambda request: b"x" * 5000
        self.connect().send(GET)
        name = "dartio_response_body_bytes"
        self.assertEqual(self.sample(f"{name}_sum"), 5005)
        for bound, count in [("0.0", 0), ("256.0", 1), ("4096.0", 1), ("16384.0", 2)]:
            self.assertEqual(self.sample(f"{name}_bucket", le=bound), count, bound)
        name = "dartio_exchange_duration_seconds"
        self.assertEqual(self.sample(f"{name}_count", server="hello"), 2)
        self.assertEqual(self.sample(f"{name}_bucket", le="+Inf"), 2)

    def test_many_exchanges_are_counted_before_somebody_looks(self) -> None:
        connection = self.connect()
        for _ in range(NOTED_AT_MOST):
            connection.send(GET)
        # One place is taken by the beginning of the connection.
        self.assertEqual(sum(self.counts.seconds), NOTED_AT_MOST - 1)
        self.assertEqual(self.total(method="GET"), NOTED_AT_MOST)

    def test_numbers_are_the_same_of_events_that_are_told_one_by_one(self) -> None:
        other = Counts("hello", self.site)
        self.render = lambda request: b"x" * 5000
        for data in (GET * 3, GET.replace(b"GET", b"PUT"), POST % 3 + b"abc", b"oops"):
            connection = self.connect()
            connection.send(data)
            connection.leave()
        for event in self.events:
            other([event])
        told, numbers = other.numbers(), self.counts.numbers()
        self.assertAlmostEqual(told.seconds_sum, numbers.seconds_sum, 9)
        self.assertEqual(replace(told, seconds_sum=numbers.seconds_sum), numbers)

    def test_connections_are_counted(self) -> None:
        first, second = self.connect(), self.connect()
        self.assertEqual(self.sample("dartio_connections", server="hello"), 2)
        first.leave()
        second.leave()
        self.assertEqual(self.sample("dartio_connections", server="hello"), 0)
        self.assertEqual(self.sample("dartio_connections_opened_total"), 2)

    def test_the_end_of_the_first_certificate_is_told(self) -> None:
        name = "dartio_certificate_expiry_timestamp_seconds"
        self.assertIsNone(self.sample(name))
        for year in (2031, 2030):
            certificate: Any = SimpleNamespace(end=datetime(year, 1, 1, tzinfo=UTC))
            self.counts.certificates.append(certificate)
        self.assertEqual(self.sample(name, server="hello"), 1893456000.0)


class PagesTests(CountedCase, StartupCase):
    """The pages of the port."""

    def setUp(self) -> None:
        StartupCase.setUp(self)
        CountedCase.setUp(self)

    def test_health_says_that_the_reactor_turns(self) -> None:
        self.assertEqual(self.page("/healthz"), (200, "ok\n"))

    def test_a_server_is_not_ready_while_it_drains(self) -> None:
        self.assertEqual(self.page("/readyz"), (200, "ready\n"))
        self.render = self.hold
        self.connect().send(GET)
        self.site.drain()
        self.assertEqual(self.page("/readyz"), (503, "not ready\n"))
        self.assertEqual(self.page("/healthz")[0], 200)

    def test_other_paths_and_methods_are_refused(self) -> None:
        for path in ("/", "/metrics/", "/healthz/x"):
            self.assertEqual(self.page(path)[0], 404, path)
        self.assertEqual(self.page("/metrics", "HEAD"), (200, ""))
        self.assertIn(self.page("/metrics", "POST")[0], (405, 501))

    def test_the_port_closes_with_the_last_server(self) -> None:
        reactor = MemoryReactorClock()
        port = MetricsPort("tcp:9100:interface=127.0.0.1", OwnCounts())
        port.start(reactor)
        port.start(reactor)
        self.assertEqual(len(reactor.tcpServers), 1)
        self.successResultOf(port.close())
        self.assertIsNotNone(port._port)
        self.successResultOf(port.close())
        self.assertIsNone(port._port)

    def test_without_the_library_the_option_says_what_to_install(self) -> None:
        library = sys.modules["prometheus_client"]
        self.addCleanup(sys.modules.__setitem__, "prometheus_client", library)
        sys.modules["prometheus_client"] = cast("Any", None)
        self.assertRaises(SystemExit, metrics_port, "tcp:0", OwnCounts())
        self.assertIn("pip install 'dartio-tut[metrics]'", self.stderr.getvalue())

    def test_servers_of_a_process_share_an_endpoint(self) -> None:
        first = metrics_port("tcp:1:interface=shared", OwnCounts())
        self.assertIs(metrics_port("tcp:1:interface=shared", OwnCounts()), first)
        self.assertIsNone(ServerOptions()["metrics"])
