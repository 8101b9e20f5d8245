"""
Stopping without losing what was accepted.

A daemon that is told to stop accepts no more connections. Exchanges under way are
finished; connections that wait for another request are closed at once, and so are
streams of events, which have no end of their own. What is not finished within the grace
period is cut off. Another signal cuts it off at once.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from threading import current_thread, main_thread
from types import FrameType
from typing import Any, Protocol

from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger

from dartio_tut.wire import leave_to_others

from .site import Site

GRACE_SECONDS = 30.0
"""
Time for exchanges under way: gunicorn's, and a third of what systemd allows for a stop.
"""

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_SignalHandler = Callable[[int, FrameType | None], object]

_log = Logger()


class Draining:
    """
    Ends the connections of *site*.

    :param grace: seconds that exchanges under way may take.
    """

    def __init__(self, site: Site, grace: float, reactor: Any) -> None:
        self._site = site
        self._grace = grace
        self._reactor = reactor

    def start(self) -> Deferred[None]:
        """End all connections; fires when there are none left."""
        drained = self._site.drain()
        if drained.called:
            return drained
        if self._grace > 0:
            _log.info(
                "Finishing what is under way on {count} connections, for at most "
                "{grace:g} s; another signal ends it",
                count=self._site.connection_limit.count,
                grace=self._grace,
            )
        grace_call = self._reactor.callLater(self._grace, self.cut_off)
        _under_way.add(self)

        def ended(_: None) -> None:
            _under_way.discard(self)
            if grace_call.active():
                grace_call.cancel()

        return drained.addCallback(ended)

    def cut_off(self) -> None:
        """Close the connections now."""
        _log.warn(
            "Closing {count} connections in the middle of something",
            count=self._site.connection_limit.count,
        )
        self._site.abort()


class CanBeCutOff(Protocol):
    """Something that takes a while to stop."""

    def cut_off(self) -> None:
        """Take no longer."""


_under_way: set[CanBeCutOff] = set()
"""What stops: one for each server of this process."""


def cut_off_all() -> None:
    """Let all that is stopping stop at once."""
    for stopping in list(_under_way):
        stopping.cut_off()


def may_be_cut_off(stopping: CanBeCutOff) -> None:
    """Let *stopping* be cut off, too, when another signal comes."""
    _under_way.add(stopping)


class Retiring:
    """
    Lets the clients of *site* go while another process has taken its place.

    :param grace: seconds until the site is not waited for any longer.
    """

    def __init__(self, site: Site, grace: float, reactor: Any) -> None:
        self._site = site
        self._grace = grace
        self._reactor = reactor

    def start(self) -> Deferred[None]:
        """Close connections after their next response; fires in time."""
        over: Deferred[None] = Deferred()

        def end(_: None) -> None:
            if call.active():
                call.cancel()
            if not over.called:
                over.callback(None)

        call = self._reactor.callLater(self._grace, end, None)
        self._site.retire().addCallback(end)
        return over


def cut_off_at_next_signal(reactor: Any) -> None:
    """
    The reactor stops: let a signal from now on cut off what is under way.

    Twisted handles the first signal to stop, and takes another one for a mistake.
    """

    def cut_off_soon() -> None:
        cut_off_all()
        # Both signals may come before the reactor has begun to stop.
        reactor.addSystemEventTrigger("before", "shutdown", cut_off_all)

    def handle(number: int, frame: FrameType | None) -> None:
        reactor.callFromThread(cut_off_soon)

    if current_thread() is main_thread():
        for number in _STOP_SIGNALS:
            signal.signal(number, handle)


class _FirstSignal:
    """
    Handles the first signal to stop as Twisted does, and no other one.

    :param handle: Twisted's handler, which stops the reactor.
    """

    def __init__(self, handle: _SignalHandler, reactor: Any) -> None:
        self._handle = handle
        self._reactor = reactor

    def __call__(self, number: int, frame: FrameType | None) -> None:
        cut_off_at_next_signal(self._reactor)
        self._handle(number, frame)


def stop_at_first_signal(reactor: Any) -> None:
    """
    The reactor runs: let a second signal never be for Twisted, however soon it comes.

    It would stop the reactor once more, which is an error, and is logged.
    """
    if current_thread() is not main_thread():
        return
    for number in _STOP_SIGNALS:
        before = signal.getsignal(number)
        if callable(before) and not isinstance(before, _FirstSignal):
            signal.signal(number, _FirstSignal(before, reactor))


def take_signals_to_stop(reactor: Any) -> None:
    """Let the first signal stop *reactor*, and another one cut off what holds it up."""
    add = reactor.addSystemEventTrigger
    add("after", "startup", stop_at_first_signal, reactor)
    add("before", "shutdown", cut_off_at_next_signal, reactor)


def take_signal_as_order(reactor: Any, stop: Callable[[], None]) -> None:
    """
    Let SIGTERM call *stop*, each time it comes.

    Who ends all processes of a service sends it to those as well that their parent
    tells to stop. It would cut off what the parent lets them finish.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        reactor.callFromThread(stop)

    if current_thread() is main_thread():
        signal.signal(signal.SIGTERM, handle)


def retire(
    ports: Sequence[IListeningPort], site: Site, grace: float, reactor: Any
) -> Deferred[None]:
    """
    Close *ports*, whose sockets others have, too; fires when the clients of *site* have
    gone, or have taken as long as the *grace* is.
    """
    for port in ports:
        leave_to_others(port)
    closed = gatherResults([maybeDeferred(port.stopListening) for port in ports])
    return closed.addCallback(lambda _: Retiring(site, grace, reactor).start())
