"""``--metrics`` of a daemon with several workers: the sums of what all have counted."""

from __future__ import annotations

import os
import signal
import ssl

from prometheus_client.parser import text_string_to_metric_families

from .support.harness import Daemon, ask, free_port
from .support.until import until
from .support.workers import WorkersCase, workers_of


class WorkersMetricsTests(WorkersCase):
    """Two workers, and the port of their parent."""

    def setUp(self) -> None:
        super().setUp()
        self.port = free_port()
        self.option = ("--metrics", f"tcp:{self.port}:interface=127.0.0.1")

    def value(self, name: str) -> float:
        """The sum of all values of one metric."""
        text = ask(self.port, "GET", "/metrics").body.decode()
        families = text_string_to_metric_families(text)
        samples = [sample for family in families for sample in family.samples]
        return sum(sample.value for sample in samples if sample.name == name)

    def exchanges(self) -> float:
        """How many exchanges were counted."""
        return self.value("dartio_exchanges_total")

    def code(self, path: str) -> int:
        """The status code of a page of the port."""
        return ask(self.port, "GET", path).code

    def pause(self, pid: int) -> None:
        """Let the process *pid* hang, until the test ends."""
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(os.kill, pid, signal.SIGCONT)

    def test_any_scrape_has_the_sums_of_all_workers(self) -> None:
        daemon = self.workers("hello", *self.option)
        total = 0
        for count in (1, 2, 30):
            held = [self.connect(daemon) for _ in range(count)]
            for connection in held:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                connection.recv(4096)
            for connection in held:
                connection.close()
            total += count
            self.assertEqual(self.exchanges(), total)
        self.assertEqual(self.value("dartio_connections_opened_total"), 33)
        name = "dartio_exchange_duration_seconds_count"
        self.assertEqual(self.value(name), 33)
        self.assertEqual(self.value("dartio_workers"), 2)
        self.assertEqual(self.value("dartio_workers_configured"), 2)

    def test_times_of_the_store_are_those_of_all_workers(self) -> None:
        daemon = self.workers("notes", "--store", "kept", *self.option)
        for number in range(1, 13):
            said = ask(daemon, "POST", body='{"myNote": "x"}').body
            self.assertEqual(said, b"You have %d notes.\n" % number)
        name = "dartio_store_operation_duration_seconds_count"
        self.assertEqual(self.value(name), 12)
        self.hang_up(daemon)
        until("the old ones have gone", lambda: len(workers_of(daemon)) == 2)
        self.assertEqual(self.value(name), 12)

    def test_no_count_is_lost_when_workers_are_replaced(self) -> None:
        daemon = self.workers("hello", *self.option)
        for _ in range(20):
            ask(daemon)
        self.hang_up(daemon)
        until("the old ones have gone", lambda: len(workers_of(daemon)) == 2)
        self.assertEqual(self.exchanges(), 20)
        ask(daemon)
        self.assertEqual(self.exchanges(), 21)
        self.assertEqual(self.value("dartio_workers_ended_total"), 0)

    def test_counts_never_become_smaller_when_a_worker_is_killed(self) -> None:
        daemon = self.workers("hello", *self.option)
        for _ in range(20):
            ask(daemon)
        self.assertEqual(self.exchanges(), 20)
        first, _ = workers_of(daemon)
        os.kill(first, signal.SIGKILL)
        daemon.wait_for(f"(process {first}) has ended: SIGKILL")
        self.assertEqual(self.exchanges(), 20)
        self.assertEqual(self.value("dartio_workers_ended_total"), 1)
        until("another one is up", lambda: self.value("dartio_workers") == 2)
        ask(daemon)
        self.assertEqual(self.exchanges(), 21)

    def test_worker_that_hangs_delays_a_scrape_only_a_little(self) -> None:
        daemon = self.workers("hello", *self.option)
        for _ in range(10):
            ask(daemon)
        self.assertEqual(self.exchanges(), 10)
        first, second = workers_of(daemon)
        self.pause(first)
        self.assertEqual(self.exchanges(), 10)
        self.assertEqual(self.value("dartio_workers"), 1)
        self.assertEqual(self.code("/readyz"), 200)
        self.pause(second)
        self.assertEqual(self.exchanges(), 10)
        self.assertEqual(self.code("/readyz"), 503)
        self.assertEqual(self.code("/healthz"), 200)

    def test_daemon_that_drains_is_not_ready(self) -> None:
        (self.here / "large").write_bytes(bytes(50_000_000))
        daemon = self.workers("static", "--root", str(self.here), *self.option)
        self.assertEqual(self.code("/readyz"), 200)
        connection = self.connect(daemon, b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.recv(1)
        daemon.process.send_signal(signal.SIGTERM)
        until("one is left", lambda: len(workers_of(daemon)) == 1)
        self.assertEqual(self.code("/readyz"), 503)
        self.assertEqual(self.code("/healthz"), 200)

    def test_the_parents_redirects_and_the_workers_certificates_are_counted(
        self,
    ) -> None:
        port = free_port()
        daemon: Daemon = self.workers(
            "hello-secure", "--redirect-http", str(port), *self.option
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.assertEqual(ask(daemon, tls=context).code, 200)
        self.assertEqual(ask(port).code, 308)
        self.assertEqual(self.exchanges(), 2)
        name = "dartio_certificate_expiry_timestamp_seconds"
        self.assertGreater(self.value(name), 1_700_000_000)
