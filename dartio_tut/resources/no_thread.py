"""
A moment in which no thread can be started, because the user or the container has as
many as it may have. It passes: clients are told to try again, and the log has a line a
minute.
"""

from __future__ import annotations

from http import HTTPStatus

from twisted.logger import Logger

from dartio_tut.wire import RepeatedLine

NO_THREAD_TEXT = "can't start new thread"
"""What Python says then, with an exception that has no class of its own."""

NO_THREAD = (
    HTTPStatus.SERVICE_UNAVAILABLE.value,
    "Too much is going on here. Try again.",
    ((b"Retry-After", b"1"),),
)
"""The arguments of the error that clients get."""

_refused = RepeatedLine()
_log = Logger()


def is_no_thread(error: Exception) -> bool:
    """Whether *error* says that no thread can be started; then the log has it."""
    if not (isinstance(error, RuntimeError) and NO_THREAD_TEXT in str(error)):
        return False
    if count := _refused.count():
        _log.error(
            "No thread can be started: this user, or this container, has as many as "
            "it may have ({count} since the last line)",
            count=count,
        )
    return True
