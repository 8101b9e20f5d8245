"""
A program that forks programs. It has imported all that they need, so that each starts
in a moment, and then is ``twistd`` or ``dartio`` as it always is, with a reactor of its
own.

Rule: only what every start has in common is done before the fork. This process has no
reactor and opens no store; it alone waits for what it has forked.

``trial``, which runs a module of tests, is forked as well. It gets a fork of this
process with it, as it was before, from which the module forks its own daemons.

    $ python -P tests/support/forking.py DESCRIPTOR
"""

from __future__ import annotations

import ctypes
import gc
import io
import json
import os
import runpy
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

MESSAGE = 65536
"""Bytes of a command and of an answer, each one packet: far more than they have."""

DESCRIPTORS = 3
"""Those that a command brings along: standard input, output, and for errors."""

CANNOT_WRITE = 120
"""The exit code of Python when it cannot write at its end what a program printed."""

CHECKOUT = Path(__file__).parents[2]

CLIENTS = ("get", "guess", "inspect", "learn", "new", "note", "store", "write")
"""The modules of what ``dartio`` does, besides serving."""

IMPORTED_BY_TESTS = (
    "twisted.trial.unittest",
    "twisted.scripts.trial",
    "twisted.trial.reporter",
    "tests.support.exchange",
    "tests.support.forking_terminal",
    "tests.support.transcripts",
)
"""What ``trial`` and most modules of tests import."""


def main(descriptor: int) -> None:
    """Fork programs, as told through *descriptor*, until it is closed."""
    # Ctrl-C is for the tests: when they end, this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare()
    serve(socket.socket(fileno=descriptor))


def serve(commands: socket.socket) -> None:
    """Fork and wait for programs, as told through *commands*, until it is closed."""
    running: set[int] = set()
    while True:
        packet, descriptors, _, _ = socket.recv_fds(commands, MESSAGE, DESCRIPTORS)
        if not packet:
            break
        command = json.loads(packet)
        if "wait" in command:
            running.remove(command["wait"])
            _, status, used = os.wait4(command["wait"], 0)
            code = os.waitstatus_to_exitcode(status)
            answer: list[float] = [code, used.ru_utime + used.ru_stime]
        else:
            pid = os.fork()
            if not pid:
                commands.close()
                become(command, descriptors)
            running.add(pid)
            answer = [pid]
        for descriptor in descriptors:
            os.close(descriptor)
        commands.send(json.dumps(answer).encode())
    for pid in running:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def prepare() -> None:
    """Import what the programs import, but for the reactor, which is not shared."""
    import twisted.internet.epollreactor
    import twisted.internet.threads
    import twisted.scripts.twistd  # noqa: F401
    from twisted.application.service import IServiceMaker
    from twisted.plugin import getPlugins

    from dartio_tut.servers.lessons import LESSONS

    for lesson in LESSONS:
        import_module(lesson.module)
    for module in ("command.serve", "command.several", "servers.tutorial"):
        import_module(f"dartio_tut.{module}")
    for client in CLIENTS:
        import_module(f"dartio_tut.clients.{client}")
    list(getPlugins(IServiceMaker))
    # After dartio_tut, which is to be the one that is installed.
    sys.path.insert(0, str(CHECKOUT))
    for module in IMPORTED_BY_TESTS:
        import_module(module)
    sys.path.remove(str(CHECKOUT))
    assert "twisted.internet.reactor" not in sys.modules
    gc.freeze()  # no collection in a fork writes to what is shared


def become(command: dict[str, Any], descriptors: Sequence[int]) -> None:
    """
    Be the program that *command* names, with *descriptors* as the standard ones.

    This ends the process.
    """
    program, *line = command["line"]
    if program == "trial":
        keep_a_fork(descriptors)
    for caught in signal.valid_signals():
        if callable(signal.getsignal(caught)):
            signal.signal(caught, signal.SIG_DFL)
    ignores_interrupts = command.get("ignores_interrupts")
    on_interrupt = signal.SIG_IGN if ignores_interrupts else signal.default_int_handler
    signal.signal(signal.SIGINT, on_interrupt)
    if network := command.get("network"):
        enter_network(network)
    if command.get("leads_session"):
        os.setsid()
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    for descriptor in descriptors:
        os.close(descriptor)
    os.chdir(command["folder"])
    os.environ.clear()
    os.environ.update(command["environment"])
    open_standard_streams()
    sys.argv = [str(Path(sys.executable).with_name(program)), *line]
    if program == "terminal":
        os._exit(import_module("tests.support.forking_terminal").lead(command, become))
    code = exit_code_of(PROGRAMS[program])
    if program == "trial":
        sys.exit(code)  # which calls what was registered for the end
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = CANNOT_WRITE
    os._exit(code)


def enter_network(pid: int) -> None:
    """Enter the network of the process *pid*, first the space where that is root."""
    libc = ctypes.CDLL(None, use_errno=True)
    for kind in ("user", "net"):
        here = os.stat(f"/proc/self/ns/{kind}").st_ino
        there = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY)
        if os.fstat(there).st_ino != here and libc.setns(there, 0):
            raise OSError(ctypes.get_errno(), f"cannot enter the {kind} of {pid}")
        os.close(there)


def open_standard_streams() -> None:
    """Open those of Python as it does when it starts: they know what is behind them."""
    unbuffered = bool(os.environ.get("PYTHONUNBUFFERED"))
    encoding = sys.stdout.encoding
    stdin = os.fdopen(0, encoding=encoding, errors=sys.stdin.errors, closefd=False)
    for one in ("stdin", "__stdin__"):
        setattr(sys, one, stdin)
    for number, name in ((1, "stdout"), (2, "stderr")):
        binary = os.fdopen(number, "wb", 0 if unbuffered else -1, closefd=False)
        stream = io.TextIOWrapper(
            binary,
            encoding,
            getattr(sys, name).errors,
            line_buffering=number == 2 or os.isatty(number),
            write_through=unbuffered,
        )
        for one in (name, f"__{name}__"):
            setattr(sys, one, stream)


def exit_code_of(run: Callable[[], None]) -> int:
    """Do *run* as the interpreter does a program."""
    try:
        run()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    except BaseException:  # noqa: BLE001 - the interpreter would print it, too
        traceback.print_exc()
        return 1
    return 0


def run_twistd() -> None:
    """Be ``twistd``."""
    import_module("twisted.scripts.twistd").run()


def run_dartio() -> None:
    """Be ``dartio``."""
    import_module("dartio_tut.command").run()


def run_python() -> None:
    """Be ``python FILE ...``."""
    del sys.argv[0]
    sys.path.insert(0, str(Path(sys.argv[0]).resolve().parent))
    runpy.run_path(sys.argv[0], run_name="__main__")


def run_trial() -> None:
    """Be ``python -m twisted.trial`` in the checkout."""
    sys.path.insert(0, str(CHECKOUT))
    import_module("twisted.scripts.trial").run()


def keep_a_fork(not_its: Sequence[int]) -> None:
    """
    Fork this process as it is, for the daemons of the module that it will run.

    :param not_its: descriptors that only this process needs.
    """
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    pid = os.fork()
    if not pid:
        ours.close()
        for descriptor in not_its:
            os.close(descriptor)
        serve(theirs)
        os._exit(0)
    theirs.close()
    import_module("tests.support.forks").inherit(ours, pid)


PROGRAMS: dict[str, Callable[[], None]] = {
    "twistd": run_twistd,
    "dartio": run_dartio,
    "python": run_python,
    "trial": run_trial,
}
"""What is forked; besides these, ``terminal``, see `forking_terminal`."""


if __name__ == "__main__":
    main(int(sys.argv[1]))
