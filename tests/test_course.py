"""
The pages of the course that show one program each: somebody follows them word for word.

Each page is followed by itself, in new terminals.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path

from twisted.python.reflect import namedAny
from twisted.trial.unittest import SynchronousTestCase

from .support.harness import CHECKOUT, Case, environment
from .support.newcomers import Newcomer
from .test_readme import tutorial_pages

FOLDERS = ("before", "from_nothing")

HEADINGS = [
    "What you will see",
    "Run it",
    "The code",  # where it shows some
    "How it works",
    "What can go wrong",
    "Five questions",
    "What you can do now",
]
"""What each page has, in this order; a page may have more."""

READING_MINUTES = 12
WORDS_A_MINUTE = 200
"""As fast as people read a text that they learn from, code included."""

API = re.compile(r"https://docs\.twisted\.org/en/stable/api/([\w.]+)\.html(?:#(\w+))?")
INCLUDED = re.compile(r"```\{literalinclude\} (\S+)\n((?::.*\n)*)```")
FOLDED = re.compile(
    r"<details>\n<summary>[^\n]+</summary>\n\n.+?\n\n</details>", re.DOTALL
)


def course_pages() -> list[Path]:
    """The pages, in the order in which they are read."""
    return [page for page in tutorial_pages() if page.parent.name in FOLDERS]


def included(page: Path) -> list[Path]:
    """The files of code that *page* shows."""
    return [
        (page.parent / name).resolve() for name, _ in INCLUDED.findall(page.read_text())
    ]


def imported_names(code: Path) -> Iterator[str]:
    """The names that the module *code* imports from elsewhere."""
    for node in ast.walk(ast.parse(code.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            yield from (alias.asname or alias.name for alias in node.names)


class FollowedTests(Newcomer):
    """A test for each page."""

    shown_terminals = (3,)  # where a page shows what happens without the commands

    def setUp(self) -> None:
        super().setUp()
        self.have_programs_forked()


def _add_tests() -> None:
    for page in course_pages():

        def test(self: FollowedTests, page: Path = page) -> None:
            wrong = self.follow(page)
            self.assertEqual(wrong, [], "\n\n".join(wrong))

        setattr(FollowedTests, f"test_{page.parent.name}_{page.stem}", test)


_add_tests()


class WrittenTests(SynchronousTestCase):
    """What can be seen of the pages without running anything."""

    def test_each_page_has_its_parts_in_the_same_order(self) -> None:
        for page in course_pages():
            found = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
            wanted = [h for h in HEADINGS if h != "The code" or included(page)]
            self.assertEqual([h for h in found if h in HEADINGS], wanted, page.name)

    def test_each_page_has_five_questions_with_folded_answers(self) -> None:
        for page in course_pages():
            questions = page.read_text().partition("## Five questions\n")[2]
            self.assertEqual(len(FOLDED.findall(questions)), 5, page.name)
            self.assertEqual(questions.count("<details>"), 5, page.name)

    def test_each_page_leads_to_the_next_and_back(self) -> None:
        pages = course_pages()
        for page, following in pairwise(pages):
            for one, other, word in (
                (page, following, "Next: "),
                (following, page, "Before: "),
            ):
                way = one.read_text().rpartition(word)[2]
                name = other.name
                if one.parent != other.parent:
                    name = f"../{other.parent.name}/{name}"
                target = re.search(r"\]\((.*?)\)", way)
                self.assertEqual(target and target[1], name, one.name)

    def test_no_page_takes_long_to_read(self) -> None:
        for page in course_pages():
            texts = [page.read_text(), *(code.read_text() for code in included(page))]
            words = sum(len(text.split()) for text in texts)
            self.assertLess(words, READING_MINUTES * WORDS_A_MINUTE, page.name)

    def test_each_imported_name_is_explained_there_or_before(self) -> None:
        read = ""
        for page in course_pages():
            read += page.read_text()
            for code in included(page):
                for name in imported_names(code):
                    said = re.search(rf"`@?(\w+\.)*{name}[`(.]", read)
                    self.assertTrue(said, f"{page.name} does not explain {name}")

    def test_links_to_the_api_name_what_twisted_has(self) -> None:
        for page in course_pages():
            for module, member in API.findall(page.read_text()):
                try:
                    found = namedAny(module)
                except AttributeError:
                    self.fail(f"{page.name}: there is no {module}")
                if member:
                    self.assertTrue(hasattr(found, member), f"{module}#{member}")

    def test_code_is_shown_with_its_path(self) -> None:
        for page in course_pages():
            for name, options in INCLUDED.findall(page.read_text()):
                path = (page.parent / name).resolve().relative_to(CHECKOUT)
                self.assertIn(f":caption: {path}\n", options, page.name)


class ProgramTests(Case):
    """What a transcript with dots does not tell."""

    def run_module(self, name: str) -> str:
        """Run a program of the course to its end; return what it prints."""
        module = import_module(f"dartio_tut.course.{name}")
        ended = subprocess.run(
            [sys.executable, str(module.__file__)],
            cwd=self.here,
            env=environment(self.home),
            capture_output=True,
            text=True,
            check=True,
        )
        return ended.stdout

    def test_reactor_is_blocked_by_sleep_and_by_nothing_else(self) -> None:
        said = self.run_module("before.blocking")
        awaited, slept, threaded = map(int, re.findall(r"(\d+) ticks", said))
        self.assertGreater(awaited, 0)
        self.assertEqual(slept, 0)
        self.assertGreater(threaded, 0)
