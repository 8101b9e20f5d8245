"""
What a person at a terminal is shown, and the browser that is opened.
"""

from __future__ import annotations

import io
import os
import re
import sys
from typing import Any

from twisted.internet.error import CannotListenError, ProcessDone, ProcessTerminated
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from twisted.trial.unittest import SkipTest
from twisted.web.resource import Resource

from dartio_tut.daemon import (
    Daemon,
    ServerOptions,
    Site,
    StartupError,
    TerminalOptions,
    at_terminal,
    listening,
)
from dartio_tut.daemon.at_terminal import Presentation, serve_at_terminal
from dartio_tut.daemon.browser import open_in_browser
from dartio_tut.daemon.qr_code import (
    BLACK_ON_WHITE,
    HALVES,
    MARGIN_MODULES,
    RESET,
    can_show_qr_code,
    drawn,
    qr_code,
)

from .support.startup_case import StartupCase

FOREGROUND = {"nodaemon": 1}


class Terminal(io.TextIOWrapper):
    """A terminal with an encoding."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding)

    def isatty(self) -> bool:
        return True

    def shown(self) -> str:
        self.flush()
        data: bytes = self.buffer.getvalue()  # type: ignore[attr-defined]
        return data.decode()


class SpawningReactor(MemoryReactorClock):
    """Keeps what it is to start."""

    def __init__(self) -> None:
        super().__init__()
        self.spawned: list[tuple[Any, list[str]]] = []

    def spawnProcess(
        self, protocol: Any, executable: str, args: list[str], env: dict[str, str]
    ) -> None:
        self.spawned.append((protocol, args))


class PresentationCase(StartupCase):
    """A test of what is shown."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(ServerOptions, "environ", {})
        self.patch(os, "environ", {"TERM": "xterm"})
        self.terminal = Terminal()
        self.patch(sys, "__stdout__", self.terminal)
        self.reactor = SpawningReactor()
        self.patch(listening, "_reached_at", self.reached_at)
        self.patch(at_terminal, "address_towards_network", lambda: "192.0.2.7")

    def reached_at(self, host: str) -> list[str]:
        if host == "0.0.0.0":
            return ["172.17.0.1", "192.0.2.7", "fd00::7"]
        return []

    def shown(
        self, *words: str, hosts: tuple[str, ...] = ("127.0.0.1",), **parent: Any
    ) -> str:
        """What is shown of daemons at *hosts*, with the options *words*."""
        options = TerminalOptions()
        options.parseOptions(list(words))
        options.parent = parent or FOREGROUND  # type: ignore[assignment]
        daemons = {}
        for number, host in enumerate(hosts):
            endpoint = f"tcp:{4040 + number}:interface={host}"
            daemon = Daemon(Site(Resource()), [endpoint], self.reactor, path="/a/")
            daemon.privilegedStartService()
            daemons[f"server{number}"] = daemon
        Presentation(daemons, options, self.reactor)()
        return self.terminal.shown()


class PresentationTests(PresentationCase):
    """Where to look, from this machine."""

    def test_one_server_is_to_be_opened_where_there_is_something(self) -> None:
        wanted = "Open http://localhost:4040/a/ (Ctrl-C ends it)\n"
        self.assertEqual(self.shown(), wanted)

    def test_several_are_shown_by_name(self) -> None:
        shown = self.shown(hosts=("127.0.0.1", "127.0.0.1")).splitlines()
        self.assertEqual(
            shown,
            [
                "server0: http://localhost:4040/a/",
                "server1: http://localhost:4041/a/",
                "Ctrl-C ends them",
            ],
        )

    def test_nobody_is_shown_anything_in_the_background(self) -> None:
        self.assertEqual(self.shown("--lan", nodaemon=0), "")


class LanTests(PresentationCase):
    """``--lan``."""

    def lan(self) -> str:
        return self.shown("--lan")

    def test_all_urls_are_shown_the_likeliest_first(self) -> None:
        self.patch(
            Daemon,
            "network_urls",
            lambda daemon: ["http://172.17.0.1:5/", "http://192.0.2.7:5/"],
        )
        lines = self.lan().splitlines()
        wanted = "Others in the network: http://192.0.2.7:5/, http://172.17.0.1:5/"
        self.assertEqual(lines[1], wanted)
        self.assertEqual(lines[-1], "http://192.0.2.7:5/")

    def test_it_is_said_when_there_is_no_network(self) -> None:
        self.patch(Daemon, "network_urls", lambda daemon: [])
        self.assertEqual(self.lan().splitlines()[1:], ["There is no network here"])

    def test_without_segno_it_is_said_how_to_get_it(self) -> None:
        self.patch(Daemon, "network_urls", lambda daemon: ["http://192.0.2.7:5/"])
        modules: dict[str, Any] = sys.modules
        installed = modules.pop("segno", None)
        modules["segno"] = None  # then it cannot be imported
        self.addCleanup(modules.pop, "segno")
        if installed is not None:
            self.addCleanup(modules.__setitem__, "segno", installed)
        *_, last = self.lan().splitlines()
        self.assertEqual(last, "For a QR code of it: pip install 'dartio-tut[qr]'")

    def test_a_file_gets_no_qr_code(self) -> None:
        self.patch(Daemon, "network_urls", lambda daemon: ["http://192.0.2.7:5/"])
        self.patch(self.terminal, "isatty", lambda: False)
        self.assertEqual(len(self.lan().splitlines()), 2)


class BrowserTests(PresentationCase):
    """``--open``."""

    def test_the_first_url_is_opened_by_a_process_of_its_own(self) -> None:
        self.shown("--open")
        ((_, args),) = self.reactor.spawned
        self.assertEqual(args[:2], [sys.executable, "-c"])
        self.assertEqual(args[3], "http://localhost:4040/a/")

    def test_nothing_is_opened_unless_asked_for(self) -> None:
        self.shown()
        self.assertEqual(self.reactor.spawned, [])

    def test_it_is_said_when_none_can_be_opened(self) -> None:
        for reason, said in [
            (ProcessTerminated(1), ["No browser can be opened here: see http://a/"]),
            (ProcessDone(0), []),
        ]:
            reactor = SpawningReactor()
            open_in_browser("http://a/", reactor)
            ((protocol, _),) = reactor.spawned
            with capturedLogs() as logged:
                protocol.processEnded(Failure(reason))
            self.assertEqual([formatEvent(event) for event in logged], said)


class QRCodeTests(StartupCase):
    """The QR code."""

    def test_it_is_what_segno_makes_black_on_white_in_a_margin(self) -> None:
        try:
            import segno
        except ImportError:
            raise SkipTest("NOT TESTED: the QR code; segno is not installed") from None
        code = segno.make_qr("http://192.0.2.7:4048/", error="l")
        wanted = [[bool(module) for module in row] for row in code.matrix]
        self.assertEqual(self.modules(qr_code("http://192.0.2.7:4048/")), wanted)

    def modules(self, shown: str) -> list[list[bool]]:
        """The modules of a code that is *shown*, without its margin, which is light."""
        halves = {character: pair for pair, character in HALVES.items()}
        rows: list[list[bool]] = []
        for line in shown.splitlines():
            self.assertTrue(line.startswith(BLACK_ON_WHITE) and line.endswith(RESET))
            inside = line.removeprefix(BLACK_ON_WHITE).removesuffix(RESET)
            for half in (0, 1):
                rows.append([bool(halves[each][half]) for each in inside])
        width = len(rows[0]) - 2 * MARGIN_MODULES
        inner = slice(MARGIN_MODULES, MARGIN_MODULES + width)
        margin = [*rows[: inner.start], *rows[inner.stop :]]
        margin += [row[: inner.start] + row[inner.stop :] for row in rows]
        self.assertFalse(any(module for row in margin for module in row))
        return [row[inner] for row in rows[inner]]

    def test_a_last_row_without_a_partner_is_half_a_line(self) -> None:
        shown = re.sub(r"\x1b\[[\d;]*m", "", drawn([[1, 0], [0, 1], [1, 1]]))
        self.assertEqual(shown, "\u2580\u2584\n\u2580\u2580\n")

    def test_only_a_terminal_that_can_is_shown_one(self) -> None:
        terminal = {"TERM": "xterm"}
        self.assertTrue(can_show_qr_code(Terminal(), terminal))
        self.assertFalse(can_show_qr_code(Terminal("ascii"), terminal))
        self.assertFalse(can_show_qr_code(Terminal(), {"TERM": "dumb"}))
        self.assertFalse(can_show_qr_code(Terminal(), {}))
        self.assertFalse(can_show_qr_code(io.StringIO(), terminal))


class NextPortTests(StartupCase):
    """A daemon that may listen elsewhere."""

    def setUp(self) -> None:
        super().setUp()
        self.reactor = MemoryReactorClock()
        self.listen = self.reactor.listenTCP
        self.patch(self.reactor, "listenTCP", self.listen_tcp)
        self.taken = {4048}
        self.closed: list[int] = []

    def listen_tcp(self, port: int, *args: Any, **more: Any) -> Any:
        if port in self.taken:
            raise CannotListenError("", port, OSError(98, "Address already in use"))
        if port > 5000:
            raise CannotListenError("", port, OSError(13, "Permission denied"))
        made: Any = self.listen(port, *args, **more)
        made.stopListening = lambda: self.closed.append(port)
        return made

    def start(self, *ports: str) -> tuple[list[str], list[str]]:
        """Where a daemon listens that tries *ports*, and what it logs."""
        first, *others = [
            [f"tcp:{port}:interface=127.0.0.1" for port in each.split()]
            for each in ports
        ]
        daemon = Daemon(Site(Resource()), first, self.reactor, others=others)
        with capturedLogs() as logged:
            daemon.privilegedStartService()
        said = [formatEvent(event) for event in logged]
        return [endpoint.split(":")[1] for endpoint, _ in daemon.listening()], said

    def test_the_next_free_port_is_taken_and_that_is_said(self) -> None:
        self.taken = {4048, 4049}
        ports, said = self.start("4048", "4049", "4050", "4051")
        self.assertEqual(ports, ["4050"])
        self.assertEqual(
            said,
            [
                f"cannot listen on 127.0.0.1:{port}: Address already in use; trying "
                "the next port"
                for port in (4048, 4049)
            ],
        )
        self.assertEqual(self.stderr.getvalue(), "")

    def test_all_addresses_are_on_the_same_port(self) -> None:
        ports, _ = self.start("4047 4048", "4049 4050")
        self.assertEqual((ports, self.closed), (["4049", "4050"], [4047]))

    def test_when_all_are_taken_the_last_is_named(self) -> None:
        self.taken = {4048, 4049}
        stopped = self.assertRaises(StartupError, self.start, "4048", "4049")
        self.assertIn("127.0.0.1:4049: Address already in use", stopped.line)
        self.assertEqual(stopped.code, 1)

    def test_another_fault_is_not_passed_over(self) -> None:
        stopped = self.assertRaises(StartupError, self.start, "5001", "4049")
        self.assertIn("127.0.0.1:5001: Permission denied", stopped.line)


class CheckTests(StartupCase):
    """``--check``."""

    def test_it_ends_when_all_is_in_order(self) -> None:
        self.patch(ServerOptions, "environ", {})
        self.patch(sys, "__stdout__", io.StringIO())
        options = TerminalOptions()
        options.parseOptions(["--check"])
        stopped = self.assertRaises(SystemExit, serve_at_terminal, {}, options)
        self.assertEqual(stopped.code, 0)
