"""
Where a daemon listens, and the service that does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from dartio_tut.daemon import (
    ServerOptions,
    Site,
    StartupError,
    https_endpoint_string,
    localhost_certificate,
    serve,
)
from dartio_tut.daemon.listening import subject
from dartio_tut.daemon.service import Daemon
from dartio_tut.servers import hello_secure

from .support.startup_case import StartupCase


class SubjectTests(SynchronousTestCase):
    """What an error calls an endpoint."""

    def test_endpoint_with_an_address_is_named_by_it(self) -> None:
        for endpoint, said in [
            ("tcp:80:interface=127.0.0.1", "127.0.0.1:80"),
            ("tcp6:80:interface=\\:\\:1:backlog=5", "[::1]:80"),
            ("https:80:interface=\\:\\::cert=a", "[::]:80"),
            ("https:port=80:interface=1.2.3.4:key=a", "1.2.3.4:80"),
            ("unix:/run/x", "unix:/run/x"),
            ("tcp:80", "tcp:80"),
        ]:
            self.assertEqual(subject(endpoint), "cannot listen on " + said)


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

    def test_port_in_use_is_told_in_one_line(self) -> None:
        def busy(port: int, factory: Any, *args: Any, **kwargs: Any) -> None:
            raise CannotListenError("", port, OSError(98, "Address already in use"))

        self.patch(self.reactor, "listenTCP", busy)
        daemon = self.daemon("tcp:4040:interface=127.0.0.1")
        stopped = self.assertRaises(StartupError, daemon.privilegedStartService)
        self.assertEqual(
            stopped.line, "cannot listen on 127.0.0.1:4040: Address already in use"
        )

    def test_wrong_endpoint_string_is_told_in_one_line(self) -> None:
        for endpoint in ("4040", "bogus:1", "tcp:x", "ssl:1:privateKey=/nothing", ""):
            daemon = self.daemon(endpoint)
            stopped = self.assertRaises(StartupError, daemon.privilegedStartService)
            self.assertIn(endpoint, stopped.line)

    def test_serve_listens_where_the_options_say(self) -> None:
        options = ServerOptions()
        options.parseOptions(["--port", "5"])
        service = serve(Resource(), options)
        self.assertEqual(
            service._endpoints,  # type: ignore[attr-defined]
            ["tcp:5:interface=127.0.0.1:backlog=1024"],
        )


class SecureTests(StartupCase):
    """``hello-secure``: certificates and their endpoint strings."""

    def test_endpoint_string_quotes_paths(self) -> None:
        self.assertEqual(
            https_endpoint_string("/a:b", "/k", "/p", port=1, interface="::1"),
            "https:port=1:interface=\\:\\:1:cert=/a\\:b:key=/k:passwordFile=/p",
        )

    def test_certificate_and_key_go_together(self) -> None:
        for arguments in (
            ["--cert", "c.pem"],
            ["--key", "k.pem"],
            ["--key-password-file", "p"],
        ):
            self.refusal(*arguments, options=hello_secure.Options)

    def test_certificate_is_made_once_and_its_key_is_private(self) -> None:
        folder = self.mktemp()
        cert, key = localhost_certificate(folder)
        self.assertEqual(Path(key).stat().st_mode & 0o777, 0o600)
        made = Path(cert).read_bytes()
        localhost_certificate(folder)
        self.assertEqual(Path(cert).read_bytes(), made)

    def test_certificate_that_cannot_be_read_is_made_anew(self) -> None:
        folder = self.mktemp()
        cert, _ = localhost_certificate(folder)
        Path(cert).write_bytes(b"no certificate")
        localhost_certificate(folder)
        self.assertIn(b"BEGIN CERTIFICATE", Path(cert).read_bytes())
