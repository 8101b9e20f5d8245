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
from tempfile import TemporaryFile
from threading import Thread

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.testing import FramingError

from . import __main__ as runner
from .__main__ import (
    ONE_BROWSER,
    QUIET_MODULES,
    SLOW_MODULES,
    TESTS,
    WAITING_MODULES,
    Outcome,
    arguments,
    together,
    wait_for,
)
from .support.harness import (
    BIN,
    CHECKOUT,
    PATIENCE,
    TWISTD,
    Case,
    Place,
    ask,
    finished,
    free_port,
    run,
)
from .support.newcomers import Newcomer
from .support.transcripts import Step
from .support.until import until

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
        outcome = runner.run("test_that_does_not_exist")
        self.assertTrue(outcome.has_failed)
        self.assertIn("test_that_does_not_exist", outcome.report)

    def test_module_is_counted_as_trial_counts_it(self) -> None:
        outcome = runner.run("test_truth_table")
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
        ended, used = wait_for(process)
        self.assertEqual(ended, 0)
        self.assertGreater(used, 0.3)

    def test_lists_of_modules_name_those_that_there_are(self) -> None:
        for listed in (SLOW_MODULES, ONE_BROWSER, WAITING_MODULES, QUIET_MODULES):
            for module in listed:
                self.assertTrue((TESTS / f"{module}.py").exists(), module)

    def test_modules_that_share_a_browser_run_in_one_process(self) -> None:
        first, second, *_ = ONE_BROWSER
        asked = ["test_rest", first, "test_port", second]
        expected = [("test_rest",), (first, second), ("test_port",)]
        self.assertEqual(together(asked), expected)
        self.assertEqual(together(["test_rest"]), [("test_rest",)])
        outcome = runner.run("test_truth_table", "test_corpus")
        self.assertEqual(outcome.counts, Counter(successes=2))
        self.assertIn("test_truth_table test_corpus", str(outcome))

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

    def test_file_that_is_run_by_python_is_its_main_module(self) -> None:
        path = self.here / "mine.py"
        (self.here / "beside.py").write_text("NAME = 'beside'\n")
        path.write_text(
            "import sys, beside\n"
            "print(__name__, sys.argv[1:], beside.NAME, sys.stdin.read())\n"
            "print(sys.stdout.isatty(), sys.__stdout__.isatty(), file=sys.stderr)\n"
            "sys.exit(5)\n"
        )
        place = Place(self.folder, self.home, {})
        told = []
        for start in ((), ("env",)):
            command = (*start, str(BIN / "python"), str(path), "a", "b")
            ended = finished(command, place, b"typed")
            told.append((ended.returncode, ended.stdout, ended.stderr))
        self.assertEqual(*told)
        self.assertEqual(told[0][1], b"__main__ ['a', 'b'] beside typed\n")

    def test_one_that_leads_a_session_has_a_group_of_its_own(self) -> None:
        with TemporaryFile() as stderr:
            place = Place(self.here, self.home, {})
            line = (*TWISTD, "hello", "--port", "0")
            daemon = run(line, place, stderr, leads_session=True)
            while "Listening on" not in (said := daemon.stdout.readline()):
                self.assertNotEqual(said, "")
            self.assertEqual(os.getsid(daemon.pid), daemon.pid)
            os.killpg(daemon.pid, signal.SIGTERM)
            self.assertEqual(daemon.wait(PATIENCE), -signal.SIGTERM)
            daemon.stdout.close()


class TypedTests(Newcomer):
    """What is typed into a terminal and forked is as what is executed there."""

    shown_terminals = ()

    def test_both_show_the_same_and_end_alike(self) -> None:
        (self.clone / "mine.py").write_text(
            "import os, sys\n"
            "print(sys.argv, sys.stdin.isatty(), sys.stdout.isatty(), __name__)\n"
            "if len(sys.argv) > 1: os.kill(os.getpid(), int(sys.argv[1]))\n"
        )
        typed = (
            "python mine.py",
            "python mine.py 9; echo $?",
            "python mine.py 15; echo $?",
            "echo a | python mine.py | cat",
            "twistd -n hello --port x; echo $?",
            "dartio get http://localhost:9/ 2>/dev/null; echo $?",
            "dartio --help 2>/dev/null >/dev/full; echo $?",
            "python -c 'import sys; print(sys.argv)'",
            "(sleep 0 | twistd -n hello --port x &) 2>&1 | cat",
        )
        told = []
        for _ in range(2):
            told.append([self.shown(command) for command in typed])
            self.have_programs_forked()
        self.assertEqual(*told)
        self.assertIn("['mine.py'] True True __main__", told[0][0])
        self.assertIn("78", told[0][4])

    def shown(self, command: str) -> str:
        """What a terminal shows of *command*, without the numbers of processes."""
        shown = self.terminal(1).type(command)
        return re.sub(r"line \d+: +\d+ ", "", shown)

    def test_ctrl_c_ends_it_and_goes_past_what_is_in_the_background(self) -> None:
        self.have_programs_forked()
        terminal = self.terminal(1)
        starts = Step("twistd -n hello --port 0", ["...", "[...] Listening on ..."])
        terminal.type("twistd hello --port 0")
        pid = int((self.clone / "twistd.pid").read_text())
        terminal.follow(starts)
        # What it logs of the signal may be lost, if another line is being written.
        self.assertNotIn("Traceback", terminal.interrupt())
        self.assertIn("130", terminal.type("echo $?"))
        self.assertIn("0", terminal.type(f"kill {pid}; echo $?"))
        until("it has ended", lambda: not Path(f"/proc/{pid}").exists())

    def test_it_is_in_the_group_of_the_shells_job(self) -> None:
        self.have_programs_forked()
        terminal = self.terminal(1)
        (self.clone / "said").touch()
        terminal.type("twistd -n hello --port 0 >said 2>&1 &")
        self.assertIn("twistd -n hello", terminal.type("jobs"))
        until("it listens", lambda: "Listening" in (self.clone / "said").read_text())
        self.assertIn("143", terminal.type("kill %1; wait %1; echo $?"))


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

    def test_no_two_processes_are_given_the_same(self) -> None:
        program = (
            "from tests.support import harness\n"
            "harness.first_ephemeral_port = lambda: 10_200\n"
            "print(*(harness.free_port() for _ in range(40)), flush=True)\n"
            "input()\n"
        )
        command = (sys.executable, "-c", program)
        given: list[str] = []
        for _ in range(3):
            process = subprocess.Popen(
                command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            self.addCleanup(process.communicate, b"\n")
            assert process.stdout is not None
            given += process.stdout.readline().decode().split()
        self.assertEqual((len(given), len(set(given))), (120, 120))
