"""
The console transcripts of a page: how they are written, and how they are replayed.

A transcript is a block fenced as ``console``: commands that begin with ``$ ``, each
followed by its output. A line ``^C`` is Ctrl-C. ``*Terminal 2*`` in the paragraph
before a block says where it is typed; without that, where the block before it was.
A block that begins with no command is what the program that keeps its terminal shows
next.

What is shown must be what comes, line by line. Only three things stand for something
else: a line ``...`` for any number of lines, ``...`` in a line for a part of this line,
and ``[...]`` for what each line of a log begins with.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..test_starting import SERVERS
from .harness import BIN, PATIENCE, Case, environment, free_port

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CAPTION = re.compile(r"\*Terminal (\d)\*")

CTRL_C = "^C"

DOTS = "..."

ANY_LINES = r"(?:.*\n)*?"

LOG_LINE = "[...] "

LOG_BEGIN = r"(?:\d\d:\d\d:\d\d|[\d-]+T[\d:]+[+-]\d{4} \[[^\]]+\]) "
"""The time, for a person at a terminal; elsewhere the whole of it, and who says it."""

SHOWN = ""
"""No command: what the program that keeps the terminal shows next."""


@dataclass
class Step:
    """
    A command, and what it should print.

    :ivar command: what is typed: a line, `CTRL_C`, or nothing: `SHOWN`.
    :ivar terminal: the number of the terminal.
    """

    command: str
    expected: list[str] = field(default_factory=list)
    terminal: int = 1

    @property
    def starts_a_daemon(self) -> bool:
        """Whether the command keeps running, by what it should print."""
        text = "\n".join(self.expected)
        return any(
            said in text for said in ("Listening on", " starting on ", "Open http")
        )


def steps(page: Path) -> Iterator[Step]:
    """The commands of *page*, in order."""
    text, terminal = page.read_text(), 1
    for block in _BLOCK.finditer(text):
        paragraph = text[: block.start()].rstrip().rpartition("\n\n")[2]
        if caption := _CAPTION.findall(paragraph):
            terminal = int(caption[-1])
        step = None
        for line in block[1].splitlines():
            if line.startswith("$ ") or line == CTRL_C:
                if step:
                    yield step
                step = Step(line.removeprefix("$ "), terminal=terminal)
            else:
                step = step or Step(SHOWN, terminal=terminal)
                step.expected.append(line)
        if step:
            yield step


class Shell:
    """
    Runs the steps of one page for *case*, in one folder.

    ``twistd -n`` stays up until the page ends. Every port that the page names is
    replaced by one that the system picks, and put back in what is printed.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.ports: dict[int, int] = {}
        (case.home / ".curlrc").write_text("silent\nshow-error\n")

    def run(self, step: Step) -> None:
        """Run one step; fail the test when it prints something else."""
        if step.starts_a_daemon:
            self.start(step)
            return
        ended = subprocess.run(
            ["bash", "-c", self.to_real(with_url(step.command))],
            cwd=self.case.here,
            env=environment(self.case.home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        self.compare(step, ended.stdout)

    def start(self, step: Step) -> None:
        """Start the daemon of *step*, and read what it should print."""
        words = shlex.split(step.command)
        if words[0] == "systemd-socket-activate":
            printed = self.start_activator(words)
        elif words[:2] == ["dartio", "serve"]:
            printed = self.start_serve(words[2:])
        else:
            printed = self.start_twistd(words[2:])
        for line in step.expected:
            self.case.assertTrue(
                any(matches(line, said) for said in printed),
                f"{step.command}: no {line!r} in {printed}",
            )

    def start_twistd(self, words: list[str]) -> list[str]:
        """Run ``twistd -n`` with *words*; return what it prints until it listens."""
        words = [word for word in words if not word.startswith("--pidfile")]
        pages = list(SERVERS.values()) if words[0] == "tutorial" else []
        if "--port" in words:
            at = words.index("--port")
            pages = [int(words[at + 1])]
            del words[at : at + 2]
        daemon = self.case.daemon(*words, "--port", "0")
        for port in pages or [SERVERS[words[0]]]:
            self.ports[port] = daemon.ready().port
        return [self.to_documented(line) for line in daemon.lines]

    def start_serve(self, words: list[str]) -> list[str]:
        """Run ``dartio serve`` with *words*; return what it prints until it answers."""
        line = (str(BIN / "dartio"), "serve", *words, "--port", "0")
        daemon = self.case.started(*line)
        self.case.addCleanup(daemon.stop)
        names = [word for word in words if word in SERVERS] or ["static"]
        for name in names:
            self.ports[SERVERS[name]] = daemon.ready().port
        daemon.wait_for("Ctrl-C ends")
        return [self.to_documented(line) for line in daemon.lines]

    def start_activator(self, words: list[str]) -> list[str]:
        """Run systemd's activator with *words*; return its line when it listens."""
        at = words.index("-l") + 1
        page, real = int(words[at].partition(":")[2]), free_port()
        words[at] = f"127.0.0.1:{real}"
        self.ports[page] = real
        activator = subprocess.Popen(
            words,
            cwd=self.case.here,
            env=environment(self.case.home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert activator.stderr is not None
        self.case.addCleanup(activator.stderr.close)
        self.case.addCleanup(activator.wait)
        self.case.addCleanup(activator.terminate)
        return [self.to_documented(activator.stderr.readline())]

    def compare(self, step: Step, printed: str) -> None:
        expected = "\n".join(step.expected)
        got = self.to_documented(printed)
        self.case.assertTrue(
            matches(expected, got), f"$ {step.command}\n{got}\ninstead of\n{expected}"
        )

    def to_real(self, text: str) -> str:
        """*text* with the ports that are really listened on."""
        return self._replaced(text, self.ports)

    def to_documented(self, text: str) -> str:
        """*text* with the ports of the page."""
        return self._replaced(text, {real: page for page, real in self.ports.items()})

    def _replaced(self, text: str, ports: dict[int, int]) -> str:
        return re.sub(
            r"\d{4,5}", lambda found: str(ports.get(int(found[0]), found[0])), text
        )


def with_url(command: str) -> str:
    """*command* with the URL that a client of ours goes to by default."""
    port = {"guess": 4041, "note": 4042, "write": 4049}.get(
        command.removeprefix("dartio ").split()[0]
    )
    if not (port and command.startswith("dartio ")) or "--url" in command:
        return command
    return f"{command} --url http://127.0.0.1:{port}/"


def matches(expected: str, printed: str) -> bool:
    """Whether *printed* is what *expected* shows, line by line."""
    pattern = "".join(map(_pattern, expected.strip("\n").splitlines()))
    lines = [line.rstrip() for line in printed.strip("\n").splitlines()]
    return bool(re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)))


def _pattern(line: str) -> str:
    """What a line of a page matches, with its end."""
    if line.strip() == DOTS:
        return ANY_LINES
    begin = ""
    if line.startswith(LOG_LINE):
        begin, line = LOG_BEGIN, line.removeprefix(LOG_LINE)
    return begin + ".*".join(map(re.escape, line.rstrip().split(DOTS))) + "\n"
