"""``dartio serve --workers``: several processes for a person at a terminal."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from .support.harness import (
    BIN,
    Daemon,
    Place,
    ask,
    free_port,
    run,
)
from .support.until import until
from .support.workers import WorkersCase, workers_of

DARTIO = (str(BIN / "dartio"), "serve")


class GroupDaemon(Daemon):
    """A program in a process group of its own, as a shell starts it."""

    def begin(self, command: Sequence[str], place: Place) -> Any:
        """Start *command*."""
        return run(command, place, self.stderr, leads_session=True)


class ServeWorkersTests(WorkersCase):
    """``dartio serve``, with two workers for each of its servers."""

    def dartio(self, *words: str) -> Daemon:
        """Run ``dartio serve`` with *words*; Ctrl-C must end it as it should."""
        daemon = GroupDaemon(self.here, self.home, *DARTIO, *words)
        self.addCleanup(daemon.stderr.close)
        self.addCleanup(self.interrupt, daemon)
        return daemon

    def interrupt(self, daemon: Daemon) -> None:
        """Type Ctrl-C, which all processes get."""
        if daemon.stopped:
            return
        daemon.stopped = True
        os.killpg(daemon.process.pid, signal.SIGINT)
        self.assertIn(daemon.ended(), (0, -signal.SIGINT))
        self.assertEqual(daemon.errors(), "")
        self.assertNotIn("Traceback", daemon.output())
        self.assertNotIn("has ended", daemon.output())
        self.assertNotIn("in the middle of", daemon.output())

    def address(self, daemon: Daemon, line: str) -> int:
        """The port in the next line with *line*."""
        said = daemon.wait_for(line)
        return int(said.rpartition("localhost:")[2].partition("/")[0])

    def test_workers_serve_a_folder_and_are_replaced(self) -> None:
        (self.here / "file").write_text("It is here.\n")
        line = ("--port", "0", "--workers", "2", "--listing", ".")
        daemon = self.dartio(*line)
        daemon.port = self.address(daemon, "Open ")
        until("there are two", lambda: len(workers_of(daemon)) == 2)
        before = workers_of(daemon)
        for _ in range(10):
            self.assertEqual(ask(daemon, target="/file").body, b"It is here.\n")
        daemon.wait_for("2 workers answer requests")
        self.hang_up(daemon)
        self.assertEqual(ask(daemon, target="/file").body, b"It is here.\n")
        until("the old ones have gone", lambda: len(workers_of(daemon)) == 2)
        self.assertFalse(set(before) & set(workers_of(daemon)))
        self.interrupt(daemon)
        said = daemon.output()
        self.assertEqual(said.count("Open http"), 1)  # no worker says it, too
        self.assertEqual(said.count("Only this machine can reach it"), 1)

    def test_each_worker_serves_all_servers_that_are_named(self) -> None:
        port = free_port()
        metrics = ("--metrics", f"tcp:{port}:interface=127.0.0.1")
        line = ("--port", "0", "--workers", "2", "--store", "kept", *metrics)
        daemon = self.dartio("hello", "notes", *line)
        hello = self.address(daemon, "hello: ")
        notes = self.address(daemon, "notes: ")
        daemon.wait_for("2 workers answer requests")
        self.assertEqual(len(workers_of(daemon)), 2)
        for number in range(1, 6):
            self.assertEqual(ask(hello).body, b"Hello, world!")
            said = ask(notes, "POST", body='{"myNote": "x"}').body
            self.assertEqual(said, b"You have %d notes.\n" % number)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("All workers have been replaced")
        until("the old ones have gone", lambda: len(workers_of(daemon)) == 2)
        said = ask(notes, "POST", body='{"myNote": "x"}').body
        self.assertEqual(said, b"You have 6 notes.\n")
        text = ask(port, "GET", "/metrics").body.decode()
        counted = {
            sample.labels["server"]: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == "dartio_connections_opened_total"
        }
        self.assertEqual(counted, {"hello": 5, "notes": 6})

    def test_the_next_port_that_is_free_is_shared(self) -> None:
        first = self.dartio("hello", "--workers", "2")
        taken = self.address(first, "Open ")
        second = self.dartio("hello", "--workers", "2")
        port = self.address(second, "Open ")
        self.assertNotEqual(port, taken)
        self.assertEqual(ask(port).body, b"Hello, world!")

    def test_name_that_is_a_folder_too_is_told_apart_once(self) -> None:
        (self.here / "hello").mkdir()
        daemon = self.dartio("hello", "--port", "0", "--workers", "2")
        daemon.wait_for("2 workers answer requests")
        daemon.stop(signal.SIGINT)
        self.assertEqual(daemon.errors().count("serving the server hello"), 1)

    def test_server_that_must_be_one_process_is_refused(self) -> None:
        for words in (("thinker",), ("hello", "thinker")):
            line = (*words, "--port", "0", "--workers", "2")
            daemon = self.started(*DARTIO, *line)
            self.assertEqual(daemon.ended(), 78, daemon.output())
            self.assertIn("--workers: ", daemon.errors())
            self.assertIn("--store", daemon.errors())
