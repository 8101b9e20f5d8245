"""
What the black-box tests stand on: their runner, and how they start and ask daemons.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from threading import Thread

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.testing import FramingError

from . import __main__ as runner
from .__main__ import (
    QUIET_MODULES,
    SLOW_MODULES,
    TESTS,
    WAITING_MODULES,
    Outcome,
    arguments,
    run,
    wait_for,
)
from .support.harness import CHECKOUT, TWISTD, Case, ask, free_port

SHOW_CHILDS_SIGNALS = """
import subprocess, sys, tests
code = "import signal; print(*map(signal.getsignal, (signal.SIGINT, signal.SIGHUP)))"
subprocess.run([sys.executable, "-c", code])
"""


class SignalTests(SynchronousTestCase):
    """How child processes take signals."""

    def test_children_get_default_signals_when_ours_are_ignored(self) -> None:
        ignoring = 'trap "" INT HUP; exec "$@"'
        ended = subprocess.run(
            ["sh", "-c", ignoring, "sh", sys.executable, "-c", SHOW_CHILDS_SIGNALS],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=True,
        )
        expected = f"{signal.default_int_handler} {signal.SIG_DFL.value}\n"
        self.assertEqual(ended.stdout, expected)


class RunnerTests(SynchronousTestCase):
    """``python -m tests``."""

    def outcome(self, **counts: int) -> Outcome:
        return Outcome("test_x", 1.0, 0.5, "", Counter(counts))

    def test_failures_and_errors_fail_the_run_and_skips_do_not(self) -> None:
        self.assertFalse(self.outcome(successes=3, skips=1).has_failed)
        for bad in ("failures", "errors", "unexpectedSuccesses"):
            self.assertTrue(self.outcome(successes=3, **{bad: 1}).has_failed)

    def test_module_that_cannot_be_run_is_an_error(self) -> None:
        outcome = run("test_that_does_not_exist")
        self.assertTrue(outcome.has_failed)
        self.assertIn("test_that_does_not_exist", outcome.report)

    def test_module_is_counted_as_trial_counts_it(self) -> None:
        outcome = run("test_truth_table")
        self.assertEqual(outcome.counts, Counter(successes=1))
        self.assertRegex(
            str(outcome), r"^ +\d+\.\d s +\d+\.\d CPU  test_truth_table +1 successes$"
        )

    def test_processor_seconds_are_those_of_all_that_was_started(self) -> None:
        busy = "import time\nwhile time.process_time() < 0.3: pass"
        code = (
            f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
        )
        process = subprocess.Popen([sys.executable, "-c", code])
        self.assertGreater(wait_for(process), 0.3)
        self.assertEqual(process.returncode, 0)

    def test_lists_of_modules_name_those_that_there_are(self) -> None:
        for listed in (SLOW_MODULES, WAITING_MODULES, QUIET_MODULES):
            for module in listed:
                self.assertTrue((TESTS / f"{module}.py").exists(), module)

    def test_modules_can_be_run_many_times(self) -> None:
        self.assertEqual(arguments([]), ([], 1))
        line = ["--times", "20", "test_rest", "test_port"]
        self.assertEqual(arguments(line), (["test_rest", "test_port"], 20))
        ran: list[str] = []

        def pretend(module: str) -> Outcome:
            ran.append(module)
            return self.outcome(**{"failures" if len(ran) == 3 else "successes": 1})

        self.patch(runner, "run", pretend)
        with redirect_stdout(StringIO()) as said:
            self.assertEqual(runner.main(["test_rest", "test_port"], times=2), 1)
        self.assertEqual(sorted(ran), ["test_port"] * 2 + ["test_rest"] * 2)
        self.assertIn("FAILED (failures=1, successes=3)", said.getvalue())

    def test_command_line_that_is_wrong_is_refused_in_words(self) -> None:
        for words, text in (
            (["test_nothing"], "there is no tests/test_nothing.py"),
            (["--times", "0"], "--times"),
            (["--times", "many"], "--times"),
        ):
            with redirect_stderr(StringIO()) as said:
                error = self.assertRaises(SystemExit, arguments, words)
            self.assertEqual(error.code, 2)
            self.assertIn(text, said.getvalue())


class ForkTests(Case):
    """Daemons that are forked are as those that are executed."""

    def test_both_tell_the_same_and_end_alike(self) -> None:
        for name in ("hello", "notes"):
            told = []
            for start in ((*TWISTD,), ("env", *TWISTD)):
                daemon = self.started(*start, name, "--port", "0").ready()
                self.assertIn(ask(daemon).code, (200, 404))
                code = daemon.stop(signal.SIGINT)
                lines = re.sub(
                    r"^\S+|:\d+|python3?|Port \d+", "", daemon.output(), flags=re.M
                )
                told.append((code, lines))
            self.assertEqual(*told)

    def test_what_a_daemon_fails_with_is_told(self) -> None:
        for start in ((*TWISTD,), ("env", *TWISTD)):
            daemon = self.started(*start, "hello", "--port", "x")
            self.assertEqual(daemon.ended(), 78)
            self.assertIn("--port", daemon.errors())

    def test_environment_and_folder_are_the_daemons_own(self) -> None:
        self.variables = {"DARTIO_PORT": "0", "X": "y"}
        daemon = self.started(*TWISTD, "hello").ready()
        proc = Path(f"/proc/{daemon.process.pid}")
        self.assertEqual(os.readlink(proc / "cwd"), str(self.here))
        self.assertEqual(daemon.stop(), -signal.SIGTERM)


class AskTests(SynchronousTestCase):
    """`ask`, which reads responses strictly."""

    def ask_a_server_that_sends(self, data: bytes) -> bytes:
        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(data)

        with socket.create_server(("127.0.0.1", 0)) as listening:
            thread = Thread(target=serve)
            thread.start()
            try:
                return ask(listening.getsockname()[1]).body
            finally:
                thread.join()

    def test_whole_response_is_read_from_pieces_of_any_framing(self) -> None:
        for framing in (
            b"Content-Length: 5\r\n\r\nhello",
            b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            b"Connection: close\r\n\r\nhello",
        ):
            data = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" + framing
            self.assertEqual(self.ask_a_server_that_sends(data), b"hello")

    def test_response_that_is_cut_short_is_an_error(self) -> None:
        for data in (
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
        ):
            with self.assertRaises(FramingError):
                self.ask_a_server_that_sends(data)
        with self.assertRaises(ConnectionError):
            self.ask_a_server_that_sends(b"")

    def test_bytes_after_the_response_are_an_error(self) -> None:
        data = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nab"
        with self.assertRaises(FramingError):
            self.ask_a_server_that_sends(data)


class PortTests(SynchronousTestCase):
    """`free_port`."""

    def test_port_is_free_and_not_one_that_the_system_picks(self) -> None:
        port = free_port()
        with socket.create_server(("127.0.0.1", port)), socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            self.assertNotEqual(free_port(), port)
            self.assertLess(port, other.getsockname()[1])
