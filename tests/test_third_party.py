"""
Resources that others have written for `twisted.web` work on our site as on Twisted's.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

import httpx
from klein import Klein
from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.defer import CancelledError
from twisted.internet.ssl import PrivateCertificate
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.python.threadpool import ThreadPool
from twisted.spread.pb import PBServerFactory
from twisted.trial.unittest import TestCase
from twisted.web.distrib import ResourcePublisher, ResourceSubscription
from twisted.web.server import NOT_DONE_YET
from twisted.web.server import Site as TwistedSite
from twisted.web.static import File

from dartio_tut.daemon import Site
from dartio_tut.daemon.certificate import localhost_certificate
from dartio_tut.test.support.function_resource import FunctionResource
from dartio_tut.wire import listen_tls, set_alpn, with_fast_ports

from .support import third_party
from .support.exchange import PIECE, connect, exchange
from .support.harness import PATIENCE
from .support.serving import ServingCase, reset

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

LARGE = 5_000_000
"""Bytes of a response that no socket takes at once."""

REACTOR: Any = reactor


class ThirdPartyCase(TestCase):
    """Two sites with the same tree: ours, and Twisted's."""

    def setUp(self) -> None:
        folder = Path(self.mktemp()).absolute()
        third_party.fill(folder)
        os.utime(folder / "a.txt", (10**9, 10**9))
        self.threads = ThreadPool(1, 2)
        self.threads.start()
        self.addCleanup(self.threads.stop)
        behind = TwistedSite(File(str(folder.parent)))
        behind.noisy = False
        listening = REACTOR.listenTCP(0, behind, interface="127.0.0.1")
        self.addCleanup(listening.stopListening)
        behind.resource.putChild(b"file", File(str(folder)))
        port = listening.getHost().port
        self.sites = []
        for kind in (TwistedSite, Site):
            site: Any = kind(third_party.tree(folder, port, self.threads))
            site.displayTracebacks = site.noisy = False
            self.sites.append(site)
        self.addCleanup(self._end_sessions)

    def _end_sessions(self) -> None:
        for site in self.sites:
            for session in list(site.sessions.values()):
                session.expire()


class PlainTests(ThirdPartyCase):
    """Over HTTP/1.1."""

    async def test_responses_equal_those_of_twisteds_site(self) -> None:
        ports = []
        for site, where in zip(
            self.sites, (REACTOR, with_fast_ports(REACTOR)), strict=True
        ):
            listening = where.listenTCP(0, site, interface="127.0.0.1")
            self.addCleanup(listening.stopListening)
            ports.append(listening.getHost().port)
        different = {}
        for request in third_party.REQUESTS:
            said = [
                third_party.masked(await deferToThread(exchange, port, request))
                for port in ports
            ]
            line = request.partition(b"\r\n")[0]
            self.assertTrue(said[0].startswith(b"HTTP/1.1 "), line)
            if request.startswith(b"HEAD "):  # Twisted sends the end of a coded body
                said[0] = said[0].partition(b"\n\n")[0] + b"\n\n"
            if said[0] != said[1]:
                different[line] = [one[:400] for one in said]
        self.assertEqual(different, {})


class KleinTests(ServingCase):
    """A coroutine that a request waits for."""

    async def test_it_is_cancelled_when_its_client_leaves(self) -> None:
        app, endings = Klein(), []

        @app.route("/")
        async def wait(request: Any) -> bytes:
            try:
                await deferLater(REACTOR, 10 * PATIENCE)
            except CancelledError:
                endings.append("cancelled")
                raise
            return b"late"

        site = Site(app.resource())
        listening = with_fast_ports(REACTOR).listenTCP(0, site, interface="127.0.0.1")
        self.addCleanup(listening.stopListening)
        client = await deferToThread(connect, listening.getHost().port)
        client.sendall(GET)
        await self.until(lambda: site.connection_limit.count)
        client.close()
        await self.until(lambda: endings)
        self.assertEqual(endings, ["cancelled"])


class SecureTests(ThirdPartyCase):
    """Over TLS, HTTP/1.1 and HTTP/2."""

    TARGETS = (
        "/klein/item/3?a=1",
        "/klein/later",
        "/metrics",
        "/file/a.txt",
        "/file/large",
        "/gzip",
        "/pull",
        "/push",
        "/steps",
        "/wsgi/x",
        "/none",
    )

    async def test_responses_equal_those_of_twisteds_site(self) -> None:
        names = localhost_certificate(str(Path(self.mktemp()).absolute()))
        pair = PrivateCertificate.loadPEM(b"".join(Path(n).read_bytes() for n in names))
        options = pair.options()
        stock = REACTOR.listenSSL(0, self.sites[0], options, interface="127.0.0.1")
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate_file(names[0])
        context.use_privatekey_file(names[1])
        set_alpn(context, [b"h2", b"http/1.1"])
        ours = listen_tls(REACTOR, 0, self.sites[1], 50, "127.0.0.1", context)
        for listening in (stock, ours):
            self.addCleanup(listening.stopListening)
        usual = await deferToThread(self.ask, stock.getHost().port, True)
        for version, http2 in (("HTTP/2", True), ("HTTP/1.1", False)):
            said = await deferToThread(self.ask, ours.getHost().port, http2)
            for target, (was, *answer) in said.items():
                self.assertEqual((target, was), (target, version))
                self.assertEqual((target, answer), (target, usual[target][1:]))

    def ask(self, port: int, http2: bool) -> dict[str, list[Any]]:
        """The responses, by target."""
        found = {}
        with httpx.Client(
            http2=http2, verify=False, timeout=PATIENCE, trust_env=False
        ) as client:
            for target in self.TARGETS:
                one = client.get(f"https://127.0.0.1:{port}{target}")
                kind = one.headers.get("content-type")
                text = third_party.masked(b"\r\n\r\n" + one.content)
                found[target] = [one.http_version, one.status_code, kind, text]
            form = {"a": "1", "b": "two"}
            echoed = client.post(f"https://127.0.0.1:{port}/echo", data=form)
            found["/echo"] = [echoed.http_version, echoed.status_code, echoed.text]
            for _ in range(2):
                visited = client.get(f"https://127.0.0.1:{port}/echo")
            found["/echo twice"] = [visited.http_version, visited.text]
        return found


class ClosingTests(ServingCase):
    """The end of a connection over TLS, on a port of Twisted's."""

    async def test_connection_ends_behind_a_response_that_waited_for_its_client(
        self,
    ) -> None:
        names = localhost_certificate(str(Path(self.mktemp()).absolute()))
        pair = PrivateCertificate.loadPEM(b"".join(Path(n).read_bytes() for n in names))
        site = Site(FunctionResource(lambda _: b"x" * LARGE))
        listening = REACTOR.listenSSL(0, site, pair.options(), interface="127.0.0.1")
        self.addCleanup(listening.stopListening)
        said = await deferToThread(self.read_to_end, listening.getHost().port)
        self.assertEqual(len(said.partition(b"\r\n\r\n")[2]), LARGE)
        await self.until(lambda: not site.connection_limit.count)

    def read_to_end(self, port: int) -> bytes:
        """All that the server says until it closes."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(connect(port)) as connection:
            connection.sendall(LAST)
            return b"".join(iter(lambda: connection.recv(PIECE), b""))


class DistributedTests(ServingCase):
    """A tree of another process, behind our site (`twisted.web.distrib`)."""

    async def test_requests_reach_a_tree_in_another_process(self) -> None:
        far = TwistedSite(
            FunctionResource(
                lambda request: b"far: %b %d" % (request.uri, request.queued)
            )
        )
        publisher = PBServerFactory(ResourcePublisher(far))
        listening = REACTOR.listenTCP(0, publisher, interface="127.0.0.1")
        self.addCleanup(listening.stopListening)
        near: Any = ResourceSubscription("127.0.0.1", listening.getHost().port)
        port = self.serve(near.render)
        said = await self.exchange(port, LAST)
        near.publisher.broker.transport.loseConnection()
        self.flushLoggedErrors()  # the far end's, shown in what is said
        self.assertTrue(said.startswith(b"HTTP/1.1 200 OK"), said)
        self.assertIn(b"far: / 0", said)


class EndTests(ServingCase):
    """Resources that are told how a request ended."""

    async def test_notify_finish_fires_when_a_request_ends(self) -> None:
        told: list[Any] = []
        held: list[Any] = []

        def hold(request: Any) -> int:
            request.notifyFinish().addBoth(told.append)
            held.append(request)
            return NOT_DONE_YET

        port = self.serve(hold)
        connection = connect(port)
        connection.sendall(GET)
        await self.until(lambda: held)
        held.pop().finish()
        await self.until(lambda: told == [None])
        connection.sendall(GET)
        await self.until(lambda: held)
        reset(connection)
        await self.until(lambda: len(told) == 2)
        self.assertIsInstance(told[1].value, Exception)

    async def test_producer_is_stopped_when_the_client_leaves(self) -> None:
        stopped: list[bool] = []

        class Endless(third_party.Pushing):
            def _push(self) -> None:
                self._request.write(b"x" * 65536)

            def stopProducing(self) -> None:
                super().stopProducing()
                if self._request._disconnected or not self._request.channel:
                    stopped.append(True)

        made: list[Any] = []

        def push(request: Any) -> int:
            request.notifyFinish().addErrback(lambda _: made[0].stopProducing())
            made.append(Endless(request))
            return NOT_DONE_YET

        port = self.serve(push)
        connection = connect(port, 16384)
        connection.sendall(GET)
        self.assertEqual(await deferToThread(connection.recv, 5), b"HTTP/")
        await self.until(lambda: not made[0]._call.running)  # paused: it is not read
        reset(connection)
        await self.until(lambda: stopped)
        await self.until(lambda: not self.site.connection_limit.count)

    async def test_resource_may_ask_for_twisteds_own_requests(self) -> None:
        port = self.serve(lambda request: type(request).__module__.encode())
        self.site.requestFactory = TwistedSite.requestFactory
        self.assertEqual(self.site.resource.__class__, FunctionResource)
        said = await self.exchange(port, 2 * GET, half_close=True)
        self.assertEqual(said.count(b"twisted.web.server"), 2)
