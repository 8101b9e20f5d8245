"""
A newcomer with a clone, who types what the documentation shows.

Rule: nothing is known to a newcomer that README or the index of the tutorial does not
say.
"""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SkipTest

from .clones import copy_clone
from .harness import BIN, EXECUTES, Case
from .terminals import Network, Terminal
from .transcripts import Step, steps

TUTORIAL_PORTS = (*range(4040, 4050), 8080)

SHOWN_TERMINALS = (1, 2)
"""The terminals in which README shows how to have the commands."""

ACTIVATE = Step(". .venv/bin/activate")
"""What the index of the tutorial says to type first in each terminal."""

TYPED_PROGRAM = Path(__file__).with_name("typed_program.py")

FOLDERS = 'SOCKETS = PROGRAMS = ""\n'
"""The line of `TYPED_PROGRAM` in the place of which its folders are defined."""

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
        # The path of a socket has 107 bytes at most.
        self.sockets = "" if EXECUTES else tempfile.mkdtemp(prefix="dartio-")
        if self.sockets:
            self.addCleanup(shutil.rmtree, self.sockets)
        self.clone = self.here / "dartio_tut"
        self.copy_checkout()
        self.terminals: dict[int, Terminal] = {}

    def copy_checkout(self) -> None:
        """Make a clone in which ``make`` finds everything set up."""
        copy_clone(self.clone)
        environment = self.clone / ".venv"
        environment.mkdir()
        for name in ("include", "lib", "pyvenv.cfg"):
            (environment / name).symlink_to(Path(sys.prefix, name))
        self.programs = environment / "bin"
        self.programs.mkdir()
        for program in BIN.iterdir():
            (self.programs / program.name).symlink_to(program)
        activate = self.programs / "activate"
        text = activate.read_text().replace(sys.prefix, str(environment))
        activate.unlink()
        activate.write_text(text)  # it names its own folder
        (environment / ".created").write_text(f"{self.clone.resolve()}\n")
        (environment / ".installed").touch()

    def have_programs_forked(self) -> None:
        """
        Have the programs that are typed from now on start in a moment.

        They have run before as they are.
        """
        if EXECUTES:
            return
        first = f"#!{BIN / 'python'} -IS\n"
        folders = f"SOCKETS, PROGRAMS = {self.sockets!r}, {str(BIN)!r}\n"
        source = TYPED_PROGRAM.read_text().replace(FOLDERS, folders)
        for name in ("dartio", "python", "twistd"):
            program = self.programs / name
            program.unlink()
            program.write_text(first + source)
            program.chmod(0o755)

    def terminal(self, number: int) -> Terminal:
        """The terminal with *number*; a new one begins in the clone."""
        if number not in self.terminals:
            terminal = Terminal(self.clone, self.home, self.network, self.sockets)
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
