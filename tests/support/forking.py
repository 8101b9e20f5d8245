"""
A program that forks programs of the package. It has imported all that they need, so
that each starts in a moment, and then is ``twistd`` or ``dartio`` as it always is,
with a reactor of its own.

Rule: only what every start has in common is done before the fork. This process has no
reactor and opens no store; it alone waits for what it has forked.

    $ python -P tests/support/forking.py DESCRIPTOR
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

MESSAGE = 65536
"""Bytes of a command and of an answer, each one packet: far more than they have."""

PROGRAMS = {
    "twistd": "twisted.scripts.twistd",
    "dartio": "dartio_tut.command",
}
"""The modules whose function ``run`` is a program."""


def main(descriptor: int) -> None:
    """Fork and wait for programs, as told through *descriptor*, until it is closed."""
    commands = socket.socket(fileno=descriptor)
    # Ctrl-C is for the tests: when they end, this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare()
    running: set[int] = set()
    while True:
        packet, outputs, _, _ = socket.recv_fds(commands, MESSAGE, 2)
        if not packet:
            break
        command = json.loads(packet)
        if "wait" in command:
            running.remove(command["wait"])
            answer = os.waitstatus_to_exitcode(os.waitpid(command["wait"], 0)[1])
        else:
            answer = os.fork()
            if not answer:
                commands.close()
                become(command, *outputs)
            running.add(answer)
        for output in outputs:
            os.close(output)
        commands.send(str(answer).encode())
    for pid in running:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def prepare() -> None:
    """Import what the programs import, but for the reactor, which is not shared."""
    import twisted.internet.epollreactor
    import twisted.internet.threads
    import twisted.scripts.twistd  # noqa: F401
    from twisted.application.service import IServiceMaker
    from twisted.plugin import getPlugins

    from dartio_tut.servers.lessons import LESSONS

    for module in (*PROGRAMS.values(), *(lesson.module for lesson in LESSONS)):
        import_module(module)
    import_module("dartio_tut.servers.tutorial")
    list(getPlugins(IServiceMaker))
    assert "twisted.internet.reactor" not in sys.modules
    gc.freeze()  # no collection in a fork writes to what is shared


def become(command: dict[str, Any], stdout: int, stderr: int) -> NoReturn:
    """Be the program that *command* names, printing to *stdout* and *stderr*."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for output, number in ((stdout, 1), (stderr, 2)):
        os.dup2(output, number)
        os.close(output)
    os.chdir(command["folder"])
    os.environ.clear()
    os.environ.update(command["environment"])
    program, *line = command["line"]
    sys.argv = [str(Path(sys.executable).with_name(program)), *line]
    code: object = 0
    try:
        import_module(PROGRAMS[program]).run()
    except SystemExit as end:
        code = end.code or 0
        if isinstance(code, str):
            print(code, file=sys.stderr)
    except BaseException:  # noqa: BLE001 - the interpreter would print it, too
        code = 1
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
