"""
The log of a daemon: `dartio_tut.daemon.log_output`.
"""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.logger import LogEvent, Logger, LogPublisher, formatEventAsClassicLogText
from twisted.python import log as legacy_log
from twisted.python.usage import Options
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import ServerOptions, log_output
from dartio_tut.daemon.log_output import json_line, observer_for, short_line

from .support.startup_case import StartupCase


def keeping(found: list[LogEvent]) -> Any:
    """An observer that adds each event to *found*."""
    return found.append


class Terminal(io.StringIO):
    """What is written to a terminal."""

    def isatty(self) -> bool:
        return True


class LogCase(SynchronousTestCase):
    """A test that logs."""

    def events(self, say: Callable[[Logger], object]) -> list[LogEvent]:
        """The events of what *say* logs."""
        found: list[LogEvent] = []
        say(Logger(namespace="a.place", observer=keeping(found)))
        return found

    def line(self, say: Callable[[Logger], object], made: Any) -> str:
        """The line that *made* makes of the one event that *say* logs."""
        (event,) = self.events(say)
        text: str = made(event)
        return text


class ShortLineTests(LogCase):
    """Lines for a person."""

    def test_it_has_the_time_of_the_day_and_the_text(self) -> None:
        said = self.line(lambda log: log.info("Listening on {x}", x=5), short_line)
        self.assertRegex(said, r"^\d\d:\d\d:\d\d Listening on 5\n$")

    def test_what_is_wrong_is_marked(self) -> None:
        said = self.line(lambda log: log.warn("It is hot"), short_line)
        self.assertRegex(said, r"^\d\d:\d\d:\d\d warn: It is hot\n$")

    def test_tracebacks_are_kept(self) -> None:
        def fail(log: Logger) -> None:
            try:
                raise ValueError("too much")
            except ValueError:
                log.failure("It failed")

        said = self.line(fail, short_line)
        self.assertRegex(said, r"^\d\d:\d\d:\d\d critical: It failed\n\tTraceback")
        self.assertTrue(said.endswith("ValueError: too much\n"), said)

    def test_a_terminal_is_not_told_to_do_anything(self) -> None:
        said = self.line(lambda log: log.info("{x}", x="a\x1b[2J\x9b\x07b"), short_line)
        self.assertTrue(said.endswith(" a\\x1b[2J\\x9b\\x07b\n"), said)

    def test_lines_of_one_event_belong_together(self) -> None:
        said = self.line(lambda log: log.info("a\nb"), short_line)
        self.assertTrue(said.endswith(" a\n\tb\n"), said)

    def test_that_twistd_starts_is_left_out_unless_it_fails(self) -> None:
        found: list[LogEvent] = []
        log = Logger(log_output.TWISTD_NAMESPACE, observer=keeping(found))
        log.info("twistd starting up")
        log.error("It broke")
        shown = [short_line(event) is not None for event in found]
        self.assertEqual(shown, [False, True])

    def test_an_event_without_text_is_no_line(self) -> None:
        for made in (short_line, json_line):
            self.assertIsNone(self.line(lambda log: log.info(""), made))


class JSONLineTests(LogCase):
    """Lines for a program."""

    def test_each_is_an_object(self) -> None:
        said = self.line(lambda log: log.warn("a\n{x}", x='"\x1bé'), json_line)
        self.assertEqual(said.count("\n"), 1)
        members = json.loads(said)
        time = members.pop("time")
        self.assertRegex(time, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        wanted = {"level": "warn", "logger": "a.place", "message": 'a\n"\x1bé'}
        self.assertEqual(members, wanted)

    def test_a_traceback_is_a_member_of_its_own(self) -> None:
        def fail(log: Logger) -> None:
            try:
                raise ValueError("too much")
            except ValueError:
                log.failure("It failed")

        members = json.loads(self.line(fail, json_line))
        self.assertEqual(members["message"], "It failed")
        self.assertIn("ValueError: too much", members["traceback"])

    def test_what_cannot_be_formatted_is_a_line_all_the_same(self) -> None:
        members = json.loads(self.line(lambda log: log.info("{missing}"), json_line))
        self.assertIn("missing", members["message"])

    def test_programs_that_log_in_the_old_way_have_lines_as_well(self) -> None:
        found: list[LogEvent] = []
        publisher = legacy_log.LogPublisher(
            publishPublisher=LogPublisher(keeping(found))
        )
        publisher.msg("old")
        self.assertEqual(json.loads(json_line(found[0]) or "")["message"], "old")


class ObserverTests(LogCase):
    """What is written where."""

    def written(self, stream: io.StringIO, level: str, format: str) -> list[str]:
        """The lines of events of every level, in *stream*."""
        observer = observer_for(stream, level, format)
        log = Logger(namespace="a", observer=observer)
        for name in log_output.LEVELS:
            getattr(log, name)(f"at {name}")
        return stream.getvalue().splitlines()

    def test_lines_below_the_level_are_left_out(self) -> None:
        for number, level in enumerate(log_output.LEVELS):
            lines = self.written(io.StringIO(), level, "text")
            self.assertEqual(
                [line.partition("at ")[2] for line in lines],
                list(log_output.LEVELS[number:]),
            )

    def test_a_terminal_gets_short_lines_and_a_file_those_of_twistd(self) -> None:
        lines = self.written(io.StringIO(), "critical", "text")
        self.assertRegex(lines[0], r"^\d{4}-.* \[a#critical\] at critical$")
        lines = self.written(Terminal(), "critical", "text")
        self.assertRegex(lines[0], r"^\d\d:\d\d:\d\d critical: at critical$")
        lines = self.written(Terminal(), "critical", "json")
        self.assertEqual(json.loads(lines[0])["message"], "at critical")

    def test_what_an_encoding_lacks_is_escaped(self) -> None:
        data = io.BytesIO()
        observer = observer_for(io.TextIOWrapper(data, "ascii"), "info", "text")
        Logger(namespace="a", observer=observer).info("é")
        self.assertTrue(data.getvalue().endswith(b" \\xe9\n"), data.getvalue())

    def test_text_is_what_twisted_makes_of_it(self) -> None:
        stream = io.StringIO()
        observer = observer_for(stream, "info", "text")
        found: list[LogEvent] = []
        log = Logger(namespace="a", observer=keeping(found))
        log.info("a\nb")
        observer(found[0])
        self.assertEqual(stream.getvalue(), formatEventAsClassicLogText(found[0]))


class FileTests(SynchronousTestCase):
    """The file of a log, which twistd opens before it changes its user."""

    def setUp(self) -> None:
        twistd = {"uid": os.geteuid(), "gid": None}
        output = log_output.LogOutput("info", "text", None, twistd)
        self.patch(log_output, "_output", output)
        self.given: list[tuple[int, int]] = []
        self.patch(os, "fchown", lambda file, *owner: self.given.append(owner))
        self.patch(signal, "signal", lambda *arguments: None)
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    def opened(self, name: str) -> Any:
        file = log_output._log_file(str(self.folder / name))
        self.addCleanup(file.close)
        return file

    def test_only_one_that_was_made_just_now_is_given_to_the_later_user(self) -> None:
        (self.folder / "other").touch()
        (self.folder / "link").symlink_to("other")
        (self.folder / "leads nowhere").symlink_to("nothing")
        os.link(self.folder / "other", self.folder / "name")
        for name in ("other", "link", "leads nowhere", "name"):
            self.opened(name)
            self.assertEqual((name, self.given), (name, []))
        self.opened("new")
        self.assertEqual(self.given, [(os.geteuid(), -1)])

    def test_a_device_is_neither_given_away_nor_renamed(self) -> None:
        self.assertIsNone(self.opened("/dev/null").rotateLength)
        self.assertEqual(self.given, [])


class OptionTests(StartupCase):
    """``--log-level`` and ``--log-format`` beside twistd's own options."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(log_output, "_output", log_output.LogOutput("info", "text", None))
        self.twistd: dict[str, object] = {
            "logfile": None,
            "logger": None,
            "syslog": 0,
            "nodaemon": 1,
            "pidfile": "",
        }

    def parse(self, *arguments: str) -> log_output.LogOutput:
        options = ServerOptions()
        options.parent = Options()
        options.parent.update(self.twistd)
        options.parent.subCommand = "hello"
        self.parent = options.parent
        options.parseOptions(list(arguments))
        return log_output._output

    def refused(self, *arguments: str) -> str:
        self.stderr.truncate(self.stderr.seek(0))
        self.assertRaises(SystemExit, self.parse, *arguments)
        return self.stderr.getvalue()

    def test_the_log_goes_where_twistd_says(self) -> None:
        for logfile, nodaemon, path in [
            (None, 1, None),
            ("-", 1, None),
            ("a.log", 1, "a.log"),
            ("a.log", 0, "a.log"),
            (None, 0, "twistd.log"),
        ]:
            self.twistd |= {"logfile": logfile, "nodaemon": nodaemon, "logger": None}
            self.assertEqual(self.parse("--log-format", "json").path, path)
            self.assertEqual(self.parent["logger"], log_output.OBSERVER_NAME)

    def test_they_choose_level_and_format(self) -> None:
        output = self.parse("--log-level", "warn", "--log-format", "json")
        self.assertEqual((output.level, output.format), ("warn", "json"))
        self.assertTrue(log_output.is_log_on_stdout_json())

    def test_wrong_values_are_refused(self) -> None:
        said = self.refused("--log-level", "loud")
        self.assertIn("'loud' is none of debug, info, warn, error, critical", said)
        self.assertIn(
            "'xml' is none of text, json", self.refused("--log-format", "xml")
        )

    def test_they_do_not_go_with_a_log_that_twistd_makes(self) -> None:
        for name, value in (("logger", "a.b"), ("syslog", 1)):
            self.twistd |= {"logger": None, "syslog": 0, name: value}
            said = self.refused("--log-level", "warn")
            self.assertIn(f"--log-level does not go with --{name}", said)
            self.parse()
            self.assertEqual(self.parent[name], value)

    def test_the_background_has_no_stdout(self) -> None:
        self.twistd |= {"logfile": "-", "nodaemon": 0}
        self.assertIn("--logfile=- needs -n", self.refused())

    def test_other_programs_that_run_servers_have_their_own_log(self) -> None:
        self.twistd = {}
        self.parse()
        said = self.refused("--log-format", "json")
        self.assertIn("--log-format is for servers that twistd runs", said)
