"""Unix sockets: who waits there when a daemon stops, and whose their files are."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
from pathlib import Path

from .support.harness import PATIENCE, Daemon
from .support.passed_sockets import daemon_with_sockets
from .support.workers import WorkersCase, workers_of

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class UnixSocketTests(WorkersCase):
    """``--listen unix:PATH``, and Unix sockets of systemd's."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.mkdtemp()  # the path of a socket has 107 bytes at most
        self.addCleanup(shutil.rmtree, folder)
        self.path = Path(folder, "socket")

    def ask(self) -> socket.socket:
        """A client that has sent its request."""
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.settimeout(PATIENCE)
        client.connect(str(self.path))
        client.sendall(GET)
        return client

    def answered(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as reading:
            self.assertIn(b"Hello, world!", reading.read())

    def stopped_while_clients_wait(self, daemon: Daemon, pids: list[int]) -> None:
        """Tell *daemon* to stop after clients have connected that nobody accepts."""
        self.answered(self.ask())  # from now on it accepts one at a time
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        waiting = [self.ask() for _ in range(20)]
        daemon.stopped = True
        daemon.process.send_signal(signal.SIGTERM)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        for client in waiting:
            self.answered(client)
        self.assertEqual(daemon.ended(), -signal.SIGTERM)
        self.assertEqual(daemon.errors(), "")
        self.assertFalse(self.path.exists())

    def test_clients_that_wait_when_it_stops_are_answered(self) -> None:
        daemon = self.daemon("hello", "--listen", f"unix:{self.path}").ready()
        self.stopped_while_clients_wait(daemon, [daemon.process.pid])

    def test_clients_that_wait_when_workers_stop_are_answered(self) -> None:
        daemon = self.workers("hello", "--listen", f"unix:{self.path}")
        pids = [daemon.process.pid, *workers_of(daemon)]
        self.stopped_while_clients_wait(daemon, pids)

    def test_file_of_a_socket_of_systemd_keeps_its_mode_and_stays(self) -> None:
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.bind(str(self.path))
        self.path.chmod(0o660)
        listening.listen()
        for more in ((), (), ("--workers", "2")):
            daemon = daemon_with_sockets(self, [("http", listening)], "hello", *more)
            daemon.ready()
            self.assertEqual(self.path.stat().st_mode & 0o777, 0o660)
            self.answered(self.ask())
            self.assertEqual(daemon.stop(), -signal.SIGTERM)
            self.assertTrue(self.path.exists())

    def test_file_that_another_daemon_has_made_meanwhile_is_left_alone(self) -> None:
        first = self.daemon("hello", "--listen", f"unix:{self.path}").ready()
        self.path.unlink()
        Path(f"{self.path}.lock").unlink()
        self.daemon("hello", "--listen", f"unix:{self.path}").ready()
        self.ends_quietly(first)
        self.answered(self.ask())

    def test_it_stops_as_usual_when_the_file_was_removed(self) -> None:
        for more in ((), ("--workers", "2")):
            daemon = self.daemon("hello", "--listen", f"unix:{self.path}", *more)
            daemon.ready()
            self.path.unlink()
            self.ends_quietly(daemon)
