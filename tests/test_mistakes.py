"""
The page on seven mistakes: its examples, and what it says of the log.
"""

from __future__ import annotations

import re
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.course.mistakes import MISTAKES
from dartio_tut.daemon import Site
from dartio_tut.daemon.mistakes import LOOK_SECONDS
from dartio_tut.testing import (
    CLIENT_ADDRESS,
    Client,
    Connection,
    UnexpectedResponse,
    ask,
)

from .support.course_pages import TUTORIAL, shown_code
from .support.harness import Case
from .support.transcripts import steps

PAGE = TUTORIAL / "mistakes.md"

NOT_FOUND_IN_MEMORY = "sleep"


def examples() -> list[str]:
    """The examples of the page that are no excerpts, in their order."""
    return [shown.module for shown in shown_code(PAGE) if shown.path == PAGE]


def run(code: str) -> dict[str, Any]:
    """The names that *code* defines."""
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(code, "example.py", "exec"), names)
    return names


class CommandLineTests(Case):
    """What the programs that take a name say without one."""

    def test_a_name_that_is_missing_or_none_is_told_in_a_line(self) -> None:
        for words, said in (
            (["mistakes"], "Name a mistake: text, nothing, coroutine, no-leaf, "),
            (["mistakes", "nonsense"], "Name a mistake: text, "),
            (["own_listing"], "Name a folder to list"),
        ):
            module = f"dartio_tut.course.{words[0]}"
            _, why = self.run_program("python", "-m", module, *words[1:], code=1)
            self.assertTrue(why.startswith(said), why)
            self.assertEqual(why.count("\n"), 1)


class PageTests(SynchronousTestCase):
    """What the page shows."""

    def test_every_mistake_is_shown_and_started_in_the_order_of_the_file(self) -> None:
        text = PAGE.read_text("utf-8")
        shown = re.findall(r"^:pyobject: (\w+)$", text, re.MULTILINE)
        self.assertEqual(shown, [kind.__name__ for kind in MISTAKES.values()])
        started = [
            step.command.split()[-1] for step in steps(PAGE) if step.starts_a_daemon
        ]
        self.assertEqual(started, list(MISTAKES))
        headings = re.findall(r"^## (\d)\. ", text, re.MULTILINE)
        self.assertEqual(headings, list("1234567"))

    def test_what_waits_for_ever_is_logged_as_the_page_says(self) -> None:
        (wanted,) = re.findall(
            r"^```text\n(.*)\n```$", PAGE.read_text("utf-8"), re.MULTILINE
        )
        said: list[Any] = []
        note: Any = said.append
        globalLogPublisher.addObserver(note)
        self.addCleanup(globalLogPublisher.removeObserver, note)
        clock = Clock()
        site = Site(MISTAKES["no-finish"](), reactor=clock)
        site.startFactory()
        connection = Connection(site.buildProtocol(CLIENT_ADDRESS), clock)
        connection.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(2):
            clock.advance(LOOK_SECONDS)
        site.stopFactory()
        self.assertEqual([formatEvent(event) for event in said], [wanted])

    def test_the_mended_coroutine_answers(self) -> None:
        resource = run(examples()[0])["Mended"]()
        self.assertEqual(ask(resource).text(), "Hello!\n")

    def test_the_test_of_the_page_finds_the_mistake(self) -> None:
        case = run(examples()[1])["MistakeTests"]
        test = case("test_the_server_has_nothing_to_complain_about")
        with self.assertRaisesRegex(self.failureException, "Encode the text"):
            test.test_the_server_has_nothing_to_complain_about()

    def test_tests_in_memory_find_what_the_page_says_that_they_find(self) -> None:
        found = []
        for name, kind in MISTAKES.items():
            if name == NOT_FOUND_IN_MEMORY:
                continue
            client = Client(kind())
            try:
                response = client.ask()
            except UnexpectedResponse:
                found.append(name)
            else:
                if client.log or response.code != 200:
                    found.append(name)
        self.assertEqual(found, [m for m in MISTAKES if m != NOT_FOUND_IN_MEMORY])
        self.flushLoggedErrors(RuntimeError)


class FileTests(SynchronousTestCase):
    """The file of the mistakes."""

    def test_each_mistake_is_short(self) -> None:
        for shown in shown_code(PAGE):
            if shown.path != PAGE:
                self.assertLessEqual(len(shown.excerpt.splitlines()), 12, shown.excerpt)
