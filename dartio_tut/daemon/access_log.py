"""
The access log: one line for each exchange, whatever became of it.

It is told many events at a time, and writes their lines together, whole lines only.

Rule: the log never stops the service. What cannot be written is lost, and counted.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from errno import EAGAIN, ENXIO
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from dartio_tut.wire import Noted

from .access_log_format import FORMATS
from .standard_output import RETRY_SECONDS, StandardOutput, end_of_lines

MAX_WAITING_BYTES = 1024 * 1024
"""Bytes that wait for the reader of a FIFO; it has another 64 KiB in the kernel."""

LAST_TRIES = 20
"""How often a reader is tried again when the daemon ends: for two seconds."""

_LINE_END = ord("\n")

_FLAGS = (
    os.O_WRONLY
    | os.O_APPEND
    | os.O_CREAT
    | os.O_CLOEXEC
    | os.O_NOCTTY
    | os.O_NONBLOCK  # opening a FIFO waits for nobody
)


class AccessLog:
    """
    Writes a line for each exchange; an observer of a site that is told many events at a
    time.

    A file that was renamed or removed is made anew under its name within a second, so
    that ``logrotate`` needs no signal.

    :param path: the file to append to; ``-`` is standard output.
    :param reactor: calls when a reader of a FIFO may have read.
    :param format: a word of `FORMATS`.
    :param only_check: whether to see only that the file can be opened; then it is not
        made.
    :raise OSError: when the file cannot be opened.
    """

    _log = Logger()
    _descriptor: int
    _write_now: Callable[[bytes], int]
    _has_reader: bool
    _mode: int | None = None

    def __init__(
        self,
        path: str,
        reactor: Any,
        only_check: bool = False,
        format: str = "combined",
    ) -> None:
        self._reactor = reactor
        self._make_lines = FORMATS[format]()
        self._waiting = b""
        self._lost = 0
        self._is_cut = False
        self._call: Any = None
        self._is_closed = False
        if only_check and path != "-" and not os.path.exists(path):
            path = os.devnull
        self._path = path
        self._open()

    def __call__(self, noted: list[Noted]) -> None:
        """Write the lines of the exchanges in *noted*. It never raises anything."""
        try:
            lines = self._make_lines(noted)
        except Exception:  # noqa: BLE001  (a fault of ours must not end an exchange)
            self._log.failure("{lost} lines of the access log failed", lost=len(noted))
            return
        self._write(lines)

    def reopen(self) -> None:
        """Leave a file that was moved."""
        try:
            self._reopen_if_moved()
        except OSError as error:
            self._say_fault(error)

    def close(self) -> Deferred[None]:
        """
        Write what is left; fires when that is done, or the reader of a pipe has had its
        time. Exchanges that end with the process are still to come; so the file stays
        open.
        """
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._is_closed = True
        closed: Deferred[None] = Deferred()
        self._finish(LAST_TRIES, closed)
        return closed

    def _finish(self, tries: int, closed: Deferred[None]) -> None:
        self._write([])
        if self._waiting and tries:
            self._reactor.callLater(RETRY_SECONDS, self._finish, tries - 1, closed)
            return
        if lost := self._waiting.count(b"\n") + self._lost:
            why = ": its reader does not read" if self._waiting else ""
            self._log.error(
                "{lost} lines of the access log were lost{why}", lost=lost, why=why
            )
        closed.callback(None)

    def _try_again(self) -> None:
        self._call = None
        self._write([])

    def _write(self, lines: list[bytes]) -> None:
        """Write *lines*, whole; those that cannot be written are lost."""
        if len(self._waiting) > MAX_WAITING_BYTES:
            self._lose(len(lines), BlockingIOError(EAGAIN, "its reader does not read"))
            lines = []
        data, self._waiting = self._waiting + b"".join(lines), b""
        if not data:
            return
        at = 0
        try:
            if self._reopen_if_moved() and self._is_cut:
                data = data.partition(b"\n")[2]  # the file has the line's beginning
            while at < len(data):
                end = end_of_lines(data, at) if self._has_reader else len(data)
                at += self._write_now(data[at:end])
                self._is_cut = data[at - 1] != _LINE_END
        except BlockingIOError:
            self._wait_for_reader(data[at:])
            return
        except OSError as error:
            data = data[at:]
            if self._is_cut:  # what is left of that line is written first
                rest, mark, data = data.partition(b"\n")
                self._waiting = rest + mark
            self._lose(data.count(b"\n"), error)
            return
        if self._lost:
            self._log.warn(
                "The access log goes on; {lost} lines were lost", lost=self._lost
            )
            self._lost = 0

    def _wait_for_reader(self, data: bytes) -> None:
        """Write *data* later: the reader of a FIFO is slower than its writers."""
        self._waiting = data
        if self._call is None and not self._is_closed:
            self._call = self._reactor.callLater(RETRY_SECONDS, self._try_again)

    def _lose(self, lines: int, error: OSError) -> None:
        """Count *lines* that are lost because of *error*."""
        if lines and not self._lost:
            self._say_fault(error)
        self._lost += lines

    def _say_fault(self, error: OSError) -> None:
        self._log.error(
            "Cannot write to the access log {path}: {error}",
            path=self._path,
            error=error.strerror,
        )

    def _reopen_if_moved(self) -> bool:
        """
        Make the file anew if it is not there under its name any more.

        :return: whether it was made anew.
        """
        if self._path == "-":
            return False
        ours = self._descriptor
        mode = None
        try:
            is_there = os.path.samestat(os.fstat(ours), os.stat(self._path))
        except FileNotFoundError:
            is_there, mode = False, self._mode
        if not is_there:
            self._open()
            if mode is not None:  # twistd in the background has a umask of its own
                self._mode = mode
                with suppress(OSError):
                    os.fchmod(self._descriptor, mode)
            os.close(ours)
            return True
        return False

    def _open(self) -> None:
        if self._path == "-":
            output = StandardOutput()
            self._write_now, self._has_reader = output.write, output.has_reader
            return
        try:
            descriptor = os.open(self._path, _FLAGS, 0o640)
        except OSError as error:
            if error.errno != ENXIO:
                raise
            why = "it is a FIFO or a socket from which nobody reads"
            raise OSError(ENXIO, why, self._path) from None
        mode = os.fstat(descriptor).st_mode
        self._mode, self._has_reader = stat.S_IMODE(mode), stat.S_ISFIFO(mode)
        if not self._has_reader:
            os.set_blocking(descriptor, True)
        self._descriptor = descriptor
        self._write_now = lambda data: os.write(descriptor, data)
