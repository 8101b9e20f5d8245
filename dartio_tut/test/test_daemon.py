"""
Where a daemon listens, and the service that does.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.error import CannotListenError
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from dartio_tut.daemon import (
    ServerOptions,
    Site,
    StartupError,
    binding,
    serve,
    startup,
)
from dartio_tut.daemon.listening import cannot_listen_text, endpoint_url
from dartio_tut.daemon.parent_role import ParentRole
from dartio_tut.daemon.roles import Alone, WorkerRole
from dartio_tut.daemon.service import Daemon
from dartio_tut.wire import Deadlines, ExchangeDone

from .support.startup_case import StartupCase


class SubjectTests(SynchronousTestCase):
    """What an error calls an endpoint."""

    def test_endpoint_with_an_address_is_named_by_it(self) -> None:
        for endpoint, said in [
            ("tcp:80:interface=127.0.0.1", "127.0.0.1:80"),
            ("tcp6:80:interface=\\:\\:1:backlog=5", "[::1]:80"),
            ("https:80:interface=\\:\\::cert=a", "[::]:80"),
            ("https:port=80:interface=1.2.3.4:key=a", "1.2.3.4:80"),
            ("https:over=tcp\\:80\\:interface=1.2.3.4:cert=a:key=b", "1.2.3.4:80"),
            ("https:over=unix\\:/run/x:cert=a:key=b", "unix:/run/x"),
            ("unix:/run/x", "unix:/run/x"),
            ("tcp:80", "tcp:80"),
        ]:
            self.assertEqual(cannot_listen_text(endpoint), "cannot listen on " + said)

    def test_socket_without_an_address_is_shown_as_its_endpoint(self) -> None:
        for endpoint, shown in [
            ("unix:/run/x", "unix:/run/x"),
            ("https:over=unix\\:/run/x:cert=a:key=b", "unix:/run/x (TLS)"),
        ]:
            self.assertEqual(endpoint_url(endpoint, UNIXAddress("/run/x")), shown)


class DaemonTests(StartupCase):
    """The service of a site."""

    def setUp(self) -> None:
        super().setUp()
        self.reactor = MemoryReactorClock()
        self.heard: list[Any] = []
        observer: Any = self.heard.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def daemon(self, *endpoints: str) -> Daemon:
        return Daemon(Site(Resource()), list(endpoints), self.reactor)

    def test_listens_before_privileges_are_shed_and_says_so_after(self) -> None:
        daemon = self.daemon("tcp:4040:interface=127.0.0.1")
        daemon.privilegedStartService()
        self.assertEqual(self.reactor.tcpServers[0][0], 4040)
        daemon.startService()
        self.assertEqual(len(self.reactor.tcpServers), 1)
        self.reactor.run()
        said = [event.get("url") for event in self.heard if "url" in event]
        self.assertEqual(len(said), 1)

    def test_stopping_closes_every_port(self) -> None:
        daemon = self.daemon("tcp:4040", "tcp:4041")
        daemon.startService()
        self.successResultOf(daemon.stopService())
        self.assertEqual(daemon._ports, [])

    def test_newcomers_are_kept_out_of_sockets_that_nobody_else_has(self) -> None:
        kept_out: list[object] = []
        self.patch(binding, "keep_out", kept_out.append)
        for endpoint, owns_sockets, count in (
            ("tcp:4040", True, 1),
            ("https:over=tcp\\:4040:cert=a:key=b", True, 1),
            ("https:443:cert=/etc/systemd/a.pem:key=b", True, 1),
            ("tcp:4040", False, 0),
            ("systemd:domain=INET:index=0", True, 0),
            ("https:over=systemd\\:domain=INET\\:index=0:cert=a", True, 0),
            ("haproxy:systemd:domain=INET:index=0", True, 0),
        ):
            kept_out.clear()
            port = self.reactor.listenTCP(0, Site(Resource()))
            binding.close_all([(endpoint, port)], owns_sockets)
            self.assertEqual(len(kept_out), count, endpoint)
        for role, owns_sockets in (
            (Alone, True),
            (ParentRole, True),
            (WorkerRole, False),  # a retired one has a successor
        ):
            self.assertIs(role.owns_sockets, owns_sockets)

    def test_port_in_use_is_told_in_one_line(self) -> None:
        def busy(port: int, factory: Any, *args: Any, **kwargs: Any) -> None:
            raise CannotListenError("", port, OSError(98, "Address already in use"))

        self.patch(self.reactor, "listenTCP", busy)
        startup.set_program_name("hello")
        daemon = self.daemon("tcp:4040:interface=127.0.0.1")
        stopped = self.assertRaises(StartupError, daemon.privilegedStartService)
        self.assertEqual(
            self.stderr.getvalue(),
            "hello: cannot listen on 127.0.0.1:4040: Address already in use "
            '(is "twistd -n tutorial" or another hello running? '
            "--port 0 picks a free one)\n",
        )
        self.assertEqual(stopped.code, 1)

    def test_wrong_endpoint_string_is_told_in_one_line(self) -> None:
        for endpoint in ("4040", "bogus:1", "tcp:x", "ssl:1:privateKey=/nothing", ""):
            daemon = self.daemon(endpoint)
            stopped = self.assertRaises(StartupError, daemon.privilegedStartService)
            self.assertIn(endpoint, stopped.line)

    def test_serve_tells_observers_of_every_exchange(self) -> None:
        options = ServerOptions()
        options.parseOptions(["--port", "5"])
        first: list[Any] = []
        second: list[Any] = []
        service: Any = serve(
            Resource(), options, observers=[first.append, second.append]
        )
        service._site.deadlines = Deadlines(Clock())  # else it is the global reactor's
        protocol = service._site.buildProtocol(IPv4Address("TCP", "127.0.0.1", 1))
        protocol.makeConnection(StringTransport())
        protocol.dataReceived(b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n")
        for events in (first, second):
            (done,) = [one for one in events if isinstance(one, ExchangeDone)]
            self.assertEqual(done.status, 404)

    def test_serve_listens_where_the_options_say(self) -> None:
        options = ServerOptions()
        options.parseOptions(["--port", "5"])
        service = serve(Resource(), options)
        self.assertEqual(
            service._endpoints,  # type: ignore[attr-defined]
            ["tcp:5:interface=127.0.0.1:backlog=1024"],
        )
