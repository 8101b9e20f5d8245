"""
Writing to standard output without waiting for who reads it.

The reader of a pipe or a socket may be stuck, and a daemon that waits for it answers
nobody. On a terminal, whoever stops the output sees it, and lets it go on.
"""

from __future__ import annotations

import os
import socket
import stat
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from errno import EBADF
from io import TextIOBase

from twisted.logger import Logger

RETRY_SECONDS = 0.1
"""When a reader that did not read is tried again."""

ATOMIC_BYTES = 4096
"""A pipe takes a write of so many bytes whole or not at all (PIPE_BUF; pipe(7)), and so
does a socket."""

MAX_WAITING_LINES = 1000
"""Lines of the log that wait for the reader; what comes then is lost."""


def end_of_lines(data: bytes, start: int) -> int:
    """
    Where the lines of *data* from *start* on end that a pipe takes whole or not at all,
    so that nobody else who writes to it gets in between. A longer one is alone.
    """
    if len(data) - start <= ATOMIC_BYTES:
        return len(data)
    end = data.rfind(b"\n", start, start + ATOMIC_BYTES) + 1
    return end or data.find(b"\n", start) + 1 or len(data)


class StandardOutput:
    """
    Standard output; for other processes that have it, it stays as it is.

    :ivar has_reader: whether it is a pipe or a socket.
    :raise OSError: when it is closed: a client may have its number by now.
    """

    def __init__(self) -> None:
        if sys.__stdout__ is None:
            raise OSError(EBADF, "standard output is closed", "-")
        self._descriptor = descriptor = sys.__stdout__.fileno()
        self._socket: socket.socket | None = None
        kind = os.fstat(descriptor).st_mode
        self.has_reader = stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)
        if stat.S_ISSOCK(kind):
            self._socket = socket.socket(fileno=os.dup(descriptor))
        elif stat.S_ISFIFO(kind):
            with suppress(OSError):  # only Linux has the folder
                flags = os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK
                # Opened once more, the pipe does not wait here, but does elsewhere.
                self._descriptor = os.open(f"/proc/self/fd/{descriptor}", flags)

    def write(self, data: bytes) -> int:
        """
        Write as much of *data* as the reader takes at once.

        :return: how many bytes.
        :raise BlockingIOError: when it takes none.
        """
        if self._socket is not None:
            return self._socket.send(data, socket.MSG_DONTWAIT)
        return os.write(self._descriptor, data)

    def close(self) -> None:
        """Write no more."""
        if self._socket is not None:
            self._socket.close()
        elif self.has_reader:
            os.close(self._descriptor)


class LogStream(TextIOBase):
    """
    The log of a daemon on *output*. Lines that its reader does not take are kept, and
    tried again ten times a second; when there are too many, the log says so later.

    :param call_later: as that of a reactor.
    """

    _log = Logger()

    encoding = "utf-8"

    def __init__(
        self,
        output: StandardOutput,
        call_later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        super().__init__()
        self._output = output
        self._call_later = call_later
        self._waiting: deque[bytes] = deque()
        self._lost = 0
        self._is_called = False

    def write(self, line: str) -> int:
        """Write *line*, now or later."""
        if len(self._waiting) < MAX_WAITING_LINES:
            self._waiting.append(line.encode())
        else:
            self._lost += 1
        return len(line)

    def flush(self) -> None:
        """Write what the reader takes."""
        waiting = self._waiting
        try:
            while waiting:
                line = waiting[0]
                written = self._output.write(line)
                if written == len(line):
                    waiting.popleft()
                else:
                    waiting[0] = line[written:]
        except BlockingIOError:
            if not self._is_called:
                self._is_called = True
                self._call_later(RETRY_SECONDS, self._try_again)
            return
        except OSError:  # the reader has gone
            waiting.clear()
        if self._lost:
            lost, self._lost = self._lost, 0
            self._log.warn(
                "Its reader did not read: {lost} lines of this log are lost", lost=lost
            )

    def _try_again(self) -> None:
        self._is_called = False
        self.flush()
