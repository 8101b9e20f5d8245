"""What operators do to a daemon while clients use it: none of them notices."""

from __future__ import annotations

import re
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from types import SimpleNamespace

from cryptography import x509
from twisted.trial.unittest import SkipTest

from dartio_tut.wire import keep_out

from .support.certificates import Signer
from .support.harness import Daemon
from .support.keep_alive_load import KeepAliveLoad
from .support.until import until
from .support.workers import WorkersCase

ROTATIONS = 10

RENEWALS = 3

COMBINED = re.compile(r'127\.0\.0\.1 - - \[[^]]+\] "GET / HTTP/1\.1" 200 13 "-" "-"')
"""A whole line of the access log."""


def trusting_all() -> ssl.SSLContext:
    """Settings of a client that looks at no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class RotationTests(WorkersCase):
    """The access log is renamed, again and again."""

    def test_no_line_of_one_process_is_lost(self) -> None:
        daemon = self.serve("hello", "--access-log", "access.log")

        def hang_up() -> None:
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for("Received SIGHUP")

        self.rotate(daemon, hang_up)

    def test_no_line_of_several_workers_is_lost_while_they_are_replaced(self) -> None:
        daemon = self.workers("hello", "--access-log", "access.log")
        self.rotate(daemon, lambda: self.hang_up(daemon))

    def rotate(self, daemon: Daemon, hang_up: Callable[[], None]) -> None:
        """
        Rotate the log of *daemon* as logrotate does, most often without a signal; each
        request has a line in one of the files.
        """
        log = self.here / "access.log"
        load = self.load(daemon)
        for number in range(ROTATIONS):
            load.wait_for(load.answered + 20)
            until("there is a log", log.exists)
            log.rename(self.here / f"access.log.{number}")
            if number % 5 == 4:
                hang_up()
        load.wait_for(load.answered + 20)
        load.stop()
        self.assertEqual(load.failures, [])
        self.assertEqual(daemon.stop(), -signal.SIGTERM)
        files = [file.read_text() for file in self.here.glob("access.log*")]
        lines = [line for text in files for line in text.splitlines()]
        self.assertEqual(len(files), ROTATIONS + 1)
        self.assertEqual(len(lines), load.answered)
        for line in lines:
            self.assertRegex(line, COMBINED)


class CertificateTests(WorkersCase):
    """The certificate is replaced by another one, and by a file that is damaged."""

    def renew(self) -> None:
        """Put a new pair in the place of the one in use."""
        signer = Signer(self.here, x509.DNSName("localhost"), days=(-1, 90))
        pair = signer.path, signer.path.with_suffix(".key")
        for file, name in zip(pair, ("cert.pem", "key.pem"), strict=True):
            (self.here / name).write_bytes(file.read_bytes())

    def test_every_client_is_answered_whatever_becomes_of_the_files(self) -> None:
        self.renew()
        daemon = self.serve("hello", "--cert", "cert.pem", "--key", "key.pem")
        loads = [
            KeepAliveLoad(daemon.port, 2, tls=trusting_all(), keeps=keeps)
            for keeps in (True, False)
        ]
        for load in loads:
            self.addCleanup(load.stop)
        for _ in range(RENEWALS):
            self.renew()
            self.reload(daemon, "this certificate is used from now on", loads)
            (self.here / "cert.pem").write_text("no certificate")
            self.reload(daemon, "the certificate of before stays in use", loads)
        for load in loads:
            load.stop()
            self.assertEqual(load.failures, [])

    def reload(self, daemon: Daemon, said: str, loads: list[KeepAliveLoad]) -> None:
        """Have *daemon* read its files, and then answer some clients more."""
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(said)
        for load in loads:
            load.wait_for(load.answered + 10)


class StoppingTests(WorkersCase):
    """A daemon is told to stop."""

    def test_who_comes_after_the_last_one_is_not_in(self) -> None:
        if sys.platform != "linux":
            raise SkipTest("NOT TESTED: keeping clients out, which only Linux can")
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.create_server((host, 0), family=family) as server:
                address = server.getsockname()[:2]
                with socket.create_connection(address) as first:
                    keep_out(SimpleNamespace(socket=server))
                    with self.assertRaises(ConnectionRefusedError):
                        socket.create_connection(address)
                    first.sendall(b"is in")
                    accepted, _ = server.accept()
                    with accepted:
                        self.assertEqual(accepted.recv(10), b"is in")
                    server.setblocking(False)
                    self.assertRaises(BlockingIOError, server.accept)

    def assert_all_are_answered_or_refused(self, daemon: Daemon) -> None:
        """Nobody gets through to *daemon*, and is left without a response."""
        load = KeepAliveLoad(daemon.port, keeps=False)
        self.addCleanup(load.stop)
        load.wait_for(50)
        self.assertEqual(daemon.stop(), -signal.SIGTERM)
        load.stop()
        others = [x for x in load.failures if not x.startswith("ConnectionRefused")]
        self.assertEqual(others, [])

    def test_every_connection_is_answered_or_refused(self) -> None:
        self.assert_all_are_answered_or_refused(self.serve("hello"))

    def test_every_connection_of_workers_is_answered_or_refused(self) -> None:
        self.assert_all_are_answered_or_refused(self.workers("hello"))
