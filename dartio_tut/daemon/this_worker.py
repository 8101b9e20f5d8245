"""
What a process knows of itself that is one of several workers: its number, the sockets
that it shares with the others, and how it speaks with its parent.

The parent gives orders on the worker's standard input, a line each. Its end is an
order, too: the parent is gone, and so no worker is left behind. The worker sends news
on another pipe, a line each: that it is ready, what it has counted, and the events of
its log as JSON.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterable, MutableMapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any, cast

from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import (
    ILogObserver,
    LogEvent,
    LogLevel,
    eventAsJSON,
    globalLogPublisher,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from dartio_tut.wire import SharedSockets

from .metrics import Counts
from .metrics_numbers import as_json
from .socket_activation import WORKER_VARIABLE
from .worker_loads import Loads

READY = b"ready"
"""The news that the process answers requests."""

COUNTS = b"counts"
"""The news that answers `ASK`: the number of the question, and the counts as JSON."""

ASK = b"ask"
"""The order to tell what was counted; it has a number."""

RETIRE, STOP, CUT_OFF = b"retire", b"stop", b"cut off"
"""The orders: another worker goes on; the daemon stops; it stops at once."""

STDERR = 2

LAST_BEATS = 20
"""
So many times as long as between two beats, and a worker that hangs ends itself: the
parent, which would have ended it in half of that, is gone.
"""

ORDER_BYTES = 4096


@dataclass(frozen=True)
class Place:
    """
    The place of a worker among the others.

    :param number: its own number, from 1.
    :param count: how many workers there are.
    :param news: the descriptor on which it sends news.
    :param sockets: those that it is to listen on, in the order of its endpoints.
    :param loads: the descriptor of the memory with everybody's connections.
    :param passed: how many sockets systemd has passed, from descriptor 3 on.
    :param beat: seconds between two signs that its reactor turns; 0 for none.
    :param config: what it is to take for the content of the file ``--config``; ``None``
        if it is to read that.
    """

    number: int
    count: int
    news: int
    loads: int
    sockets: tuple[int, ...]
    passed: int = 0
    beat: float = 0.0
    config: str | None = None

    def environment(self) -> dict[str, str]:
        """The variables from which `place_in` makes it again."""
        made = {WORKER_VARIABLE: json.dumps(asdict(self))}
        return made | ({"LISTEN_FDS": str(self.passed)} if self.passed else {})


def place_in(environ: MutableMapping[str, str]) -> Place | None:
    """
    The place of this process that *environ* has, which is taken out of there; ``None``
    if it is not a worker.
    """
    text = environ.pop(WORKER_VARIABLE, None)
    if text is None:
        return None
    found: dict[str, Any] = json.loads(text)
    return Place(**found | {"sockets": tuple(found["sockets"])})


class News:
    """
    Sends news to the parent; an observer of the log.

    Before it is ready, a worker says only what is wrong: the parent has said the rest.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = Lock()  # other threads log, too
        self._is_ready = False

    def __call__(self, event: LogEvent) -> None:
        """Hand an event of the log to the parent."""
        level = event.get("log_level", LogLevel.info)
        if self._is_ready or level >= LogLevel.warn:
            self._send(eventAsJSON(event).encode())

    def ready(self) -> None:
        """Say that this process answers requests."""
        self._is_ready = True
        self._send(READY)

    def counts(self, number: int, counts: Iterable[Counts]) -> None:
        """Tell *counts*, as the answer to the question *number*; 0: to none."""
        told = as_json(one.numbers() for one in counts)
        self._send(b"%b %d %b" % (COUNTS, number, told.encode()))

    def end(self) -> None:
        """Say from now on only what is wrong: Twisted tells how it ends."""
        self._is_ready = False

    def _send(self, line: bytes) -> None:
        rest = line + b"\n"
        with self._lock, suppress(OSError):  # the parent may be gone
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]


@implementer(IReadDescriptor)
class Orders:
    """
    Reads the orders of the parent.

    :param obey: is called with each; the last one is `STOP` when the parent is gone.
    """

    def __init__(
        self, reactor: Any, obey: Callable[[bytes], None], descriptor: int = 0
    ) -> None:
        self._reactor = reactor
        self._obey = obey
        self._descriptor = descriptor
        self._waiting = b""

    def start(self) -> None:
        """Read them from now on."""
        os.set_blocking(self._descriptor, False)
        self._reactor.addReader(self)

    def fileno(self) -> int:
        """The descriptor to be watched."""
        return self._descriptor

    def logPrefix(self) -> str:
        """The name of this reader in the reactor's log."""
        return "orders"

    def doRead(self) -> None:
        """Obey what has come."""
        try:
            data = os.read(self._descriptor, ORDER_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._reactor.removeReader(self)
            self._obey(STOP)
        *orders, self._waiting = (self._waiting + data).split(b"\n")
        for order in orders:
            self._obey(order)

    def connectionLost(self, reason: Failure) -> None:
        """The parent is gone, as Twisted tells it; or the reactor stops."""
        self._obey(STOP)


class ThisWorker:
    """
    This process, as a worker.

    :ivar place: its place among the others.
    :ivar news: what it tells its parent.
    :ivar loads: how many connections the workers have.
    :ivar counts: what its servers have counted, if anybody wants to know.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.news = News(place.news)
        self.loads = Loads(place.loads, place.number)
        self.counts: list[Counts] = []
        for descriptor in (place.news, place.loads, *place.sockets):
            os.set_inheritable(descriptor, False)

    def beat(self) -> None:
        """The reactor turns."""
        self.loads.beat()
        last = LAST_BEATS * self.place.beat
        # A thread of C, which needs no lock of Python's, shows where it hangs, and ends
        # the process.
        faulthandler.dump_traceback_later(last, exit=True, file=STDERR)

    def shared_sockets(self) -> SharedSockets:
        """The sockets to listen on."""
        found = [socket.socket(fileno=number) for number in self.place.sockets]
        for each in found:
            each.setblocking(False)
        return SharedSockets(found, self.loads)


_this: ThisWorker | None = None


def this_worker() -> ThisWorker | None:
    """This process as a worker; ``None`` if it is not one."""
    return _this


def config_of_parent() -> str | None:
    """What the parent says that the file ``--config`` has, if it says so."""
    return None if _this is None else _this.place.config


def run_twistd() -> None:
    """Run twistd as its command does."""
    from twisted.scripts.twistd import run

    run()


def run_worker(run: Callable[[], object] = run_twistd) -> None:
    """
    Run a daemon as the worker that the environment says. Its own log is dropped: all
    events go to the parent.

    :param run: runs the daemon; twistd, by the command line, if nothing else is said.
    """
    global _this
    place = place_in(os.environ)
    if place is not None:
        _this = ThisWorker(place)
        globalLogPublisher.addObserver(cast("ILogObserver", _this.news))
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (as long as the process)
        # A terminal sends it to all processes, and the parent says what is to be done.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # Whoever has the parent begin its log anew may send it to all processes.
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        # One that hangs is ended by SIGABRT, and then shows on stderr where it was.
        faulthandler.enable(file=STDERR)
    run()
