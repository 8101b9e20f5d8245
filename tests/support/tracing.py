"""
The system calls of a daemon, recorded by strace: those on files and connections.

Rule: a call that could change a file in a way that is not understood here stops the
test, because a recording that leaves something out would prove nothing.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from twisted.trial.unittest import SkipTest

from .harness import PATIENCE

CALLS = (
    "openat,open,creat,close,dup,dup2,dup3,lseek,read,readv,write,writev,pwrite64,"
    "pwritev,pwritev2,sendto,sendmsg,truncate,ftruncate,fallocate,fsync,fdatasync,"
    "sync,syncfs,sync_file_range,rename,renameat,renameat2,link,linkat,symlink,"
    "symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,copy_file_range,sendfile,splice,"
    "mmap,io_uring_setup,fcntl"
)

RECORDED_BYTES = 4 * 1024 * 1024
"""Bytes of one call that are recorded: more than any call has."""

_LINE = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(?: resumed>|\()(.*)")
_RESULT = re.compile(r"(.*)\) += (-?\d+|\?)(.*)")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_BRACKETS = re.compile(r"<((?:\\x[0-9a-f]{2})*)>")


@dataclass
class Call:
    """
    One system call.

    :ivar began: the position of its beginning among all beginnings and ends.
    :ivar ended: the position of its end.
    :ivar arguments: as strace shows them.
    :ivar result: what it returned.
    """

    name: str
    began: int
    ended: int
    arguments: str
    result: int
    returned: str = ""

    @property
    def parts(self) -> list[str]:
        """The arguments, for calls that take no structures."""
        return self.arguments.split(", ")

    @property
    def data(self) -> bytes:
        """All bytes that it was given."""
        return b"".join(_bytes(found[1]) for found in _STRING.finditer(self.arguments))

    def descriptor(self, position: int = 0) -> int:
        """The descriptor that is the argument at *position*."""
        return int(self.parts[position].partition("<")[0])

    def place(self, position: int = 0) -> str:
        """The file or socket of the descriptor at *position*."""
        return _place(self.parts[position])

    def path(self, position: int) -> str:
        """The path at *position*, joined to the folder that precedes it."""
        found = _STRING.fullmatch(self.parts[position])
        assert found is not None, self
        path = _bytes(found[1]).decode()
        before = self.parts[position - 1] if position else ""
        return str(Path(_place(before) or "/", path))


def _place(argument: str) -> str:
    found = _BRACKETS.search(argument)
    return _bytes(found[1]).decode() if found else ""


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))


def parsed(lines: Iterator[str], but: int) -> Iterator[Call]:
    """The calls in a trace, by when they ended, except those of the process *but*."""
    begun: dict[str, Call] = {}
    for number, line in enumerate(lines):
        found = _LINE.match(line)
        if found is None or int(found[1]) == but:
            continue  # a signal or an exit
        thread, name, rest = found.groups()
        if rest.endswith("<unfinished ...>"):
            rest = rest.removesuffix("<unfinished ...>").rstrip()
            begun[thread] = Call(name, number, number, rest, 0)
            continue
        call = begun.pop(thread, Call(name, number, number, "", 0))
        end = _RESULT.fullmatch(call.arguments + rest)
        if end is None:
            raise AssertionError(f"strace wrote a line of another form: {line[:300]}")
        if end[2] != "?":  # the process ended within it
            call.arguments, call.returned, call.ended = end[1], end[3], number
            call.result = int(end[2])
            yield call


@dataclass
class Recording:
    """:ivar calls: those that a daemon made, once it has ended."""

    calls: list[Call] = field(default_factory=list)


@contextmanager
def traced(pid: int, output: Path, *options: str) -> Iterator[None]:
    """Attach strace to the process *pid*, and to those that it forks."""
    if not shutil.which("strace"):
        raise SkipTest("NOT TESTED: what needs strace, which is not installed")
    watch = ("strace", "-f", "-y", "-xx", f"-s{RECORDED_BYTES}", "-e", "signal=none")
    tracer = subprocess.Popen(
        [*watch, *options, "-o", str(output), "-p", str(pid)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert tracer.stderr is not None
        said = tracer.stderr.readline()
        if "attached" not in said:
            raise SkipTest(f"NOT TESTED: what needs strace, which says {said.strip()}")
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=PATIENCE)


@contextmanager
def recorded(forks: int, output: Path) -> Iterator[Recording]:
    """
    Record the calls of the processes that *forks* forks meanwhile; they must end.

    :param output: the file for strace to write.
    """
    recording = Recording()
    with traced(forks, output, "-e", f"trace={CALLS}"):
        yield recording
    with output.open() as lines:
        recording.calls = list(parsed(lines, forks))


@contextmanager
def failing(
    pid: int, output: Path, calls: str, how: str, on: Path | None = None
) -> Iterator[None]:
    """
    Let *calls* of the process *pid* fail meanwhile.

    :param how: the fault in strace's notation; it counts each thread's calls apart.
    :param on: only calls that are about this file or folder.
    """
    inject = f"inject={calls}:{how}"
    where = () if on is None else ("-P", str(on))
    with traced(pid, output, "-e", f"trace={calls}", "-e", inject, *where):
        yield
    if "INJECTED" not in output.read_text():
        raise AssertionError(f"none of {calls} has failed")
