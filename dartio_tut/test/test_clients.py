"""
The clients, against the lessons' own resources.
"""

from __future__ import annotations

import io
import os
import sys
from argparse import ArgumentParser, Namespace
from types import ModuleType
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from dartio_tut.clients import get, guess, inspect, note, run, write
from dartio_tut.clients.arguments import add_exchange_options
from dartio_tut.clients.command import ClientError
from dartio_tut.clients.terminal import printable
from dartio_tut.clients.web import web_client
from dartio_tut.servers.hello import Hello
from dartio_tut.servers.notes import Notes
from dartio_tut.servers.thinker import Thinker
from dartio_tut.servers.writer import Writer
from dartio_tut.store import MemoryDocuments, MemoryNotes
from dartio_tut.test.support.memory_web import MemoryWeb

LESSONS = (get, guess, note, write)


class Terminal(io.TextIOWrapper):
    """A standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class ClientCase(SynchronousTestCase):
    """A client, its arguments, and what it prints."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.use_output(io.TextIOWrapper)

    def use_output(self, kind: type[io.TextIOWrapper]) -> None:
        self.bytes = io.BytesIO()
        self.patch(sys, "stdout", kind(self.bytes, encoding="utf-8"))

    def output(self) -> str:
        sys.stdout.flush()
        return self.bytes.getvalue().decode("utf-8")

    def arguments(self, client: ModuleType, *words: str) -> Namespace:
        parser = ArgumentParser()
        client.add_arguments(parser)
        return parser.parse_args(words)

    def started(
        self, client: Any, resource: IResource, *words: str, **more: Any
    ) -> Deferred[None]:
        web = MemoryWeb(self.clock, resource)
        arguments = self.arguments(client, *words)
        working: Deferred[None] = Deferred.fromCoroutine(
            client.main(self.clock, arguments, web.client, **more)
        )
        web.flush()
        return working

    def printed(self, client: Any, resource: IResource, *words: str) -> str:
        self.successResultOf(self.started(client, resource, *words))
        return self.output()

    def refused(self, client: Any, resource: IResource, *words: str) -> str:
        failure = self.failureResultOf(self.started(client, resource, *words))
        failure.trap(ClientError)
        return str(failure.value)


class SameAnswer(Resource):
    """Gives the same answer to everything."""

    isLeaf = True

    def __init__(self, content: bytes, code: int, fields: dict[str, str]) -> None:
        super().__init__()
        self.answer = content, code, fields

    def render(self, request: Request) -> bytes:
        """Give the answer."""
        content, code, fields = self.answer
        request.setResponseCode(code)
        for name, value in fields.items():
            request.setHeader(name.replace("_", "-"), value)
        return content


def answering(content: bytes, code: int = 200, **fields: str) -> SameAnswer:
    """A resource that gives this answer to everything; ``content_type=`` is a field."""
    return SameAnswer(content, code, fields)


def notes_answering(content: bytes, code: int = 200, **fields: str) -> SameAnswer:
    """As `answering`, with a header field by which a notes server is known."""
    allowed = "POST, OPTIONS"
    return answering(content, code, access_control_allow_methods=allowed, **fields)


class ArgumentTests(ClientCase):
    """What is wrong on a command line is told before anything is sent."""

    def setUp(self) -> None:
        super().setUp()
        self.errors = io.StringIO()
        self.patch(sys, "stderr", self.errors)

    def test_wrong_arguments_are_refused(self) -> None:
        for client, *words in [
            (get, "ftp://x/"),
            (get, "http://"),
            (guess, "--every", "-1"),
            (guess, "--every", "nan"),
            (guess, "--every", "inf"),
            (guess, "--url", "//x"),
            (note,),
            (note, "--url", "mailto:foo", "x"),
            (note, "text", "--get", "1"),
            (note, "--get", "x"),
            (note, "--get", "-1"),
            (note, "--get", "\u0664"),
            (note, "\udcff"),
            (note, "fine", "\udcff"),
            (write, "\udcff"),
            (write, "--data", "{"),
            (write, "--data", '"\udcff"'),
            (write, "--data", "[" * 100000),
            (write, "--url", "//x"),
        ]:
            self.assertRaises(SystemExit, self.arguments, client, *words)

    def test_password_in_wrong_url_is_not_shown(self) -> None:
        for url in ("http://u:secret@h:99999/", "u:secret@h:x", "ftp://u:sec@ret@x/"):
            self.assertRaises(SystemExit, self.arguments, get, url)
        self.assertNotIn("sec", self.errors.getvalue())
        self.assertIn("'http://h:99999/' is no http", self.errors.getvalue())

    def test_a_port_that_cannot_be_is_told(self) -> None:
        for url, port in (
            ("http://localhost:65536/", "65536"),
            ("localhost:0", "0"),
            (":x/y", "x"),
            ("http://u:p@h:-1", "-1"),
            (":" + "9" * 5000, "9" * 5000),  # more digits than Python reads
            (":\N{ARABIC-INDIC DIGIT FIVE}", "\N{ARABIC-INDIC DIGIT FIVE}"),
        ):
            self.errors.truncate(self.errors.seek(0))
            self.assertRaises(SystemExit, self.arguments, get, url)
            said = f"{port!r} is no port, use a number from 1 to 65535\n"
            self.assertTrue(self.errors.getvalue().endswith(said), url)

    def test_nothing_is_said_of_a_port_that_is_right_or_none(self) -> None:
        for url in ("http://a..b:80/", "tel:99999", "javascript:x", "::1", "http:///"):
            self.assertRaises(SystemExit, self.arguments, get, url)
        self.assertNotIn("port", self.errors.getvalue())

    def test_a_file_has_a_name(self) -> None:
        parser = ArgumentParser()
        add_exchange_options(parser)
        self.assertRaises(SystemExit, parser.parse_args, ["--cacert", ""])
        self.assertRaises(SystemExit, self.arguments, inspect, ":1", "--raw", "")
        self.assertEqual(self.errors.getvalue().count("it is empty: name a file"), 2)

    def test_timeout_is_some_time(self) -> None:
        parser = ArgumentParser()
        add_exchange_options(parser)
        self.assertEqual(parser.parse_args(["--timeout", "0.5"]).timeout, 0.5)
        self.assertIsNone(parser.parse_args([]).timeout)
        for wrong in ("0", "-1", "soon", "nan"):
            self.assertRaises(SystemExit, parser.parse_args, ["--timeout", wrong])


class CommandTests(SynchronousTestCase):
    """What is wrong before a command is chosen."""

    def refused(self, *words: str) -> tuple[str, object]:
        """The last line that is said of the command line *words*, and the exit code."""
        errors = io.StringIO()
        self.patch(sys, "stderr", errors)
        ended = self.assertRaises(SystemExit, run, words)
        return errors.getvalue().splitlines()[-1], ended.code

    def test_an_option_that_is_none_is_named(self) -> None:
        for word in ("-x", "--bogus", "--"):
            said = f"dartio: error: {word} is no option of dartio; name a command first"
            found, code = self.refused(word, "get")
            self.assertTrue(found.startswith(said), found)
            self.assertEqual(code, 2)

    def test_a_command_that_is_nearly_one_is_asked_about(self) -> None:
        for word, near in (
            ("gett", "get"), ("Note", "note"), ("lern", "learn"), ("GET", "get"),
            ("help", "--help"), ("version", "--version"),
        ):  # fmt: skip
            said = f"dartio: error: {word!r} is no command; is {near} meant?"
            self.assertEqual(self.refused(word), (said, 2))
        self.assertIn("invalid choice: 'x' (choose from", self.refused("x")[0])

    def test_a_current_folder_that_has_been_removed_is_told(self) -> None:
        self.addCleanup(os.chdir, os.getcwd())
        folder = self.mktemp()
        os.mkdir(folder)
        os.chdir(folder)
        os.rmdir(os.path.abspath("."))
        said = "dartio: the current folder has been removed: go to another one with cd"
        for words in (["new", "falcon"], ["learn"], ["store", "copy", "a", "b"]):
            self.assertEqual(self.refused(*words), (said, 1))


class GuessTests(ClientCase):
    """``dartio guess``."""

    def test_guesses_once_a_second_until_right(self) -> None:
        thinker, guesses = Thinker(lambda below: 6), iter([4, 6])
        working = self.started(guess, thinker, think=lambda below: next(guesses))
        said = "Guess is 4.\nBad guess, trying again.\n"
        self.assertEqual(self.output(), said)
        self.clock.advance(0.9)
        self.assertEqual(self.output(), said)
        self.clock.advance(0.1)
        self.successResultOf(working)
        self.assertEqual(self.output(), said + "Guess is 6.\nGood guess, yay!\n")

    def test_other_servers_are_no_thinker(self) -> None:
        for other in (Notes(MemoryNotes()), Hello(), answering(b"true\n", 500)):
            self.assertIn("is no thinker server", self.refused(guess, other))
        for answer in (
            b"trueish",
            b"true story\n",
            b"falsehood\n",
            b"false",
            b"",
            b"\n",
        ):
            self.assertIn("is no thinker", self.refused(guess, answering(answer)))
        said = self.refused(guess, answering(b""))
        self.assertTrue(said.endswith("it answers with an empty body"), said)


class WriteTests(ClientCase):
    """``dartio write``."""

    def test_writes_han_solo_when_not_told_what(self) -> None:
        documents = MemoryDocuments()
        said = self.printed(write, Writer(documents))
        self.assertEqual(said, "Wrote data for Han Solo.\n")
        self.assertEqual(
            self.successResultOf(documents.get("file.txt")).content,
            b'{"name":"Han Solo","job":"reluctant hero","BFF":"Chewbacca",'
            b'"ship":"Millennium Falcon","weakness":"smuggling debts"}',
        )

    def test_writes_another_document_under_another_name(self) -> None:
        documents = MemoryDocuments()
        self.printed(write, Writer(documents), "a b é.json", "--data", '{"x": 1}')
        found = self.successResultOf(documents.get("a b é.json"))
        self.assertEqual(found.content, b'{"x": 1}')

    def test_refusal_is_told_with_its_reason(self) -> None:
        said = self.refused(write, Writer(MemoryDocuments()), ".hidden")
        self.assertIn("answers 400: Cannot store: ", said)

    def test_other_server_is_no_writer(self) -> None:
        said = self.refused(write, Hello())
        self.assertIn("is no writer server: it answers 'Hello, world!'", said)
        for answer in (b"Wrote data for ", b"Wrote data for x"):
            self.assertIn("is no writer", self.refused(write, answering(answer)))


class NoteTests(ClientCase):
    """``dartio note``."""

    def test_saves_a_note_and_gets_it_back(self) -> None:
        notes = Notes(MemoryNotes())
        self.printed(note, notes, "Buy milk")
        self.printed(note, notes, "--get", "0")
        self.assertEqual(self.output(), "You have 1 notes.\nBuy milk\n")

    def test_several_words_are_one_note(self) -> None:
        notes = Notes(MemoryNotes())
        self.printed(note, notes, "buy", "milk", "", "--", "-5", "eggs")
        self.printed(note, notes, "--get", "0")
        self.assertIn("\nbuy milk  -5 eggs\n", self.output())

    def test_note_may_have_several_lines(self) -> None:
        notes = Notes(MemoryNotes())
        self.printed(note, notes, "Call Leia\nand Luke")
        self.printed(note, notes, "--get", "0")
        self.assertIn("\nCall Leia\nand Luke\n", self.output())

    def test_refusal_of_a_notes_server_is_told_as_it_is(self) -> None:
        said = self.refused(note, Notes(MemoryNotes()), "--get", "5")
        self.assertEqual(said, "There is no note 5.")

    def test_refusal_without_a_word_is_told_by_its_status_code(self) -> None:
        for content in (b"", b" \n"):
            said = self.refused(note, notes_answering(content, 500), "x")
            self.assertTrue(said.endswith(" answers 500 Internal Server Error"), said)

    def test_text_of_any_server_is_no_note(self) -> None:
        for content in (b"whatever\n", b"<html>\n</html>\n", b"\n", b""):
            said = self.refused(note, answering(content), "--get", "0")
            self.assertIn("is no notes server", said)

    def test_other_server_is_no_notes_server(self) -> None:
        for words in (["x"], ["--get", "0"]):
            said = self.refused(note, Hello(), *words)
            self.assertIn("is no notes server: it answers 'Hello, world!'", said)
            said = self.refused(note, Thinker(), *words)
            self.assertIn("is no notes server: it answers 405 Method Not Allowed", said)

    def test_unreadable_text_is_shown_as_far_as_it_can_be(self) -> None:
        for charset, content, shown in (
            ("utf-8", b"a\xffb\n", "a\ufffdb\n"),
            ("nope", "é\n".encode(), "é\n"),
            ("rot13", b"abc\n", "abc\n"),
            ('"a\x7fb"', b"abc\n", "abc\n"),
            ("idna", b"abc\n", "abc\n"),
            ("latin-1", b"\xe9\n", "é\n"),
        ):
            self.use_output(io.TextIOWrapper)
            kind = f"text/plain; charset={charset}"
            resource = notes_answering(content, content_type=kind)
            self.assertEqual(self.printed(note, resource, "--get", "0"), shown)

    def test_answer_without_end_is_refused(self) -> None:
        said = self.refused(note, answering(b"x" * (1 << 20) + b"\n"), "--get", "0")
        self.assertIn("answers more than 1048576 bytes", said)


class GetTests(ClientCase):
    """``dartio get``."""

    def test_prints_the_bytes(self) -> None:
        self.assertEqual(
            self.printed(get, Hello(), "http://localhost/"), "Hello, world!"
        )

    def test_an_error_is_told_after_its_content(self) -> None:
        url = "http://localhost/x"
        said = self.refused(get, Notes(MemoryNotes()), url)
        self.assertEqual(said, f"{url} answers 404 Not Found")
        self.assertEqual(self.output(), "Not found: GET, /x")

    def test_ca_file_must_hold_a_certificate(self) -> None:
        for path, why in (
            ("/nothing", "/nothing: No such file or directory"),
            (__file__, f"{__file__}: no certificate in PEM format"),
        ):
            with self.assertRaises(ClientError) as caught:
                web_client(self.clock, ca_file=path)
            self.assertEqual(str(caught.exception), why)


class TerminalTests(ClientCase):
    """A server cannot steer the terminal."""

    def shown(self, content: bytes, charset: str = "utf-8") -> str:
        self.use_output(Terminal)
        resource = answering(content, content_type=f"text/plain; charset={charset}")
        return self.printed(get, resource, "http://localhost/")

    def test_control_characters_are_shown_as_escapes(self) -> None:
        for content, shown in (
            (b"a\x1b[2Jb\n", "a\\x1b[2Jb\n"),
            (b"\x07\x00\x7f\n", "\\x07\\x00\\x7f\n"),
            (b"\xc2\x9b2J\n", "\\x9b2J\n"),
            (b"over\rwritten\r", "over\\rwritten\\r\n"),
            ("\u202eevil\n".encode(), "\\u202eevil\n"),
            (b"\x9b\xff\n", "\ufffd\ufffd\n"),
        ):
            self.assertEqual(self.shown(content), shown)

    def test_lines_and_letters_stay_as_they_are(self) -> None:
        self.assertEqual(self.shown("a\tb\r\né☃\n".encode()), "a\tb\né☃\n")
        self.assertEqual(self.shown(b"\xe9\n", "latin-1"), "é\n")

    def test_shell_prompt_gets_a_line_of_its_own(self) -> None:
        self.assertEqual(self.shown(b"Hello, world!"), "Hello, world!\n")
        self.assertEqual(self.shown(b""), "")

    def test_pipe_gets_the_bytes(self) -> None:
        everything = bytes(range(256))
        self.successResultOf(self.started(get, answering(everything), "localhost"))
        self.assertEqual(self.bytes.getvalue(), everything)

    def test_answers_of_lessons_are_escaped_too(self) -> None:
        self.use_output(Terminal)
        resource = notes_answering(b"\x1b[2J\n")
        said = self.printed(note, resource, "--get", "0")
        self.assertEqual(said, "\\x1b[2J\n")

    def test_error_is_one_line(self) -> None:
        self.assertEqual(printable("a\nb\tc\x1b\udcff", keep=""), r"a\nb\tc\x1b\udcff")
