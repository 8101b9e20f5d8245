"""
What the log says of a disk, or a database, that fails.

Rule: a fault is said once, in one line, however many operations it ends. When one
succeeds again, that is said as well, with the number of those that had failed.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from twisted.logger import Logger
from twisted.python.failure import Failure

from .interface import StoreFailed, StoreUnavailable

SECONDS_BETWEEN_REPORTS = 60
"""How often a fault that comes and goes is said: one document that cannot be read must
not fill the log while all others can."""

_log = Logger()


class FaultReport:
    """
    Tells the log whether operations of one kind fail.

    :param subject: what the lines begin with, such as ``Writing to the store in DIR``.
    :param now: a clock, in seconds, that is never set back.
    :ivar is_failing: whether the last that was said is that they fail.
    """

    def __init__(self, subject: str, now: Callable[[], float] = monotonic) -> None:
        self._subject = subject
        self._now = now
        self._failed = 0
        self._text = ""
        self._said = -float(SECONDS_BETWEEN_REPORTS)
        self.is_failing = False

    def failure(self, error: Exception) -> Exception:
        """
        What an operation that ended with *error* fails with: a `StoreFailed` in the
        place of another `OSError`, because the log has it now.
        """
        cause: object = error
        if isinstance(error, StoreUnavailable):
            cause = error.__cause__
        if isinstance(cause, OSError):
            self._count(_text(cause))
        if isinstance(error, OSError):
            return _as_failed(error)
        return error

    def ended(self, outcome: Any) -> Any:
        """
        The *outcome* of a Deferred, or what it is to be instead; for its callbacks.
        """
        if not isinstance(outcome, Failure):
            if self.is_failing:
                self.success()
            return outcome
        if not isinstance(outcome.value, Exception):
            return outcome
        error = self.failure(outcome.value)
        return outcome if error is outcome.value else Failure(error)

    def success(self) -> None:
        """Tell that an operation has succeeded, after some that have not."""
        self.is_failing = False
        _log.info(
            "{subject} works again. Operations that had failed: {failed}",
            subject=self._subject,
            failed=self._failed,
        )
        self._failed = 0

    def _count(self, text: str) -> None:
        self._failed += 1
        if self.is_failing and text == self._text:
            return
        now = self._now()
        if now - self._said < SECONDS_BETWEEN_REPORTS:
            return
        self.is_failing, self._text, self._said = True, text, now
        _log.error("{subject} fails: {text}", subject=self._subject, text=text)


def _text(error: OSError) -> str:
    """*error* on one line, without its number."""
    text = error.strerror or str(error)
    path = error.filename2 or error.filename
    return " ".join((f"{path!s}: {text}" if path else text).split())


def _as_failed(error: OSError) -> StoreFailed:
    failed = StoreFailed(*error.args)
    if error.filename is not None:
        failed.filename = error.filename
    failed.__cause__ = error
    return failed
