"""Starts a program with a socket that listens already, as systemd does."""

from __future__ import annotations

import sys

PASSING = """
import os, socket, sys
listening = socket.create_server(("127.0.0.1", 0))
if listening.fileno() != 3:
    os.dup2(listening.fileno(), 3)
os.set_inheritable(3, True)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.execv(sys.argv[1], sys.argv[1:])
"""


def with_passed_socket(*line: str) -> tuple[str, ...]:
    """The command that runs the command *line* with a socket on a port that is free."""
    return (sys.executable, "-c", PASSING, *line)
