"""
Options from the environment and from a file: `dartio_tut.daemon.options.elsewhere`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from twisted.logger import capturedLogs, formatEvent
from twisted.python.reflect import namedModule
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import Option, ServerOptions, flag, option, repeated_option
from dartio_tut.daemon.options.elsewhere import MAX_FILE_BYTES
from dartio_tut.daemon.options.parsing import NUMBER_CHECKS
from dartio_tut.daemon.options.passed import port_or_socket
from dartio_tut.daemon.options.workers import worker_count
from dartio_tut.servers import static
from dartio_tut.servers.lessons import LESSONS

from .support.startup_case import StartupCase


class LessonOptions(ServerOptions):
    """What a lesson's options look like."""

    default_port = 4040
    options: ClassVar[Sequence[Option]] = (
        flag("listing", "List folders."),
        option("root", "A folder."),
        option("charset", "A charset.", str, "utf-8"),
        repeated_option("type", "A type.", str, ["a", "b"]),
    )


class ElsewhereCase(StartupCase):
    """A test with an environment and a file of its own."""

    def setUp(self) -> None:
        super().setUp()
        self.environment({})
        self.file = Path(self.mktemp())

    def environment(self, environ: Mapping[str, str]) -> None:
        self.patch(ServerOptions, "environ", environ)

    def parsed(self, *arguments: str) -> LessonOptions:
        options = LessonOptions()
        options.parseOptions(list(arguments))
        return options

    def from_file(self, text: str, *arguments: str) -> LessonOptions:
        self.file.write_text(text)
        return self.parsed("--config", str(self.file), *arguments)

    def file_refusal(self, content: str | bytes) -> str:
        """What is said of a file with *content*, without its name."""
        data = content.encode() if isinstance(content, str) else content
        self.file.write_bytes(data)
        said = self.refusal("--config", str(self.file), options=LessonOptions)
        self.assertTrue(said.startswith(f"{self.file.absolute()}: "), said)
        return said.removeprefix(f"{self.file.absolute()}: ")


class EnvironmentTests(ElsewhereCase):
    """``DARTIO_...``."""

    def test_every_kind_of_option_may_stand_there(self) -> None:
        self.environment(
            {
                "DARTIO_MAX_BODY": "5",
                "DARTIO_LISTING": "yes",
                "DARTIO_TYPE": "x\n y z\n",
                "DARTIO_CHARSET": "none",
            }
        )
        options = self.parsed()
        self.assertEqual(
            [options[name] for name in ("max-body", "listing", "type", "charset")],
            [5, True, ["x", " y z"], "none"],
        )
        self.assertEqual(options.given, {"max-body", "listing", "type", "charset"})

    def test_a_flag_says_yes_or_no(self) -> None:
        for text, value in [("1", True), ("True", True), ("OFF", False), ("0", False)]:
            self.environment({"DARTIO_LISTING": text})
            self.assertIs(self.parsed()["listing"], value)
        self.environment({"DARTIO_LISTING": "maybe"})
        said = self.refusal(options=LessonOptions)
        self.assertIn("DARTIO_LISTING: 'maybe' is neither yes nor no", said)

    def test_an_empty_variable_is_not_set(self) -> None:
        self.environment({"DARTIO_PORT": "", "DARTIO_LISTING": ""})
        options = self.parsed()
        self.assertEqual((options["port"], options.given), (4040, set()))

    def test_the_command_line_comes_first(self) -> None:
        self.environment({"DARTIO_PORT": "5", "DARTIO_TYPE": "x"})
        options = self.parsed("--port", "6", "--type", "y", "--type", "z")
        self.assertEqual((options["port"], options["type"]), (6, ["y", "z"]))

    def test_a_wrong_value_is_named_by_its_variable(self) -> None:
        self.environment({"DARTIO_PORT": "http"})
        said = self.refusal(options=LessonOptions)
        self.assertTrue(said.startswith("DARTIO_PORT: 'http' is no port"), said)

    def test_options_must_go_together_wherever_they_stand(self) -> None:
        self.environment({"DARTIO_CERT": "cert.pem"})
        self.assertIn("--cert and --key", self.refusal(options=LessonOptions))

    def test_a_folder_that_is_named_on_the_command_line_comes_first(self) -> None:
        self.environment({"DARTIO_ROOT": "/nowhere"})
        options = static.Options()
        options.parseOptions(["/"])
        self.assertEqual(options["root"], "/")

    def test_servers_that_another_starts_do_not_read_it(self) -> None:
        self.environment({"DARTIO_PORT": "5"})
        self.assertEqual(LessonOptions.with_values({})["port"], 4040)

    def test_a_mistyped_name_is_told_in_the_log(self) -> None:
        for name, meant in [
            ("DARTIO_PROT", "DARTIO_PORT"),
            ("DARTIO_MAXBODY", "DARTIO_MAX_BODY"),
        ]:
            self.environment({name: "5"})
            self.assertEqual(
                self.warnings(), [f"{name} is no option; is {meant} meant?"]
            )

    def test_variables_of_others_are_nobodys_business(self) -> None:
        others = ("OPTIONS", "KILLS", "SEED", "SCREENS", "ROOT", "HOST", "STORE")
        self.environment({f"DARTIO_{name}": "5" for name in others})
        self.assertEqual(self.warnings(), [])

    def warnings(self) -> list[str]:
        """What is logged while options are parsed."""
        with capturedLogs() as logged:
            self.parsed()
        return [formatEvent(event) for event in logged]


class FileTests(ElsewhereCase):
    """``--config``."""

    def test_every_kind_of_option_may_stand_there(self) -> None:
        options = self.from_file(
            'max-body = 5\nlisting = true\ntype = ["x", "y z"]\ncharset = "none"\n'
            "grace = 0.5\n"
        )
        self.assertEqual(
            [options[name] for name in ("max-body", "listing", "type", "grace")],
            [5, True, ["x", "y z"], 0.5],
        )

    def test_workers_are_a_number_or_a_word(self) -> None:
        self.assertEqual(self.from_file("workers = 1")["workers"], 1)
        self.assertIn("'x' is not a whole number", self.file_refusal('workers = "x"'))

    def test_an_empty_file_says_nothing(self) -> None:
        self.assertEqual(self.from_file("# nothing\n").given, {"config"})

    def test_the_environment_comes_before_it_and_may_name_it(self) -> None:
        self.file.write_text('port = 5\nmax-body = 5\ninterface = "any-v4"\n')
        self.environment({"DARTIO_CONFIG": str(self.file), "DARTIO_PORT": "6"})
        options = self.parsed("--max-body", "7")
        self.assertEqual(
            [options[name] for name in ("port", "max-body", "interface")],
            [6, 7, "any-v4"],
        )

    def test_no_is_said_by_the_environment_to_a_yes_of_the_file(self) -> None:
        self.environment({"DARTIO_LISTING": "no"})
        self.assertIs(self.from_file("listing = true")["listing"], False)

    def test_an_unknown_entry_is_named_with_the_nearest(self) -> None:
        for text, said in [
            ("prot = 5", "there is no option 'prot'; the nearest is port"),
            ("rot = 5", "there is no option 'rot'; the nearest is root"),
            ("max_body = 5", "there is no option 'max_body'; the nearest is max-body"),
            ("[static]\nport = 1", "there is no option 'static'"),
            ('"\\u001b[2J" = 1', "there is no option '\\x1b[2J'"),
            ('config = "a"', "there is no option 'config' in a file: a file cannot"),
            ('help = "a"', "there is no option 'help'"),
        ]:
            self.assertIn(said, self.file_refusal(text))

    def test_a_wrong_type_is_told(self) -> None:
        for text, said in [
            ('port = "5"', "port: a number is expected, not a string"),
            ("port = true", "port: a number is expected, not a boolean"),
            ("port = [5]", "port: a number is expected, not an array"),
            ("charset = 5", "charset: a string is expected, not an integer"),
            ("charset = 1.5", "charset: a string is expected, not a float"),
            ("charset = 1979-05-27", "charset: a string is expected, not a date or"),
            ('listing = "yes"', "listing: true or false is expected, not a string"),
            ("listing = 1", "listing: true or false is expected, not an integer"),
            ('type = "x"', "type: an array is expected, not a string"),
            ("type = [1]", "type: a string is expected, not an integer"),
            ("[port]\nnumber = 1", "port: a number is expected, not a table"),
            ('charset = "\\u0000"', "charset: it has a NUL character"),
            ("workers = true", 'workers: a number or "auto" is expected, not a bool'),
        ]:
            self.assertTrue(self.file_refusal(text).startswith(said), text)

    def test_a_wrong_value_is_named_by_its_place(self) -> None:
        for text, said in [
            ("port = 70000", "port: '70000' is no port"),
            ("port = 1.5", "port: '1.5' is no port"),
            ("grace = inf", "grace: inf is too long"),
            ("grace = nan", "grace: 'nan' is not a time"),
            ("max-body = -1", "max-body: '-1' is not a whole number"),
            ('charset = ""', "charset: it is empty"),
            ('type = ["a", ""]', "type: it is empty"),
        ]:
            self.assertTrue(self.file_refusal(text).startswith(said), text)

    def test_wrong_types_are_told_of_entries_that_others_come_before(self) -> None:
        self.environment({"DARTIO_PORT": "5"})
        self.assertIn("a number is expected", self.file_refusal('port = "x"'))

    def test_what_is_no_toml_is_told_with_its_line(self) -> None:
        contents: list[tuple[str | bytes, str]] = [
            ("port = 5\nport = 6\n", "(at line 2"),
            ("port = \n", "(at line 1"),
            ("port 5\n", "(at line 1"),
            (b"charset = '\xff'\n", "it is not UTF-8 (byte 11)"),
            (b"\0", "(at line 1"),
            ("type = " + "[" * 100_000, "it is nested too deeply"),
            ("max-body = " + "9" * 5000, "a number in it has too many digits (see"),
        ]
        for content, said in contents:
            self.assertIn(said, self.file_refusal(content))

    def test_what_cannot_be_read_is_told_and_not_waited_for(self) -> None:
        os.mkfifo(self.file)
        for path in (str(self.file), "/dev/zero", "/nothing/here", "/"):
            said = self.refusal("--config", path, options=LessonOptions)
            self.assertIn(path, said)

    def test_a_file_that_is_far_too_long_is_refused(self) -> None:
        said = self.file_refusal("#" * (MAX_FILE_BYTES + 1))
        self.assertIn(str(MAX_FILE_BYTES), said)

    def test_the_name_of_a_file_is_utf8_like_the_rest(self) -> None:
        self.file.write_text('charset = "é"', encoding="utf-8")
        self.assertEqual(self.parsed("--config", str(self.file))["charset"], "é")

    def test_a_byte_order_mark_is_passed_over(self) -> None:
        self.file.write_bytes(b"\xef\xbb\xbfport = 5\r\n")
        self.assertEqual(self.parsed("--config", str(self.file))["port"], 5)


class HelpTests(SynchronousTestCase):
    """``--help``."""

    def test_it_says_where_else_options_may_stand(self) -> None:
        self.assertIn("DARTIO_MAX_BODY is --max-body", str(LessonOptions()))
        self.assertIn("--config=", str(LessonOptions()))


NUMBERS_OR_WORDS = (worker_count, port_or_socket)

NUMBERS_WITHOUT_DEFAULT = {"hsts", "https-port", "redirect-http"}
"""Options that take a number, and do nothing unless they are given."""


class NumberTests(SynchronousTestCase):
    """Which options take a number in a file."""

    def test_every_option_with_a_number_for_its_default_takes_one(self) -> None:
        for lesson in LESSONS:
            options = namedModule(lesson.module).Options()
            for found in options.declared():
                default = options[found.name]
                is_number = isinstance(default, (int, float)) and found.kind != "flag"
                is_number |= found.name in NUMBERS_WITHOUT_DEFAULT
                takes_number = found.check in {*NUMBER_CHECKS, *NUMBERS_OR_WORDS}
                self.assertEqual((found.name, takes_number), (found.name, is_number))
