"""
Reading again what changes while a daemon runs: at SIGHUP, and certificates by
themselves when their files change.

SIGHUP never ends a daemon, with one exception: when the terminal goes away from which a
person has started it, it ends as other programs do. While a daemon starts, the signal
waits: `dartio_tut.servers` sees to that.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from errno import EBADF, EIO
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

from twisted.internet.defer import gatherResults, maybeDeferred
from twisted.internet.error import ReactorNotRunning
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from .served_certificate import Certificates
from .service_manager import SYSTEMD

FILES_CHECK_SECONDS = 10.0
"""Seconds between two looks at the files of a certificate."""

EXPIRY_SECONDS = 24 * 3600.0
"""Seconds between two warnings that a certificate expires soon."""

HELD_SIGNALS = frozenset((signal.SIGHUP, signal.SIGUSR1))
"""What may have come while the daemon started, and waits."""

_log = Logger()


class CertificateWatch:
    """
    Looks after *certificates* while a daemon runs.

    :param reactor: tells the time.
    """

    def __init__(self, certificates: Sequence[Certificates], reactor: Any) -> None:
        looks = LoopingCall(self._look)
        expiry = LoopingCall(self._warn_of_expiry)
        self._calls = ((looks, FILES_CHECK_SECONDS), (expiry, EXPIRY_SECONDS))
        self._certificates = certificates
        for call, _ in self._calls:
            call.clock = reactor

    def start(self) -> None:
        """Look from now on."""
        for call, seconds in self._calls if self._certificates else ():
            call.start(seconds)

    def stop(self) -> None:
        """Look no more."""
        for call, _ in self._calls:
            if call.running:
                call.stop()

    def _look(self) -> None:
        for certificate in self._certificates:
            try:
                certificate.reload_if_changed()
            except Exception:  # noqa: BLE001  (it is looked at again)
                _log.failure("A certificate could not be read")

    def _warn_of_expiry(self) -> None:
        for certificate in self._certificates:
            certificate.warn_of_expiry()


_reloads: list[Callable[[], object]] = []
"""What SIGHUP calls: some for each server of this process."""


def also_reload(reloads: Sequence[Callable[[], object]]) -> None:
    """Call each of *reloads*, too, once `reload_at_hangup` has been called."""
    _reloads.extend(reloads)


def reload_at_hangup(reactor: Any, reloads: Sequence[Callable[[], object]]) -> None:
    """
    Call each of *reloads* when SIGHUP comes, as long as the process runs, or has come
    while it started. One that takes a while returns a Deferred.
    """
    _reloads.extend(reloads)
    if current_thread() is not main_thread():
        return
    had_terminal = _terminal_error() in (0, EIO)

    def reload() -> None:
        if had_terminal and _terminal_error():
            _log.info("Received SIGHUP: the terminal has gone")
            # Shells and the kernel both send it then, so it may be stopping already.
            with suppress(ReactorNotRunning):
                reactor.stop()
            return
        _log.info("Received SIGHUP: reading certificates and opening logs again")
        SYSTEMD.reloading()
        begun = [maybeDeferred(each).addErrback(_say_failed) for each in _reloads]
        gatherResults(begun).addCallback(lambda _: SYSTEMD.reloaded())

    def handle(number: int, frame: FrameType | None) -> None:
        reactor.callFromThread(reload)

    signal.signal(signal.SIGHUP, handle)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)


def _say_failed(failure: Failure) -> None:
    """Tell of what could not be read again: the others are read all the same."""
    _log.failure("Reading again has failed", failure)


def _terminal_error() -> int:
    """0 if the standard input is a terminal; `EIO` if it was one that has gone."""
    try:
        os.ttyname(sys.__stdin__.fileno())  # type: ignore[union-attr]  # caught below
    except OSError as error:
        return error.errno or EIO
    except (AttributeError, ValueError):  # it is closed
        return EBADF
    return 0
