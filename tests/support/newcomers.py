"""
A newcomer with a clone, who types what the documentation shows.

Rule: nothing is known to a newcomer that README or the index of the tutorial does not
say.
"""

from __future__ import annotations

import shutil
import socket
import sys
from pathlib import Path

from twisted.trial.unittest import SkipTest

from .harness import CHECKOUT, Case
from .terminals import Network, Terminal
from .transcripts import Step, steps

TUTORIAL_PORTS = (*range(4040, 4050), 8080)

SHOWN_TERMINALS = (1, 2)
"""The terminals in which README shows how to have the commands."""

ACTIVATE = Step(". .venv/bin/activate")
"""What the index of the tutorial says to type first in each terminal."""

PROGRAMS = ("bash", "curl", "make", "setsid")
"""What the pages use of the system."""


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


class Newcomer(Case):
    """
    Somebody with a clone, an empty home folder and some terminals.

    :cvar shown_terminals: those in which pages show how to have the commands.
    """

    shown_terminals: tuple[int, ...] = SHOWN_TERMINALS

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
            if number not in self.shown_terminals:
                terminal.follow(ACTIVATE)
        return self.terminals[number]

    def follow(self, page: Path) -> list[str]:
        """
        Type the commands of *page*, and at its end Ctrl-C where something runs, as the
        index says; return where it is wrong.
        """
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
