"""
Moments in which no thread can be started, or no memory or file descriptor is left,
because the process, its user or the container has as many as it may have. They pass:
clients are told to try again, and the log has a line a minute.
"""

from __future__ import annotations

from collections import defaultdict
from errno import EMFILE, ENFILE, ENOMEM
from http import HTTPStatus

from twisted.logger import Logger

from dartio_tut.wire import RepeatedLine

NO_THREAD_TEXT = "can't start new thread"
"""What Python says then, with an exception that has no class of its own."""

USED_UP = (
    HTTPStatus.SERVICE_UNAVAILABLE.value,
    "Too much is going on here. Try again.",
    ((b"Retry-After", b"1"),),
)
"""The arguments of the error that clients get."""

_TEXTS = {
    EMFILE: "No file descriptor is left: this process has as many as it may have",
    ENFILE: "No file descriptor is left on this machine",
    ENOMEM: "No memory is left",
}

_NO_THREAD = (
    "No thread can be started: this user, or this container, has as many as it may have"
)

_told: defaultdict[str, RepeatedLine] = defaultdict(RepeatedLine)
_log = Logger()


def is_used_up(error: Exception) -> bool:
    """
    Whether *error* says that threads, memory or file descriptors are used up; then the
    log has it.
    """
    text = _what_is_used_up(error)
    if not text:
        return False
    if count := _told[text].count():
        _log.error("{text} ({count} since the last line)", text=text, count=count)
    return True


def _what_is_used_up(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return _TEXTS[ENOMEM]
    if isinstance(error, OSError):
        return _TEXTS.get(error.errno or 0, "")
    is_thread = isinstance(error, RuntimeError) and NO_THREAD_TEXT in str(error)
    return _NO_THREAD if is_thread else ""
