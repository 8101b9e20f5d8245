"""
A newcomer who follows the README and the tutorial word for word, and nothing else.
"""

from __future__ import annotations

import re
import shutil
import socket
import sys
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from .support.harness import CHECKOUT, Case
from .support.terminals import Network, Terminal
from .support.transcripts import Step, steps
from .test_starting import SERVERS

README = CHECKOUT / "README.md"
TUTORIAL = CHECKOUT / "docs" / "tutorial"
TUTORIAL_PORTS = (*range(4040, 4050), 8080)

SHOWN_TERMINALS = (1, 2)
"""The terminals in which README shows how to have the commands."""

ACTIVATE = Step(". .venv/bin/activate")
"""What the index of the tutorial says to type first in each terminal."""

PROGRAMS = ("bash", "curl", "make", "setsid")
"""What the pages use of the system."""


def tutorial_pages() -> list[Path]:
    """The pages of the tutorial, in the order in which its index lists them."""
    index = TUTORIAL / "index.md"
    listed = re.search(r"```\{toctree\}.*?\n\n(.*?)```", index.read_text(), re.DOTALL)
    assert listed is not None
    return [index, *(TUTORIAL / f"{name}.md" for name in listed[1].split())]


def skip_if_ports_are_taken() -> None:
    """
    See that the tutorial can be started here.

    :raise SkipTest: when another program has one of its ports.
    """
    for port in TUTORIAL_PORTS:
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            raise SkipTest(
                f"NOT TESTED: what newcomers type; port {port} is taken here"
            ) from error


class NewcomerTests(Case):
    """Somebody with a clone, an empty home folder and some terminals."""

    def setUp(self) -> None:
        for program in PROGRAMS:
            if not shutil.which(program):
                raise SkipTest(f"NOT TESTED: what newcomers type; no {program} here")
        super().setUp()
        self.network = Network()
        self.addCleanup(self.network.close)
        if not self.network.enter:
            skip_if_ports_are_taken()
        self.clone = self.here / "dartio_tut"
        self.copy_checkout()
        self.terminals: dict[int, Terminal] = {}

    def copy_checkout(self) -> None:
        """Make a clone in which ``make`` finds everything set up."""
        left_out = (".git", ".*_cache", ".venv", "__pycache__", "_build", "build")
        ignore = shutil.ignore_patterns(*left_out)
        shutil.copytree(CHECKOUT, self.clone, symlinks=True, ignore=ignore)
        environment = self.clone / ".venv"
        environment.mkdir()
        for name in ("bin", "include", "lib", "pyvenv.cfg"):
            (environment / name).symlink_to(Path(sys.prefix, name))
        for stamp in (".created", ".installed"):
            (environment / stamp).touch()

    def terminal(self, number: int) -> Terminal:
        """The terminal with *number*; a new one begins in the clone."""
        if number not in self.terminals:
            terminal = Terminal(self.clone, self.home, self.network)
            self.addCleanup(terminal.close)
            self.terminals[number] = terminal
            if number not in SHOWN_TERMINALS:
                terminal.follow(ACTIVATE)
        return self.terminals[number]

    def follow(self, page: Path) -> list[str]:
        """Type the commands of *page*; return where it is wrong."""
        wrong = []
        for step in steps(page):
            try:
                self.terminal(step.terminal).follow(step)
            except AssertionError as error:
                wrong.append(f"{page.name}, terminal {step.terminal}: {error}")
        for terminal in self.terminals.values():
            if terminal.busy_with:
                self.assertNotIn("Traceback", terminal.interrupt())
        return wrong

    def test_readme_and_tutorial_do_what_they_say(self) -> None:
        wrong = self.follow(README)
        for page in tutorial_pages():
            wrong += self.follow(page)
        self.assertEqual(wrong, [], "\n\n".join(wrong))

    def test_last_line_of_make_run_says_what_to_open(self) -> None:
        wanted = "Open http://localhost:8080/ (Ctrl-C ends it)"
        terminal = self.terminal(1)
        terminal.follow(Step("make run", [wanted]))
        shown = terminal.interrupt()
        # That the signal was received is not logged if another line is being written.
        while_it_ran = re.split(r"Received SIGINT|\(T(?:CP|LS) Port", shown)[0]
        *_, last, _ = while_it_ran.splitlines()
        self.assertEqual(last, wanted)


class PageTests(SynchronousTestCase):
    """What can be seen without running anything."""

    def test_readme_names_the_tutorial_before_anything_else(self) -> None:
        paragraph = README.read_text().split("\n\n")[1]
        self.assertIn("Write HTTP clients & servers", paragraph.split("\n")[0])

    def test_readme_says_how_to_get_it_and_how_to_have_the_commands(self) -> None:
        lines = README.read_text().splitlines()
        self.assertTrue([line for line in lines if line.startswith("git clone ")])
        self.assertIn("make run", lines)
        self.assertIn(f"$ {ACTIVATE.command}", lines)
        index = (TUTORIAL / "index.md").read_text()
        told = "first in each terminal, in the folder of the clone:\n\n```console\n$ "
        self.assertIn(f"{told}{ACTIVATE.command}\n", index)

    def test_every_page_of_the_tutorial_is_listed(self) -> None:
        self.assertEqual(set(tutorial_pages()), set(TUTORIAL.glob("*.md")))

    def test_each_command_is_spelled_in_one_way(self) -> None:
        for page in (README, *TUTORIAL.glob("*.md")):
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
