"""
The options that servers have, and the one line that says which of them is wrong.
"""

from __future__ import annotations

import os
import re
import resource
import socket
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from twisted.plugin import IPlugin
from twisted.python.usage import Options, UsageError
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import (
    LOCAL_HOSTS,
    Option,
    ServerOptions,
    StartupError,
    existing_folder,
    flag,
    listening,
    option,
    own_host_names,
    repeated_option,
)
from dartio_tut.daemon.descriptors import connections_within, raise_descriptor_limit
from dartio_tut.daemon.listening import (
    INTERFACES,
    addresses_of_interface,
    may_be_own,
)
from dartio_tut.daemon.options import passed
from dartio_tut.daemon.options.folders import without_password
from dartio_tut.daemon.options.logs import check_twistd_folders, check_twistd_user
from dartio_tut.daemon.options.parsing import (
    backlog_length,
    port_number,
    positive_number,
    seconds,
    whole_number,
)
from dartio_tut.daemon.startup import CURRENT_FOLDER_GONE
from dartio_tut.servers import hello_secure, notes, static, tutorial
from dartio_tut.servers.lessons import LESSONS
from twisted.plugins import dartio_tut_plugin

from .support.startup_case import StartupCase


class LessonOptions(ServerOptions):
    """What a lesson's options look like."""

    default_port = 4040
    options: ClassVar[Sequence[Option]] = (
        flag("listing", "List folders."),
        option("root", "A folder.", existing_folder, ".", letter="r"),
        repeated_option("type", "A type.", whole_number, [1, 2], letter="t"),
    )


class KindsTests(StartupCase):
    """`flag`, `option` and `repeated_option`."""

    def parsed(self, *arguments: str) -> LessonOptions:
        options = LessonOptions()
        options.parseOptions(list(arguments))
        return options

    def test_options_that_are_not_given_have_their_defaults(self) -> None:
        options = self.parsed()
        self.assertEqual(
            (options["listing"], options["root"], options["type"]), (False, ".", [1, 2])
        )
        self.assertEqual(options.given, set())

    def test_given_options_are_checked_and_take_the_place_of_defaults(self) -> None:
        options = self.parsed("--listing", "-r", "/", "--type", "7", "-t", "8")
        self.assertEqual(
            (options["listing"], options["root"], options["type"]), (True, "/", [7, 8])
        )
        self.assertEqual(options.given, {"listing", "root", "type"})

    def test_the_last_of_several_values_counts(self) -> None:
        self.assertEqual(self.parsed("--port", "1", "-p", "2")["port"], 2)

    def test_lists_of_two_servers_are_not_shared(self) -> None:
        first = LessonOptions()
        first["type"].append(3)
        self.assertEqual(LessonOptions()["type"], [1, 2])

    def test_subclass_option_takes_the_place_of_its_base_option(self) -> None:
        class Narrow(LessonOptions):
            options = (option("root", "Another text.", str, "narrow"),)

        self.assertEqual(Narrow()["root"], "narrow")
        self.assertEqual(str(Narrow()).count("--root="), 1)
        self.assertIn("Another text. [default: narrow]", str(Narrow()))

    def test_a_wrong_option_behind_an_argument_is_named(self) -> None:
        for line, said in (
            (("x", "--bogus"), "option --bogus not recognized"),
            (("x", "-Z"), "option -Z not recognized"),
            (("x", "--root"), "option --root requires argument"),
        ):
            refusal = self.refusal(*line, options=LessonOptions)
            self.assertEqual(refusal, f"{said} (see --help)")

    def test_option_that_is_none_is_refused_with_those_that_may_be_meant(self) -> None:
        prefix, lists = "not a unique prefix", "--list, --listen, --listing"
        for line, said in (
            (("--prot", "1"), "option --prot not recognized; is --port meant?"),
            (("--prot=1",), "option --prot not recognized; is --port meant?"),
            (("--lising",), "option --lising not recognized; is --listing meant?"),
            (("--zzzzz",), "option --zzzzz not recognized"),
            (("--lis",), f"option --lis {prefix}: it may be {lists}"),
            (("--por",), "option --port requires argument"),
            (("--listing=1",), "option --listing must not have an argument"),
        ):

            class Options(LessonOptions):
                options = (option("port", "A port."), flag("list", "A list."))

            refusal = self.refusal(*line, options=Options)
            self.assertEqual(refusal, f"{said} (see --help)")

    def test_wrong_value_is_not_repeated_if_it_is_long(self) -> None:
        for name in ("port", "max-body", "grace"):
            for text in ("9" * 5000, "x" * 5000):
                line = (f"--{name}", text)
                self.assertLess(len(self.refusal(*line, options=ServerOptions)), 150)

    def test_address_may_be_given_once_and_port_0_several_times(self) -> None:
        for text in ("tcp:4040", "tcp:port=4040", "unix:/run/x", "systemd:web"):
            line = (f"--listen={text}", "--listen=tcp:0", f"--listen={text}")
            said = self.refusal(*line, options=ServerOptions)
            self.assertEqual(said, f"--listen: {text} is given twice (see --help)")
        options = ServerOptions()
        options.parseOptions(
            ["--listen=tcp:0", "--listen=tcp:port=0", "--listen=tcp:0"]
        )
        self.assertEqual(len(options["listen"]), 3)

    def test_folder_that_is_gone_is_told(self) -> None:
        def gone() -> str:
            raise FileNotFoundError(2, "No such file or directory")

        self.patch(os, "getcwd", gone)
        for line in (("--access-log", "x"), ("--config", "x"), ("--cert", "x")):
            refusal = self.refusal(*line, options=ServerOptions)
            said = f"{line[0]}: {CURRENT_FOLDER_GONE} (see --help)"
            self.assertEqual(refusal, said)

    def test_folder_that_is_gone_keeps_a_daemon_from_the_background(self) -> None:
        def gone() -> str:
            raise FileNotFoundError(2, "No such file or directory")

        class Background(ServerOptions):
            def __init__(self) -> None:
                super().__init__()
                self.parent = Options()
                self.parent.update(nodaemon=False)
                self.parent.subCommand = None

        self.patch(os, "getcwd", gone)
        self.assertEqual(self.refusal(options=Background), CURRENT_FOLDER_GONE)

    def test_a_wrong_value_is_refused_by_the_name_of_its_option(self) -> None:
        for arguments, said in [
            (["--type", "x"], "--type: 'x' is not a whole number"),
            (["-t", "-1"], "--type: '-1' is not a whole number"),
            (["-r", "/nothing/here"], "--root: /nothing/here: no such folder"),
            (["--listing=yes"], "--listing"),
            (["--type"], "--type"),
        ]:
            line = self.refusal(*arguments, options=LessonOptions)
            self.assertIn(said, line)
            self.assertTrue(line.endswith("(see --help)"), line)

    def test_values_may_come_from_another_server(self) -> None:
        options = LessonOptions.with_values({"port": 5, "type": [3], "foreign": 1})
        self.assertEqual((options["port"], options["type"]), (5, [3]))
        self.assertEqual(options.given, {"port", "type"})
        self.assertNotIn("foreign", options)

    def test_values_of_another_server_must_go_together_as_well(self) -> None:
        self.assertRaises(
            UsageError, hello_secure.Options.with_values, {"cert": "c.pem"}
        )


class ConnectionsTests(SynchronousTestCase):
    """How many connections there may be, by file descriptors."""

    def limits(self, soft: int, hard: int, *arguments: str, servers: int = 1) -> int:
        self.patch(resource, "getrlimit", lambda which: (soft, hard))
        self.raised: list[tuple[int, int]] = []
        self.patch(resource, "setrlimit", lambda which, to: self.raised.append(to))
        options = LessonOptions()
        options.parseOptions(list(arguments))
        options.fit_connections(servers)
        return options.limits().connections

    def test_connections_are_kept_below_the_descriptors(self) -> None:
        connections = self.limits(1024, 1024)
        self.assertEqual((connections, self.raised), (289, []))

    def test_soft_limit_is_raised_to_the_hard_one(self) -> None:
        connections = self.limits(1024, 65536)
        self.assertEqual((connections, self.raised), (20_000, [(65536, 65536)]))

    def test_fewer_connections_that_were_asked_for_are_kept(self) -> None:
        self.assertEqual(self.limits(1024, 1024, "--max-connections", "5"), 5)

    def test_no_limit_asked_for_is_what_descriptors_allow(self) -> None:
        self.assertEqual(self.limits(1024, 1024, "--max-connections", "0"), 289)

    def test_several_servers_share_the_descriptors(self) -> None:
        self.assertEqual(self.limits(1024, 1024, servers=9), 26)

    def test_any_number_of_descriptors(self) -> None:
        self.assertEqual(self.limits(-1, resource.RLIM_INFINITY), 20_000)

    def test_a_hard_limit_that_cannot_be_had(self) -> None:
        def refuse(which: int, to: tuple[int, int]) -> None:
            raise ValueError("not allowed to raise maximum limit")

        self.patch(resource, "getrlimit", lambda which: (256, 4096))
        self.patch(resource, "setrlimit", refuse)
        self.assertEqual(raise_descriptor_limit(), 256)
        self.assertEqual(connections_within(10), 1)

    def test_there_are_descriptors_for_all(self) -> None:
        for descriptors in (1024, 2048, 4096, 65536):
            for redirects in (False, True):
                most = connections_within(descriptors, redirects=redirects)
                sites = [most, most // 4] if redirects else [most]
                answered = sum(site + max(64, site // 10) for site in sites)
                self.assertLessEqual(64 + answered + 2 * most, descriptors)


class HelpTests(SynchronousTestCase):
    """The text of ``--help``."""

    def test_options_stand_under_headings_with_their_defaults(self) -> None:
        text = str(LessonOptions())
        places = [
            text.index(f"\n{heading}:\n")
            for heading in ("This server", "Listening", "Limits", "Logs", "Other")
        ]
        self.assertEqual(places, sorted(places))
        own, listening = text[places[0] : places[1]], text[places[1] : places[2]]
        self.assertIn("-r, --root=", own)
        self.assertIn("[default: 1, 2]", own)
        self.assertIn("May be given several times.", own)
        self.assertNotIn("--listing=", own)
        self.assertIn("[default: 4040]", listening)
        self.assertIn("[default: loopback-v4]", listening)

    def test_every_option_of_every_lesson_is_explained_once(self) -> None:
        for module in (hello_secure, notes, tutorial):
            options = module.Options()
            text = str(options)
            for declared in options.declared():
                equals = "" if declared.kind == "flag" else "="
                found = re.findall(rf"--{declared.name}{equals}\s", text)
                self.assertEqual((declared.name, len(found)), (declared.name, 1))
            for name in ("--help", "--version"):
                self.assertIn(name, text)

    def test_a_narrow_terminal_gets_narrow_lines(self) -> None:
        for width in (64, 80, 200):
            lines = LessonOptions().getUsage(width).splitlines()
            self.assertLessEqual(max(map(len, lines)), width)

    def test_width_that_is_no_number_is_as_if_none_were_given(self) -> None:
        self.patch(os, "environ", {})
        usual = LessonOptions().getUsage()
        for width in ("", "abc", "0", "-4", "1e2", "9" * 5000):
            os.environ["COLUMNS"] = width
            self.assertEqual(LessonOptions().getUsage(), usual, width)
        os.environ["COLUMNS"] = "200"
        self.assertNotEqual(LessonOptions().getUsage(), usual)


class ParsingTests(SynchronousTestCase):
    """The checks of options."""

    def test_numbers(self) -> None:
        self.assertEqual([port_number(p) for p in ("0", "80", "65535")], [0, 80, 65535])
        self.assertEqual([whole_number(n) for n in ("0", "007")], [0, 7])
        self.assertEqual(positive_number("1"), 1)
        self.assertEqual([seconds(t) for t in ("0.5", "3", "1e3")], [0.5, 3, 1000])

    def test_number_that_is_too_large_is_called_too_large(self) -> None:
        for check, text, said in [
            (whole_number, "1" + "0" * 15, "too large: use at most 999999999999999"),
            (whole_number, "9" * 5000, "9... is too large"),
            (positive_number, "9" * 16, "too large"),
            (backlog_length, "2147483648", "too large: use at most 2147483647"),
            (seconds, "1e9", "too long: use less than 1000000000"),
            (seconds, "9" * 5000, "9... is too long"),
            (seconds, "inf", "too long"),
        ]:
            error = self.assertRaises(ValueError, check, text)
            self.assertIn(said, str(error))
            self.assertLess(len(str(error)), 120)
        self.assertEqual(whole_number("0" * 100 + "9" * 15), 999_999_999_999_999)
        self.assertEqual(backlog_length("2147483647"), 2147483647)

    def test_what_is_not_a_number_is_refused(self) -> None:
        for check, texts in [
            (port_number, ["", "x", "-1", "65536", "+1", "1.0", "\u0664", "9" * 5000]),
            (whole_number, ["", "x", "-1", "1.0", "\u0664", "9" * 5000, " 1"]),
            (positive_number, ["", "0", "-1"]),
            (seconds, ["", "0", "-1", "x", "nan", "inf", "1e9"]),
            (backlog_length, ["", "0", "x", "2147483648", "9" * 15]),
        ]:
            for text in texts:
                self.assertRaises(ValueError, check, text)


class EndpointsTests(StartupCase):
    """Where a server listens, by its options."""

    def endpoints(self, *arguments: str) -> list[str]:
        options = LessonOptions()
        options.parseOptions(list(arguments))
        return options.endpoints()

    def refused_interface(self, name: str) -> str:
        return self.refusal("--interface", name, options=LessonOptions)

    def test_default_is_the_lessons_port_on_the_ipv4_loopback(self) -> None:
        self.assertEqual(
            self.endpoints(), ["tcp:4040:interface=127.0.0.1:backlog=1024"]
        )

    def test_port_0_is_left_to_the_system(self) -> None:
        self.assertEqual(
            self.endpoints("--port", "0"), ["tcp:0:interface=127.0.0.1:backlog=1024"]
        )

    def test_interface_names_stand_for_addresses(self) -> None:
        for name, address in INTERFACES.items():
            (endpoint,) = self.endpoints("--interface", name)
            self.assertIn("interface=" + address.replace(":", "\\:"), endpoint)
            self.assertEqual(endpoint.startswith("tcp6:"), ":" in address)

    def test_host_name_stands_for_all_its_addresses_of_this_machine(self) -> None:
        found = [(0, 0, 0, "", (a, 0)) for a in ("::1", "127.0.0.1", "127.0.0.1")]
        self.patch(socket, "getaddrinfo", lambda *a, **k: found)
        self.patch(listening, "_is_here", lambda address: True)
        self.assertEqual(addresses_of_interface("localhost"), ["::1", "127.0.0.1"])
        self.patch(listening, "_is_here", lambda address: ":" not in address)
        self.assertEqual(addresses_of_interface("localhost"), ["127.0.0.1"])

    def test_listen_takes_the_place_of_the_default(self) -> None:
        self.assertEqual(
            self.endpoints("--listen", "unix:/run/x", "--listen", "tcp:1"),
            ["unix:/run/x", "tcp:1"],
        )

    def test_certificate_is_for_every_endpoint(self) -> None:
        files = ("--cert", "c.pem", "--key", "k.pem", "--key-password-file", "p")
        cert, key, password = (
            Path(name).absolute() for name in ("c.pem", "k.pem", "p")
        )
        pem = f":cert={cert}:key={key}:passwordFile={password}"
        self.assertEqual(
            self.endpoints(*files),
            ["https:port=4040:interface=127.0.0.1:backlog=1024" + pem],
        )
        self.assertEqual(
            self.endpoints(*files, "--listen", "unix:/run/x"),
            [r"https:over=unix\:/run/x" + pem],
        )
        self.patch(
            passed, "passed_endpoints", lambda found: ["systemd:domain=INET:index=0"]
        )
        self.assertEqual(
            self.endpoints(*files, "--no-http2"),
            [r"https:over=systemd\:domain=INET\:index=0:http2=no" + pem],
        )

    def pass_sockets(self, *names: str) -> None:
        """Let systemd have passed sockets with these *names*."""
        self.patch(passed, "passed_descriptors", lambda: [*range(3, 3 + len(names))])
        self.patch(passed, "passed_names", lambda: list(names))
        self.patch(passed, "passed_endpoints", lambda found: [f"s:{n}" for n in found])

    def test_passed_sockets_are_named_and_may_share_a_name(self) -> None:
        self.pass_sockets("http", "other", "http")
        self.assertEqual(self.endpoints(), ["s:3", "s:4", "s:5"])
        self.assertEqual(self.endpoints("--listen", "systemd:http"), ["s:3", "s:5"])
        listen = ("--listen", "systemd:other", "--listen", "unix:/run/x")
        self.assertEqual(self.endpoints(*listen), ["s:4", "unix:/run/x"])
        given = "systemd:domain=INET:name=http"
        self.assertEqual(self.endpoints("--listen", given), [given])

    def test_a_name_that_no_passed_socket_has_is_refused(self) -> None:
        for names, known in [(("a", "b", "a"), "a, b"), ((), "none at all")]:
            self.pass_sockets(*names)
            said = self.assertRaises(
                StartupError, self.endpoints, "--listen", "systemd:http"
            )
            self.assertEqual(
                str(said),
                "--listen systemd:http: systemd passed no socket with this name, "
                f"but {known}",
            )

    def test_socket_of_the_redirect_is_not_the_servers(self) -> None:
        self.pass_sockets("http", "redirect")
        tls = ("--cert", "c.pem", "--key", "k.pem")
        line = (*tls, "--redirect-http", "systemd:redirect")
        (own,) = self.endpoints(*line)
        self.assertIn(r"over=s\:3", own)
        options = LessonOptions()
        options.parseOptions(list(line))
        self.assertEqual(options.redirect_endpoints(), ["s:4"])
        wrong = ("--redirect-http", "http")
        said = self.refusal(*tls, *wrong, options=LessonOptions)
        self.assertIn("'http' is no port: use a number from 0 to 65535, or sys", said)

    def test_endpoint_with_tls_of_its_own_keeps_it(self) -> None:
        files = ("--cert", "c.pem", "--key", "k.pem")
        for own in ("https:0:cert=a:key=b", "ssl:0:privateKey=a", "tls:/etc/pem"):
            self.assertEqual(self.endpoints(*files, "--listen", own), [own])

    def test_certificate_options_go_together(self) -> None:
        for arguments, said in [
            (["--cert", "c.pem"], "--cert and --key"),
            (["--key", "k.pem"], "--cert and --key"),
            (["--key-password-file", "p"], "--key-password-file goes with --key"),
            (["--no-http2"], "--no-http2 goes with"),
            (["--h2c", "--cert", "c", "--key", "k"], "--h2c is for ports without TLS"),
            (["--cert", ""], "--cert: it is empty"),
        ]:
            self.assertIn(said, self.refusal(*arguments, options=LessonOptions))

    def test_endpoint_string_that_is_none_is_told_with_the_right_one(self) -> None:
        for name in ("--listen", "--metrics"):
            for text, said in [
                ("4040", "'4040' is no endpoint string: write tcp:4040"),
                ("127.0.0.1:80", "write tcp:80:interface=127.0.0.1"),
                ("localhost:80", "write tcp:80:interface=localhost"),
                ("localhost", "write one such as tcp:4040"),
                ("http://localhost/", "write one such as tcp:4040"),
                ("", "it is empty"),
                ("tcp:http", "'http' is no port: use a number from 0 to 65535"),
                ("tcp6:70000", "'70000' is no port"),
                ("tcp:port=-1", "'-1' is no port"),
                ("tcp:", "'' is no port"),
                ("ssl:x", "'x' is no port"),
            ]:
                refused = self.refusal(name, text, options=LessonOptions)
                self.assertIn(f"{name}: ", refused)
                self.assertIn(said, refused)

    def test_chroot_is_refused(self) -> None:
        options = LessonOptions()
        options.parent = Options()
        options.parent.update(chroot="/srv")
        stopped = self.assertRaises(StartupError, options.parseOptions, [])
        self.assertIn("--chroot", stopped.line)

    def test_listen_adds_to_a_port_that_is_given(self) -> None:
        given = self.endpoints("--listen", "unix:/run/x", "--port", "5")
        self.assertEqual(given[0], "unix:/run/x")
        self.assertEqual(len(given), 2)

    def test_wrong_options_are_refused_in_one_line(self) -> None:
        for arguments, said in [
            (["--port", "x"], "--port: 'x'"),
            (["--port", "65536"], "--port: '65536'"),
            (["--port", "-1"], "--port: '-1'"),
            (["--port", ""], "--port: it is empty"),
            (["--port", "٤"], "--port"),
            (["--port", "9" * 5000], "--port"),
            (["--bogus"], "--bogus"),
            (["extra"], "Wrong number of arguments"),
            (["--root", "/nothing/here"], "--root: /nothing/here: no such folder"),
            (["--root", __file__], "not a folder"),
        ]:
            self.assertIn(said, self.refusal(*arguments, options=LessonOptions))

    def test_path_that_cannot_be_looked_at_is_refused_in_one_line(self) -> None:
        name = "x" * 300
        for line, options in [
            (["--root", f"/{name}"], LessonOptions),
            (["--access-log", f"/{name}"], LessonOptions),
            ([f"/{name}"], static.Options),
            (["--host", f"a.example=/{name}"], static.Options),
        ]:
            said = self.refusal(*line, options=options)
            self.assertIn(f"/{name}: file name too long (see --help)", said)

    def test_current_folder_that_has_been_removed_is_told(self) -> None:
        self.addCleanup(os.chdir, os.getcwd())
        folder = self.mktemp()
        os.mkdir(folder)
        os.chdir(folder)
        os.rmdir(os.path.abspath("."))
        for line, place in [
            ([], "--root: "),
            (["."], ""),
            (["--host", "a.example=b"], "--host: "),
            (["--access-log", "a.log"], "--access-log: "),
            (["--config", "a.toml"], "--config: "),
        ]:
            said = self.refusal(*line, options=static.Options)
            self.assertEqual(
                said,
                f"{place}the current folder has been removed: go to another one "
                "with cd (see --help)",
            )

    def test_folder_that_twistd_cannot_enter_or_write_is_refused(self) -> None:
        folder = self.mktemp()
        os.mkdir(folder)
        for given, said in [
            ({"rundir": folder}, None),
            ({"rundir": folder, "pidfile": "new.pid"}, None),
            ({"rundir": "nowhere"}, "--rundir: nowhere: no such file or directory"),
            ({"rundir": __file__}, f"--rundir: {__file__}: not a folder"),
            (
                {"pidfile": "nowhere/a.pid"},
                "--pidfile: nowhere/a.pid: cannot be written",
            ),
            (
                {"rundir": folder, "pidfile": "nowhere/a.pid"},
                "--pidfile: nowhere/a.pid: cannot be written",
            ),
        ]:
            if said is None:
                check_twistd_folders(given)
                continue
            error = self.assertRaises(UsageError, check_twistd_folders, given)
            self.assertEqual(str(error), said)

    def test_pid_file_without_the_number_of_a_process_is_refused(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        path = folder / "a.pid"
        given = {"rundir": str(folder), "pidfile": "a.pid"}
        for content in (b"1", b"4194304\n", b" 12 "):
            path.write_bytes(content)
            check_twistd_folders(given)
        for content in (b"", b"-1", b"0", b"x", b"9" * 20, b"\xb2", b"1 2", b"9" * 999):
            path.write_bytes(content)
            error = self.assertRaises(UsageError, check_twistd_folders, given)
            self.assertIn("a.pid: it has no process number: remove it", str(error))
        error = self.assertRaises(
            UsageError, check_twistd_folders, given | {"pidfile": "."}
        )
        self.assertIn("--pidfile: .: it is a folder", str(error))

    def test_user_that_the_system_does_not_know_is_refused(self) -> None:
        check_twistd_user({})
        check_twistd_user({"uid": os.getuid()})
        error = self.assertRaises(UsageError, check_twistd_user, {"uid": 2**31 - 7})
        self.assertIn(f"--uid: the system has no user {2**31 - 7}", str(error))

    def test_course_must_be_a_folder_that_is_there(self) -> None:
        said = self.refusal("--course", "nowhere", options=tutorial.Options)
        self.assertIn("--course: nowhere: no such folder", said)

    def test_empty_value_of_any_option_is_refused_in_the_same_words(self) -> None:
        tried = set()
        for lesson in LESSONS:
            options = import_module(lesson.module).Options
            for declared in options.declared():
                if declared.kind == "flag" or declared.name in tried:
                    continue
                tried.add(declared.name)
                for line in ([f"--{declared.name}="], [f"--{declared.name}", ""]):
                    said = self.refusal(*line, options=options)
                    wanted = f"--{declared.name}: it is empty; give it a value"
                    self.assertTrue(said.startswith(wanted), said)
        self.assertIn("redirect", tried)

    def test_text_is_utf8_whatever_the_locale_and_paths_stay_as_they_are(self) -> None:
        options = static.Options()
        word = os.fsencode("é").decode("ascii", "surrogateescape")
        with self.c_locale():
            options.parseOptions(
                [f"--type={word}=text/x", f"--redirect=/{word}=/b", f"--index={word}",
                 f"--cache={word}/*=no-store", f"--prefix=/{word}/",
                 f"--header={word}=X-A: b", f"--access-log={word}"]
            )  # fmt: skip
        self.assertEqual(options["type"], [("é", "text/x")])
        self.assertEqual(options["redirect"][0].segments, ("é".encode(),))
        self.assertEqual(options["index"], ["é"])
        self.assertEqual(options["cache"][0][0], "é/*")
        self.assertEqual(options["prefix"], "/%C3%A9/")
        self.assertEqual(options["header"][0].pattern, "é")
        self.assertEqual(os.path.basename(options["access-log"]), word)

    def c_locale(self) -> AbstractContextManager[None]:
        """As Python does where the locale has ASCII only."""

        @contextmanager
        def changed() -> Iterator[None]:
            patch = self.patch(
                os, "fsencode", lambda text: text.encode("ascii", "surrogateescape")
            )
            try:
                yield
            finally:
                patch.restore()

        return changed()

    def test_bytes_that_are_not_utf8_are_taken_or_refused_in_plain_words(self) -> None:
        word = "a\udcff"
        options = static.Options()
        options.parseOptions(
            [f"--type={word}=text/x", f"--redirect=/{word}=/b", f"--prefix=/{word}/"]
        )
        self.assertEqual(options["redirect"][0].segments, (b"a\xff",))
        self.assertEqual(options["prefix"], "/a%FF/")
        for name in ("allow-host", "cors", "charset", "links", "header", "port"):
            said = self.refusal(f"--{name}={word}", options=static.Options)
            self.assertNotIn("codec", said)

    def test_unknown_host_name_is_refused(self) -> None:
        def nowhere(*args: Any, **more: Any) -> None:
            raise socket.gaierror(-2, "Name or service not known")

        self.patch(socket, "getaddrinfo", nowhere)
        self.assertIn("--interface: x.invalid", self.refused_interface("x.invalid"))

    def test_host_name_of_another_machine_is_refused(self) -> None:
        self.patch(
            socket, "getaddrinfo", lambda *a, **k: [(2, 1, 6, "", ("192.0.2.1", 0))]
        )
        self.patch(listening, "_is_here", lambda address: False)
        self.assertIn(
            "not an address of this machine", self.refused_interface("elsewhere")
        )

    def test_default_pid_file_is_left_out_in_the_foreground(self) -> None:
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


class LessonsTests(SynchronousTestCase):
    """The list of the lessons."""

    def test_the_list_agrees_with_the_lessons(self) -> None:
        for lesson in LESSONS:
            options = import_module(lesson.module).Options()
            self.assertEqual(
                (options["port"], "store" in options), (lesson.port, lesson.keeps_store)
            )

    def test_the_plugin_has_every_lesson(self) -> None:
        made: list[Any] = [
            v for v in vars(dartio_tut_plugin).values() if IPlugin.providedBy(v)
        ]
        self.assertEqual(
            [(plugin.tapname, plugin.module) for plugin in made],
            [(lesson.name, lesson.module) for lesson in LESSONS]
            + [("tutorial", "dartio_tut.servers.tutorial")],
        )


class OwnAddressTests(SynchronousTestCase):
    """Whether a person at this machine has an endpoint for itself."""

    def test_loopback_is_ones_own(self) -> None:
        for text in (
            "tcp:8080:interface=127.0.0.1", "tcp:0:interface=127.0.0.3:backlog=9",
            "tcp:8080:127.0.0.1", "tcp:port=8080:interface=127.0.0.1",
            r"tcp6:8080:interface=\:\:1", r"tcp6:8080:50:\:\:1",
            "https:8080:cert=a:key=b", "ssl:8080:interface=127.0.0.1",
            r"https:over=tcp\:0\:interface=127.0.0.1:cert=a:key=b",
        ):  # fmt: skip
            self.assertTrue(may_be_own([text]), text)

    def test_what_others_can_reach_is_not(self) -> None:
        for text in (
            "tcp:8080", "tcp:8080:interface=0.0.0.0", "tcp:8080:0.0.0.0", "tcp6:8080",
            r"tcp6:8080:interface=\:\:", "tcp:8080:interface=192.0.2.7", "ssl:8080",
            r"https:8080:interface=\:\::cert=a:key=b", "unix:/run/x",
            r"https:over=tcp\:0:cert=a:key=b",
        ):  # fmt: skip
            self.assertFalse(may_be_own([text]), text)
        self.assertFalse(may_be_own([]))

    def test_others_must_not_reach_the_same_port(self) -> None:
        here, there = "tcp:8080:interface=127.0.0.1", "tcp:{}:interface=192.0.2.7"
        self.assertFalse(may_be_own([here, there.format(8080)]))
        self.assertTrue(may_be_own([here, there.format(8081)]))
        here = "tcp:0:interface=127.0.0.1"
        self.assertTrue(may_be_own([here, there.format(0)]))

    def test_an_address_that_is_not_known_may_be(self) -> None:
        for text in ("systemd:domain=INET:index=0", "tls:443:path=x", "odd:1"):
            self.assertTrue(may_be_own([text]), text)


EXAMPLES: dict[str, set[str]] = defaultdict(set) | {"static": {"root", "listing"}}
"""Options that a server of ``tutorial`` has beside those for all."""


class TutorialTests(SynchronousTestCase):
    """The options of ``tutorial``, which has every lesson in one process."""

    def values(self, *arguments: str) -> dict[str, dict[str, object]]:
        options = tutorial.Options()
        options.parseOptions(list(arguments))
        return {lesson.name: options.values_for(lesson) for lesson in LESSONS}

    def test_each_lesson_listens_on_its_own_port(self) -> None:
        for name, values in self.values().items():
            self.assertEqual(set(values) - EXAMPLES[name], {"interface", "allow-host"})
            self.assertEqual(values["interface"], "loopback-v4")

    def test_port_and_listen_are_for_the_pages(self) -> None:
        values = self.values("--port", "8081", "--listen", "unix:/run/x")
        pages = values.pop("pages")
        self.assertEqual((pages["port"], pages["listen"]), (8081, ["unix:/run/x"]))
        self.assertNotIn("interface", pages)  # or the default port would be bound, too
        for name, other in values.items():
            self.assertEqual(set(other) - EXAMPLES[name], {"interface", "allow-host"})

    def test_port_0_is_for_all(self) -> None:
        for values in self.values("--port", "0").values():
            self.assertEqual(values["port"], 0)

    def test_root_is_for_static(self) -> None:
        folder = self.mktemp()
        Path(folder).mkdir()
        values = self.values("--root", folder)
        static = values.pop("static")
        self.assertEqual(static["root"], str(Path(folder).absolute()))
        self.assertNotIn("listing", static)  # nobody has asked for it
        self.assertFalse(any("root" in other for other in values.values()))

    def test_static_lists_examples_if_no_root_is_given(self) -> None:
        static = self.values()["static"]
        self.assertTrue(static["listing"])
        folder = Path(str(static["root"]))
        self.assertEqual((folder / "file.txt").read_text(), "la la la\n")
        self.assertFalse((folder / "index.html").exists())

    def test_store_is_a_folder_for_each(self) -> None:
        values = self.values("--store", "data")
        self.assertEqual(values["notes"]["store"], "data/notes")
        self.assertEqual(values["writer"]["store"], "data/writer")

    def test_store_may_be_one_database_for_all(self) -> None:
        values = self.values("--store", "postgresql://a/b")
        self.assertEqual(values["notes"]["store"], "postgresql://a/b")

    def test_names_of_this_machine_are_allowed_and_others_added(self) -> None:
        self.patch(socket, "gethostname", lambda: "desk")
        for values in self.values("--allow-host", "room.example").values():
            self.assertEqual(
                values["allow-host"],
                [*LOCAL_HOSTS, "desk", "desk.local", "room.example"],
            )

    def test_a_machine_whose_name_is_no_host_name_has_none(self) -> None:
        for name in ("a b", "", "<b>", "-"):
            self.patch(socket, "gethostname", lambda name=name: name)
            self.assertEqual(own_host_names(), [])
        self.patch(socket, "gethostname", lambda: "desk.example")
        self.assertEqual(own_host_names(), ["desk.example"])

    def test_certificate_is_for_hello_secure(self) -> None:
        values = self.values("--cert", "c.pem", "--key", "k.pem", "--no-http2")
        secure = values.pop("hello-secure")
        self.assertEqual(secure["cert"], str(Path("c.pem").absolute()))
        self.assertTrue(secure["no-http2"])
        self.assertFalse(
            any({"cert", "key", "no-http2"} & set(v) for v in values.values())
        )

    def test_limits_log_and_quota_are_for_all(self) -> None:
        given = ("--max-body", "7", "--idle-timeout", "3", "--backlog", "9")
        more = ("--access-log", "log", "--max-entries", "5")
        for name, values in self.values(*given, *more).items():
            self.assertEqual(
                [values[n] for n in ("max-body", "idle-timeout", "backlog")], [7, 3, 9]
            )
            self.assertEqual(values["access-log"], str(Path("log").absolute()), name)
        for lesson in LESSONS:
            made = import_module(lesson.module).Options.with_values(values)
            self.assertEqual((made.limits().body, made["backlog"]), (7, 9))


class StoreInTheLogTests(SynchronousTestCase):
    """What the log says of where a store is."""

    def test_password_of_a_database_is_left_out(self) -> None:
        for where, said in [
            ("postgresql://me:secret@a,b/db?password=secret", "postgresql://a,b/db"),
            ("postgresql://me:s@cret@a/db", "postgresql://a/db"),
            ("postgresql://me:s/cret@a/db", "postgresql://a/db"),
            ("postgresql://a/db", "postgresql://a/db"),
            ("file:///srv/notes", "file:///srv/notes"),
            ("/srv/notes", "/srv/notes"),
        ]:
            self.assertEqual((where, without_password(where)), (where, said))
