"""
``--self-signed``: a certificate for this machine, which people trust once.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

from twisted.trial.unittest import SkipTest

from .support import browsing
from .support.harness import PATIENCE, Case, Daemon, environment
from .support.programs import need


class SelfSignedTests(Case):
    """The same certificate for all servers of a person."""

    def started_at(self, *line: str) -> tuple[Daemon, Path]:
        """A server, and the certificate that it says it uses."""
        server = self.daemon(line[0], "--port", "0", "--self-signed", *line[1:])
        said = server.wait_for("Using a certificate that signs itself")
        return server, Path(said.rpartition(": ")[2])

    def test_lines_of_the_log_make_curl_and_dartio_trust_it(self) -> None:
        need("curl", "the lines that make it trust a certificate")
        server, _ = self.started_at("hello")
        said = server.wait_for("To trust it: ").partition("To trust it: ")[2]
        server.ready()
        for command in said.split("; "):
            line = [*command.split(" "), f"https://localhost:{server.port}/"]
            body, _ = self.run_program(*line) if line[0] == "dartio" else ("", "")
            if line[0] == "curl":
                body = subprocess.run(
                    [*line, "--silent", "--show-error"],
                    capture_output=True,
                    check=True,
                    text=True,
                    timeout=PATIENCE,
                ).stdout
            self.assertEqual(body, "Hello, world!", line)

    def test_it_is_made_once_for_all_servers_and_its_key_is_private(self) -> None:
        first, cert = self.started_at("hello")
        made = cert.read_bytes()
        self.assertTrue(cert.is_relative_to(self.home / ".local" / "state"))
        self.assertEqual(os.stat(cert.with_name("key.pem")).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(cert.parent).st_mode & 0o777, 0o700)
        first.ready()
        second, again = self.started_at("pages")
        second.ready()
        self.assertEqual((again, again.read_bytes()), (cert, made))

    def test_servers_that_start_together_agree_on_one(self) -> None:
        servers = [self.daemon("hello", "--port", "0", "--self-signed") for _ in "1234"]
        found = {s.wait_for("compare its SHA-256").split()[-1] for s in servers}
        for server in servers:
            server.ready()
        self.assertEqual(len(found), 1)

    def test_named_folder_is_used_and_checked(self) -> None:
        folder = self.here / "certificate"
        line = ("hello", "--self-signed", "--self-signed-folder", "certificate")
        said, _ = self.run_program("twistd", *line, "--port", "0", "--check")
        self.assertIn("all is in order", said)
        self.assertFalse(folder.exists())
        server, cert = self.started_at(line[0], *line[2:])
        self.assertEqual(cert, folder / "cert.pem")
        server.ready()

    def test_files_of_somebody_else_stay_and_are_named(self) -> None:
        (self.here / "key.pem").write_bytes(b"precious")
        line = ("hello", "--port", "0", "--self-signed", "--self-signed-folder", ".")
        for more in ((), ("--check",)):
            said = self.refuses(*line, *more, codes=(78,))
            self.assertIn("key.pem: it was not made here; name another folder", said)
        self.assertEqual((self.here / "key.pem").read_bytes(), b"precious")

    def test_renewed_one_is_shown_without_a_restart(self) -> None:
        server, cert = self.started_at("hello")
        server.ready()
        cert.unlink()
        cert.with_name("key.pem").unlink()
        other, _ = self.started_at("pages")  # which makes it anew
        other.ready()
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("cert.pem: this certificate is used from now on")

    def test_certutil_makes_chromium_trust_it(self) -> None:
        browsing.needed("trust in the browser")
        if not shutil.which("certutil"):
            raise SkipTest("NOT TESTED: trust in the browser; that takes certutil")
        server, cert = self.started_at("hello")
        server.ready()
        nss = self.home / ".pki" / "nssdb"
        nss.mkdir(parents=True)
        database = ["certutil", "-d", f"sql:{nss}"]
        trust = ["-A", "-t", "P,,", "-n", "dartio", "-i", str(cert)]
        for trusts, arguments in (
            (False, ["-N", "--empty-password"]),
            (True, trust),
        ):
            subprocess.run([*database, *arguments], check=True, timeout=PATIENCE)
            self.assertEqual("Hello, world!" in self.page(server), trusts)

    def page(self, server: Daemon) -> str:
        """What Chromium makes of the page of *server*."""
        assert browsing.BROWSER is not None
        return subprocess.run(
            [browsing.BROWSER, "--headless", "--no-sandbox", "--disable-gpu"]
            + ["--dump-dom", f"https://localhost:{server.port}/"],
            env=environment(self.home),
            capture_output=True,
            check=False,
            text=True,
            timeout=PATIENCE,
        ).stdout
