"""
Counts as metrics of ``prometheus_client``, which is an extra: import this late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)

from .metrics_numbers import BYTES, SECONDS, Numbers
from .metrics_pages import Snapshot, WorkerNumbers
from .metrics_store import STORE_SECONDS


class Collector:
    """Makes metrics of a *snapshot*, as ``prometheus_client`` asks for them."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._servers = snapshot.servers
        self._workers = snapshot.workers

    def collect(self) -> Iterator[Any]:
        """All metrics."""
        yield from self._of_exchanges()
        yield from self._of_connections()
        yield from _of_stores(self._servers)
        if self._workers is not None:
            yield from _of_workers(self._workers)

    def _of_exchanges(self) -> Iterator[Any]:
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
        for one in self._servers:
            for (method, status, ending), count in one.exchanges.items():
                labels = [one.server, method, f"{status}xx", ending]
                exchanges.add_metric(labels, count)
            for reason, count in one.reasons.items():
                reasons.add_metric([one.server, reason], count)
            times = _buckets(SECONDS, one.seconds)
            seconds.add_metric([one.server], times, one.seconds_sum)
            sizes.add_metric([one.server], _buckets(BYTES, one.sizes), one.bytes_sum)
        yield from (exchanges, reasons, seconds, sizes)

    def _of_connections(self) -> Iterator[Any]:
        opened = CounterMetricFamily(
            "dartio_connections_opened", "Connections so far.", labels=["server"]
        )
        now = GaugeMetricFamily(
            "dartio_connections", "Connections that are open.", labels=["server"]
        )
        failed = CounterMetricFamily(
            "dartio_tls_handshakes_failed",
            "Connections whose TLS handshake has failed, by the reason.",
            labels=["server", "reason"],
        )
        expiry = GaugeMetricFamily(
            "dartio_certificate_expiry_timestamp_seconds",
            "When the first certificate that a server shows expires.",
            labels=["server"],
        )
        for one in self._servers:
            opened.add_metric([one.server], one.opened)
            now.add_metric([one.server], one.connections)
            for reason, count in one.failed_handshakes.items():
                failed.add_metric([one.server, reason], count)
            if one.certificate_end is not None:
                expiry.add_metric([one.server], one.certificate_end)
        yield from (opened, now, failed, expiry)


def _of_stores(servers: Iterable[Numbers]) -> Iterator[Any]:
    labels = ["server", "store", "kind", "operation"]
    seconds = HistogramMetricFamily(
        "dartio_store_operation_duration_seconds",
        "How long operations of a store took, those that failed as well.",
        labels=labels,
    )
    failed = CounterMetricFamily(
        "dartio_store_operations_failed",
        "Operations that failed because a store is full, or cannot be reached, or its "
        "disk fails.",
        labels=labels,
    )
    for one in servers:
        for operation, numbers in one.stores.items():
            values = [one.server, *operation]
            times = _buckets(STORE_SECONDS, numbers.seconds)
            seconds.add_metric(values, times, numbers.seconds_sum)
            failed.add_metric(values, numbers.failed)
    yield from (seconds, failed)


def _of_workers(workers: WorkerNumbers) -> Iterator[Any]:
    yield GaugeMetricFamily(
        "dartio_workers_configured", "Workers that there should be.", workers.configured
    )
    yield GaugeMetricFamily(
        "dartio_workers", "Workers that answer and accept clients.", workers.answering
    )
    yield CounterMetricFamily(
        "dartio_workers_ended",
        "Workers that have ended without being told to.",
        workers.ended,
    )


def _buckets(bounds: Iterable[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    """The buckets of a histogram: each counts what is up to its bound."""
    found: list[tuple[str, float]] = []
    total = 0
    for bound, count in zip([*map(float, bounds), float("inf")], counts, strict=True):
        total += count
        name = "+Inf" if bound == float("inf") else str(bound)
        found.append((name, total))
    return found
