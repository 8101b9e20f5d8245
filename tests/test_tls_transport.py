"""
TLS straight on the socket: large answers, large uploads, files, silent clients.
"""

from __future__ import annotations

import contextlib  # its suppress, imported by name, would be trial's own suppress
import gc
import os
import socket
import ssl
import weakref
from itertools import product
from pathlib import Path
from time import process_time
from typing import Any

from hpack import Encoder
from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import Limits, https_endpoint
from dartio_tut.daemon.certificate import localhost_certificate
from dartio_tut.test.support.http2_client import (
    FrameReader,
    request_fields,
    settings_frame,
)
from dartio_tut.test.support.tls_alerts import is_without_protocol
from dartio_tut.wire import Ending, Event, ExchangeDone, listen_tls, set_alpn
from dartio_tut.wire.http2.engine import ErrorCode
from dartio_tut.wire.http2.frames import PREFACE, Kind, frame
from dartio_tut.wire.transport import plain_text, tls, tls_port

from .support.harness import PATIENCE
from .support.serving import ServingCase, open_on
from .support.tls_records import TLSRecordClient

LARGE = os.urandom(1024) * 20 * 1024
"""20 MiB: many records, more than any buffer."""

POST = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
PLAIN = [
    b"PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"get / http/1.1\r\n\r\n",
    b"\r\n" + GET,
    b"\n",
    b"\r",
    b"G",
    b" GET / HTTP/1.1\r\n\r\n",
    b"~garbage",
    b"SSH-2.0-OpenSSH_9.9\r\n",
    b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n" + GET,
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
]
"""What is text from its first byte on."""

NOT_PLAIN = [
    b"\x00" * 20,
    b"\x16GET / HTTP/1.1\r\n\r\n",
    b"\x15\x03\x01\x00\x02\x02\x28",
    b"\x80\x2e\x01\x00\x02" + b"\x00" * 50,
    b"\xff" * 20,
    b"\x7f" * 20,
]
"""What is neither text nor TLS."""

TOO_MANY = "too many at a time"

LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def hello(request: Any) -> bytes:
    """A page."""
    return b"hello"


class TLSTransportTests(ServingCase):
    """A site of ours behind ``https:``."""

    def secure(self, do: Any, **options: Any) -> int:
        """Serve *do* with TLS; the port."""
        names = localhost_certificate(str(Path(self.mktemp()).absolute()))
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate_file(names[0])
        context.use_privatekey_file(names[1])
        set_alpn(context, [b"h2", b"http/1.1"])
        self.serve(do, **options)
        listening = listen_tls(reactor, 0, self.site, 50, "127.0.0.1", context)
        self.addCleanup(listening.stopListening)
        port: int = listening.getHost().port
        return port

    def talk(self, port: int, *parts: bytes) -> Any:
        """Send *parts* in a thread; all that comes until the end."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

        def exchanged() -> bytes:
            with (
                socket.create_connection(("127.0.0.1", port), PATIENCE) as plain,
                context.wrap_socket(plain) as secure,
            ):
                for part in parts:
                    secure.sendall(part)
                came = []
                while part := secure.recv(65536):
                    came.append(part)
                return b"".join(came)

        return deferToThread(exchanged)

    async def test_a_large_answer_arrives_whole_in_linear_time(self) -> None:
        port = self.secure(lambda request: LARGE)
        began = process_time()  # of this process, client and all
        said = await self.talk(port, LAST)
        self.assertLess(process_time() - began, 5)  # quadratic: minutes
        self.assertTrue(said.endswith(b"\r\n\r\n" + LARGE))

    async def test_an_upload_arrives_whole(self) -> None:
        port = self.secure(lambda request: b"%d" % len(request.content.read()))
        content = LARGE[: 1024 * 1024]
        said = await self.talk(port, POST % len(content), content[:5], content[5:])
        self.assertTrue(said.endswith(b"\r\n\r\n1048576"), said[-100:])

    async def test_requests_behind_each_other_are_answered_in_order(self) -> None:
        port = self.secure(lambda request: request.path + b";")
        asked = [GET.replace(b"/", b"/%d" % n, 1) for n in range(200)]
        said = await self.talk(port, b"".join(asked) + LAST)
        contents = [part.split(b"\r\n\r\n")[-1] for part in said.split(b";")]
        numbers = [part.split(b"/")[-1] for part in contents if part.startswith(b"/")]
        self.assertEqual(numbers, [b"%d" % n for n in range(200)] + [b""])

    async def test_connections_that_have_ended_are_freed_at_once(self) -> None:
        freed = []

        def answer(request: Any) -> bytes:
            freed.append(weakref.ref(request.channel))
            freed.append(weakref.ref(request.transport))
            return b"hello"

        port = self.secure(answer)
        gc.disable()  # so that nothing is freed but by its last reference
        self.addCleanup(gc.enable)
        await self.talk(port, LAST)
        await self.talk(port, GET + LAST)
        await self.until(lambda: not any(one() for one in freed))

    async def test_files_of_all_sizes(self) -> None:
        path = Path(self.mktemp()).absolute()
        path.write_bytes(LARGE)

        def send(request: Any) -> int:
            first, length = (int(number) for number in request.path[1:].split(b"-"))
            request.send_file(os.open(path, os.O_RDONLY), first, length)
            return NOT_DONE_YET

        port = self.secure(send)
        for first, length in [
            (0, 0),
            (5, 10),
            (0, 32769),
            (7, 600_000),
            (1, 9_999_999),
        ]:
            asked = LAST.replace(b"/", b"/%d-%d" % (first, length), 1)
            said = await self.talk(port, asked)
            content = said.partition(b"\r\n\r\n")[2]
            self.assertTrue(content == LARGE[first : first + length], (first, length))
        self.assertEqual(open_on(path), 0)

    async def test_a_file_that_is_shorter_cuts_the_connection(self) -> None:
        path = Path(self.mktemp()).absolute()
        path.write_bytes(LARGE[:100_000])

        def send(request: Any) -> int:
            request.send_file(os.open(path, os.O_RDONLY), 0, 200_000)
            return NOT_DONE_YET

        port = self.secure(send)
        try:
            said = await self.talk(port, LAST)
        except OSError:
            said = b""  # cut without a goodbye
        self.assertLess(len(said), 110_000)
        await self.until(lambda: open_on(path) == 0)

    def exchange_plain(self, port: int, data: bytes) -> bytes:
        """Send *data* without TLS; all that comes until the end."""
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain:
            plain.sendall(data)
            came = b""
            while part := plain.recv(65536):
                came += part
            return came

    async def test_a_request_without_tls_is_told_once(self) -> None:
        for is_over in (False, True):
            port = await self.over_tcp(hello) if is_over else self.secure(hello)
            said = await deferToThread(self.exchange_plain, port, GET)
            self.assertIn(b" 400 ", said)
            await self.until(lambda: not self.site.deadlines.members)
            told = self.site.failed_handshakes
            self.assertEqual(told, {"a request without TLS": 1}, is_over)

    def by_http2(self, port: int) -> ssl.SSLSocket:
        """A connection on which HTTP/2 is spoken."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
        secure = context.wrap_socket(plain)
        self.addCleanup(secure.close)
        return secure

    def read_frames(
        self, secure: ssl.SSLSocket, stream_id: int | None = None
    ) -> FrameReader:
        """What comes until a response has ended, or, without one, the connection."""
        reader = FrameReader()
        while data := secure.recv(65536):
            reader.feed(data)
            if stream_id is not None and reader.answer(stream_id).is_ended:
                break
        return reader

    async def test_requests_by_http2_that_came_unread_are_answered_when_it_stops(
        self,
    ) -> None:
        encoder = Encoder()
        first, second = (
            frame(Kind.HEADERS, n, encoder.encode(request_fields()), 5) for n in (1, 3)
        )
        first = PREFACE + settings_frame() + first
        for is_over, is_new in product((False, True), repeat=2):
            port = await self.over_tcp(hello) if is_over else self.secure(hello)
            secure = await deferToThread(self.by_http2, port)
            if not is_new:
                secure.sendall(first)
                await deferToThread(self.read_frames, secure, 1)
            await self.until(lambda: self.site.connection_limit.count)
            secure.sendall(first if is_new else second)
            drained = self.site.drain()
            reader = FrameReader()
            reader.settings = {}
            while data := await deferToThread(secure.recv, 65536):
                reader.feed(data)
            secure.close()
            await drained
            last = 1 if is_new else 3
            self.assertEqual(reader.answer(last).status, 200)
            self.assertEqual(reader.goaway, (ErrorCode.NO_ERROR, last))

    def half_closed(self, port: int, data: bytes, protocol: str) -> bytes:
        """Send *data* and a close_notify in one piece; all that comes."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols([protocol])
        came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(came, goes)
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain:
            while client.selected_alpn_protocol() is None:
                with contextlib.suppress(ssl.SSLWantReadError):
                    client.do_handshake()
                plain.sendall(goes.read())
                if client.selected_alpn_protocol() is None:
                    came.write(plain.recv(65536))
            client.write(data)
            with contextlib.suppress(ssl.SSLWantReadError):
                client.unwrap()
            plain.sendall(goes.read())
            while part := plain.recv(65536):
                came.write(part)
        came.write_eof()
        said = b""
        with self.assertRaises(ssl.SSLZeroReturnError):  # the server's close_notify
            while True:
                said += client.read(65536)
        return said

    async def test_requests_right_before_a_close_notify_are_answered(self) -> None:
        head = frame(Kind.HEADERS, 1, Encoder().encode(request_fields()), 5)
        by_http2 = PREFACE + settings_frame() + head
        for port in (self.secure(hello), await self.over_tcp(hello)):
            said = await deferToThread(self.half_closed, port, GET, "http/1.1")
            self.assertTrue(said.endswith(b"\r\n\r\nhello"), said)
            said = await deferToThread(self.half_closed, port, by_http2, "h2")
            reader = FrameReader()
            reader.feed(said)
            self.assertEqual(reader.answer(1).body, b"hello")

    async def test_a_body_that_a_close_notify_cuts_off_is_not_whole(self) -> None:
        asked: list[Any] = []
        half = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf"
        for is_over in (False, True):
            if is_over:
                port = await self.over_tcp(asked.append)
            else:
                port = self.secure(asked.append)
            events: list[Event] = []
            self.site.add_observer(events.append)
            said = await deferToThread(self.half_closed, port, half, "http/1.1")
            self.assertEqual((said, asked), (b"", []))
            await self.until(lambda: not self.site.connection_limit.count)
            (done,) = [event for event in events if isinstance(event, ExchangeDone)]
            self.assertIs(done.ending, Ending.CLIENT_GONE)

    async def test_a_client_that_is_refused_while_it_sends_reads_why(
        self,
    ) -> None:
        port = self.secure(hello)
        size = 2 * self.site.limits.body
        pieces = [bytes(65536)] * (size // 65536)
        for _ in range(5):
            said = await self.talk(port, POST % size, *pieces)
            self.assertTrue(said.startswith(b"HTTP/1.1 413 "), said)
        await self.until(lambda: not self.site.connection_limit.count)

    async def test_a_request_without_tls_is_told_that_the_port_speaks_tls(self) -> None:
        port = self.secure(lambda request: b"hello")
        for request in (LAST, POST % 100_000 + bytes(100_000)):
            said = await deferToThread(self.exchange_plain, port, request)
            self.assertTrue(said.startswith(b"HTTP/1.1 400 "), said)
            self.assertTrue(said.endswith(b"This port speaks TLS: use https://\n"))
            self.assertIn(b"Connection: close", said)
        self.assertTrue((await self.talk(port, LAST)).endswith(b"hello"))

    async def over_tcp(
        self, do: Any, limits: Limits | None = None, **settings: str
    ) -> int:
        """Serve *do* by ``https:over=``; the port."""
        cert, key = localhost_certificate(str(Path(self.mktemp()).absolute()))
        self.serve(do, limits=limits)
        over = "tcp:0:interface=127.0.0.1"
        endpoint = https_endpoint(reactor, over=over, cert=cert, key=key, **settings)
        listening: Any = await endpoint.listen(self.site)
        self.addCleanup(listening.stopListening)
        port: int = listening.getHost().port
        return port

    async def test_whatever_is_plain_text_is_told_so_and_the_rest_is_not(self) -> None:
        for port in (
            self.secure(hello),
            await self.over_tcp(hello),
            await self.over_tcp(hello, http2="yes"),
        ):
            for request in PLAIN:
                said = await deferToThread(self.exchange_plain, port, request)
                self.assertTrue(said.startswith(b"HTTP/1.1 400 "), (request, said))
                self.assertTrue(said.endswith(b"use https://\n"), (request, said))
            for request in NOT_PLAIN:
                try:
                    said = await deferToThread(self.exchange_plain, port, request)
                except ConnectionError:
                    said = b""
                self.assertNotIn(b"HTTP", said, request)
            self.assertTrue((await self.talk(port, LAST)).endswith(b"hello"))

    async def test_a_client_without_tls_that_does_not_leave_is_ended(self) -> None:
        self.patch(plain_text, "LINGER_SECONDS", 0)
        self.patch(tls, "LINGER_SECONDS", 0)
        for is_over in (False, True):
            port = await self.over_tcp(len) if is_over else self.secure(len)
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain:
                plain.sendall(b"\n")
                await self.until(lambda: self.site.connection_limit.count)
                await self.until(lambda: not self.site.connection_limit.count)

    async def test_a_client_that_offers_no_common_protocol_gets_an_alert(self) -> None:
        port = self.secure(lambda request: b"hello")

        def handshake(*offered: str) -> str | None:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols(list(offered))
            with (
                socket.create_connection(("127.0.0.1", port), PATIENCE) as plain,
                context.wrap_socket(plain) as secure,
            ):
                return secure.selected_alpn_protocol()

        self.assertEqual(
            await deferToThread(handshake, "spdy/1", "http/1.1"), "http/1.1"
        )
        for offered in (("http/1.0",), ("acme-tls/1", "spdy/1")):
            with self.assertRaises(ssl.SSLError) as caught:
                await deferToThread(handshake, *offered)
            self.assertTrue(is_without_protocol(caught.exception), caught.exception)
        self.assertTrue((await self.talk(port, LAST)).endswith(b"hello"))

    async def test_handshakes_are_bounded_and_count_as_connections(self) -> None:
        for module in (tls_port, plain_text):
            self.patch(module, "MAX_HANDSHAKES", 4)
        for is_over in (False, True):
            port = await self.over_tcp(hello) if is_over else self.secure(hello)
            half_open = [
                socket.create_connection(("127.0.0.1", port), PATIENCE)
                for _ in range(20)
            ]
            await self.until(lambda: self.site.failed_handshakes.get(TOO_MANY) == 16)
            await self.until(lambda: self.site.connection_limit.count == 4)
            self.assertTrue((await self.talk(port, LAST)).endswith(b"hello"))
            self.assertLessEqual(self.site.connection_limit.count, 4)
            self.assertEqual(self.site.failed_handshakes, {TOO_MANY: 17})
            for connection in half_open:
                connection.close()
            await self.until(lambda: not self.site.connection_limit.count)

    async def test_stalled_handshakes_leave_room_where_there_are_few_places(
        self,
    ) -> None:
        limits = Limits(connections=8)
        for is_over in (False, True):
            port = (
                await self.over_tcp(hello, limits)
                if is_over
                else self.secure(hello, limits=limits)
            )
            half_open = [
                socket.create_connection(("127.0.0.1", port), PATIENCE)
                for _ in range(20)
            ]
            await self.until(lambda: self.site.connection_limit.count == 8)
            self.assertTrue((await self.talk(port, LAST)).endswith(b"hello"))
            for connection in half_open:
                connection.close()
            await self.until(lambda: not self.site.connection_limit.count)

    async def test_what_becomes_of_handshakes_that_do_not_end_is_counted(self) -> None:
        late, gone = "it took too long", "the client has closed the connection"
        for is_over in (False, True):
            port = await self.over_tcp(len) if is_over else self.secure(len)
            with socket.create_connection(("127.0.0.1", port), PATIENCE):
                await self.until(lambda: self.site.connection_limit.count)
                for connection in list(self.site.deadlines.members):
                    connection.deadline = 0
                await self.until(lambda: self.site.failed_handshakes)
            self.assertEqual(self.site.failed_handshakes, {late: 1})
            for data in (b"", b"\x16\x03\x01"):  # the first is a check of health
                with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain:
                    plain.sendall(data)
            await self.until(lambda: gone in self.site.failed_handshakes)
            await self.until(lambda: not self.site.connection_limit.count)
            self.assertEqual(self.site.failed_handshakes, {late: 1, gone: 1})

    def after_key_updates(self, port: int, count: int, asks_for_one: bool) -> bytes:
        """What a client gets that sends *count* of KeyUpdate before its request."""
        client = TLSRecordClient(port)
        updates = [client.key_update(asks_for_one=asks_for_one) for _ in range(count)]
        with contextlib.suppress(OSError):  # it may be cut off meanwhile
            client.send(b"".join(updates) + client.record(LAST))
        return client.received()

    async def test_a_client_may_change_its_keys_now_and_then(self) -> None:
        port = self.secure(hello)
        for asks_for_one in (False, True):
            got = await deferToThread(self.after_key_updates, port, 8, asks_for_one)
            self.assertTrue(got.endswith(b"\r\n\r\nhello"), got)

    async def test_a_client_that_only_changes_its_keys_is_cut_off(self) -> None:
        port = self.secure(hello)
        for asks_for_one in (False, True):
            got = await deferToThread(self.after_key_updates, port, 500, asks_for_one)
            self.assertEqual(got, b"")

    async def test_others_are_served_between_the_key_updates_of_a_client(self) -> None:
        turns: list[int] = []
        do_read = tls.TLSServer.doRead

        def counted(transport: tls.TLSServer) -> Any:
            turns.append(1)
            return do_read(transport)

        self.patch(tls.TLSServer, "doRead", counted)
        await deferToThread(self.after_key_updates, self.secure(hello), 20, False)
        self.assertGreater(len(turns), 20)

    async def test_what_is_no_handshake_ends_and_harms_nobody(self) -> None:
        port = self.secure(lambda request: b"hello")
        for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01", b""):
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain:
                plain.sendall(junk)
        self.assertTrue((await self.talk(port, LAST)).endswith(b"hello"))
