"""
Our port and its connections: how they begin, how they end, and who is left.
"""

from __future__ import annotations

import contextlib  # its suppress, imported by name, would be trial's own suppress
import errno
import gc
import os
import resource
import socket
import weakref
from pathlib import Path
from typing import Any

from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.logger import formatEvent, globalLogPublisher
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import Site
from dartio_tut.daemon.certificate import localhost_certificate
from dartio_tut.test.support.function_resource import FunctionResource
from dartio_tut.wire import (
    Channel,
    Limits,
    SharedSockets,
    leave_to_others,
    listen_tls,
    with_fast_ports,
)
from dartio_tut.wire.transport.port import Port
from dartio_tut.wire.transport.tcp import Server

from .support.exchange import connect
from .support.harness import PATIENCE
from .support.serving import ServingCase, reset

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
LARGE = b"0123456789abcdef" * 384 * 1024
"""6 MiB: more than the kernel buffers between two sockets."""

PATIENT = Limits(header_time=600)
"""Limits that end no connection within a test."""

NARROW = 16 * 1024
"""Bytes of a slow client's receive buffer."""


def hello(request: Any) -> bytes:
    """A small answer."""
    return b"hello"


class StockPortTests(ServingCase):
    """A channel on Twisted's own port."""

    stock = True

    def hold(self, request: Any) -> int:
        """Keep the request, to be answered later."""
        self.held.append(request)
        request.notifyFinish().addBoth(self.ended.append)
        return NOT_DONE_YET

    def setUp(self) -> None:
        self.held: list[Any] = []
        self.ended: list[Any] = []

    async def test_a_client_that_closed_its_half_is_answered(self) -> None:
        port = self.serve(hello)
        said = await self.exchange(port, 3 * GET, half_close=True)
        self.assertEqual(said.count(b"\r\n\r\nhello"), 3)

    async def test_a_client_that_leaves_while_it_waits_is_noticed(self) -> None:
        port = self.serve(self.hold)
        with connect(port) as leaving:
            leaving.sendall(GET)
            await self.until(lambda: self.held)
            self.assertEqual(self.ended, [])
        await self.until(lambda: self.ended)
        self.assertTrue(
            self.ended[0].check(ConnectionLost, ConnectionDone, ConnectionAborted)
        )
        await self.until(lambda: not self.site.connection_limit.count)

    async def test_one_of_the_requests_of_a_client_that_has_left_is_cancelled(
        self,
    ) -> None:
        port = self.serve(self.hold)
        with connect(port) as leaving:
            leaving.sendall(2 * GET)
        await self.until(lambda: self.held)
        self.held.pop().finish()
        await self.until(lambda: len(self.ended) == 2)
        self.assertIsNone(self.ended[0])
        self.assertTrue(
            self.ended[1].check(ConnectionLost, ConnectionDone, ConnectionAborted)
        )

    async def test_with_half_close_all_requests_are_answered(self) -> None:
        port = self.serve(self.hold, limits=Limits(half_close=True))
        asked = self.exchange(port, 2 * GET, half_close=True)
        for number in range(2):
            await self.until(lambda: self.held)
            self.assertEqual(len(self.ended), number)
            self.held.pop().finish()
        said = await asked
        self.assertEqual(said.count(b"HTTP/1.1 200 OK\r\n"), 2)
        self.assertEqual(self.ended, [None, None])

    async def test_request_that_came_unread_is_answered_when_the_server_stops(
        self,
    ) -> None:
        port = self.serve(hello)
        with connect(port) as client:
            client.sendall(GET)
            said = await deferToThread(client.recv, 65536)
            client.sendall(GET)
            drained = self.site.drain()
            while more := await deferToThread(client.recv, 65536):
                said += more
        await drained
        self.assertEqual(said.count(b"\r\n\r\nhello"), 2)
        self.assertEqual(said.count(b"Connection: close\r\n"), 1)

    async def test_half_a_request_is_not_served(self) -> None:
        port = self.serve(hello)
        said = await self.exchange(port, GET[:-2], half_close=True)
        self.assertIn(said[:13], (b"", b"HTTP/1.1 400 "))

    async def test_a_client_that_says_nothing_gets_nothing(self) -> None:
        port = self.serve(hello)
        with connect(port) as silent:
            silent.shutdown(socket.SHUT_WR)
            self.assertEqual(await deferToThread(silent.recv, 1), b"")

    async def test_a_reset_fails_notify_finish(self) -> None:
        port = self.serve(self.hold)
        connection = connect(port)
        connection.sendall(GET)
        await self.until(lambda: self.held)
        reset(connection)
        await self.until(lambda: self.ended)
        self.assertTrue(self.ended[0].check(ConnectionLost))
        self.held[0].write(b"too late")
        await self.until(lambda: not self.site.connection_limit.count)

    async def test_a_reset_in_the_middle_of_an_answer(self) -> None:
        port = self.serve(lambda request: LARGE)
        connection = connect(port, NARROW)
        connection.sendall(5 * GET)
        self.assertEqual(await deferToThread(connection.recv, 5), b"HTTP/")
        reset(connection)
        await self.until(lambda: not self.site.connection_limit.count)
        await self.exchange(port, LAST)

    async def test_what_is_unsent_at_the_end_arrives_whole(self) -> None:
        port = self.serve(lambda request: LARGE)
        with connect(port, NARROW) as slow:
            slow.sendall(LAST)
            await self.exchange(port, LAST)
            parts = []
            while part := await deferToThread(slow.recv, 65536):
                parts.append(part)
        self.assertTrue(b"".join(parts).endswith(b"\r\n\r\n" + LARGE))

    async def test_a_refused_upload_sees_why(self) -> None:
        port = self.serve(hello)
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
        said = await self.exchange(port, head % len(LARGE) + LARGE)
        self.assertEqual(said[:13], b"HTTP/1.1 413 ")

    async def test_addresses_are_known_when_the_client_has_gone(self) -> None:
        port = self.serve(self.hold)
        connection = connect(port)
        connection.sendall(GET)
        await self.until(lambda: self.held)
        here = connection.getsockname()
        reset(connection)
        await self.until(lambda: self.ended)
        (request,) = self.held
        self.assertEqual(request.getHost().port, port)
        self.assertEqual(request.getClientAddress().port, here[1])

    async def test_abandoned_requests_give_back_their_places(self) -> None:
        port = self.serve(self.hold, limits=Limits(connections=4))
        for _ in range(9):
            with connect(port) as leaving:
                leaving.sendall(GET)
                await self.until(lambda: self.held)
                self.held.clear()
            await self.until(lambda: not self.site.connection_limit.count)

    async def test_connections_outlive_the_port(self) -> None:
        port = self.serve(self.hold)
        asked = self.exchange(port, GET + LAST)
        await self.until(lambda: self.held)
        await self.listening.stopListening()
        with self.assertRaises(ConnectionRefusedError):
            await deferToThread(connect, port)
        for _ in range(2):
            await self.until(lambda: self.held)
            self.held.pop().finish()
        self.assertEqual((await asked).count(b"HTTP/1.1 200 OK\r\n"), 2)

    async def test_the_port_goes_on_when_no_descriptors_were_left(self) -> None:
        port = self.serve(hello)
        await self.exchange(port, LAST)
        events: list[Any] = []
        observer: Any = events.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        clients = [socket.socket() for _ in range(5)]
        for client in clients:
            client.settimeout(PATIENCE)
            self.addCleanup(client.close)
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        with socket.socket() as free:
            highest = free.fileno()
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest, before[1]))
        try:
            for client in clients:
                await deferToThread(client.connect, ("127.0.0.1", port))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        said = await self.exchange(port, LAST)
        self.assertTrue(said.endswith(b"hello"))
        for client in clients:
            client.close()
        lines = [formatEvent(event) for event in events]
        told = [line for line in lines if "could not be accepted" in line]
        self.assertEqual(len(told), 0 if self.stock else 1, told)  # not one a client


class PortTests(StockPortTests):
    """A channel on our own."""

    stock = False

    async def test_connections_that_have_ended_are_freed_at_once(self) -> None:
        port = self.serve(self.hold)
        gc.disable()  # so that nothing is freed but by its last reference
        self.addCleanup(gc.enable)
        asked = self.exchange(port, GET + LAST)
        freed = []
        for _ in range(2):
            await self.until(lambda: self.held)
            request = self.held.pop()
            freed.append(weakref.ref(request.channel))
            request.finish()
        del request
        await asked
        await self.until(lambda: not any(channel() for channel in freed))

    async def test_a_client_whose_machine_has_gone_is_found_out(self) -> None:
        port = self.serve(self.hold)
        asked = self.exchange(port, LAST)
        await self.until(lambda: self.held)
        accepted = self.held[0].transport.getHandle()
        self.assertTrue(accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
        idle, interval, count = (
            accepted.getsockopt(socket.IPPROTO_TCP, name)
            for name in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        )
        self.assertEqual(idle + interval * count, 120)
        self.held[0].finish()
        await asked

    async def test_connections_have_our_transport_with_addresses(self) -> None:
        port = self.serve(self.hold)
        self.assertIsInstance(self.listening, Port)
        asked = self.exchange(port, LAST)
        await self.until(lambda: self.held)
        transport = self.held[0].transport
        self.assertIsInstance(transport, Server)
        self.assertEqual(transport.getHost().port, port)
        self.assertEqual(transport.getPeer().host, "127.0.0.1")
        self.assertTrue(transport.getTcpNoDelay())
        self.assertIn(str(port), repr(transport))
        self.held[0].finish()
        await asked
        self.assertEqual(transport.getHost().port, port)

    async def test_a_connection_takes_one_producer_at_a_time(self) -> None:
        port = self.serve(self.hold)
        asked = self.exchange(port, LAST)
        await self.until(lambda: self.held)
        transport = self.held[0].transport
        with self.assertRaises(RuntimeError):
            transport.registerProducer(object(), True)
        transport.unregisterProducer()
        transport.registerProducer(self.held[0].channel, True)
        self.held[0].finish()
        self.assertIn(b"HTTP/1.1 200 OK", await asked)

    async def test_the_multiplexer_is_closed_after_the_last_connection(self) -> None:
        port = self.serve(hello)
        hub = self.listening.multiplexer
        kept = connect(port)
        kept.sendall(GET)
        await self.until(lambda: hub._watched)
        await self.listening.stopListening()
        self.assertFalse(hub._poller.closed)
        kept.close()
        await self.until(lambda: hub._poller.closed)
        self.assertEqual(hub._watched, {})

    async def test_a_failing_connection_does_not_end_the_others(self) -> None:
        port = self.serve(self.hold)
        with connect(port) as unlucky, connect(port) as lucky:
            unlucky.sendall(GET)
            await self.until(lambda: self.held)
            channel = self.held.pop().channel
            channel.dataReceived = lambda data: 1 // 0
            unlucky.sendall(GET)
            self.assertEqual(await deferToThread(unlucky.recv, 1), b"")
            lucky.sendall(GET)
            await self.until(lambda: self.held)
            self.held.pop().finish()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def watched(self) -> list[int]:
        """The descriptors that the port's multiplexer is told to watch from now on."""
        multiplexer, told = self.listening.multiplexer, []
        watch = multiplexer.watch

        def noted(connection: Any, descriptor: int, events: int) -> None:
            told.append(descriptor)
            watch(connection, descriptor, events)

        multiplexer.watch = noted
        return told

    async def test_a_connection_that_ends_with_its_first_response_is_never_watched(
        self,
    ) -> None:
        port = self.serve(hello)
        watched = self.watched()
        with connect(port) as client:
            client.sendall(LAST)  # the reactor has no turn before it has come
            await self.until(lambda: self.site.connection_limit.count == 0)
            said = await deferToThread(client.makefile("rb").read)
        self.assertTrue(said.endswith(b"hello"))
        self.assertEqual(watched, [])

    async def test_a_client_that_sends_nothing_at_first_is_watched_and_served(
        self,
    ) -> None:
        port = self.serve(hello)
        watched = self.watched()
        with connect(port) as client:
            await self.until(lambda: watched)
            client.sendall(GET)
            self.assertTrue(await deferToThread(client.recv, 1))
            client.sendall(LAST)
            await deferToThread(client.makefile("rb").read)
        self.assertEqual(len(watched), 1)

    async def test_a_first_request_that_fails_ends_its_connection_only(self) -> None:
        port = self.serve(hello, limits=PATIENT)
        patched = self.patch(Channel, "dataReceived", lambda channel, data: 1 // 0)
        with connect(port) as unlucky:
            unlucky.sendall(GET)
            self.assertEqual(await deferToThread(unlucky.recv, 1), b"")
        patched.restore()
        self.assertTrue((await self.exchange(port, LAST)).endswith(b"hello"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    async def test_a_connection_that_cannot_be_watched_is_closed(self) -> None:
        port = self.serve(hello, limits=PATIENT)

        def full(*arguments: object) -> None:
            raise OSError(errno.ENOSPC, "no more watches")

        self.listening.multiplexer.watch = full
        with connect(port) as client:
            self.assertEqual(await deferToThread(client.recv, 1), b"")
        await self.until(lambda: not self.site.connection_limit.count)
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)

    async def test_a_protocol_that_pauses_at_once_is_not_read_before_it_goes_on(
        self,
    ) -> None:
        came: list[bytes] = []
        made: list[Pausing] = []

        class Pausing(Protocol):
            transport: Any

            def connectionMade(self) -> None:
                made.append(self)
                self.transport.pauseProducing()

            def dataReceived(self, data: bytes) -> None:
                came.append(data)

        factory = Factory.forProtocol(Pausing)
        listening: Any = with_fast_ports(reactor)
        port = listening.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        with connect(port.getHost().port) as client:
            client.sendall(b"first")
            await self.until(lambda: made)
            await deferLater(reactor, 0)
            self.assertEqual(came, [])
            made[0].transport.resumeProducing()
            await self.until(lambda: came)
        await self.until(lambda: not port.multiplexer._watched)
        self.assertEqual(came, [b"first"])

    async def test_a_client_gone_before_it_was_accepted(self) -> None:
        port = self.serve(hello)
        self.listening.socket = Failing(self.listening.socket)
        said = await self.exchange(port, LAST)
        self.assertTrue(said.endswith(b"hello"))
        self.flushLoggedErrors()

    async def test_a_hundred_clients_at_once_are_served(self) -> None:
        port = self.serve(hello)
        asked = [self.exchange(port, 3 * GET + LAST) for _ in range(100)]
        for one in asked:
            self.assertEqual((await one).count(b"hello"), 4)


class EvenLoad:
    """Says that no process has more connections than the others."""

    def has_more(self) -> bool:
        """It has not."""
        return False

    def has_surplus(self) -> bool:
        """It has none."""
        return False


class SharedPortTests(ServingCase):
    """A port on a socket that other processes have, too."""

    async def left(self, listening: socket.socket) -> bytes:
        """What a client gets who came just before the process left *listening*."""
        listening.setblocking(False)
        self.addCleanup(listening.close)
        shared = SharedSockets([listening.dup()], EvenLoad())
        site = Site(FunctionResource(hello))
        where: Any = with_fast_ports(reactor, shared)
        if listening.family == socket.AF_UNIX:
            port: Any = where.listenUNIX("", site)
        else:
            port = where.listenTCP(0, site)
        with socket.socket(listening.family) as client:
            client.settimeout(PATIENCE)
            client.connect(listening.getsockname())
            client.sendall(LAST)
            leave_to_others(port)
            await port.stopListening()
            said = b""
            while more := await deferToThread(client.recv, 65536):
                said += more
        await self.until(lambda: not site.connection_limit.count)
        return said

    async def test_client_for_whom_nobody_else_was_woken_is_answered(self) -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        self.assertIn(b"hello", await self.left(listening))

    async def test_client_of_a_unix_socket_is_answered_as_well(self) -> None:
        listening = socket.socket(socket.AF_UNIX)
        folder = Path(self.mktemp())
        folder.mkdir()
        listening.bind(os.path.relpath(folder / "s"))
        listening.listen()
        self.assertIn(b"hello", await self.left(listening))


class TLSPortTests(ServingCase):
    """Our port for TLS."""

    async def test_a_port_with_tls_serves_nothing_without_it(self) -> None:
        names = localhost_certificate(str(Path(self.mktemp()).absolute()))
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate_file(names[0])
        context.use_privatekey_file(names[1])
        self.serve(hello)
        listening = listen_tls(reactor, 0, self.site, 50, "127.0.0.1", context)
        self.addCleanup(listening.stopListening)
        listening.socket = Failing(listening.socket)
        for _ in range(2):
            with connect(listening.getHost().port) as connection:
                connection.sendall(LAST)
                with contextlib.suppress(ConnectionResetError):
                    said = await deferToThread(connection.recv, 100)
                    self.assertNotIn(b"hello", said)
                    self.assertEqual(said[:13] or b"HTTP/1.1 400 ", b"HTTP/1.1 400 ")


class Failing:
    """A listening socket whose first accepting fails, as it may on any day."""

    def __init__(self, listening: Any) -> None:
        self._listening = listening
        self._failed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listening, name)

    def _accept(self) -> Any:
        if not self._failed:
            self._failed = True
            raise OSError(errno.ECONNABORTED, os.strerror(errno.ECONNABORTED))
        return self._listening._accept()
