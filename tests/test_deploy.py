"""
The systemd units, and sockets passed by systemd.
"""

from __future__ import annotations

import shutil
import subprocess

from twisted.trial.unittest import SkipTest

from .support.harness import BIN, CHECKOUT, Case, ask, environment, free_port

UNITS = ("dartio@.service", "dartio@.socket")


class UnitTests(Case):
    """``deploy/``."""

    def test_systemd_finds_no_fault(self) -> None:
        if not shutil.which("systemd-analyze"):
            raise SkipTest("NOT TESTED: no systemd-analyze here")
        for unit in UNITS:
            text = (CHECKOUT / "deploy" / unit).read_text()
            text = text.replace("/opt/dartio-tut/bin/twistd", str(BIN / "twistd"))
            (self.here / unit).write_text(text)
        for unit in ("dartio@hello.service", "dartio@hello.socket"):
            template = unit.replace("@hello", "@")
            shutil.copy(self.here / template, self.here / unit)
            ended = subprocess.run(
                ["systemd-analyze", "verify", "--man=no", str(self.here / unit)],
                capture_output=True,
                text=True,
                check=False,
            )
            said = [line for line in ended.stderr.splitlines() if "dartio" in line]
            self.assertEqual((ended.returncode, said), (0, []), ended.stderr)

    def test_what_the_service_starts_is_a_server(self) -> None:
        text = (CHECKOUT / "deploy" / "dartio@.service").read_text()
        line = next(t for t in text.splitlines() if t.startswith("ExecStart="))
        words = line.partition("/bin/twistd ")[2].replace("$DARTIO_OPTIONS", "")
        words = words.replace("%i", "hello").replace("-n --pidfile= ", "")
        daemon = self.daemon(*words.split(), "--port", "0").ready()
        self.assertEqual(ask(daemon).body, b"Hello, world!")


class SocketActivationTests(Case):
    """Sockets that systemd listens on."""

    def activated(self, *line: str, named: bool = True) -> int:
        if not shutil.which("systemd-socket-activate"):
            raise SkipTest("NOT TESTED: no systemd-socket-activate here")
        port = free_port()
        activator = subprocess.Popen(
            ["systemd-socket-activate", f"--listen=127.0.0.1:{port}"]
            + ["--fdname=http"] * named
            + [str(BIN / "twistd"), "-n", *line],
            cwd=self.here,
            env=environment(self.home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert activator.stderr is not None
        self.addCleanup(activator.stderr.close)
        self.addCleanup(activator.wait)
        self.addCleanup(activator.terminate)
        self.assertIn("Listening on", activator.stderr.readline())
        return port

    def test_used_unless_told_otherwise(self) -> None:
        port = self.activated("hello")
        self.assertEqual(ask(port).body, b"Hello, world!")

    def test_used_without_a_name(self) -> None:
        port = self.activated("hello", named=False)
        self.assertEqual(ask(port).body, b"Hello, world!")

    def test_tls_over_a_passed_socket(self) -> None:
        port = self.activated("hello-secure")
        ended = subprocess.run(
            [str(BIN / "dartio"), "get", f"https://localhost:{port}/"],
            env=environment(self.home),
            capture_output=True,
            text=True,
            check=False,
        )
        # It speaks TLS: what is wrong is that nobody vouches for the certificate.
        self.assertEqual(ended.returncode, 1)
        self.assertIn("certificate verify failed", ended.stderr)

    def test_named_by_an_endpoint_string(self) -> None:
        port = self.activated("hello", "--listen", "systemd:domain=INET:name=http")
        self.assertEqual(ask(port).body, b"Hello, world!")
