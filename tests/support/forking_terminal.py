"""
The first process of a terminal, which forks what is typed there.

A shell cannot fork a program of `forking`, so it runs `typed_program`. That asks this
process, and waits. What is forked belongs to the terminal, and to the process group of
the program that asked: Ctrl-C and the like come to it as they should.
"""

from __future__ import annotations

import fcntl
import marshal
import os
import select
import signal
import socket
import struct
import subprocess
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

MESSAGE = 65536
"""Bytes of what `typed_program` asks, one packet: far more than it has."""

PEER = struct.Struct("iII")
"""What SO_PEERCRED gives: the process id of a peer, its user and its group."""

Become = Callable[[dict[str, Any], Sequence[int]], None]
"""`forking.become`."""


def lead(command: dict[str, Any], become: Become) -> int:
    """
    Be the first process of the terminal that is the standard input; run its shell.

    :return: the exit code of the shell.
    """
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(f"{command['sockets']}/{os.getpid()}")  # which is the session's id
    listening.listen()
    shell = subprocess.Popen(command["line"][1:])
    # The window is closed: the shell ends, and what runs in it.
    signal.signal(signal.SIGHUP, lambda number, _: shell.send_signal(number))
    return Lead(listening, shell, become).serve()


class Lead:
    """Forks programs, and tells those that asked how they ended."""

    def __init__(
        self, listening: socket.socket, shell: subprocess.Popen[bytes], become: Become
    ) -> None:
        self._listening = listening
        self._shell = shell
        self._become = become
        self._poll = select.poll()
        self._asking: dict[int, tuple[socket.socket, int]] = {}
        """Who asked, and the process that was forked, by what is polled of both."""

    def serve(self) -> int:
        """Serve until the shell has ended; its exit code."""
        shell = os.pidfd_open(self._shell.pid)
        for descriptor in (shell, self._listening.fileno()):
            self._poll.register(descriptor, select.POLLIN)
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor == shell:
                    return self._shell.wait()
                if descriptor == self._listening.fileno():
                    self._start()
                elif descriptor in self._asking:
                    self._end(descriptor)

    def _start(self) -> None:
        """Fork what is asked for."""
        asking, _ = self._listening.accept()
        packet, descriptors, _, _ = socket.recv_fds(asking, MESSAGE, 3)
        peer = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
        group = os.getpgid(PEER.unpack(peer)[0])
        pid = os.fork()
        if not pid:
            os.setpgid(0, group)
            self._listening.close()
            asking.close()
            self._become(marshal.loads(packet), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        asking.send(str(pid).encode())
        for descriptor in (asking.fileno(), os.pidfd_open(pid)):
            self._asking[descriptor] = (asking, pid)
            self._poll.register(descriptor, select.POLLIN)

    def _end(self, descriptor: int) -> None:
        """Tell how a program ended; or end it, because who asked for it is gone."""
        asking, pid = self._asking[descriptor]
        if descriptor == asking.fileno():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with suppress(OSError):
            asking.send(str(code).encode())
        for polled in [one for one, (_, its) in self._asking.items() if its == pid]:
            self._poll.unregister(polled)
            del self._asking[polled]
            if polled != asking.fileno():
                os.close(polled)
        asking.close()
