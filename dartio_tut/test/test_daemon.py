"""
Options, listening, the service.
"""

from __future__ import annotations

import io
import socket
import sys
from pathlib import Path
from typing import Any

from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogPublisher
from twisted.python.usage import Options
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from dartio_tut.daemon import (
    ServerOptions,
    Site,
    StartupError,
    coerce_option,
    existing_folder,
    https_endpoint_string,
    listening,
    localhost_certificate,
    serve,
)
from dartio_tut.daemon.listening import INTERFACES, addresses, port_number, subject
from dartio_tut.daemon.options.folders import loggable
from dartio_tut.daemon.service import Daemon
from dartio_tut.servers import hello_secure, tutorial


class LessonOptions(ServerOptions):
    """What a lesson's options look like."""

    defaultPort = "4040"
    optParameters = (
        ("root", "r", ".", "A folder.", coerce_option("--root", existing_folder)),
    )


class Quiet(SynchronousTestCase):
    """What a person would read on stderr is kept in ``self.stderr``."""

    def setUp(self) -> None:
        self.stderr = io.StringIO()
        self.patch(sys, "__stderr__", self.stderr)

    def refused(self, *arguments: str, options: type = LessonOptions) -> str:
        def start() -> None:
            parsed = options()
            parsed.parseOptions(list(arguments))
            parsed.endpoints()

        stopped = self.assertRaises(StartupError, start)
        self.assertEqual(stopped.code, 1)
        self.assertEqual(self.stderr.getvalue().count("\n"), 1)
        self.assertIn(stopped.line, self.stderr.getvalue())
        return str(stopped.line)


class OptionsTests(Quiet):
    """`ServerOptions`."""

    def endpoints(self, *arguments: str) -> list[str]:
        options = LessonOptions()
        options.parseOptions(list(arguments))
        return options.endpoints()

    def test_default_is_the_lessons_port_on_the_ipv4_loopback(self) -> None:
        self.assertEqual(
            self.endpoints(), ["tcp:4040:interface=127.0.0.1:backlog=1024"]
        )

    def test_port(self) -> None:
        self.assertEqual(
            self.endpoints("--port", "0"), ["tcp:0:interface=127.0.0.1:backlog=1024"]
        )

    def test_interfaces(self) -> None:
        for name, address in INTERFACES.items():
            (endpoint,) = self.endpoints("--interface", name)
            self.assertIn("interface=" + address.replace(":", "\\:"), endpoint)
            self.assertEqual(endpoint.startswith("tcp6:"), ":" in address)

    def test_a_host_name_is_all_its_addresses(self) -> None:
        found = [(0, 0, 0, "", (a, 0)) for a in ("::1", "127.0.0.1", "127.0.0.1")]
        self.patch(socket, "getaddrinfo", lambda *a, **k: found)
        self.patch(listening, "_is_here", lambda address: True)
        self.assertEqual(addresses("localhost"), ["::1", "127.0.0.1"])
        self.patch(listening, "_is_here", lambda address: ":" not in address)
        self.assertEqual(addresses("localhost"), ["127.0.0.1"])

    def test_listen_replaces_the_default(self) -> None:
        self.assertEqual(
            self.endpoints("--listen", "unix:/run/x", "--listen", "tcp:1"),
            ["unix:/run/x", "tcp:1"],
        )

    def test_listen_and_port_together(self) -> None:
        given = self.endpoints("--listen", "unix:/run/x", "--port", "5")
        self.assertEqual(given[0], "unix:/run/x")
        self.assertEqual(len(given), 2)

    def test_refused(self) -> None:
        for arguments, said in [
            (["--port", "x"], "--port: 'x'"),
            (["--port", "65536"], "--port: '65536'"),
            (["--port", "-1"], "--port: '-1'"),
            (["--port", ""], "--port: ''"),
            (["--port", "٤"], "--port"),
            (["--port", "9" * 5000], "--port"),
            (["--bogus"], "--bogus"),
            (["extra"], "Wrong number of arguments"),
            (["--root", "/nothing/here"], "--root: /nothing/here: no such folder"),
            (["--root", __file__], "not a folder"),
        ]:
            self.stderr.truncate(self.stderr.seek(0))
            self.assertIn(said, self.refused(*arguments))

    def test_no_such_host(self) -> None:
        def nowhere(*args: Any, **more: Any) -> None:
            raise socket.gaierror(-2, "Name or service not known")

        self.patch(socket, "getaddrinfo", nowhere)
        self.assertIn("--interface: x.invalid", self.refused("-i", "x.invalid"))

    def test_an_address_of_another_machine_is_refused_when_it_is_a_name(self) -> None:
        self.patch(
            socket, "getaddrinfo", lambda *a, **k: [(2, 1, 6, "", ("192.0.2.1", 0))]
        )
        self.patch(listening, "_is_here", lambda address: False)
        self.assertIn("not an address of this machine", self.refused("-i", "elsewhere"))

    def test_help_shows_the_default_port(self) -> None:
        self.assertIn("[default: 4040]", str(LessonOptions()))

    def test_no_pid_file_in_the_foreground(self) -> None:
        for nodaemon, pidfile, kept in [
            (True, "twistd.pid", ""),
            (True, "other.pid", "other.pid"),
            (False, "twistd.pid", "twistd.pid"),
        ]:
            twistd = Options()
            twistd.update(nodaemon=nodaemon, pidfile=pidfile)
            options = LessonOptions()
            options.parent = twistd
            options.parseOptions([])
            self.assertEqual(twistd["pidfile"], kept)

    def test_port_number(self) -> None:
        self.assertEqual([port_number(p) for p in ("0", "80", "65535")], [0, 80, 65535])

    def test_subject_names_the_address(self) -> None:
        for endpoint, said in [
            ("tcp:80:interface=127.0.0.1", "127.0.0.1:80"),
            ("tcp6:80:interface=\\:\\:1:backlog=5", "[::1]:80"),
            ("https:80:interface=\\:\\::cert=a", "[::]:80"),
            ("https:port=80:interface=1.2.3.4:key=a", "1.2.3.4:80"),
            ("unix:/run/x", "unix:/run/x"),
            ("tcp:80", "tcp:80"),
        ]:
            self.assertEqual(subject(endpoint), "cannot listen on " + said)


class DaemonTests(Quiet):
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

    def test_stops_listening(self) -> None:
        daemon = self.daemon("tcp:4040", "tcp:4041")
        daemon.startService()
        self.successResultOf(daemon.stopService())
        self.assertEqual(daemon._ports, [])

    def test_a_port_in_use_is_one_line(self) -> None:
        def busy(port: int, factory: Any, *args: Any, **kwargs: Any) -> None:
            raise CannotListenError("", port, OSError(98, "Address already in use"))

        self.patch(self.reactor, "listenTCP", busy)
        daemon = self.daemon("tcp:4040:interface=127.0.0.1")
        stopped = self.assertRaises(StartupError, daemon.privilegedStartService)
        self.assertEqual(
            stopped.line, "cannot listen on 127.0.0.1:4040: Address already in use"
        )

    def test_what_is_no_endpoint_is_one_line(self) -> None:
        for endpoint in ("4040", "bogus:1", "tcp:x", "ssl:1:privateKey=/nothing", ""):
            daemon = self.daemon(endpoint)
            stopped = self.assertRaises(StartupError, daemon.privilegedStartService)
            self.assertIn(endpoint, stopped.line)

    def test_serve_listens_where_the_options_say(self) -> None:
        options = LessonOptions()
        options.parseOptions(["--port", "5"])
        service = serve(Resource(), options)
        self.assertEqual(
            service._endpoints,  # type: ignore[attr-defined]
            ["tcp:5:interface=127.0.0.1:backlog=1024"],
        )


class SecureTests(Quiet):
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
            self.stderr.truncate(self.stderr.seek(0))
            self.refused(*arguments, options=hello_secure.Options)

    def test_made_once_and_private(self) -> None:
        folder = self.mktemp()
        cert, key = localhost_certificate(folder)
        self.assertEqual(Path(key).stat().st_mode & 0o777, 0o600)
        made = Path(cert).read_bytes()
        localhost_certificate(folder)
        self.assertEqual(Path(cert).read_bytes(), made)

    def test_made_anew_when_it_cannot_be_used(self) -> None:
        folder = self.mktemp()
        cert, _ = localhost_certificate(folder)
        Path(cert).write_bytes(b"no certificate")
        localhost_certificate(folder)
        self.assertIn(b"BEGIN CERTIFICATE", Path(cert).read_bytes())


class TutorialTests(SynchronousTestCase):
    """Every lesson in one process."""

    def lines(self, *arguments: str) -> dict[str, list[str]]:
        options = tutorial.Options()
        options.parseOptions(list(arguments))
        return {
            lesson.__name__.rpartition(".")[2]: options.of(
                lesson.Options(), lesson.__name__.rpartition(".")[2]
            )
            for lesson in tutorial.LESSONS
        }

    def test_each_on_its_port(self) -> None:
        for line in self.lines().values():
            self.assertEqual(line, ["--interface", "loopback-v4"])

    def test_port_is_for_the_pages(self) -> None:
        lines = self.lines("--port", "8081")
        self.assertIn("8081", lines.pop("pages"))
        self.assertFalse(any("--port" in line for line in lines.values()))

    def test_port_0_is_for_all(self) -> None:
        for line in self.lines("--port", "0").values():
            self.assertEqual(line[-2:], ["--port", "0"])

    def test_root_and_store(self) -> None:
        folder = self.mktemp()
        Path(folder).mkdir()
        lines = self.lines("--root", folder, "--store", folder)
        self.assertIn(str(Path(folder).absolute()), lines["static"])
        self.assertIn(f"{folder}/notes", lines["notes"])
        self.assertIn(f"{folder}/writer", lines["writer"])
        self.assertNotIn("--root", lines["pages"])


class StoreInTheLogTests(SynchronousTestCase):
    """What the log says of where a store is."""

    def test_never_a_password(self) -> None:
        for where, said in [
            ("postgresql://me:secret@a,b/db?password=secret", "postgresql://a,b/db"),
            ("postgresql://me:s@cret@a/db", "postgresql://a/db"),
            ("postgresql://me:s/cret@a/db", "postgresql://a/db"),
            ("postgresql://a/db", "postgresql://a/db"),
            ("file:///srv/notes", "file:///srv/notes"),
            ("/srv/notes", "/srv/notes"),
        ]:
            self.assertEqual((where, loggable(where)), (where, said))
