"""
``--metrics``: what Prometheus and a load balancer read of a real daemon.
"""

from __future__ import annotations

import shutil
import signal
import socket
from ssl import PEM_cert_to_DER_cert, get_server_certificate

from cryptography.x509 import DNSName

from dartio_tut.testing import ResponseReader

from .support.certificates import Signer
from .support.harness import Case, Daemon, ask, free_port
from .support.metrics import samples
from .support.postgres import shared

STORE_SECONDS = "dartio_store_operation_duration_seconds"
STORE_FAILURES = "dartio_store_operations_failed_total"
EXCHANGE_SECONDS = "dartio_exchange_duration_seconds_sum"


class MetricsTests(Case):
    """The port for those who watch over a daemon."""

    def setUp(self) -> None:
        super().setUp()
        self.port = free_port()
        self.option = ("--metrics", f"tcp:{self.port}:interface=127.0.0.1")

    def samples(self, name: str) -> dict[str, float]:
        """All values of one metric, by their servers, added up."""
        return samples(self.port, name)

    def test_exchanges_are_counted(self) -> None:
        hello = self.serve("hello", *self.option)
        for _ in range(3):
            ask(hello)
        self.assertEqual(self.samples("dartio_exchanges_total"), {"hello": 3})
        self.assertEqual(ask(self.port, "GET", "/healthz").code, 200)
        self.assertEqual(ask(self.port, "GET", "/readyz").code, 200)
        kind = ask(self.port, "GET", "/metrics").fields["Content-Type"]
        self.assertEqual(kind, "text/plain; version=0.0.4; charset=utf-8")
        self.assertEqual(ask(hello, "GET", "/metrics").body, b"Hello, world!")

    def test_all_servers_of_a_process_share_the_port(self) -> None:
        line = ("tutorial", "--port", "0", "--no-wire", *self.option)
        self.daemon(*line).wait_for("Open http")
        found = self.samples("dartio_connections_opened_total")
        self.assertIn("hello", found)
        self.assertIn("notes", found)

    def test_a_daemon_that_drains_is_not_ready(self) -> None:
        (self.here / "big").write_bytes(bytes(30_000_000))
        daemon = self.serve("static", *self.option)
        with socket.create_connection(("127.0.0.1", daemon.port)) as connection:
            connection.sendall(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
            connection.recv(1)
            self.assertEqual(ask(self.port, "GET", "/readyz").code, 200)
            self.stopping(daemon)
            self.assertEqual(ask(self.port, "GET", "/readyz").code, 503)
            self.assertEqual(ask(self.port, "GET", "/healthz").code, 200)

    def stopping(self, daemon: Daemon) -> None:
        """Tell *daemon* to stop, and wait until it drains."""
        daemon.process.terminate()
        daemon.wait_for("Finishing what is under way")

    def test_the_end_of_a_certificate_is_told(self) -> None:
        self.serve("hello-secure", *self.option)
        found = self.samples("dartio_certificate_expiry_timestamp_seconds")
        self.assertGreater(found["hello_secure"], 1_700_000_000)

    def test_the_ports_own_certificate_is_read_again(self) -> None:
        signers = [Signer(self.here, DNSName("localhost")) for _ in range(2)]
        pair = self.here / "cert.pem", self.here / "key.pem"

        def use(signer: Signer) -> None:
            for source, target in zip(
                (signer.path, signer.path.with_suffix(".key")), pair, strict=True
            ):
                shutil.copy(source, target)

        def shown() -> bytes:
            address = ("127.0.0.1", self.port)
            return PEM_cert_to_DER_cert(get_server_certificate(address))

        use(signers[0])
        endpoint = f"https:{self.port}:cert={pair[0]}:key={pair[1]}"
        for more in ((), ("--workers", "2")):
            use(signers[0])
            daemon = self.serve("hello", "--metrics", endpoint, *more)
            first = shown()
            use(signers[1])
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for("this certificate is used from now on")
            self.assertNotEqual(shown(), first)
            daemon.stop()

    def operations(self, operation: str) -> tuple[dict[str, float], dict[str, float]]:
        """How often stores did *operation*, and how often it failed, by the servers."""
        labels = {"operation": operation, "store": "folder"}
        done = samples(self.port, f"{STORE_SECONDS}_count", **labels)
        return done, samples(self.port, STORE_FAILURES, **labels)

    def test_times_of_stores_are_told_by_operation(self) -> None:
        line = ("--rest", "--store", "kept", *self.option)
        notes = self.serve("notes", *line)
        self.assertEqual(self.samples(f"{STORE_SECONDS}_count"), {})
        for _ in range(3):
            self.assertEqual(ask(notes, "POST", body='{"myNote": "x"}').code, 200)
        self.assertEqual(ask(notes, "GET", "/1").code, 200)
        self.assertEqual(ask(notes, "GET", "/9").code, 404)
        self.assertEqual(self.operations("append"), ({"notes": 3}, {"notes": 0}))
        self.assertEqual(self.operations("entry"), ({"notes": 2}, {"notes": 0}))
        took = self.samples(f"{STORE_SECONDS}_sum")["notes"]
        self.assertTrue(0 < took < self.samples(EXCHANGE_SECONDS)["notes"], took)

    def test_times_of_a_database_are_told_as_such(self) -> None:
        url = f"{shared().url()}?log=metrics"
        notes = self.serve("notes", "--store", url, *self.option)
        self.assertEqual(ask(notes, "POST", body='{"myNote": "x"}').code, 200)
        labels = {"store": "postgresql", "kind": "notes", "operation": "append"}
        found = samples(self.port, f"{STORE_SECONDS}_count", **labels)
        self.assertEqual(found, {"notes": 1})

    def test_store_that_fails_is_told(self) -> None:
        line = ("--store", "kept", "--max-entries", "1", *self.option)
        writer = self.serve("writer", *line)
        fields = {"Content-Type": "application/json"}
        for name, code in (("/a", 200), ("/b", 507), ("/c", 507)):
            said = ask(writer, "POST", name, "{}", fields)
            self.assertEqual(said.code, code)
        self.assertEqual(self.operations("put"), ({"writer": 3}, {"writer": 2}))

    def test_a_wrong_or_taken_endpoint_is_refused(self) -> None:
        self.assertIn("9100", self.refuses("hello", "--port", "0", "--metrics", "9100"))
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.port))
            taken.listen()
            said = self.refuses("hello", "--port", "0", *self.option)
        self.assertIn(f"--metrics: cannot listen on 127.0.0.1:{self.port}", said)


class HealthTests(Case):
    """``--health``: the same pages on the server's own port."""

    def test_health_is_answered_before_the_tree_and_only_if_asked_for(self) -> None:
        asked = self.serve("static", "--health", "--allow-host", "localhost")
        other = self.serve("static")
        self.assertEqual(ask(asked, target="/healthz").body, b"ok\n")
        self.assertEqual(ask(asked, target="/readyz").body, b"ready\n")
        self.assertEqual(ask(asked, target="/").code, 421)
        self.assertEqual(ask(other, target="/healthz").code, 404)

    def test_a_daemon_that_drains_is_not_ready(self) -> None:
        (self.here / "big").write_bytes(bytes(30_000_000))
        daemon = self.serve("static", "--health")
        get = b"GET /%b HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with socket.create_connection(("127.0.0.1", daemon.port)) as connection:
            connection.sendall(get % b"big" + get % b"readyz")
            reader = ResponseReader(["GET", "GET"])
            reader.feed(connection.recv(1))
            daemon.process.terminate()
            daemon.wait_for("Finishing what is under way")
            while data := connection.recv(65536):
                reader.feed(data)
            reader.end()
        big, ready = reader.responses
        self.assertEqual((big.code, ready.code), (200, 503))
        self.assertEqual(ready.body, b"not ready\n")
