"""
``dartio serve``: what a command line names, and with which options.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

from dartio_tut.command.naming import lessons_named
from dartio_tut.command.serve import ChosenServer, Twistd, has_no_start
from dartio_tut.daemon import (
    LOCAL_HOSTS,
    ServerOptions,
    StartupError,
    TerminalOptions,
    own_host_names,
)
from dartio_tut.daemon.options import terminal
from dartio_tut.servers import LESSONS

from .support.startup_case import StartupCase

NAMED = {lesson.name: lesson for lesson in LESSONS}


class FolderCase(StartupCase):
    """A test in an empty folder."""

    def setUp(self) -> None:
        super().setUp()
        folder = Path(self.mktemp())
        folder.mkdir()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder)
        self.patch(ServerOptions, "environ", {})


class NamingTests(FolderCase):
    """Which words are names of lessons."""

    def named(self, *words: str) -> tuple[list[str], list[str]]:
        lessons, rest = lessons_named(words)
        return [lesson.name for lesson in lessons], rest

    def test_names_come_first_and_without_any_it_is_the_file_server(self) -> None:
        os.mkdir("www")
        for words, names, rest in [
            ((), ["static"], []),
            (("www",), ["static"], ["www"]),
            (("--listing", "hello"), ["static"], ["--listing", "hello"]),
            (("static", "www"), ["static"], ["www"]),
            (("hello",), ["hello"], []),
            (("notes", "hello", "--port", "0"), ["notes", "hello"], ["--port", "0"]),
            (("hello", "--port", "0", "notes"), ["hello"], ["--port", "0", "notes"]),
            (("./hello",), ["static"], ["./hello"]),
            (("nothing/here",), ["static"], ["nothing/here"]),
        ]:
            self.assertEqual(self.named(*words), (names, rest))
        self.assertEqual(self.stderr.getvalue(), "")

    def test_a_folder_with_the_name_of_a_server_is_told_apart(self) -> None:
        os.mkdir("hello")
        self.assertEqual(self.named("hello"), (["hello"], []))
        self.assertEqual(
            self.stderr.getvalue(),
            "dartio: serving the server hello; for what has that name here, say "
            "./hello\n",
        )
        self.assertEqual(self.named("./hello"), (["static"], ["./hello"]))

    def test_what_is_no_name_but_nearly_one_is_asked_about(self) -> None:
        for words, said in [
            (("helo",), "helo: no such file or folder, and no server; is hello meant?"),
            (
                ("hello", "note"),
                "note: no such file or folder, and no server; is notes",
            ),
            (("hello", "hello"), "hello is named twice"),
            (("tutorial",), 'all servers together are "twistd -n tutorial"'),
        ]:
            error = self.assertRaises(ValueError, lessons_named, words)
            self.assertTrue(str(error).startswith(said), error)
        os.mkdir("helo")
        os.mkdir("tutorial")
        self.assertEqual(self.named("helo"), (["static"], ["helo"]))
        self.assertEqual(self.named("tutorial"), (["static"], ["tutorial"]))


class OptionsTests(FolderCase):
    """The options of one server, and of several."""

    def parsed(self, names: str, *words: str) -> Any:
        """The options of the servers *names*, from *words*."""
        server = ChosenServer([NAMED[name] for name in names.split()])
        twistd = Twistd(server, [])
        line = ["--nodaemon", "--pidfile=", server.tapname, *words]
        twistd.parseOptions(line)
        return twistd.subOptions

    def refused(self, names: str, *words: str) -> str:
        self.stderr.truncate(self.stderr.seek(0))
        self.assertRaises(StartupError, self.parsed, names, *words)
        return self.stderr.getvalue()

    def test_one_server_has_its_options_and_those_for_a_terminal(self) -> None:
        os.mkdir("www")
        options = self.parsed("static", "--listing", "www", "--max-body", "5", "--open")
        self.assertEqual(os.path.basename(options["root"]), "www")
        found = [options[name] for name in ("listing", "max-body", "open", "lan")]
        self.assertEqual(found, [True, 5, True, False])
        self.assertTrue(options.parent["nodaemon"])

    def test_several_get_the_options_that_each_has(self) -> None:
        line = ("--rest", "--max-body", "5", "--store", "kept")
        options = self.parsed("notes hello", *line)
        notes = options.options_of(NAMED["notes"])
        found = [notes[name] for name in ("rest", "max-body", "port", "store")]
        self.assertEqual(found, [True, 5, 4042, "kept/notes"])
        hello = options.options_of(NAMED["hello"])
        self.assertEqual((hello["max-body"], hello["port"]), (5, 4040))
        self.assertNotIn("store", hello)
        self.assertIs(hello.parent, options.parent)

    def test_a_database_is_for_all(self) -> None:
        options = self.parsed("notes writer", "--store", "postgresql://a/b")
        for name in ("notes", "writer"):
            store = options.options_of(NAMED[name])["store"]
            self.assertEqual(store, "postgresql://a/b")

    def test_what_is_for_tls_goes_to_whom_has_it(self) -> None:
        options = self.parsed("hello hello-secure", "--no-http2")
        hello = options.options_of(NAMED["hello"])
        secure = options.options_of(NAMED["hello-secure"])
        self.assertEqual((hello["no-http2"], secure["no-http2"]), (False, True))
        options = self.parsed("hello hello-secure", "--hsts", "60")
        hello = options.options_of(NAMED["hello"])
        secure = options.options_of(NAMED["hello-secure"])
        self.assertEqual((hello["hsts"], secure["hsts"]), (None, 60))

    def test_what_is_for_tls_goes_to_all_when_all_have_it(self) -> None:
        line = ("--self-signed", "--no-http2", "--hsts", "60")
        options = self.parsed("hello notes", *line)
        for name in ("hello", "notes"):
            own = options.options_of(NAMED[name])
            self.assertEqual((own["no-http2"], own["hsts"]), (True, 60))

    def test_several_do_not_share_a_port(self) -> None:
        for line, said in [
            (("--port", "5"), "serve: --port is for one server; 0 picks a free port"),
            (("--listen", "unix:x"), "serve: --listen is for one server"),
            (
                ("--self-signed", "--redirect-http", "5"),
                "serve: --redirect-http is for one server",
            ),
            (("--listing",), "serve: option --listing not recognized"),
            (("x",), "serve: x: neither an option nor a server"),
            (("--lan", "-i", "any-v4"), "serve: --lan does not go with --interface"),
        ]:
            self.assertTrue(self.refused("hello notes", *line).startswith(said), line)
        options = self.parsed("hello notes", "--port", "0")
        self.assertEqual(options.options_of(NAMED["notes"])["port"], 0)

    def test_a_name_behind_the_options_is_told(self) -> None:
        for names in ("hello", "static", "hello writer"):
            said = self.refused(names, "--port", "0", "notes")
            self.assertIn("notes: the names of servers come first", said)
        said = self.refused("static", ".", "notes")
        self.assertIn("notes: the names of servers come first", said)

    def test_a_word_that_is_no_server_is_told_of_one_server_too(self) -> None:
        said = self.refused("hello", "--port", "0", "nothere")
        self.assertIn("hello: nothere: neither an option nor a server", said)

    def test_help_names_all_servers(self) -> None:
        for names, usage in (
            ("static", "[options] [FOLDER or FILE]"),
            ("hello", "hello [options]"),
            ("hello notes", "NAME... [options]"),
        ):
            server = ChosenServer([NAMED[name] for name in names.split()])
            twistd = Twistd(server, [])
            said = io.StringIO()
            self.patch(sys, "stdout", said)
            line = ["--nodaemon", server.tapname, "--help"]
            self.assertRaises(SystemExit, twistd.parseOptions, line)
            first = said.getvalue().splitlines()[0]
            self.assertEqual(first, f"Usage: dartio serve {usage}")
            self.assertNotIn("one. [default: 0]", said.getvalue())
            for lesson in LESSONS:
                self.assertIn(f"\n  {lesson.name} ", said.getvalue())
            self.assertIn("--lan ", said.getvalue())

    def test_options_of_the_same_name_are_of_the_same_kind(self) -> None:
        kinds: dict[str, str] = {}
        for lesson in LESSONS:
            for option in self.parsed(lesson.name).declared():
                kind = kinds.setdefault(option.name, option.kind)
                self.assertEqual((option.name, kind), (option.name, option.kind))

    def test_a_folder_without_a_start_is_noticed(self) -> None:
        os.mkdir("www")
        Path("file").write_text("x")
        self.assertTrue(has_no_start(self.parsed("static", "www")))
        self.assertFalse(has_no_start(self.parsed("static", "www", "--listing")))
        self.assertFalse(has_no_start(self.parsed("static", "file")))
        Path("www/index.html.gz").write_text("x")
        self.assertFalse(has_no_start(self.parsed("static", "www")))


class TerminalOptionsTests(FolderCase):
    """``--lan``, and the ports that are tried."""

    def options(self, *words: str) -> TerminalOptions:
        class Options(TerminalOptions):
            default_port = 4048

        options = Options()
        options.parseOptions(list(words))
        return options

    def test_lan_listens_as_wide_as_can_be(self) -> None:
        for name, address in [("any-v6", r"\:\:"), ("any-v4", "0.0.0.0")]:
            self.patch(terminal, "widest_interface", lambda name=name: name)
            (endpoint,) = self.options("--lan").endpoints()
            self.assertIn(f"4048:interface={address}:", endpoint)

    def test_lan_and_another_place_do_not_go_together(self) -> None:
        for words in (("-i", "any-v4"), ("-l", "unix:x")):
            self.assertRaises(StartupError, self.options, "--lan", *words)

    def test_only_names_of_this_machine_are_allowed_and_others_added(self) -> None:
        own = [*LOCAL_HOSTS, *own_host_names()]
        for words, allowed in [
            ((), own),
            (("--lan",), own),
            (("--allow-host", "room.example"), [*own, "room.example"]),
            (("--listen", "unix:/run/a.sock"), []),
            (("--listen", "unix:a", "--allow-host", "b.example"), ["b.example"]),
            (("--trusted-proxy", "127.0.0.1"), []),
        ]:
            self.assertEqual(self.options(*words)["allow-host"], allowed, words)

    def test_ports_after_the_default_one_are_tried(self) -> None:
        others = self.options().other_endpoints()
        self.assertEqual(len(others), TerminalOptions.next_ports)
        self.assertTrue(others[0][0].startswith("tcp:4049:interface=127.0.0.1"))

    def test_a_port_that_was_asked_for_is_not_another(self) -> None:
        self.assertEqual(self.options("--port", "4048").other_endpoints(), [])
        self.assertEqual(self.options("--listen", "tcp:5").other_endpoints(), [])
        self.patch(ServerOptions, "environ", {"DARTIO_PORT": "5"})
        self.assertEqual(self.options().other_endpoints(), [])

    def test_there_are_no_ports_behind_the_last(self) -> None:
        options = self.options()
        options["port"] = 65534
        self.assertEqual(len(options.other_endpoints()), 1)
        options["port"] = 65535
        self.assertEqual(options.other_endpoints(), [])

    def test_daemons_take_no_other_port(self) -> None:
        class Options(ServerOptions):
            default_port = 4048

        self.assertEqual(Options().other_endpoints(), [])
