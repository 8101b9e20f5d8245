"""
The access log: one line for each exchange, whatever became of it.

The lines are those of Apache's and nginx's combined format. A line of an exchange that
was not completed has one more quoted field at its end, which says how it ended::

    192.0.2.7 - - [26/Nov/2026:00:31:02 +0000] "GET /a HTTP/1.1" 200 512 "-" "curl/8"
    192.0.2.7 - - [26/Nov/2026:00:31:05 +0000] "GET / HTTP/9.9" 505 31 "-" "-" "refused:
    version not supported (RFC 9110 section 15.6.6)"

The status is that of the response. Where none was sent it is 499 if the client had gone
(nginx's number for it), else 000. The size is that of the response body as far as it
was sent.

Rule: the log never stops the service. What cannot be written is lost, and counted.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from errno import EAGAIN, ENXIO
from time import gmtime, strftime
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from dartio_tut.wire import Ending, Event, ExchangeDone

FLUSH_SECONDS = 1.0
"""How long a line may wait until it is written."""

BUFFER_BYTES = 64 * 1024
"""Bytes of lines that are kept until then."""

MAX_WAITING_BYTES = 1024 * 1024
"""Bytes that wait for the reader of a FIFO; it has another 64 KiB in the kernel."""

CLIENT_GONE_STATUS = "499"
NO_STATUS = "000"

_FLAGS = (
    os.O_WRONLY
    | os.O_APPEND
    | os.O_CREAT
    | os.O_CLOEXEC
    | os.O_NOCTTY
    | os.O_NONBLOCK  # opening a FIFO waits for nobody
)

_UNSAFE = re.compile(rb"[^ !#-\[\]-~]")
"""What would end a quoted field, or be no printable ASCII."""


class AccessLog:
    """
    Writes a line for each exchange; an observer of a site.

    A file that was renamed or removed is made anew under its name within a second, so
    that ``logrotate`` needs no signal.

    :param path: the file to append to; ``-`` is standard output.
    :param reactor: calls when it is time to write.
    :param only_check: whether to see only that the file can be opened; then it is not
        made.
    :raise OSError: when the file cannot be opened.
    """

    _log = Logger()

    def __init__(self, path: str, reactor: Any, only_check: bool = False) -> None:
        self._reactor = reactor
        self._lines: list[bytes] = []
        self._bytes = 0
        self._waiting = b""
        self._lost = 0
        self._call: Any = None
        self._is_closed = False
        self._second = -1
        self._time = ""
        if only_check and path != "-" and not os.path.exists(path):
            path = os.devnull
        self._path = path
        self._descriptor = self._opened()

    def __call__(self, event: Event) -> None:
        """Note an exchange that is done."""
        if isinstance(event, ExchangeDone):
            line = self._line(event)
            self._lines.append(line)
            self._bytes += len(line)
            if self._is_closed or self._bytes > BUFFER_BYTES:
                self._write()
            elif self._call is None:
                self._call = self._reactor.callLater(FLUSH_SECONDS, self._flush)

    def reopen(self) -> None:
        """Write what waits, and leave a file that was moved."""
        self._write()
        try:
            self._reopen_if_moved()
        except OSError as error:
            self._say_fault(error)

    def close(self) -> Deferred[None]:
        """
        Write what is left. Exchanges that end with the process, which are still to
        come, are written at once; so the file stays open.
        """
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._is_closed = True
        self._write()
        return succeed(None)

    def _line(self, event: ExchangeDone) -> bytes:
        host = getattr(event.peer, "host", None) or "-"
        request = b" ".join(filter(None, (event.method, event.target, event.version)))
        status = f"{event.status:03}"
        if not event.status:
            has_gone = event.ending is Ending.CLIENT_GONE
            status = CLIENT_GONE_STATUS if has_gone else NO_STATUS
        line = (
            f"{host} - - [{self._at(event.ended)}] {_quoted(request or b'-')} {status} "
            f"{event.response_body_bytes} {_quoted(event.fields(b'referer'))} "
            f"{_quoted(event.fields(b'user-agent'))}"
        )
        if event.ending is not Ending.COMPLETE:
            line += f' "{_ending(event)}"'
        return line.encode("ascii", "backslashreplace") + b"\n"

    def _at(self, moment: float) -> str:
        """*moment* in the format of the log, made once a second."""
        second = int(moment)
        if second != self._second:
            self._second = second
            self._time = strftime("%d/%b/%Y:%H:%M:%S +0000", gmtime(second))
        return self._time

    def _flush(self) -> None:
        self._call = None
        self._write()

    def _write(self) -> None:
        """Write whole lines; those that cannot be written are lost."""
        lines, self._lines, self._bytes = self._lines, [], 0
        if len(self._waiting) > MAX_WAITING_BYTES:
            self._lose(len(lines), BlockingIOError(EAGAIN, "its reader does not read"))
            lines = []
        data, self._waiting = self._waiting + b"".join(lines), b""
        if not data:
            return
        try:
            self._reopen_if_moved()
            while data:
                data = data[os.write(self._descriptor, data) :]
        except BlockingIOError:
            self._wait_for_reader(data)
            return
        except OSError as error:
            self._lose(len(lines), error)
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
            self._call = self._reactor.callLater(FLUSH_SECONDS, self._flush)

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

    def _reopen_if_moved(self) -> None:
        """Make the file anew if it is not there under its name any more."""
        if self._path == "-":
            return
        ours = os.fstat(self._descriptor)
        try:
            named = os.stat(self._path)
        except FileNotFoundError:
            named = None
        if named is None or (named.st_dev, named.st_ino) != (ours.st_dev, ours.st_ino):
            opened = self._opened()
            os.close(self._descriptor)
            self._descriptor = opened

    def _opened(self) -> int:
        if self._path == "-":
            return sys.__stdout__.fileno() if sys.__stdout__ is not None else 1
        try:
            descriptor = os.open(self._path, _FLAGS, 0o640)
        except OSError as error:
            if error.errno != ENXIO:
                raise
            why = "it is a FIFO or a socket from which nobody reads"
            raise OSError(ENXIO, why, self._path) from None
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.set_blocking(descriptor, True)
        return descriptor


def _quoted(value: bytes | None) -> str:
    """*value* as a quoted field, in which nothing ends it or breaks the line."""
    if not value:
        return '"-"'
    safe = _UNSAFE.sub(lambda found: b"\\x%02x" % found[0][0], value)
    return f'"{safe.decode("ascii")}"'


def _ending(event: ExchangeDone) -> str:
    """How an exchange ended that was not completed."""
    said = event.ending.value
    if event.reason:
        said += f": {event.reason}"
    return said + (f" ({event.clause})" if event.clause else "")
