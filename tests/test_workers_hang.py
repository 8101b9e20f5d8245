"""A worker whose reactor does not turn: it is ended, and another one starts."""

from __future__ import annotations

import os
import signal

from .support.harness import TWISTD, Daemon, ask
from .support.until import until
from .support.workers import WorkersCase, is_alive, workers_of

BUSY = """
import os, signal

def compute_for_ever(number, frame):
    os.write(1, b"It computes.\\n")
    while True:
        pass

if "DARTIO_WORKER" in os.environ:
    signal.signal(signal.SIGUSR2, compute_for_ever)
"""
"""Code that Python runs at its start: a worker that gets SIGUSR2 is busy for ever."""

SECONDS = 4
"""A timeout that a worker keeps to even if the machine is busy."""


class HangTests(WorkersCase):
    """``--worker-timeout``."""

    def busy(self, *options: str, environ: tuple[str, ...] = ()) -> Daemon:
        """A daemon one of whose workers has just begun to compute for ever."""
        module = self.here / "modules" / "sitecustomize.py"
        module.parent.mkdir()
        module.write_text(BUSY)
        line = (*TWISTD, "hello", "--port", "0", "--workers", "2", *options)
        daemon = self.started("env", f"PYTHONPATH={module.parent}", *environ, *line)
        self.addCleanup(self.ends, daemon)
        daemon.ready().wait_for("2 workers answer requests")
        self.first, self.second = workers_of(daemon)
        os.kill(self.first, signal.SIGUSR2)
        # One that is only about to compute may still take a connection.
        daemon.wait_for("It computes.")
        return daemon

    def ends(self, daemon: Daemon) -> None:
        """Stop *daemon*, which may have something on stderr."""
        if not daemon.stopped:
            self.assertEqual(daemon.stop(), -signal.SIGTERM)
            self.assertNotIn("Traceback", daemon.output())

    def test_busy_worker_is_ended_says_where_it_was_and_another_one_starts(
        self,
    ) -> None:
        daemon = self.busy("--worker-timeout", str(SECONDS))
        said = f"Worker 1 (process {self.first}) hangs: its reactor"
        daemon.wait_for(said)
        daemon.wait_for(f"(process {self.first}) has ended: SIGABRT")
        for _ in range(10):  # the other one goes on
            self.assertEqual(ask(daemon).body, b"Hello, world!")
        until("there are two", lambda: len(workers_of(daemon)) == 2)
        self.assertIn(self.second, workers_of(daemon))
        self.assertFalse(is_alive(self.first))
        self.ends(daemon)
        self.assertEqual(daemon.output().count(" hangs: "), 1)
        self.assertIn("in compute_for_ever", daemon.errors())

    def test_systemds_time_is_used_where_it_is_shorter(self) -> None:
        daemon = self.busy(environ=(f"WATCHDOG_USEC={SECONDS}000000",))
        daemon.wait_for("its reactor has not turned for 4 s; it is ended")

    def test_stopped_process_is_killed_in_the_end(self) -> None:
        daemon = self.workers("hello", "--worker-timeout", str(SECONDS))
        first, second = workers_of(daemon)
        os.kill(first, signal.SIGSTOP)
        daemon.wait_for(f"(process {first}) has ended: SIGKILL")
        self.assertIn(second, workers_of(daemon))

    def test_busy_worker_ends_itself_when_its_parent_was_killed(self) -> None:
        daemon = self.busy("--worker-timeout", str(SECONDS))
        daemon.stopped = True
        daemon.process.kill()
        daemon.ended()
        pids = self.first, self.second
        until("no worker is left", lambda: not any(map(is_alive, pids)))
        self.assertIn("in compute_for_ever", daemon.errors())

    def test_busy_worker_does_not_keep_the_daemon_from_stopping(self) -> None:
        daemon = self.busy("--worker-timeout", "0", "--grace", "0")
        self.assertEqual(ask(daemon).body, b"Hello, world!")
        daemon.stopped = True
        daemon.process.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.ended(), -signal.SIGTERM)
        self.assertIn("Worker 1 does not end in time, and is killed", daemon.output())
