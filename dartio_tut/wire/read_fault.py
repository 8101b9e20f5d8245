"""
The log line for a file that cannot be read while it is being sent: the disk fails, say,
or what is mounted has gone. A client that has the head by then sees no more than that
the connection, or the stream of HTTP/2, ends.
"""

from __future__ import annotations

import os
from contextlib import suppress

from twisted.logger import Logger

from .not_bytes import shown
from .repeated_line import RepeatedLine

_log = Logger()
_told = RepeatedLine()


def report_read_fault(descriptor: int, error: OSError) -> None:
    """
    Have the log tell, at most once a minute, that the open file *descriptor* cannot be
    read any further: *error*.
    """
    count = _told.count()
    if count:
        path = b"A file"
        with suppress(OSError):  # /proc may not be mounted
            path = os.readlink(b"/proc/self/fd/%d" % descriptor)
        _log.error(
            "{path} cannot be sent to its end: {error} ({count} since the last line)",
            path=shown(path),
            error=error.strerror,
            count=count,
        )
