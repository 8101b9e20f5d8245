"""SIGHUP: a daemon reads certificates again, opens logs again, and goes on."""

from __future__ import annotations

import os
import pty
import signal
import socket
import ssl
import subprocess
from pathlib import Path

from cryptography import x509

from .support.certificates import Signer
from .support.harness import BIN, PATIENCE, TWISTD, Case, Daemon, ask, environment
from .support.workers import WorkersCase, workers_of


class ReloadingTests(Case):
    """A daemon that is sent SIGHUP."""

    def setUp(self) -> None:
        super().setUp()
        self.cert, self.key = self.here / "cert.pem", self.here / "key.pem"

    def renew(self) -> Signer:
        """Put a new pair in the place of the one in use."""
        signer = Signer(self.here, x509.DNSName("localhost"), days=(-1, 90))
        self.cert.write_bytes(signer.path.read_bytes())
        self.key.write_bytes(signer.path.with_suffix(".key").read_bytes())
        return signer

    def shown(self, daemon: Daemon) -> bytes:
        """The certificate that a new connection is shown."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection(("127.0.0.1", daemon.port), PATIENCE) as plain,
            context.wrap_socket(plain) as secure,
        ):
            return secure.getpeercert(binary_form=True) or b""

    def der(self, path: Path) -> bytes:
        """The certificate in a PEM file."""
        return ssl.PEM_cert_to_DER_cert(path.read_text())

    def hang_up(self, daemon: Daemon, said: str) -> None:
        """Send SIGHUP; the daemon must log *said*."""
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(said)

    def test_new_certificate_is_shown_and_a_broken_one_is_not(self) -> None:
        self.renew()
        for options in (
            ("--port", "0"),
            ("--listen", "tcp:0:interface=127.0.0.1"),
        ):
            with self.subTest(options=options):
                line = ("--cert", str(self.cert), "--key", str(self.key))
                daemon = self.daemon("hello", *options, *line)
                daemon.wait_for("Listening on ")
                port = daemon.lines[-1]
                daemon.port = int(port.rstrip("/ (TLS)").split(":")[-1].split("/")[0])
                first = self.shown(daemon)
                renewed = self.renew()
                self.hang_up(daemon, "this certificate is used from now on")
                second = self.shown(daemon)
                self.assertNotEqual(second, first)
                self.assertEqual(second, self.der(renewed.path))
                self.cert.write_text("no certificate")
                self.hang_up(daemon, "of before stays in use")
                self.assertEqual(self.shown(daemon), second)
                self.renew()

    def test_connections_go_on_over_a_reload(self) -> None:
        self.renew()
        daemon = self.serve("hello", "--cert", str(self.cert), "--key", str(self.key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection(("127.0.0.1", daemon.port), PATIENCE) as plain,
            context.wrap_socket(plain) as secure,
        ):
            for _ in range(3):
                secure.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertIn(b"Hello, world!", secure.recv(4096))
                self.renew()
                self.hang_up(daemon, "this certificate is used from now on")

    def test_plain_server_goes_on_and_its_log_is_opened_again(self) -> None:
        log = self.here / "access.log"
        daemon = self.serve("hello", "--access-log", str(log))
        ask(daemon)
        self.hang_up(daemon, "Received SIGHUP")
        ask(daemon)
        log.rename(log.with_suffix(".1"))
        ask(daemon, target="/new")
        self.hang_up(daemon, "Received SIGHUP")
        self.assertEqual(ask(daemon).code, 200)
        self.assertIn('"GET /new HTTP/1.1" 200', log.read_text())

    def test_it_ends_with_the_terminal_that_it_was_started_from(self) -> None:
        process, ours = at_terminal(self, *TWISTD, "hello", "--port", "0")
        assert process.stdout is not None
        with process.stdout as output:
            while b"Listening on" not in (line := output.readline()):
                self.assertTrue(line)
            port = int(line.rpartition(b":")[2].rstrip(b"/\n"))
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
                os.close(ours)
                while b"Finishing what is under way" not in (line := output.readline()):
                    self.assertTrue(line)
                process.send_signal(signal.SIGHUP)  # shells send it as well
                while b"terminal has gone" not in (line := output.readline()):
                    self.assertTrue(line)
                client.sendall(b"\r\n")
                self.assertIn(b"Hello, world!", client.recv(4096))
            self.assertNotIn(b"Traceback", output.read())
        self.assertEqual(process.wait(PATIENCE), 0)


WHILE_IMPORTING = """
import os, signal, sys, time

class Finder:
    def find_spec(self, name, path, target=None):
        if name == "dartio_tut.daemon":
            sys.meta_path.remove(self)
            DO

def send_both():
    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGUSR1)

def lose_terminal():
    print("importing", flush=True)
    while os.isatty(0):
        time.sleep(0.01)

sys.meta_path.insert(0, Finder())
sys.argv = sys.argv[1:]
RUN
"""
"""A program that does something in the middle of its start."""

RUN_TWISTD = "from twisted.scripts.twistd import run; run()"
RUN_DARTIO = "from dartio_tut.command import run; run()"


class StartingTests(WorkersCase):
    """SIGHUP, and SIGUSR1, while a daemon starts."""

    def program(self, run: str, do: str, *line: str) -> tuple[str, ...]:
        """Something that runs *line*, and does *do* meanwhile."""
        text = WHILE_IMPORTING.replace("DO", do).replace("RUN", run)
        return (str(BIN / "python"), "-c", text, *line)

    def test_signals_wait_until_the_daemon_can_obey_them(self) -> None:
        for run, line in (
            (RUN_TWISTD, ("twistd", "-n", "hello")),
            (RUN_TWISTD, ("twistd", "-n", "tutorial")),
            (RUN_DARTIO, ("dartio", "serve", "hello")),
        ):
            with self.subTest(line=line):
                program = self.program(run, "send_both()", *line, "--port", "0")
                daemon = self.started(*program)
                self.addCleanup(daemon.process.kill)
                daemon.wait_for("Received SIGHUP")
                daemon.process.send_signal(signal.SIGHUP)
                daemon.wait_for("Received SIGHUP")
                self.assertEqual(daemon.stop(), -signal.SIGTERM)
                self.assertEqual(daemon.errors(), "")

    def test_workers_and_their_parent_hold_no_signal_back_when_they_run(self) -> None:
        line = ("twistd", "-n", "hello", "--port", "0", "--workers", "2")
        daemon = self.started(*self.program(RUN_TWISTD, "send_both()", *line))
        self.addCleanup(daemon.process.kill)
        daemon.wait_for("2 workers answer requests")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("All workers have been replaced")
        for pid in (daemon.process.pid, *workers_of(daemon)):
            status = Path(f"/proc/{pid}/status").read_text()
            blocked = int(status.partition("SigBlk:")[2].split()[0], 16)
            self.assertEqual(blocked, 0, status)
        self.assertEqual(daemon.stop(), -signal.SIGTERM)

    def test_daemon_ends_if_its_terminal_goes_while_it_starts(self) -> None:
        line = ("twistd", "-n", "hello", "--port", "0")
        program = self.program(RUN_TWISTD, "lose_terminal()", *line)
        process, ours = at_terminal(self, *program)
        assert process.stdout is not None
        with process.stdout as output:
            self.assertEqual(output.readline(), b"importing\n")
            os.close(ours)
            self.assertIn(b"the terminal has gone", output.read())
        self.assertEqual(process.wait(PATIENCE), 0)


def at_terminal(case: Case, *program: str) -> tuple[subprocess.Popen[bytes], int]:
    """
    Start *program* from a terminal of its own.

    :return: the process, and the end of the terminal that a person has.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        program,
        cwd=case.here,
        env=environment(case.home),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_control_terminal,
    )
    case.addCleanup(process.kill)
    os.close(theirs)
    return process, ours


def _control_terminal() -> None:
    """Make the terminal on the standard input that of this session."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
