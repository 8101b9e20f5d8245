"""
Saying in one line why a daemon cannot start, and with which exit code.
"""

from __future__ import annotations

import errno
import io
import os
import socket
import sys
from functools import partial
from typing import Any

from OpenSSL import SSL
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogPublisher
from twisted.python.usage import Options
from twisted.trial.unittest import SkipTest, SynchronousTestCase
from twisted.web.resource import Resource

from dartio_tut.daemon import Site, StartupError, startup
from dartio_tut.daemon import listening as daemon_listening
from dartio_tut.daemon.listening import local_url
from dartio_tut.daemon.options.server import ServerOptions
from dartio_tut.daemon.service import Daemon
from dartio_tut.daemon.startup import (
    error_text,
    exit_code,
    startup_errors,
)
from dartio_tut.daemon.together import (
    ServerGroup,
    is_in_foreground,
    show_what_to_open,
)

from .support.startup_case import StartupCase


def listening(number: int) -> CannotListenError:
    """A port that cannot be listened on, for the reason *number*."""
    return CannotListenError("", 4040, OSError(number, os.strerror(number)))


class ReasonTests(SynchronousTestCase):
    """The cause in words for people."""

    def test_unix_socket_is_named_and_not_its_lock(self) -> None:
        error = FileNotFoundError(errno.ENOENT, "No such file", b"/no/\xff.lock")
        self.assertEqual(error_text(error), "/no/\udcff: No such file")

    def test_text_that_is_no_number_is_told_without_what_python_says(self) -> None:
        for text, base, said in (("999", 8, "octal number"), ("x", 10, "number")):
            error = self.assertRaises(ValueError, int, text, base)
            self.assertEqual(error_text(error), f"'{text}' is no {said}")

    def test_it_is_one_line_whatever_is_wrong(self) -> None:
        self.patch(sys, "__stderr__", stderr := io.StringIO())
        line = "a\nb\r\x1b[2J\x85\u2028 é\udcff: no such folder"
        error = self.assertRaises(StartupError, startup.fail_startup, line)
        said = "a\\nb\\r\\x1b[2J\\x85\\u2028 é\\udcff: no such folder"
        self.assertEqual(error.line, said)
        self.assertEqual(stderr.getvalue(), f"{startup.program_name()}: {said}\n")

    def test_exit_code_is_right_though_nobody_can_read_why(self) -> None:
        class Full(io.StringIO):
            def write(self, text: str) -> int:
                raise OSError(errno.ENOSPC, "No space left on device")

        self.patch(sys, "__stderr__", Full())
        error = self.assertRaises(StartupError, startup.fail_startup, "x", 7)
        self.assertEqual(error.code, 7)


class ExitCodeTests(SynchronousTestCase):
    """Whether trying again may help."""

    def test_wrong_option_or_file_is_78(self) -> None:
        for error in (
            ValueError("no endpoint"),
            OSError("AF_UNIX path too long"),
            TypeError("an argument too many"),
            SSL.Error([("PEM", "", "no start line")]),
            FileNotFoundError(errno.ENOENT, "No such file"),
            PermissionError(errno.EACCES, "Permission denied"),
            NotADirectoryError(errno.ENOTDIR, "Not a directory"),
            OSError(errno.EINVAL, "Not a regular file"),
            OSError(errno.EFBIG, "Longer than 3 bytes"),
            IsADirectoryError(errno.EISDIR, "Is a directory"),
            listening(errno.ENOENT),
            listening(errno.EACCES),
        ):
            self.assertEqual((error, exit_code(error)), (error, 78))

    def test_environment_is_1(self) -> None:
        for error in (
            listening(errno.EADDRINUSE),
            listening(errno.EADDRNOTAVAIL),
            listening(errno.EMFILE),
            CannotListenError(None, b"/run/x", "Cannot acquire lock"),
            OSError(errno.ENOSPC, "No space left on device"),
            OSError("the database does not answer"),
        ):
            self.assertEqual((error, exit_code(error)), (error, 1))


class StartupErrorsTests(StartupCase):
    """`startup_errors`."""

    def line_for(self, error: Exception, subject: str, program: str) -> str:
        startup.set_program_name(program)
        self.stderr.truncate(self.stderr.seek(0))

        def start() -> None:
            with startup_errors(subject):
                raise error

        self.assertRaises(StartupError, start)
        return self.stderr.getvalue()

    def test_line_begins_with_the_name_of_the_server(self) -> None:
        line = self.line_for(ValueError("it is empty"), "--store", "notes")
        self.assertEqual(line, "notes: --store: it is empty\n")

    def test_port_in_use_says_who_may_have_it(self) -> None:
        subject = "cannot listen on 127.0.0.1:4041"
        line = self.line_for(listening(errno.EADDRINUSE), subject, "thinker")
        self.assertIn('(is "twistd -n tutorial" or another thinker running?', line)
        self.assertIn("--port 0 picks a free one)\n", line)
        line = self.line_for(listening(errno.EADDRINUSE), subject, "tutorial")
        self.assertIn("(is one of its servers running already? --port 0 picks", line)

    def test_other_errors_do_not_speak_of_ports_in_use(self) -> None:
        for error, subject in [
            (listening(errno.EACCES), "cannot listen on 127.0.0.1:80"),
            (listening(errno.EADDRINUSE), "cannot listen on unix:/run/x"),
        ]:
            self.assertNotIn("running?", self.line_for(error, subject, "hello"))

    def test_unix_socket_in_use_is_told_as_a_port_is(self) -> None:
        error = CannotListenError(None, b"/run/x", "Cannot acquire lock")
        self.assertEqual(error_text(error), "Address already in use")

    def test_of_two_paths_the_one_that_was_to_be_made_is_named(self) -> None:
        error = OSError(errno.ENOENT, "No such file", "123", None, "/nothing/x.lock")
        self.assertEqual(error_text(error), "/nothing/x.lock: No such file")

    def test_name_is_that_of_the_plugin(self) -> None:
        options = ServerOptions()
        options.parent = Options()
        options.parent.subCommand = "hello"
        self.assertRaises(StartupError, options.parseOptions, ["--port", "x"])
        self.assertTrue(self.stderr.getvalue().startswith("hello: --port: 'x'"))


class TogetherTests(SynchronousTestCase):
    """Several servers in one process."""

    def setUp(self) -> None:
        self.stdout = io.StringIO()
        self.patch(sys, "__stdout__", self.stdout)
        self.reactor = MemoryReactorClock()
        self.events: list[Any] = []
        observer: Any = self.events.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def run_together(self, foreground: bool) -> None:
        daemons = [
            Daemon(Site(Resource()), [f"tcp:{port}:interface=127.0.0.1"], self.reactor)
            for port in (4040, 8080)
        ]
        show = partial(show_what_to_open, daemons[1], foreground)
        together = ServerGroup(daemons, show)
        together.privilegedStartService()
        together.startService()
        self.reactor.run()

    def test_who_can_reach_them_is_said_once_and_after_all_addresses(self) -> None:
        self.run_together(foreground=True)
        told = [
            ("reach" in event) for event in self.events if {"url", "reach"} & set(event)
        ]
        self.assertEqual(told, [False, False, True])

    def test_what_to_open_is_said_as_it_is(self) -> None:
        self.run_together(foreground=True)
        self.assertEqual(self.stdout.getvalue().count("\n"), 1)
        self.assertRegex(
            self.stdout.getvalue(), r"^Open http://\S+:\d+/ \(Ctrl-C ends it\)\n$"
        )

    def test_what_to_open_is_not_said_in_the_background(self) -> None:
        self.run_together(foreground=False)
        self.assertEqual(self.stdout.getvalue(), "")

    def test_foreground_is_neither_a_background_process_nor_the_journal(self) -> None:
        output = os.fstat(1)
        journal = {"JOURNAL_STREAM": f"{output.st_dev}:{output.st_ino}"}
        self.assertTrue(is_in_foreground({"nodaemon": 1}, {}))
        self.assertTrue(is_in_foreground({"nodaemon": 1}, {"JOURNAL_STREAM": "1:1"}))
        self.assertFalse(is_in_foreground({"nodaemon": 1}, journal))
        self.assertFalse(is_in_foreground({"nodaemon": 0}, {}))
        self.assertFalse(is_in_foreground({}, {}))

    def test_a_person_opens_localhost_where_that_leads_there(self) -> None:
        # Some other program of this machine may have ::1, with any port.
        self.patch(daemon_listening, "_is_taken", lambda address, port: False)
        expected: list[tuple[IPv4Address | IPv6Address, str]] = [
            (IPv4Address("TCP", "127.0.0.1", 8080), "http://localhost:8080/"),
            (IPv4Address("TCP", "0.0.0.0", 1), "http://localhost:1/"),
            (IPv6Address("TCP", "::", 2), "http://localhost:2/"),
            (IPv6Address("TCP", "::1", 3), "http://[::1]:3/"),
            (IPv4Address("TCP", "192.0.2.7", 4), "http://192.0.2.7:4/"),
        ]
        for address, url in expected:
            self.assertEqual(local_url("tcp:0", address), url)
        secure = local_url("https:0:cert=a:key=b", IPv4Address("TCP", "127.0.0.1", 5))
        self.assertEqual(secure, "https://localhost:5/")

    def test_a_person_does_not_open_localhost_where_another_program_answers(
        self,
    ) -> None:
        try:
            other = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError:
            raise SkipTest("NOT TESTED: localhost of two programs; no IPv6") from None
        with other:
            port = other.getsockname()[1]
            for host in ("127.0.0.1", "0.0.0.0"):
                url = local_url("tcp:0", IPv4Address("TCP", host, port))
                self.assertEqual(url, f"http://127.0.0.1:{port}/")
            both = local_url("tcp:0", IPv6Address("TCP", "::", port))
            self.assertEqual(both, f"http://localhost:{port}/")
