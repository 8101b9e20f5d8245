"""
A daemon behind nginx, HAProxy and Caddy, with the files of ``deploy/proxies``.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import shutil
import socket
import tempfile
from pathlib import Path
from time import monotonic
from typing import Any

from .support.harness import CHECKOUT, PATIENCE, Case, Daemon, ask, free_port
from .support.keep_alive_load import KeepAliveLoad
from .support.metrics import samples
from .support.passed_sockets import daemon_with_sockets
from .support.proxies import PROXIES, Caddy, HAProxy, Nginx, Proxy
from .support.until import until

REQUESTS = 30
MOST_CONNECTIONS = 6
"""For requests one after the other: nginx and Caddy need one, HAProxy one a thread."""

BIG_BYTES = 30_000_000

CLIENT = "127.0.0.5"
"""An address of this machine from which neither a proxy nor a daemon connects."""

PAGE = CHECKOUT / "docs" / "operations" / "proxies.md"


class BehindProxyCase(Case):
    """What each proxy has to let through."""

    kind: type[Proxy]

    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.kind(self)
        # A path that is short enough for a socket, where the users of proxies may go.
        self.sockets = Path(tempfile.mkdtemp())
        self.sockets.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.sockets)
        self.metrics = free_port()

    def behind(self, name: str, *options: str, over: str = "unix") -> str | int:
        """Run the server *name*; return where it is, as proxies want to know it."""
        self.backend, where = self.running(name, *options, over=over)
        return where

    def running(self, name: str, *options: str, over: str) -> tuple[Daemon, str | int]:
        """Run the server *name*; the daemon, and its path or its port."""
        log = ("--access-log", "access.log", "--access-log-format", "json")
        if over == "tcp":
            trust = ("--trusted-proxy", "127.0.0.1")
            daemon = self.daemon(name, "--port", "0", *trust, *log, *options).ready()
            return daemon, daemon.port
        path = str(self.sockets / f"{len(list(self.sockets.iterdir()))}.sock")
        listen = ("--listen", f"unix:{path}:mode=666", "--trusted-proxy", "unix")
        return self.daemon(name, *listen, *log, *options).ready(), path

    def counted(self) -> tuple[str, str]:
        """The option for a port of metrics."""
        return "--metrics", f"tcp:{self.metrics}:interface=127.0.0.1"

    def connections(self, name: str) -> int:
        """The metric *name* of the daemon."""
        return int(sum(samples(self.metrics, name).values()))

    def logged(self) -> list[Any]:
        """The lines of the access log, when the daemon has stopped."""
        self.backend.stop()
        lines = (self.here / "access.log").read_text().splitlines()
        return list(map(json.loads, lines))

    def assert_connections_are_reused(self, over: str) -> None:
        port = self.proxy.start(self.behind("hello", *self.counted(), over=over))
        for _ in range(REQUESTS):
            self.assertEqual(ask(port).body, b"Hello, world!")
        opened = self.connections("dartio_connections_opened_total")
        self.assertLessEqual(opened, MOST_CONNECTIONS)

    def test_connections_are_reused_over_tcp(self) -> None:
        self.assert_connections_are_reused("tcp")

    def test_connections_are_reused_over_a_unix_socket(self) -> None:
        self.assert_connections_are_reused("unix")

    def assert_clients_address_is_logged(self, over: str) -> None:
        port = self.proxy.start(self.behind("hello", over=over))
        for fields in (
            {},
            {"Forwarded": "for=9.9.9.9"},
            {"X-Forwarded-For": "9.9.9.9"},
        ):
            self.assertEqual(status_from(CLIENT, port, fields), 200)
        clients = [line["client"] for line in self.logged()]
        self.assertEqual(clients, [CLIENT] * 3)

    def test_clients_address_is_logged_over_tcp(self) -> None:
        self.assert_clients_address_is_logged("tcp")

    def test_clients_address_is_logged_over_a_unix_socket(self) -> None:
        self.assert_clients_address_is_logged("unix")

    def test_server_is_told_the_host_that_was_asked_for(self) -> None:
        port = self.proxy.start(self.behind("hello"))
        ask(port, fields={"Host": "example.org:8080"})
        self.assertEqual([line["host"] for line in self.logged()], ["example.org:8080"])

    def test_large_download_comes_whole(self) -> None:
        big = bytes(range(256)) * (BIG_BYTES // 256)
        (self.here / "www").mkdir()
        (self.here / "www" / "big").write_bytes(big)
        port = self.proxy.start(self.behind("static", "--root", "www"))
        body = ask(port, target="/big").body
        self.assertEqual(hashlib.sha256(body).digest(), hashlib.sha256(big).digest())
        part = ask(port, target="/big", fields={"Range": "bytes=-1000"})
        self.assertEqual((part.code, part.body), (206, big[-1000:]))

    def test_upload_reaches_the_server_while_it_arrives(self) -> None:
        options = ("--rest", "--store", "store", "--max-body", str(2 * BIG_BYTES))
        port = self.proxy.start(self.behind("writer", *options, *self.counted()))
        document = b'"' + b"a" * BIG_BYTES + b'"'
        half = len(document) // 2
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
            client.sendall(
                b"PUT /big.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                % len(document)
            )
            client.sendall(document[:half])
            until(
                "the server has the beginning of the body",
                lambda: self.connections("dartio_connections") == 1,
            )
            client.sendall(document[half:])
            self.assertIn(b" 201 ", client.recv(100))
        stored = (self.here / "store" / "big.json").read_bytes()
        self.assertEqual(json.loads(stored), json.loads(document))
        (line,) = self.logged()
        self.assertEqual((line["status"], line["request_bytes"]), (201, len(document)))

    def test_body_without_a_length_arrives(self) -> None:
        port = self.proxy.start(self.behind("writer", "--rest", "--store", "store"))
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.addCleanup(client.close)
        json_type = {"Content-Type": "application/json"}
        client.request("PUT", "/a.json", iter([b'{"a": ', b"1}"]), json_type)
        self.assertEqual(client.getresponse().status, 201)

    def test_events_are_not_held_back(self) -> None:
        port = self.proxy.start(self.behind("notes", "--rest", "--store", "store"))
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
            client.sendall(b"GET /?follow HTTP/1.1\r\nHost: localhost\r\n\r\n")
            stream = client.makefile("rb")
            line_with(stream, b"text/event-stream")
            for note in ("milk", "bread"):
                said = ask(port, "POST", body=json.dumps({"myNote": note}))
                self.assertEqual(said.code, 200)
                line_with(stream, note.encode())
            stream.close()

    def test_one_of_two_servers_stops_and_no_request_fails(self) -> None:
        stopped, first = self.running("hello", over="unix")
        _, second = self.running("hello", over="unix")
        load = KeepAliveLoad(self.proxy.start(first, second))
        self.addCleanup(load.stop)
        load.wait_for(200)
        self.assertEqual(stopped.stop(), -15)
        load.wait_for(load.answered + 200)
        load.stop()
        self.assertEqual(load.failures, [])

    def test_server_on_a_socket_of_systemds_starts_again_and_no_request_fails(
        self,
    ) -> None:
        listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.addCleanup(listening.close)
        first = daemon_with_sockets(self, [("http", listening)], "hello").ready()
        load = KeepAliveLoad(self.proxy.start(listening.getsockname()[1]))
        self.addCleanup(load.stop)
        load.wait_for(200)
        self.assertEqual(first.stop(), -15)
        daemon_with_sockets(self, [("http", listening)], "hello")
        load.wait_for(load.answered + 200)
        load.stop()
        self.assertEqual(load.failures, [])


class NginxTests(BehindProxyCase):
    """``deploy/proxies/nginx.conf``."""

    kind = Nginx


class HAProxyTests(BehindProxyCase):
    """``deploy/proxies/haproxy.cfg``."""

    kind = HAProxy

    def test_proxy_protocol_says_whose_a_request_is(self) -> None:
        port = self.proxy.start(
            self.behind("hello", over="tcp"), line=HAProxy.PROXY_PROTOCOL
        )
        for _ in range(2):
            self.assertEqual(status_from(CLIENT, port, {}), 200)
        clients = [line["client"] for line in self.logged()]
        self.assertEqual(clients, [CLIENT] * 2)


class CaddyTests(BehindProxyCase):
    """``deploy/proxies/Caddyfile``."""

    kind = Caddy


del BehindProxyCase  # trial would run its tests, too


class PageTests(Case):
    """The page that shows the files."""

    def test_page_shows_each_file_from_its_source(self) -> None:
        shown = re.findall(r"\{literalinclude\} (\S+)", PAGE.read_text())
        self.assertEqual(
            sorted((PAGE.parent / path).resolve() for path in shown),
            sorted(PROXIES.iterdir()),
        )


def status_from(address: str, port: int, fields: dict[str, str]) -> int:
    """The status code of a response to a client at *address*."""
    client = http.client.HTTPConnection(
        "127.0.0.1", port, PATIENCE, source_address=(address, 0)
    )
    client.request("GET", "/", headers=fields)
    response = client.getresponse()
    response.read()
    client.close()
    return response.status


def line_with(stream: Any, text: bytes) -> None:
    """Read lines of *stream*, which has comments now and then, until one has *text*."""
    deadline = monotonic() + PATIENCE
    for line in stream:
        if text in line:
            return
        if monotonic() > deadline:
            break
    raise AssertionError(f"no {text!r}")
