"""
``--redirect-http`` and ``--hsts``: from http to https, and to stay there.
"""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509

from .support.certificates import Signer
from .support.harness import PATIENCE, Case, Daemon, ask, free_port
from .support.programs import need

LOCAL = (x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1")))
"""The names of this machine in a certificate."""


class RedirectingTests(Case):
    """A server with a second port, without TLS."""

    def setUp(self) -> None:
        super().setUp()
        ca = Signer(self.here)
        names = Signer(self.here, *LOCAL, issuer=ca, days=(-1, 90))
        self.ca = ca.path
        self.files = ("--cert", str(names.path), "--key", str(names.path)[:-3] + "key")

    def redirecting(self, *line: str) -> tuple[Daemon, int]:
        """A server, and its port without TLS."""
        ports = ("--port", "0", "--redirect-http", "0")
        server = self.daemon("hello", *self.files, *ports, *line)
        said = server.wait_for("Redirecting http://127.0.0.1:")
        found = re.search(r"127\.0\.0\.1:(\d+)/ to HTTPS", said)
        assert found is not None
        return server.ready(), int(found[1])

    def test_curl_is_sent_to_https_with_all_that_it_asked(self) -> None:
        need("curl", "following a redirect to HTTPS")
        server, plain = self.redirecting()
        ended = subprocess.run(
            ["curl", "--silent", "--show-error", "--location", "--cacert", str(self.ca)]
            + ["--write-out", " %{url_effective}", f"http://localhost:{plain}/a?b=c"],
            capture_output=True,
            check=True,
            text=True,
            timeout=PATIENCE,
        )
        expected = f"Hello, world! https://localhost:{server.port}/a?b=c"
        self.assertEqual(ended.stdout, expected)

    def test_port_may_be_named_that_clients_see(self) -> None:
        _, plain = self.redirecting("--https-port", "443")
        response = ask(plain, "POST", "/x", "body", host="localhost")
        self.assertEqual(response.code, 308)
        self.assertEqual(response.fields["Location"], "https://localhost/x")

    def test_challenges_of_acme_are_answered_without_tls(self) -> None:
        folder = self.here / "web" / ".well-known" / "acme-challenge"
        _, plain = self.redirecting_with_folder(folder)
        target = "/.well-known/acme-challenge/token"
        self.assertEqual(ask(plain, target=target).code, 404)
        (folder / "token").write_text("token.digest")
        self.assertEqual(ask(plain, target=target).body, b"token.digest")
        self.assertEqual(ask(plain, target="/").code, 308)

    def redirecting_with_folder(self, folder: Path) -> tuple[Daemon, int]:
        folder.mkdir(parents=True)
        return self.redirecting("--acme-folder", "web")

    def test_redirects_are_in_the_access_log(self) -> None:
        log = self.here / "access.log"
        server, plain = self.redirecting("--access-log", str(log))
        ask(plain, target="/asked")
        server.stop()
        self.assertIn('"GET /asked HTTP/1.1" 308', log.read_text())

    def test_proxies_may_say_there_whose_a_request_is_too(self) -> None:
        log = self.here / "access.log"
        trust = ("--trusted-proxy", "127.0.0.1")
        server, plain = self.redirecting("--access-log", str(log), *trust)
        with socket.create_connection(("127.0.0.1", plain), PATIENCE) as client:
            client.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 1234 80\r\n")
            client.sendall(b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertIn(b" 308 ", client.recv(4096))
        server.stop()
        self.assertRegex(log.read_text(), r'(?m)^192\.0\.2\.7 .*"GET /x HTTP/1\.1" 308')

    def test_request_under_way_is_answered_when_the_server_stops(self) -> None:
        server, plain = self.redirecting()
        with socket.create_connection(("127.0.0.1", plain), PATIENCE) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
            ask(plain)  # so the first half has come, too
            server.process.terminate()
            server.wait_for("Finishing what is under way on 1 connections")
            client.sendall(b"\r\n")
            self.assertIn(b"308", client.recv(4096))

    def test_port_in_use_is_named_and_may_be_free_later(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            line = ("hello", "--port", "0", *self.files, "--redirect-http", str(port))
            said = self.refuses(*line, codes=(1,))
            self.assertIn(
                f"127.0.0.1:{port} (--redirect-http): Address already in use", said
            )
            # The very server whose options are checked may have it.
            self.assertIn("in order", self.run_program("twistd", *line, "--check")[0])

    def test_check_binds_the_port(self) -> None:
        line = (
            "hello",
            "--port",
            "0",
            *self.files,
            "--redirect-http",
            str(free_port()),
        )
        self.assertIn("in order", self.run_program("twistd", *line, "--check")[0])
        for more, said in [
            (("--acme-folder", "none"), "--acme-folder: none: no such folder"),
            (("--interface", "none.invalid"), "--interface: "),
        ]:
            self.assertIn(said, self.refuses(*line, *more, "--check", codes=(78,)))

    def test_hsts_is_told_over_tls_only(self) -> None:
        server, plain = self.redirecting("--hsts", "31536000")
        tls = ssl.create_default_context(cafile=str(self.ca))
        field = "Strict-Transport-Security"
        response = ask(server, host="localhost", tls=tls)
        self.assertEqual(response.fields[field], "max-age=31536000")
        self.assertNotIn(field, ask(plain).fields)
        self.assertNotIn(field, ask(server).fields)  # 400: this port speaks TLS

    def test_hsts_is_told_whoever_answers(self) -> None:
        more = ("--health", "--allow-host", "localhost")
        server, _ = self.redirecting("--hsts", "60", *more)
        tls = ssl.create_default_context(cafile=str(self.ca))
        for start, host, code in [
            ("GET /healthz", "localhost", 200),
            ("GET /readyz", "other", 200),
            ("OPTIONS *", "localhost", 200),
            ("GET /", "other", 421),
            ("GET /", "a b", 400),
        ]:
            method, target = start.split()
            response = ask(
                server, method, target, fields={"Host": host}, host="localhost", tls=tls
            )
            self.assertEqual((start, response.code), (start, code))
            self.assertEqual(response.fields["Strict-Transport-Security"], "max-age=60")

    def test_hsts_is_told_by_http2(self) -> None:
        need("curl", "HSTS over HTTP/2")
        server, _ = self.redirecting("--hsts", "60")
        ended = subprocess.run(
            ["curl", "--silent", "--http2", "--head", "--cacert", str(self.ca)]
            + [f"https://localhost:{server.port}/"],
            capture_output=True,
            check=True,
            text=True,
            timeout=PATIENCE,
        )
        self.assertIn("HTTP/2 200", ended.stdout)
        self.assertIn("strict-transport-security: max-age=60", ended.stdout)
