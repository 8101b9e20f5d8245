"""
A newcomer who follows the README and the tutorial word for word, and nothing else.
"""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from .support.harness import CHECKOUT
from .support.newcomers import ACTIVATE, Newcomer
from .support.transcripts import DOTS, Step, steps
from .test_starting import SERVERS

README = CHECKOUT / "README.md"
TUTORIAL = CHECKOUT / "docs" / "tutorial"


def tutorial_pages() -> list[Path]:
    """The pages of the tutorial, in the order in which its index lists them."""
    index = TUTORIAL / "index.md"
    trees = re.findall(r"```\{toctree\}.*?\n\n(.*?)```", index.read_text(), re.DOTALL)
    return [index, *(TUTORIAL / f"{name}.md" for name in "".join(trees).split())]


class NewcomerTests(Newcomer):
    """
    Somebody who follows README and all pages of the course in their order, and keeps
    the terminals: what one page leaves behind must not be in the way of the next.
    """

    shown_terminals = (1, 2, 3)

    def test_readme_and_tutorial_do_what_they_say(self) -> None:
        wrong = self.follow(README)
        self.have_programs_forked()
        for page in tutorial_pages():
            wrong += self.follow(page)
            if page.stem == "terminal":  # which shows what is missing in a new one
                self.terminal(3).follow(ACTIVATE)
        self.assertEqual(wrong, [], "\n\n".join(wrong))

    def test_last_line_of_make_run_says_what_to_open(self) -> None:
        wanted = "Open http://localhost:8080/ (Ctrl-C ends it)"
        terminal = self.terminal(1)
        terminal.follow(Step("make run", [DOTS, wanted]))
        shown = terminal.interrupt()
        # That the signal was received is not logged if another line is being written.
        while_it_ran = re.split(r"Received SIGINT|\(T(?:CP|LS) Port|make: ", shown)[0]
        self.assertEqual(while_it_ran.count("\n"), 0, while_it_ran)


class PageTests(SynchronousTestCase):
    """What can be seen without running anything."""

    def test_readme_names_the_tutorial_before_anything_else(self) -> None:
        paragraph = README.read_text().split("\n\n")[1]
        self.assertIn("Write HTTP clients & servers", paragraph.split("\n")[0])
        self.assertIn("that its home no longer publishes", paragraph)

    def test_what_stands_for_something_else_is_explained(self) -> None:
        for page in (README, TUTORIAL / "index.md"):
            self.assertIn("`[...]` for the time that begins", page.read_text())

    def test_no_page_comes_before_what_it_builds_on(self) -> None:
        lines = (TUTORIAL / "index.md").read_text().splitlines()
        self.assertLess(lines.index("pages"), lines.index("thinker"))

    def test_readme_says_how_to_get_it_and_how_to_have_the_commands(self) -> None:
        lines = README.read_text().splitlines()
        self.assertTrue([line for line in lines if line.startswith("git clone ")])
        self.assertIn("make run", lines)
        self.assertIn(f"$ {ACTIVATE.command}", lines)
        index = (TUTORIAL / "index.md").read_text()
        told = "first in each terminal, in the folder of the clone:\n\n```console\n$ "
        self.assertIn(f"{told}{ACTIVATE.command}\n", index)

    def test_every_page_of_the_tutorial_is_listed(self) -> None:
        self.assertEqual(set(tutorial_pages()), set(TUTORIAL.rglob("*.md")))

    def test_each_command_is_spelled_in_one_way(self) -> None:
        for page in (README, *TUTORIAL.rglob("*.md")):
            self.assertNotIn("--pidfile", page.read_text(), page.name)

    def test_readme_has_an_example_of_every_server_and_client(self) -> None:
        typed = "\n".join(step.command for step in steps(README)) + "\n"
        for port in (4040, 4044, 4046, 4047, 4048, 8080):
            self.assertIn(f"localhost:{port}/", typed)
        for client in ("guess ", "note ", "get ", "write\n"):
            self.assertIn(f"dartio {client}", typed)

    def test_every_lesson_has_its_transcript_in_the_tutorial(self) -> None:
        typed = "".join(s.command for page in tutorial_pages() for s in steps(page))
        for name in (*SERVERS, "tutorial"):
            self.assertIn(f"twistd -n {name}", typed)
        for name in ("guess", "write", "note", "get"):
            self.assertIn(f"dartio {name}", typed)
