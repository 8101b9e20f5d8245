"""
Several sockets of systemd's, each with its name, and what a daemon does with them.
"""

from __future__ import annotations

import socket
import ssl

from dartio_tut.daemon import localhost_certificate

from .support.harness import Case, Daemon, ask
from .support.passed_sockets import daemon_with_sockets
from .support.until import until


class NamedSocketTests(Case):
    """``FileDescriptorName=``, as the program that starts a daemon passes it."""

    def setUp(self) -> None:
        super().setUp()
        self.sockets: list[tuple[str, socket.socket]] = []

    def listening(self, name: str) -> int:
        """Listen for a daemon to come; the port."""
        made = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.addCleanup(made.close)
        self.sockets.append((name, made))
        port: int = made.getsockname()[1]
        return port

    def started_with(self, *line: str) -> Daemon:
        """Run twistd with *line* and these sockets, and wait until it listens."""
        return daemon_with_sockets(self, self.sockets, *line).ready()

    def test_all_are_served_unless_some_are_named(self) -> None:
        ports = [self.listening(name) for name in ("http", "other", "http")]
        daemon = self.started_with("hello")
        for port in ports:
            self.assertEqual(ask(port).body, b"Hello, world!")
        daemon.stop()
        daemon = self.started_with("hello", "--listen", "systemd:http")
        for port in (ports[0], ports[2]):
            self.assertEqual(ask(port).body, b"Hello, world!")
        self.assertNotIn(f":{ports[1]}/", "\n".join(daemon.lines))

    def test_redirect_has_one_of_its_own_and_tls_the_others(self) -> None:
        secure, plain = self.listening("https"), self.listening("redirect")
        cert, key = localhost_certificate(str(self.here))
        line = ("pages", "--cert", cert, "--key", key)
        for more in ((), ("--workers", "2")):
            redirect = ("--redirect-http", "systemd:redirect")
            daemon = self.started_with(*line, *redirect, *more)
            tls = ssl.create_default_context(cafile=cert)
            self.assertEqual(ask(secure, host="localhost", tls=tls).code, 200)
            response = until(
                "the redirect answers",
                lambda: ask(plain, target="/a?b", host="localhost"),
            )
            self.assertEqual(response.code, 308)
            location = response.fields["Location"]
            self.assertEqual(location, f"https://localhost:{secure}/a?b")
            self.assertEqual(daemon.stop(), -15)

    def test_a_name_that_is_not_there_is_refused_with_those_that_are(self) -> None:
        self.listening("http")
        line = ("hello", "--listen", "systemd:web")
        refused = daemon_with_sockets(self, self.sockets, *line)
        refused.stopped = True
        self.assertEqual(refused.ended(), 78)
        self.assertEqual(
            refused.errors(),
            "hello: --listen systemd:web: systemd passed no socket with this name, "
            "but http\n",
        )
