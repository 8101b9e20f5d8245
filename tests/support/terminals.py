"""
Terminals as somebody sits at them: a shell on a pseudo-terminal, keys typed into it.

Rule: the environment is bare. A shell knows a home folder and the system's programs,
and has read no start-up file.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path
from typing import IO

from .forks import ForkedProcess
from .harness import PATIENCE
from .transcripts import CTRL_C, DOTS, SHOWN, Step, matches

PROMPT = "\N{SYMBOL FOR ENQUIRY}"
"""The prompt: what no program prints."""

READ_BYTES = 65536

_FONT = re.compile(r"\x1b\[[\d;]*m|\x1b\]8;;.*?\x1b\\")
"""What makes text bold, or a link: curl does so with header fields."""

_LINE_END = re.compile(r"\r+\n")
"""How a terminal shows a line end, with one more CR if there is one already."""

COLUMNS = 1000
"""So wide that no line is broken."""

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

RAISE_LOOPBACK = """
import fcntl, socket, struct, sys
IFF_UP, SIOCSIFFLAGS = 1, 0x8914
fcntl.ioctl(socket.socket(), SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
print("up", flush=True)
sys.stdin.read()
"""


class Network:
    """
    A network of its own, so that well-known ports are free whatever else runs here.

    :ivar enter: what a command line must begin with to run there.
    :ivar pid: a process that is there, if it is another network than ours.
    """

    def __init__(self) -> None:
        self.enter: list[str] = []
        self.pid = 0
        self._holder: subprocess.Popen[str] | None = None
        as_user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        if not (shutil.which("unshare") and shutil.which("nsenter")):
            return
        holder = subprocess.Popen(
            ["unshare", "--net", *as_user, sys.executable, "-c", RAISE_LOOPBACK],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert holder.stdout is not None
        self._holder = holder
        if holder.stdout.readline() == "up\n":
            user = ["--user", "--preserve-credentials"] if as_user else []
            self.pid = holder.pid
            self.enter = ["nsenter", f"--target={holder.pid}", "--net", *user]

    def close(self) -> None:
        """Give it up."""
        if self._holder and self._holder.stdin and self._holder.stdout:
            self._holder.stdin.close()
            self._holder.stdout.close()
            self._holder.wait(PATIENCE)


class Terminal:
    """
    A terminal with a shell in *folder*.

    :param sockets: the folder for the socket at which programs that are typed can be
        forked, by `typed_program`.
    :ivar busy_with: the command that keeps it; nothing can be typed meanwhile.
    """

    busy_with = ""

    _looked_at = 0
    """How much of what is shown has been compared, while a program keeps it."""

    def __init__(
        self, folder: Path, home: Path, network: Network, sockets: str = ""
    ) -> None:
        self._network = network
        self._keys, screen = pty.openpty()
        size = struct.pack("HHHH", 24, COLUMNS, 0, 0)
        fcntl.ioctl(screen, termios.TIOCSWINSZ, size)
        modes = termios.tcgetattr(screen)
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(screen, termios.TCSANOW, modes)
        shell = ["bash", "--noprofile", "--norc", "--noediting", "-i"]
        variables = {
            "HOME": str(home),
            "PATH": SYSTEM_PATH,
            "PS1": PROMPT,
            "TERM": "dumb",
        }
        with os.fdopen(screen, "wb") as file:
            self._process = self._begin(shell, folder, variables, file, sockets)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._shown = ""
        self._until_prompt()

    def _begin(
        self,
        shell: list[str],
        folder: Path,
        variables: dict[str, str],
        screen: IO[bytes],
        sockets: str,
    ) -> subprocess.Popen[bytes] | ForkedProcess:
        """Start the shell."""
        if sockets:
            return ForkedProcess(
                ["terminal", *shell],
                folder,
                variables,
                *(screen, screen, screen),
                leads_session=True,
                network=self._network.pid,
                sockets=sockets,
            )
        return subprocess.Popen(
            ["setsid", "--ctty", *self._network.enter, *shell],
            cwd=folder,
            env=variables,
            stdin=screen,
            stdout=screen,
            stderr=screen,
        )

    def close(self) -> None:
        """Close its window, once nothing runs in it."""
        if self.busy_with:
            with suppress(AssertionError):
                self.interrupt()
        os.close(self._keys)
        self._process.wait(PATIENCE)

    def follow(self, step: Step) -> None:
        """
        Type a command, and compare what it shows.

        :raise AssertionError: when somebody who types it would not see what it should
            print.
        """
        if step.command == CTRL_C:
            _compare(step, self.interrupt())
            return
        if step.command == SHOWN:
            assert self.busy_with, f"nothing runs that could show {step.expected}"
            self._until_lines(step)
            return
        assert not self.busy_with, f"$ {step.command}\nis typed into {self.busy_with!r}"
        if not step.starts_a_daemon:
            _compare(step, self.type(step.command))
            return
        self._type(f"{step.command}\n")
        self.busy_with, self._looked_at = step.command, 0
        self._until_lines(step)

    def type(self, command: str) -> str:
        """Type *command*; what it shows until the prompt is back."""
        self._type(f"{command}\n")
        return self._until_prompt()

    def interrupt(self) -> str:
        """Press Ctrl-C; return what nobody has looked at until the prompt is back."""
        self._type("\x03")
        self.busy_with = ""
        seen, self._looked_at = self._looked_at, 0
        return self._until_prompt()[seen:]

    def _type(self, keys: str) -> None:
        os.write(self._keys, keys.encode())

    def _until_prompt(self) -> str:
        while PROMPT not in self._shown:
            self._read()
        shown, _, self._shown = self._shown.rpartition(PROMPT)
        return shown.removesuffix("(.venv) ")

    def _until_lines(self, step: Step) -> None:
        """Read until all lines have come that a program should print from now on."""
        may_skip = False
        for wanted in step.expected:
            if wanted.strip() == DOTS:
                may_skip = True
                continue
            while not matches(wanted, line := self._next_line(step, wanted)):
                assert may_skip, f"$ {step.command}\n{line}\ninstead of\n{wanted}"
            may_skip = False

    def _next_line(self, step: Step, wanted: str) -> str:
        """The next line that a program prints which keeps the terminal."""
        while True:
            line, end, _ = self._shown[self._looked_at :].partition("\n")
            if end:
                self._looked_at += len(line) + 1
                return line
            assert PROMPT not in self._shown, (
                f"$ {step.command}\n{self._shown}\nended without\n{wanted}"
            )
            self._read()

    def _read(self) -> None:
        """Add to what is shown what the programs write next."""
        readable, _, _ = select.select([self._keys], [], [], PATIENCE)
        assert readable, f"nothing more comes after\n{self._shown[-2000:]}"
        self._shown += self._decoder.decode(os.read(self._keys, READ_BYTES))
        self._shown = _LINE_END.sub("\n", _FONT.sub("", self._shown))


def _compare(step: Step, shown: str) -> None:
    expected = "\n".join(step.expected)
    assert matches(expected, shown), (
        f"$ {step.command}\n{shown}\ninstead of\n{expected}"
    )
