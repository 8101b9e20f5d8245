"""
The port for those who watch over a daemon: ``/metrics`` in Prometheus's text format,
``/healthz`` and ``/readyz``.

All servers of a process that are given the same endpoint share it. It is the last to
close, so that ``/readyz`` can say that a daemon is about to stop. Where there are
several workers, only their parent has it.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger

from .binding import bind, certificate_of_endpoint, endpoint_warnings
from .listening import cannot_listen_text
from .metrics import Counts
from .metrics_pages import IMeasured, MetricsPages, Snapshot
from .reloading import CertificateWatch, also_reload
from .site import Site
from .startup import fail_startup, startup_errors

NEEDS_EXTRA = "--metrics needs a library: pip install 'dartio-tut[metrics]'"


class OwnCounts:
    """The counts of the servers of this process."""

    def __init__(self) -> None:
        self.counts: list[Counts] = []

    def ask(self, only_ready: bool = False) -> Deferred[Snapshot]:
        """What they are now."""
        servers = [one.numbers() for one in self.counts]
        return succeed(Snapshot(servers, all(each.is_ready for each in servers)))


class MetricsPort:
    """
    One endpoint, with the counts of all servers that share it.

    :param endpoint: an endpoint string.
    :param measured: gives the counts.
    """

    _log = Logger()
    _watch: CertificateWatch

    def __init__(self, endpoint: str, measured: IMeasured) -> None:
        self._endpoint = endpoint
        self._running = 0
        self._port: IListeningPort | None = None
        self._site = Site(MetricsPages(measured))

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
            for line in endpoint_warnings(self._endpoint, endpoint):
                self._log.warn("--metrics: {line}", line=line)
            found = certificate_of_endpoint(endpoint)
            certificates = [] if found is None else [found]
            also_reload([certificate.reload for certificate in certificates])
            self._watch = CertificateWatch(certificates, reactor)
            self._watch.start()

    def close(self) -> Deferred[None]:
        """A server has stopped: close, if it was the last."""
        self._running -= 1
        if self._running > 0 or self._port is None:
            return succeed(None)
        port, self._port = self._port, None
        self._watch.stop()
        closed = maybeDeferred(port.stopListening)
        return closed.addCallback(lambda _: self._site.abort())


_ports: dict[str, MetricsPort] = {}
"""Those of this process, by their endpoints."""


def metrics_port(endpoint: str, measured: IMeasured) -> MetricsPort:
    """
    What this process shows at *endpoint*: what *measured*, the first one, gives.

    :raise StartupError: when the library for it is not there.
    """
    try:
        import prometheus_client  # noqa: F401
    except ImportError:
        fail_startup(NEEDS_EXTRA)
    return _ports.setdefault(endpoint, MetricsPort(endpoint, measured))
