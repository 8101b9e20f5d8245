"""
The port for those who watch over a daemon: ``/metrics`` in Prometheus's text format,
``/healthz`` and ``/readyz``.

All servers of a process that are given the same endpoint share it. It is the last to
close, so that ``/readyz`` can say that a daemon is about to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort
from twisted.web.http import NOT_FOUND, SERVICE_UNAVAILABLE
from twisted.web.resource import Resource
from twisted.web.server import Request

from .binding import bind
from .listening import cannot_listen_text
from .metrics import BYTES, SECONDS, Counts
from .site import Site
from .startup import fail_startup, startup_errors

NEEDS_EXTRA = "--metrics needs a library: pip install 'dartio-tut[metrics]'"


class MetricsPort:
    """
    One endpoint, with the counts of all servers that share it.

    :param endpoint: an endpoint string.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._counts: list[Counts] = []
        self._running = 0
        self._port: IListeningPort | None = None
        self._site = Site(MetricsPages(self._counts))

    def add(self, counts: Counts) -> None:
        """Show *counts*, too."""
        self._counts.append(counts)

    def start(self, reactor: Any) -> None:
        """
        A server starts: listen, if this is the first.

        :raise StartupError: when that is not possible.
        """
        self._running += 1
        if self._port is None:
            with startup_errors(f"--metrics: {cannot_listen_text(self._endpoint)}"):
                endpoint = serverFromString(reactor, self._endpoint)
                self._port = bind(endpoint, self._site)

    def close(self) -> Deferred[None]:
        """A server has stopped: close, if it was the last."""
        self._running -= 1
        if self._running > 0 or self._port is None:
            return succeed(None)
        port, self._port = self._port, None
        closed = maybeDeferred(port.stopListening)
        return closed.addCallback(lambda _: self._site.abort())


_ports: dict[str, MetricsPort] = {}
"""Those of this process, by their endpoints."""


def metrics_port(endpoint: str) -> MetricsPort:
    """
    What this process shows at *endpoint*.

    :raise StartupError: when the library for it is not there.
    """
    try:
        import prometheus_client  # noqa: F401
    except ImportError:
        fail_startup(NEEDS_EXTRA)
    return _ports.setdefault(endpoint, MetricsPort(endpoint))


class MetricsPages(Resource):
    """The pages of a port, which show *counts*."""

    isLeaf = True

    def __init__(self, counts: Sequence[Counts]) -> None:
        super().__init__()
        self._counts = counts
        self._pages: dict[bytes, Callable[[Request], bytes]] = {
            b"/metrics": self._metrics,
            b"/healthz": self._health,
            b"/readyz": self._readiness,
        }

    def render_GET(self, request: Request) -> bytes:
        """Answer with the page that was asked for."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        request.setHeader(b"Cache-Control", b"no-store")
        page = self._pages.get(request.path)
        if page is None:
            request.setResponseCode(NOT_FOUND)
            return b"Not found. There are /metrics, /healthz and /readyz.\n"
        return page(request)

    def _health(self, request: Request) -> bytes:
        """Whoever reads this knows that the reactor turns."""
        return b"ok\n"

    def _readiness(self, request: Request) -> bytes:
        if all(one.is_ready for one in self._counts):
            return b"ready\n"
        request.setResponseCode(SERVICE_UNAVAILABLE)
        return b"about to stop\n"

    def _metrics(self, request: Request) -> bytes:
        from prometheus_client import CollectorRegistry
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

        registry = CollectorRegistry()
        registry.register(Collector(self._counts))
        request.setHeader(b"Content-Type", CONTENT_TYPE_LATEST.encode())
        return generate_latest(registry)


class Collector:
    """Makes metrics of *counts*, as ``prometheus_client`` asks for them."""

    def __init__(self, counts: Sequence[Counts]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Any]:
        """All metrics."""
        for one in self._counts:
            one.count()
        yield from self._of_exchanges()
        yield from self._of_connections()

    def _of_exchanges(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        exchanges = CounterMetricFamily(
            "dartio_exchanges",
            "Exchanges, by what became of them; status 0xx: no response was sent.",
            labels=["server", "method", "status", "ending"],
        )
        reasons = CounterMetricFamily(
            "dartio_exchanges_not_completed",
            "Exchanges that were refused, or ended early, by the reason.",
            labels=["server", "reason"],
        )
        seconds = HistogramMetricFamily(
            "dartio_exchange_duration_seconds",
            "From the first byte of a request to the last of its response.",
            labels=["server"],
        )
        sizes = HistogramMetricFamily(
            "dartio_response_body_bytes",
            "Bytes of response bodies that were really sent.",
            labels=["server"],
        )
        for one in self._counts:
            for (method, status, ending), count in one.exchanges.items():
                labels = [one.server, method.decode(), f"{status}xx", ending.value]
                exchanges.add_metric(labels, count)
            for reason, count in one.reasons.items():
                reasons.add_metric([one.server, reason], count)
            times = _buckets(SECONDS, one.seconds)
            seconds.add_metric([one.server], times, one.seconds_sum)
            sizes.add_metric([one.server], _buckets(BYTES, one.sizes), one.bytes_sum)
        yield from (exchanges, reasons, seconds, sizes)

    def _of_connections(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        opened = CounterMetricFamily(
            "dartio_connections_opened", "Connections so far.", labels=["server"]
        )
        now = GaugeMetricFamily(
            "dartio_connections", "Connections that are open.", labels=["server"]
        )
        expiry = GaugeMetricFamily(
            "dartio_certificate_expiry_timestamp_seconds",
            "When the first certificate that a server shows expires.",
            labels=["server"],
        )
        for one in self._counts:
            opened.add_metric([one.server], one.opened)
            now.add_metric([one.server], one.site.connection_limit.count)
            ends = [certificate.end.timestamp() for certificate in one.certificates]
            if ends:
                expiry.add_metric([one.server], min(ends))
        yield from (opened, now, expiry)


def _buckets(bounds: Iterable[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    """The buckets of a histogram: each counts what is up to its bound."""
    found: list[tuple[str, float]] = []
    total = 0
    for bound, count in zip([*map(float, bounds), float("inf")], counts, strict=True):
        total += count
        name = "+Inf" if bound == float("inf") else str(bound)
        found.append((name, total))
    return found
