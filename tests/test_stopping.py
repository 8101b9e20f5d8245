"""A daemon that is told to stop finishes what is under way, and then ends."""

from __future__ import annotations

import http.client
import signal
import socket

from .support.harness import PATIENCE, TWISTD, Case, Daemon
from .support.passed_sockets import with_passed_socket

LARGE_BYTES = 50_000_000
"""A file that the kernel's buffers do not hold."""


class StoppingTests(Case):
    """SIGTERM, with connections in every state."""

    def connect(self, daemon: Daemon, data: bytes = b"") -> socket.socket:
        """A connection that has sent *data*."""
        connection = socket.create_connection(("127.0.0.1", daemon.port), PATIENCE)
        self.addCleanup(connection.close)
        connection.sendall(data)
        return connection

    def files(self, *options: str) -> Daemon:
        """`static`, with a large file."""
        (self.here / "large").write_bytes(bytes(LARGE_BYTES))
        (self.here / "small").write_text("small")
        return self.serve("static", "--root", str(self.here), *options)

    def get(
        self, daemon: Daemon, path: str
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """A connection, and a response on it of which only the head was read."""
        asking = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE)
        self.addCleanup(asking.close)
        asking.request("GET", path)
        return asking, asking.getresponse()

    def begin_download(self, daemon: Daemon) -> http.client.HTTPResponse:
        """A response of which only the head was read."""
        download = http.client.HTTPConnection(
            "127.0.0.1", daemon.port, timeout=PATIENCE
        )
        self.addCleanup(download.close)
        download.request("GET", "/large")
        return download.getresponse()

    def signalled(self, daemon: Daemon, count: int) -> None:
        """Tell *daemon* to stop; it must say that *count* connections hold it up."""
        daemon.stopped = True
        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_for(f"under way on {count} connections")

    def test_download_is_finished_and_idle_connections_are_closed_at_once(self) -> None:
        daemon = self.files()
        idle, answer = self.get(daemon, "/small")
        self.assertEqual(answer.read(), b"small")
        response = self.begin_download(daemon)
        self.signalled(daemon, 1)
        self.assertEqual(idle.sock.recv(1), b"")
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", daemon.port), PATIENCE)
        self.assertEqual(len(response.read()), LARGE_BYTES)
        self.assertEqual(daemon.ended(), -signal.SIGTERM)
        self.assertEqual(daemon.errors(), "")

    def test_download_from_a_socket_of_systemd_is_finished_as_well(self) -> None:
        (self.here / "large").write_bytes(bytes(LARGE_BYTES))
        line = with_passed_socket(*TWISTD, "static", "--root", str(self.here))
        daemon = self.started(*line).ready()
        response = self.begin_download(daemon)
        self.signalled(daemon, 1)
        self.assertEqual(len(response.read()), LARGE_BYTES)
        self.assertEqual(daemon.ended(), -signal.SIGTERM)
        self.assertEqual(daemon.errors(), "")

    def test_another_signal_ends_it_at_once(self) -> None:
        daemon = self.files()
        response = self.begin_download(daemon)
        self.signalled(daemon, 1)
        daemon.process.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.ended(), -signal.SIGTERM)
        self.assertIn("Closing 1 connections in the middle", daemon.output())
        with self.assertRaises((http.client.IncompleteRead, ConnectionResetError)):
            response.read()
        self.assertNotIn("Traceback", daemon.output())

    def test_two_signals_at_once_end_it_at_once_and_quietly(self) -> None:
        for download in (False, True):
            daemon = self.files()
            response = self.begin_download(daemon) if download else None
            daemon.process.send_signal(signal.SIGSTOP)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCONT):
                daemon.process.send_signal(number)
            daemon.stopped = True
            self.assertIn(daemon.ended(), (-signal.SIGINT, -signal.SIGTERM))
            self.assertEqual(daemon.errors(), "")
            self.assertNotIn("ReactorNotRunning", daemon.output())
            self.assertNotIn("Traceback", daemon.output())
            if response is not None:
                self.assertIn("Closing 1 connections in the mid", daemon.output())

    def test_grace_is_the_longest_that_it_takes(self) -> None:
        daemon = self.files("--grace", "0.5")
        self.begin_download(daemon)
        self.signalled(daemon, 1)
        self.assertEqual(daemon.ended(), -signal.SIGTERM)
        self.assertIn("Closing 1 connections in the middle", daemon.output())

    def test_stream_of_events_does_not_hold_it_up(self) -> None:
        daemon = self.serve("notes", "--rest", "--store", str(self.here / "notes"))
        follower = self.connect(
            daemon, b"GET /?follow HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        self.assertIn(b"200 OK", follower.recv(4096))
        self.assertEqual(daemon.stop(), -signal.SIGTERM)
        rest = b""
        while part := follower.recv(4096):
            rest += part
        self.assertTrue(rest.endswith(b"0\r\n\r\n"), rest)
        self.assertNotIn("in the middle", daemon.output())

    def test_clients_that_the_kernel_has_accepted_are_answered(self) -> None:
        daemon = self.serve("hello")
        daemon.process.send_signal(signal.SIGSTOP)
        request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        waiting = [self.connect(daemon, request) for _ in range(100)]
        daemon.process.send_signal(signal.SIGTERM)
        daemon.process.send_signal(signal.SIGCONT)
        daemon.stopped = True
        for connection in waiting:
            self.assertIn(b"Hello, world!", connection.recv(4096))
            self.assertEqual(connection.recv(4096), b"")
        self.assertEqual(daemon.ended(), -signal.SIGTERM)
        self.assertEqual(daemon.errors(), "")
