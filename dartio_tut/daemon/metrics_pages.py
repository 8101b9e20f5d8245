"""
The pages for those who watch over a daemon.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from twisted.internet.defer import Deferred
from twisted.web.http import NOT_FOUND
from twisted.web.server import NOT_DONE_YET, Request

from .health import ALIVE, HEALTH, READINESS, PlainPages, prepare_page, readiness
from .metrics_numbers import Numbers


class WorkerNumbers(NamedTuple):
    """
    How the workers are.

    :ivar configured: how many there should be.
    :ivar answering: how many have just answered their parent, and accept clients.
    :ivar ended: how many have ended so far without being told to.
    """

    configured: int
    answering: int
    ended: int


METRICS_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
"""The format of Prometheus that all who collect can read."""


class Snapshot(NamedTuple):
    """
    How a daemon is at a moment.

    :ivar servers: the counts of its servers.
    :ivar is_ready: whether all of them take requests.
    :ivar workers: how its workers are, if it has any.
    """

    servers: Sequence[Numbers]
    is_ready: bool
    workers: WorkerNumbers | None = None


class IMeasured(Protocol):
    """What has counts."""

    def ask(self, only_ready: bool = False) -> Deferred[Snapshot]:
        """
        What they are now; fires in a moment, and never fails.

        :param only_ready: whether ``is_ready`` is all that is wanted.
        """


class MetricsPages(PlainPages):
    """The pages of a port, which show what *measured* counts."""

    def __init__(self, measured: IMeasured) -> None:
        super().__init__()
        self._measured = measured
        self._pages: dict[bytes, Callable[[Request, Snapshot], bytes]] = {
            b"/metrics": show_metrics,
            READINESS: show_readiness,
        }

    def render_GET(self, request: Request) -> bytes | int:
        """Answer with the page that was asked for."""
        prepare_page(request)
        if request.path == HEALTH:
            return ALIVE
        page = self._pages.get(request.path)
        if page is None:
            request.setResponseCode(NOT_FOUND)
            return b"Not found. There are /metrics, /healthz and /readyz.\n"
        gone: list[object] = []
        request.notifyFinish().addErrback(gone.append)

        def show(snapshot: Snapshot) -> None:
            if not gone:
                body = page(request, snapshot)
                request.setHeader(b"Content-Length", b"%d" % len(body))
                request.write(body)
                request.finish()

        only_ready = request.path == READINESS
        self._measured.ask(only_ready).addCallback(show)
        return NOT_DONE_YET


def show_readiness(request: Request, snapshot: Snapshot) -> bytes:
    """The page ``/readyz``."""
    return readiness(request, snapshot.is_ready)


def show_metrics(request: Request, snapshot: Snapshot) -> bytes:
    """The page ``/metrics``."""
    # Imported late: the library is an extra.
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import generate_latest

    from .metrics_collector import Collector

    registry = CollectorRegistry()
    registry.register(Collector(snapshot))
    request.setHeader(b"Content-Type", METRICS_TYPE)
    return generate_latest(registry)
