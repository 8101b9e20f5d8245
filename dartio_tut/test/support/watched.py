"""
Sites that are watched, in memory, and a clock that both of their times come from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import Limits, WatchedSite
from dartio_tut.resources import Recorder
from dartio_tut.resources.wire_view.recorded import RecordedExchange
from dartio_tut.testing import CLIENT_ADDRESS, Connection
from dartio_tut.wire import Event

from .function_resource import FunctionResource

LIMITS = Limits(body=10_000, header_time=5, body_time=5, idle_time=5, write_time=5)


class WatchedCase(SynchronousTestCase):
    """A site whose exchanges are recorded."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.recorder = Recorder(
            lambda: self.clock.seconds(), epoch=lambda moment: moment
        )
        self.render: Callable[[Any], Any] = lambda request: b"hello"
        self.held: list[Any] = []
        self.events: list[Event] = []
        self.site = self.new_site("hello")

    def new_site(self, name: str, limits: Limits = LIMITS) -> WatchedSite:
        """A site that is recorded as that of the server *name*."""
        resource = FunctionResource(lambda request: self.render(request))
        site = WatchedSite(
            resource,
            reactor=self.clock,
            limits=limits,
            watcher=self.recorder.watcher(name),
        )
        site.add_observer(self.events.append)
        return site

    def connect(self, site: WatchedSite | None = None) -> Connection:
        """A new connection."""
        channel = (site or self.site).buildProtocol(CLIENT_ADDRESS)
        return Connection(channel, self.clock)

    def hold(self, request: Any) -> int:
        """Keep *request* for later."""
        self.held.append(request)
        return NOT_DONE_YET

    @property
    def exchanges(self) -> list[RecordedExchange]:
        """Those that are shown, the oldest first."""
        return self.recorder.exchanges()

    def only(self) -> RecordedExchange:
        """The only exchange that is shown."""
        (exchange,) = self.exchanges
        return exchange
