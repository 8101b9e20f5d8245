"""How workers share the clients of one socket, and who waits for whom."""

from __future__ import annotations

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .support.harness import TWISTD, Daemon
from .support.until import until
from .support.workers import WorkersCase, connections_of, workers_of

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

COMPUTING = """
import os, signal

def compute(number, frame):
    open("computes", "w").close()
    while not os.path.exists("enough"):
        pass

if "DARTIO_WORKER" in os.environ:
    signal.signal(signal.SIGUSR2, compute)
"""
"""
Code that Python runs at its start: a worker that gets SIGUSR2 computes until the test
has seen enough, so that nothing depends on how fast the machine is.
"""

CLIENTS = 50


class BalanceTests(WorkersCase):
    """Which worker gets a client."""

    def test_clients_that_come_at_once_are_spread_within_a_tenth(self) -> None:
        daemon = self.workers("hello")

        def hold(_: int) -> int:
            held = [self.connect(daemon, GET) for _ in range(20)]
            return sum(b"Hello, world!" in each.recv(4096) for each in held)

        with ThreadPoolExecutor(32) as threads:
            self.assertEqual(sum(threads.map(hold, range(32))), 640)
        counts = [connections_of(pid, daemon.port) for pid in workers_of(daemon)]
        self.assertEqual(sum(counts), 640)
        self.assertGreaterEqual(min(counts), 288, counts)  # a tenth below one half

    def one_computes(self) -> Daemon:
        """A daemon one of whose workers computes, and answers nobody."""
        module = self.here / "modules" / "sitecustomize.py"
        module.parent.mkdir()
        module.write_text(COMPUTING)
        line = (*TWISTD, "hello", "--port", "0", "--workers", "2")
        daemon = self.started("env", f"PYTHONPATH={module.parent}", *line)
        self.addCleanup(self.ends_quietly, daemon)
        self.addCleanup(Path(self.here, "enough").touch)
        daemon.ready().wait_for("2 workers answer requests")
        os.kill(workers_of(daemon)[0], signal.SIGUSR2)
        until("it computes", Path(self.here, "computes").exists)
        return daemon

    def test_no_client_waits_for_a_worker_that_computes(self) -> None:
        daemon = self.one_computes()
        first, second = workers_of(daemon)
        held: list[socket.socket] = []
        for _ in range(CLIENTS):
            held.append(self.connect(daemon, GET))
            self.assertIn(b"Hello, world!", held[-1].recv(4096))
        self.assertEqual(connections_of(first, daemon.port), 0)
        self.assertEqual(connections_of(second, daemon.port), CLIENTS)
        Path(self.here, "enough").touch()
        for client in held:
            client.close()
        until("the other one answers, too", lambda: self.answers(daemon, first))

    def answers(self, daemon: Daemon, pid: int) -> bool:
        """Whether the process *pid* gets one of two clients that come."""
        held = [self.connect(daemon, GET) for _ in range(2)]
        for client in held:
            client.recv(4096)
        found = connections_of(pid, daemon.port) > 0
        for client in held:
            client.close()
        return found
