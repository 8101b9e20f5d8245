"""
What the process of a daemon is: one that serves alone, or one of several workers. Their
parent is in `parent_role`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn, Protocol

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import LoopingCall

from dartio_tut.wire import SharedSockets

from .draining import cut_off_all, take_signal_as_order, take_signals_to_stop
from .metrics import Counts
from .metrics_port import MetricsPort, OwnCounts, metrics_port
from .reloading import reload_at_hangup
from .service_manager import SYSTEMD
from .startup import ENVIRONMENT_EXIT, fail_startup
from .this_worker import ASK, CUT_OFF, RETIRE, Orders, ThisWorker


class IDaemon(Protocol):
    """A daemon, as far as its role is concerned."""

    def reloads(self) -> Sequence[Callable[[], object]]:
        """What SIGHUP calls."""

    def tell(self) -> None:
        """Log where it can be reached."""

    def tell_systemd(self) -> None:
        """Tell systemd that it answers."""

    def count_connections(self, publish: Callable[[int], None]) -> None:
        """Call *publish* whenever there are more connections, or fewer."""

    def retire(self) -> Deferred[None]:
        """Accept no more clients; fires when all have gone, or have had their time."""

    def drain(self) -> Deferred[None]:
        """Finish what is under way; fires when all of it is."""


class Role(Protocol):
    """
    What a process is. Several servers in one process share it, and each of them calls
    the methods below.

    :cvar serves: whether it answers requests itself.
    :cvar runs_services: whether it runs what belongs to the server beside it, such as
        the redirect to HTTPS; of several processes, only one does.
    :cvar owns_sockets: whether nobody listens on its sockets when it has stopped.
    """

    serves: bool
    runs_services: bool
    owns_sockets: bool

    def sockets(self, count: int) -> SharedSockets:
        """The sockets to listen on, for so many endpoints; none: its own."""

    def bound(self, ports: Sequence[tuple[str, IListeningPort]]) -> None:
        """The daemon listens on *ports*."""

    def metrics_port(self, endpoint: str, counts: Counts) -> MetricsPort | None:
        """
        The port that shows *counts* at *endpoint*; ``None`` if another process has it.

        :raise StartupError: when the library for it is not there.
        """

    def begin(self, daemon: IDaemon, reactor: Any) -> None:
        """The daemon begins."""

    def take_signals(self, reactor: Any) -> None:
        """Let signals stop this process."""

    def end(self, daemon: IDaemon) -> Deferred[None]:
        """The daemon listens no more; fires when all is done that is under way."""


_own_counts = OwnCounts()


class Alone:
    """A process that serves alone."""

    serves = runs_services = owns_sockets = True

    def sockets(self, count: int) -> SharedSockets:
        """Its own."""
        return SharedSockets()

    def bound(self, ports: Sequence[tuple[str, IListeningPort]]) -> None:
        """Nothing more."""

    def metrics_port(self, endpoint: str, counts: Counts) -> MetricsPort | None:
        """That of this process."""
        _own_counts.counts.append(counts)
        return metrics_port(endpoint, _own_counts)

    def begin(self, daemon: IDaemon, reactor: Any) -> None:
        """Reload at SIGHUP, and tell everybody when the reactor runs."""
        reactor.addSystemEventTrigger(
            "after", "startup", reload_at_hangup, reactor, daemon.reloads()
        )
        reactor.addSystemEventTrigger("after", "startup", daemon.tell_systemd)
        reactor.addSystemEventTrigger("before", "shutdown", SYSTEMD.stopping)
        # Only a running reactor answers, and has its signal handlers in place.
        reactor.callWhenRunning(daemon.tell)

    def take_signals(self, reactor: Any) -> None:
        """The first lets it finish what is under way, another one ends that."""
        take_signals_to_stop(reactor)

    def end(self, daemon: IDaemon) -> Deferred[None]:
        """Finish what is under way."""
        return daemon.drain()


def _ignore(count: int) -> None:
    """Nobody wants to know."""


def publishers(
    number: int, publish: Callable[[int], None]
) -> Sequence[Callable[[int], None]]:
    """
    What to call with the connections of each of so many servers.

    :param publish: is called with those of all.
    """
    if number == 1:
        return (publish,)
    counts = [0] * number

    def publisher(index: int) -> Callable[[int], None]:
        def publish_sum(count: int) -> None:
            counts[index] = count
            publish(sum(counts))

        return publish_sum

    return [publisher(index) for index in range(number)]


class WorkerRole:
    """
    One of several processes that serve.

    :param this: what this process knows of that.
    """

    serves, runs_services, owns_sockets = True, False, False

    def __init__(self, this: ThisWorker) -> None:
        self._this = this
        self._left: SharedSockets | None = None
        self._daemons: list[IDaemon] = []

    def sockets(self, count: int) -> SharedSockets:
        """
        Those of the parent.

        :raise StartupError: when there are not as many as endpoints.
        """
        if self._left is None:
            self._left = self._this.shared_sockets()
        found, load = self._left
        if len(found) < count:
            self._fail("more")
        self._left = SharedSockets(found[count:], load)
        return SharedSockets(found[:count], load)

    def _fail(self, what: str) -> NoReturn:
        fail_startup(
            f"there are {what} addresses to listen on now than when the daemon was "
            "started: start it again",
            ENVIRONMENT_EXIT,
        )

    def bound(self, ports: Sequence[tuple[str, IListeningPort]]) -> None:
        """Nothing more."""

    def metrics_port(self, endpoint: str, counts: Counts) -> MetricsPort | None:
        """The parent has it, and asks for the counts."""
        self._this.counts.append(counts)
        return None

    def begin(self, daemon: IDaemon, reactor: Any) -> None:
        """
        Tell the parent when requests are answered, and obey it.

        :raise StartupError: when there are more sockets than endpoints.
        """
        self._daemons.append(daemon)
        reactor.addSystemEventTrigger(
            "after", "startup", reload_at_hangup, reactor, daemon.reloads()
        )
        if len(self._daemons) > 1:
            return
        if self._left and self._left.sockets:  # all servers of this process have theirs
            self._fail("fewer")
        self._reactor = reactor
        Orders(reactor, self._obey).start()
        reactor.addSystemEventTrigger("after", "startup", self._ready)
        reactor.addSystemEventTrigger("before", "shutdown", self._this.news.end)

    def take_signals(self, reactor: Any) -> None:
        """SIGTERM is no more than the parent's order to stop."""
        reactor.addSystemEventTrigger(
            "after", "startup", take_signal_as_order, reactor, self._stop
        )

    def _ready(self) -> None:
        publish = publishers(len(self._daemons), self._this.loads.publish)
        for daemon, each in zip(self._daemons, publish, strict=True):
            daemon.count_connections(each)
        if self._this.place.beat:
            beats = LoopingCall(self._this.beat)
            beats.clock = self._reactor
            beats.start(self._this.place.beat)
        self._this.news.ready()

    def _obey(self, order: bytes) -> None:
        if order.startswith(ASK):
            number = int(order.removeprefix(ASK))
            self._this.news.counts(number, self._this.counts)
            return
        if order == RETIRE:
            self._retire()
            return
        if order == CUT_OFF:
            cut_off_all()
        self._stop()

    def _retire(self) -> None:
        for daemon in self._daemons:
            daemon.count_connections(_ignore)  # the number is the next one's
        gone = [daemon.retire() for daemon in self._daemons]
        gatherResults(gone).addCallback(lambda _: self._stop())

    def _stop(self) -> None:
        with suppress(ReactorNotRunning):  # it stops already
            self._reactor.stop()

    def end(self, daemon: IDaemon) -> Deferred[None]:
        """Finish what is under way, and tell what was counted."""
        return daemon.drain().addCallback(self._tell_counts)

    def _tell_counts(self, _: None) -> None:
        if self._this.counts:
            self._this.news.counts(0, self._this.counts)
