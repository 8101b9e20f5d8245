"""
HTTP/2 of running daemons, with clients of others.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import ssl
import subprocess
from pathlib import Path

import httpx
from hpack import Encoder

from dartio_tut.test.support.http2_client import (
    END_HEADERS,
    END_STREAM,
    FrameReader,
    request_fields,
    reset_frame,
    settings_frame,
    window_frame,
)
from dartio_tut.wire.http2.engine import ErrorCode
from dartio_tut.wire.http2.frames import PREFACE, Kind, frame

from .support.browsing import a_browser, needed
from .support.harness import PATIENCE, TWISTD, Case, Daemon, environment
from .support.programs import need

MIB = 1024 * 1024


class HTTP2Case(Case):
    """Daemons that speak HTTP/2."""

    def setUp(self) -> None:
        super().setUp()
        self.root = self.here / "root"
        self.root.mkdir()
        (self.root / "small.txt").write_text("small\n")
        (self.root / "large.bin").write_bytes(os.urandom(8 * MIB))

    def twistd(self, *line: str) -> Daemon:
        """Run twistd with *line*."""
        daemon = self.started(*TWISTD, *line)
        self.addCleanup(self.ends_quietly, daemon)
        return daemon

    def server(self, *line: str) -> Daemon:
        """A secure server."""
        return self.twistd(*line, "--port", "0", *self.certificate()).ready()

    def certificate(self) -> tuple[str, ...]:
        """Options for a certificate of this machine."""
        from dartio_tut.daemon.certificate import localhost_certificate

        cert, key = localhost_certificate(str(self.here))
        return "--cert", cert, "--key", key

    def program(self, *command: str, code: int = 0) -> str:
        """Run a program of the system: what it says."""
        need(command[0], "HTTP/2 with a client of the system")
        ended = subprocess.run(
            command,
            cwd=self.here,
            env=environment(self.home),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        said = (ended.stdout + ended.stderr).decode(errors="replace")
        self.assertEqual(ended.returncode, code, said[:2000])
        return said

    def connect(self, server: Daemon) -> RawClient:
        """A client of raw frames."""
        client = RawClient(server.port)
        self.addCleanup(client.close)
        return client


class RawClient(FrameReader):
    """Sends raw frames over TLS, and reads what comes."""

    def __init__(self, port: int) -> None:
        super().__init__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._socket = context.wrap_socket(plain)
        self._encoder = Encoder()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def send(self, *frames: bytes) -> None:
        """Send *frames*."""
        self._socket.sendall(b"".join(frames))

    def head(self, stream_id: int, path: bytes) -> bytes:
        """A request."""
        block = bytes(self._encoder.encode(request_fields(path=path)))
        return frame(Kind.HEADERS, stream_id, block, END_STREAM | END_HEADERS)

    def read_until_closed(self) -> None:
        """Read until the server closes."""
        with contextlib.suppress(ConnectionResetError):
            while data := self._socket.recv(65536):
                self.feed(data)

    def read_until_response(self, stream_id: int) -> None:
        """Read until a response has begun."""
        while not self.answer(stream_id).status:
            self.feed(self._socket.recv(65536))


def cpu_seconds(server: Daemon) -> float:
    """What *server* has used so far."""
    stat = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2]
    user, system = stat.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def open_files(server: Daemon) -> int:
    """How many of its descriptors are files of the folder that it serves."""
    folder = Path(f"/proc/{server.process.pid}/fd")
    names = []
    for entry in folder.iterdir():
        with contextlib.suppress(OSError):
            names.append(os.readlink(entry))
    return sum(name.endswith("large.bin") for name in names)


class ClientTests(HTTP2Case):
    """Clients of others."""

    def curl(self, url: str, *options: str) -> str:
        """What curl says of *url*: the version, the status code, the size."""
        said = "%{http_version} %{http_code} %{size_download}"
        line = ("-sk", "--http2", "-o", "got", "-w", said, *options, url)
        return self.program("curl", *line)

    def test_curl_gets_files_and_heads(self) -> None:
        server = self.server("static", "--root", str(self.root))
        self.assertEqual(self.curl(f"{server.url}small.txt"), "2 200 6")
        self.assertEqual(self.curl(f"{server.url}large.bin"), f"2 200 {8 * MIB}")
        self.assertEqual(
            (self.here / "got").read_bytes(),
            (self.root / "large.bin").read_bytes(),
        )
        self.assertEqual(self.curl(f"{server.url}small.txt", "--head"), "2 200 0")
        self.assertEqual(self.curl(f"{server.url}small.txt", "-r", "1-2"), "2 206 2")
        self.assertEqual(self.curl(f"{server.url}missing").split()[1], "404")

    def test_curl_is_told_that_an_upload_is_too_large(self) -> None:
        (self.here / "upload").write_bytes(bytes(4 * MIB))
        (self.here / "empty").write_bytes(b"")
        server = self.server("notes", "--store", str(self.here / "store"))
        for how in (("-T", "upload"), ("--data-binary", "@upload")):
            self.assertIn(" 413 ", self.curl(server.url, *how))
            self.assertEqual((self.here / "got").read_text(), "413 Content Too Large\n")
        for chunked in ((), ("-H", "Content-Length:")):
            self.assertIn(
                " 413 ",
                self.curl(server.url, *chunked, "-X", "POST", "-T", "upload"),
            )
        self.assertNotIn(" 500 ", self.curl(server.url, "-T", "empty"))
        note = json.dumps({"myNote": "by HTTP/2"})
        self.assertIn("2 200", self.curl(server.url, "-d", note))

    def test_nghttp_and_h2load_get_all_that_they_ask_for(self) -> None:
        server = self.server("static", "--root", str(self.root))
        urls = [f"{server.url}{name}" for name in ("small.txt", "large.bin")]
        self.program("nghttp", "-n", "--no-verify-peer", *urls * 3)
        said = self.program("h2load", "-n500", "-c4", "-m20", urls[0])
        self.assertIn("500 succeeded, 0 failed", said)
        self.assertIn("500 2xx", said)

    def test_httpx_gets_many_at_a_time(self) -> None:
        server = self.server("static", "--root", str(self.root))
        asyncio.run(self.get_many(server.url))

    async def get_many(self, url: str) -> None:
        """Ask for many files on one connection."""
        async with httpx.AsyncClient(
            http2=True, verify=False, timeout=PATIENCE, trust_env=False
        ) as client:
            first = await client.get(f"{url}small.txt")
            self.assertEqual(first.http_version, "HTTP/2")
            names = ["small.txt", "large.bin"] * 10
            found = await asyncio.gather(*(client.get(url + name) for name in names))
            for name, response in zip(names, found, strict=True):
                self.assertEqual(response.content, (self.root / name).read_bytes())

    def test_twisted_tls_over_another_endpoint_speaks_it_too(self) -> None:
        _, cert, _, key = self.certificate()
        text = rf"https:over=tcp\:0\:interface=127.0.0.1:cert={cert}:key={key}"
        server = self.twistd("hello", "--listen", text)
        server.wait_for("Listening on")
        port = listening_port(server)
        self.assertEqual(self.curl(f"https://127.0.0.1:{port}/"), "2 200 13")
        said = self.curl(f"https://127.0.0.1:{port}/", "--http1.1")
        self.assertEqual(said, "1.1 200 13")

    def test_clients_may_begin_with_it_without_tls(self) -> None:
        server = self.twistd("hello", "--port", "0", "--h2c").ready()
        said = self.curl(server.url, "--http2-prior-knowledge")
        self.assertEqual(said, "2 200 13")
        self.assertEqual(self.curl(server.url, "--http1.1"), "1.1 200 13")
        self.program("h2load", "-n100", "-c2", "-m5", server.url)

    def test_check_tells_that_it_is_offered(self) -> None:
        line = ("hello", "--check", "--port", "0", *self.certificate())
        checked = self.twistd(*line)
        checked.stopped = True
        self.assertEqual(checked.ended(), 0)
        self.assertRegex(checked.output(), r"hello: HTTP/2 by hpack \d")


class BrowserTests(HTTP2Case):
    """A real browser."""

    ASK = """
        const done = arguments[arguments.length - 1];
        (async () => {
            const small = await Promise.all(Array.from({length: 40}, async (_, i) =>
                (await fetch("/small.txt?" + i)).text()));
            const cancelled = new AbortController();
            for (let i = 0; i < 10; i++) {
                fetch("/large.bin?" + i, {signal: cancelled.signal}).catch(() => 0);
            }
            await fetch("/small.txt?between");
            cancelled.abort();
            const large = await (await fetch("/large.bin")).arrayBuffer();
            const body = new Uint8Array(4 * 1024 * 1024);
            const upload = await fetch("/small.txt", {method: "POST", body});
            const entries = performance.getEntriesByType("resource");
            return [small.length, new Set(small).size, large.byteLength,
                    upload.status, [...new Set(entries.map(e => e.nextHopProtocol)
                                                      .filter(p => p))]];
        })().then(done, error => done(String(error)));
    """

    def test_browser_fetches_cancels_and_uploads(self) -> None:
        needed("HTTP/2 with a browser")
        browser = a_browser(self, "--ignore-certificate-errors")
        browser.set_script_timeout(PATIENCE)
        server = self.server("static", "--root", str(self.root))
        browser.get(f"{server.url}small.txt")
        found = browser.execute_async_script(self.ASK)
        self.assertEqual(found, [40, 1, 8 * MIB, 413, ["h2"]])
        self.assertEqual(open_files(server), 0)


def listening_port(server: Daemon) -> int:
    """The port of a server whose endpoint string is not that of a port."""
    for line in Path(f"/proc/{server.process.pid}/net/tcp").read_text().splitlines():
        fields = line.split()
        if len(fields) > 9 and fields[3] == "0A":
            inode = f"socket:[{fields[9]}]"
            for entry in Path(f"/proc/{server.process.pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    if os.readlink(entry) == inode:
                        return int(fields[1].rpartition(":")[2], 16)
    raise AssertionError("it does not listen")


class AttackTests(HTTP2Case):
    """What a hostile client does costs it more than the daemon."""

    def test_cancelled_downloads_leave_no_file_open(self) -> None:
        server = self.server("static", "--root", str(self.root))
        client = self.connect(server)
        client.send(PREFACE, settings_frame())
        for stream_id in range(1, 201, 2):
            client.send(client.head(stream_id, b"/large.bin"))
            client.read_until_response(stream_id)
            client.send(reset_frame(stream_id))
        client.send(client.head(201, b"/small.txt"))
        client.read_until_response(201)
        self.assertEqual(client.answer(201).status, 200)
        self.assertEqual(open_files(server), 0)

    def test_few_clients_do_not_take_all_descriptors(self) -> None:
        line = (*TWISTD, "static", "--root", str(self.root), "--port", "0")
        server = self.started("prlimit", "--nofile=256:256", *line, *self.certificate())
        self.addCleanup(self.ends_quietly, server)
        server.ready()
        clients = [self.connect(server) for _ in range(4)]
        for client in clients:
            client.send(PREFACE, settings_frame(INITIAL_WINDOW_SIZE=0))
            numbers = range(1, 201, 2)
            client.send(*(client.head(number, b"/large.bin") for number in numbers))
            client.read_until_response(1)
            self.assertEqual(client.answer(1).status, 200)
        self.assertLessEqual(open_files(server), 100 + len(clients))
        another = self.connect(server)
        another.send(PREFACE, settings_frame(), another.head(1, b"/small.txt"))
        another.read_until_response(1)
        self.assertEqual(another.answer(1).status, 200)

    def test_closed_window_costs_nothing_and_ends_in_a_reset(self) -> None:
        line = ("static", "--root", str(self.root), "--write-timeout", "2")
        server = self.server(*line)
        client = self.connect(server)
        client.send(PREFACE, settings_frame(INITIAL_WINDOW_SIZE=0))
        client.send(client.head(1, b"/large.bin"))
        client.read_until_response(1)
        before = cpu_seconds(server)
        while client.answer(1).reset is None:
            client.feed(client._socket.recv(65536))
        self.assertEqual(client.answer(1).reset, ErrorCode.CANCEL)
        self.assertLess(cpu_seconds(server) - before, 0.5)
        self.assertEqual(open_files(server), 0)

    def test_files_arrive_whole_however_slowly_they_are_read(self) -> None:
        """What a socket does not take at once waits, and other files are sent."""
        names = [f"{number}.bin" for number in range(60)]
        for name in names:
            (self.root / name).write_bytes(os.urandom(300_000))
        server = self.server("static", "--root", str(self.root))
        clients = [self.connect(server) for _ in range(2)]
        windows = frame(Kind.WINDOW_UPDATE, 0, (64 * MIB).to_bytes(4, "big"))
        settings = settings_frame(INITIAL_WINDOW_SIZE=64 * MIB)
        for client in clients:
            client.send(PREFACE, settings, windows)
            paths = enumerate(names)
            client.send(*(client.head(2 * n + 1, b"/%d.bin" % n) for n, _ in paths))
        for client in (*clients, *clients):
            last = client.answer(2 * len(names) - 1)
            for _ in range(150):
                if not last.is_ended:
                    client.feed(client._socket.recv(4096))
        for client in clients:
            while not all(a.is_ended for a in client.answers.values()):
                client.feed(client._socket.recv(65536))
            for number, name in enumerate(names):
                content = (self.root / name).read_bytes()
                self.assertEqual(client.answer(2 * number + 1).body, content, name)

    def test_files_arrive_whole_whatever_windows_clients_open(self) -> None:
        """A window may end a piece anywhere: in a frame, in a record of TLS."""
        content = os.urandom(70_000)
        (self.root / "some.bin").write_bytes(content)
        server = self.server("static", "--root", str(self.root))
        for window in (700, 10_000, 16_383, 16_384, 16_385, 32_768, 40_000, 65_535):
            client = self.connect(server)
            client.send(PREFACE, settings_frame(INITIAL_WINDOW_SIZE=window))
            client.send(client.head(1, b"/some.bin"))
            opened = 0
            while not client.answer(1).is_ended:
                client.feed(client._socket.recv(65536))
                if len(client.answer(1).body) == window + opened:
                    opened += window
                    client.send(window_frame(0, window), window_frame(1, window))
            self.assertEqual(client.answer(1).body, content, window)
            client.close()

    def test_flood_ends_in_goaway_that_the_client_can_read(self) -> None:
        ping = frame(Kind.PING, 0, b"12345678")
        server = self.server("hello")
        client = self.connect(server)
        client.send(PREFACE, settings_frame())
        with contextlib.suppress(OSError):
            for _ in range(30):
                client.send(ping * 100)
        client.read_until_closed()
        assert client.goaway is not None
        self.assertEqual(client.goaway[0], ErrorCode.ENHANCE_YOUR_CALM)

    def test_stop_says_goaway_and_finishes_what_is_under_way(self) -> None:
        server = self.server("static", "--root", str(self.root))
        idle, busy = self.connect(server), self.connect(server)
        for client in (idle, busy):
            client.send(PREFACE, settings_frame())
        busy.send(busy.head(1, b"/large.bin"))
        busy.read_until_response(1)
        idle.send(idle.head(1, b"/small.txt"))
        idle.read_until_response(1)
        server.process.terminate()
        idle.read_until_closed()
        self.assertEqual(idle.goaway, (ErrorCode.NO_ERROR, 1))
        increment = (16 * MIB).to_bytes(4, "big")
        for stream_id in (0, 1):
            busy.send(frame(Kind.WINDOW_UPDATE, stream_id, increment))
        busy.read_until_closed()
        self.assertEqual(busy.goaway, (ErrorCode.NO_ERROR, 1))
        self.assertEqual(len(busy.answer(1).body), 8 * MIB)
        self.assertTrue(busy.answer(1).is_ended)
