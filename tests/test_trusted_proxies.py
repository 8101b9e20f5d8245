"""
Behind a proxy: whose a request is, as the access log of a real daemon has it.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest

from .support.harness import Case, Daemon

GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
FORWARDED = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: "
V1 = b"PROXY TCP4 203.0.113.7 10.0.0.1 56324 443\r\n"


def exchange(connection: socket.socket, data: bytes) -> bytes:
    """What comes back for *data*, to the end of the connection."""
    with connection:
        connection.settimeout(30)
        connection.sendall(data)
        return b"".join(iter(lambda: connection.recv(65536), b""))


class ProxyTests(Case):
    """``--trusted-proxy``."""

    def hello(self, *options: str) -> Daemon:
        """A server with an access log."""
        log = ("--access-log", "access.log", "--access-log-format", "json")
        return self.serve("hello", *log, *options)

    def logged(self, daemon: Daemon) -> list[Any]:
        """The client and the status of each line, when *daemon* has stopped."""
        daemon.stop()
        lines = (self.here / "access.log").read_text().splitlines()
        return [(found["client"], found["status"]) for found in map(json.loads, lines)]

    def test_a_trusted_proxy_says_whose_a_request_is(self) -> None:
        daemon = self.hello("--trusted-proxy", "127.0.0.0/8")
        for data in (
            V1 + GET,
            FORWARDED + b"9.9.9.9, 1.2.3.4, 127.0.0.2\r\n\r\n",
            FORWARDED + b"unknown\r\n\r\n",
            GET,
            V1.replace(b"7 ", b"777 ") + GET,
        ):
            exchange(socket.create_connection(("127.0.0.1", daemon.port)), data)
        self.assertEqual(
            self.logged(daemon),
            [("203.0.113.7", 200), ("1.2.3.4", 200), ("127.0.0.1", 200),
             ("127.0.0.1", 200), ("127.0.0.1", 400)],
        )  # fmt: skip

    def test_nobody_else_does(self) -> None:
        daemon = self.hello("--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "unix")
        for data in (V1 + GET, FORWARDED + b"1.2.3.4\r\n\r\n"):
            exchange(socket.create_connection(("127.0.0.1", daemon.port)), data)
        found = self.logged(daemon)
        self.assertEqual(found, [("127.0.0.1", 400), ("127.0.0.1", 200)])

    def test_whoever_connects_to_a_unix_socket_may_be_a_proxy(self) -> None:
        folder = tempfile.mkdtemp()  # a path that is short enough for a socket
        self.addCleanup(shutil.rmtree, folder)
        path = Path(folder, "socket")
        listen = ("--listen", f"unix:{path}", "--listen", "tcp:0:interface=127.0.0.1")
        daemon = self.hello(*listen, "--trusted-proxy", "unix")
        for data in (V1 + GET, FORWARDED + b"2001:db8::1\r\n\r\n", GET):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(str(path))
            exchange(connection, data)
        found = self.logged(daemon)
        self.assertEqual(
            found, [("203.0.113.7", 200), ("2001:db8::1", 200), ("-", 200)]
        )

    def test_http2_behind_a_head_of_the_proxy_protocol(self) -> None:
        curl = shutil.which("curl")
        if curl is None:
            raise SkipTest("NOT TESTED: the PROXY protocol by curl, which is not there")
        daemon = self.hello("--h2c", "--trusted-proxy", "127.0.0.1")
        line = (curl, "-sS", "--max-time", "30", "--http2-prior-knowledge")
        url = f"http://127.0.0.1:{daemon.port}/"
        for more in (("--haproxy-protocol",), ("-H", "Forwarded: for=1.2.3.4")):
            said = subprocess.run((*line, *more, url), capture_output=True, check=True)
            self.assertEqual(said.stdout, b"Hello, world!")
        found = self.logged(daemon)
        self.assertEqual(found, [("127.0.0.1", 200), ("1.2.3.4", 200)])

    def test_a_wrong_network_is_refused(self) -> None:
        said = self.refuses("hello", "--trusted-proxy", "10.0.0.1/8")
        self.assertIn("--trusted-proxy: 10.0.0.1/8: did you mean 10.0.0.0/8?", said)
