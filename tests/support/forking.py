"""
A program that forks daemons: it has imported all that they need, so that each starts
in a moment, and then is ``twistd -n`` as it always is, with a reactor of its own.

Rule: only what every start has in common is done before the fork. This process has no
reactor and opens no store; it alone waits for what it has forked.

    $ python -P tests/support/forking.py DESCRIPTOR
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import NoReturn

MESSAGE = 65536
"""Bytes of a command and of an answer, each one packet: far more than they have."""


def main(descriptor: int) -> None:
    """Fork and wait for daemons, as told through *descriptor*, until it is closed."""
    commands = socket.socket(fileno=descriptor)
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
                become(command["line"], *outputs)
            running.add(answer)
        for output in outputs:
            os.close(output)
        commands.send(str(answer).encode())
    for pid in running:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def prepare() -> None:
    """Import what every daemon imports, but for the reactor, which is not shared."""
    import twisted.internet.epollreactor
    import twisted.internet.threads
    import twisted.scripts.twistd  # noqa: F401
    from twisted.application.service import IServiceMaker
    from twisted.plugin import getPlugins

    import dartio_tut.servers.notes
    import dartio_tut.servers.writer  # noqa: F401

    list(getPlugins(IServiceMaker))
    assert "twisted.internet.reactor" not in sys.modules


def become(line: list[str], stdout: int, stderr: int) -> NoReturn:
    """Be the ``twistd -n`` with that *line*, printing to *stdout* and *stderr*."""
    for output, number in ((stdout, 1), (stderr, 2)):
        os.dup2(output, number)
        os.close(output)
    from twisted.scripts.twistd import run

    code: object = 70
    sys.argv = ["twistd", "-n", "--pidfile=", *line]
    try:
        run()
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
