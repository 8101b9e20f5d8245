"""
The service: listens with a site for as long as the daemon runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from twisted.application.service import IService, MultiService
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.logger import Logger
from twisted.web.resource import IResource

from dartio_tut.wire import Observer, with_fast_ports

from .access_log import AccessLog
from .allowed_hosts import AllowedHosts
from .binding import bind, certificate_of_endpoint, close_all, endpoint_warnings
from .checking import check_endpoints, exit_after_check, tell_engine
from .draining import GRACE_SECONDS, Draining, retire
from .https_redirect import HTTPSRedirect
from .listening import (
    cannot_listen_text,
    endpoint_url,
    local_url,
    network_urls,
    url_at,
    who_can_connect,
)
from .log_output import outlive_sigusr1
from .metrics import Counts
from .metrics_port import MetricsPort
from .options.server import ServerOptions
from .privileges import running_as_daemon_user
from .reloading import CertificateWatch
from .roles import Alone, Role
from .served_certificate import Certificates
from .service_manager import SYSTEMD
from .site import Site
from .site_of_options import site_of
from .startup import StartupError, error_text, is_address_in_use, startup_errors
from .steady_clock import keep_time_steadily


class Daemon(MultiService):
    """
    Listens on all endpoints while it runs, or does not start at all.

    Services whose parent it is start and stop with it.

    :param site: what builds a protocol for each connection.
    :param endpoints: endpoint strings.
    :param closing: what to call when it has stopped listening.
    :param path: where there is something to see.
    :param reloads: what to call when SIGHUP comes.
    :param metrics_port: where its counts are shown, if this process shows them.
    :param counts: these, if anybody wants to know.
    :param grace: seconds that exchanges under way have when it stops.
    :param others: endpoint strings to listen on instead, one list after the other, if
        somebody else listens there already.
    :param role: what this process is.
    :ivar tells_reach: whether it logs who can reach it.
    :ivar on_told: is called when it has logged where.
    """

    tells_reach = True
    on_told: Callable[[], None] | None = None
    _log = Logger()

    def __init__(
        self,
        site: Site,
        endpoints: list[str],
        reactor: Any = None,
        closing: Sequence[Callable[[], Deferred[None]]] = (),
        path: str = "/",
        grace: float = GRACE_SECONDS,
        reloads: Sequence[Callable[[], None]] = (),
        others: Sequence[list[str]] = (),
        metrics_port: MetricsPort | None = None,
        counts: Counts | None = None,
        role: Role | None = None,
    ) -> None:
        super().__init__()
        self._site = site
        self._role = role or Alone()
        self._endpoints = endpoints
        self._others = others
        self._reactor = reactor
        self._closing = closing
        self._path = path
        self._grace = grace
        self._reloads = reloads
        self._metrics_port = metrics_port
        self._counts = counts
        self._certificates: list[Certificates] = []
        self._ports: list[tuple[str, IListeningPort]] = []

    def privilegedStartService(self) -> None:
        """
        Bind every endpoint, while ports below 1024 are still allowed.

        :raise StartupError: when one cannot be bound.
        """
        if self._reactor is None:
            from twisted.internet import reactor

            keep_time_steadily(reactor)
            sockets = self._role.sockets(len(self._endpoints))
            self._reactor = with_fast_ports(reactor, sockets)
        self._bind_first()
        try:
            super().privilegedStartService()
        except StartupError:
            self._release()
            raise

    def _bind_first(self) -> None:
        """Bind the endpoints, or the first of the others that are free."""
        *first, last = self._endpoints, *self._others
        if not any(self._bind_all(some, may_be_taken=True) for some in first):
            self._bind_all(last, may_be_taken=False)
        self._role.bound(self._ports)
        if self._metrics_port is not None:
            try:
                self._metrics_port.start(self._reactor)
            except StartupError:
                self._release()
                raise

    def _bind_all(self, endpoints: Sequence[str], may_be_taken: bool) -> bool:
        """
        Bind all of *endpoints*, or none.

        :param may_be_taken: whether somebody else may listen there.
        :raise StartupError: when one cannot be bound for another reason.
        """
        try:
            for endpoint in endpoints:
                with startup_errors(cannot_listen_text(endpoint)):
                    port = self._bind(endpoint, may_be_taken)
                if port is None:
                    self._release()
                    return False
                self._ports.append((endpoint, port))
        except StartupError:
            self._release()
            raise
        return True

    def _bind(self, text: str, may_be_taken: bool) -> IListeningPort | None:
        """
        Listen on the endpoint *text*, now; a failure is raised.

        :return: ``None`` if somebody else listens there, and may.
        """
        endpoint = serverFromString(self._reactor, text)
        try:
            port = bind(endpoint, self._site)
        except CannotListenError as error:
            if not (may_be_taken and is_address_in_use(error)):
                raise
            line = f"{cannot_listen_text(text)}: {error_text(error)}"
            self._log.warn("{line}; trying the next port", line=line)
            return None
        for warning in endpoint_warnings(text, endpoint):
            self._log.warn("{line}", line=warning)
        if certificate := certificate_of_endpoint(endpoint):
            self._certificates.append(certificate)
            if self._counts is not None:
                self._counts.certificates.append(certificate)
        return port

    def _release(self) -> None:
        """Let go of all that is bound."""
        for _, port in self._ports:
            port.stopListening()
        self._ports = []

    def startService(self) -> None:
        """Say where the daemon can be reached, once it answers there."""
        if not self._ports:
            self.privilegedStartService()
        super().startService()
        self._role.take_signals(self._reactor)
        self._reactor.addSystemEventTrigger("after", "startup", outlive_sigusr1)
        watched = self._certificates if self._role.serves else []
        self._watch = CertificateWatch(watched, self._reactor)
        self._watch.start()
        self._role.begin(self, self._reactor)

    def reloads(self) -> Sequence[Callable[[], object]]:
        """What is to be read again when SIGHUP comes."""
        return [*self._reloads, *(c.reload for c in self._certificates)]

    def listening(self) -> list[tuple[str, IAddress]]:
        """The endpoint strings that it listens on, each with the real address."""
        return [(where, port.getHost()) for where, port in self._ports]

    def local_urls(self) -> list[str]:
        """The URLs for a person on this machine."""
        return [
            local_url(endpoint, address, self._path)
            for endpoint, address in self.listening()
            if isinstance(address, (IPv4Address, IPv6Address))
        ]

    def network_urls(self) -> list[str]:
        """The URLs for others in the network."""
        return network_urls(self.listening(), self._path)

    def url_at(self, host: str) -> str:
        """The URL for a client that reaches this machine as *host*."""
        for endpoint, address in self.listening():
            if isinstance(address, (IPv4Address, IPv6Address)):
                return url_at(endpoint, address, host)
        return ""

    def tell(self) -> None:
        """Log where it can be reached."""
        listening = self.listening()
        if self.tells_reach:
            self._log.info("{reach}", reach=who_can_connect(listening, self._path))
        for endpoint, address in listening:
            self._log.info(
                "Listening on {url}",
                url=endpoint_url(endpoint, address, self._path),
            )
        if self.on_told is not None:
            self.on_told()

    def tell_systemd(self) -> None:
        """Tell systemd that it answers."""
        SYSTEMD.ready(self._reactor, who_can_connect(self.listening(), self._path))

    def stopService(self) -> Deferred[Any]:
        """
        Stop listening, finish what is under way, and close what is to be; fires when
        all of it is.
        """
        children: Deferred[Any] = super().stopService()
        self._watch.stop()
        ports, self._ports = self._ports, []
        closed = close_all(ports, self._role.owns_sockets)
        stopped = gatherResults([children, closed])
        stopped.addCallback(lambda _: self._role.end(self))
        return stopped.addCallback(
            lambda _: gatherResults([c() for c in self._closing])
        )

    def count_connections(self, publish: Callable[[int], None]) -> None:
        """Call *publish* whenever there are more connections, or fewer."""
        self._site.connection_limit.on_change = publish

    def drain(self) -> Deferred[None]:
        """Finish what is under way; fires when all of it is."""
        return Draining(self._site, self._grace, self._reactor).start()

    def retire(self) -> Deferred[None]:
        """Accept no more clients; fires when all have gone, or have had their time."""
        ports, self._ports = [port for _, port in self._ports], []
        return retire(ports, self._site, self._grace, self._reactor)


def _check(
    options: ServerOptions,
    endpoints: list[str],
    site: Site,
    redirect: HTTPSRedirect | None,
) -> None:
    """Do what ``--check`` asks for."""
    from twisted.internet import reactor

    metrics = [] if options["metrics"] is None else [options["metrics"]]
    ports, seen = with_fast_ports(reactor), set[tuple[str, str]]()
    check_endpoints(ports, endpoints, site, seen=seen)
    check_endpoints(ports, metrics, site, "--metrics", seen)
    if redirect is not None:
        check_endpoints(ports, redirect.endpoints, redirect.site, seen=seen)
    if site.offers_http2 and options.offers_http2(endpoints):
        tell_engine(site.http2)
    if not options.from_another:
        exit_after_check()


def serve(
    resource: IResource,
    options: ServerOptions,
    *,
    path: str = "/",
    streaming: bool = False,
    observers: Iterable[Observer] = (),
) -> IService:
    """
    Serve *resource* as a daemon, where *options* say.

    :param path: where there is something to see: it is logged with the address.
    :param streaming: whether bodies may be handed over as they arrive; see `Site`.
    :param observers: are called with every event, such as `ExchangeDone`.
    :raise StartupError: when the daemon cannot start with these options.
    """
    options.fit_connections()
    reloads: list[Callable[[], None]] = []
    site = site_of(resource, options, streaming)
    for observer in observers:
        site.add_observer(observer)
    if options["access-log"] is not None:
        log = _open_access_log(options, site.reactor)
        site.add_batch_observer(log)
        options.closing.append(log.close)
        reloads += [site.event_batch.tell, log.reopen]
    role = options.role()
    port, counts = _metrics(options, site, role)
    endpoints = options.endpoints()
    redirect = _redirect(options, site)
    if options["check"]:
        _check(options, endpoints, site, redirect)
    services = (*options.beside, *filter(None, (redirect,)))
    service = Daemon(
        site,
        endpoints,
        closing=options.closing,
        path=path,
        grace=options["grace"],
        reloads=reloads,
        others=options.other_endpoints(),
        metrics_port=port,
        counts=counts,
        role=role,
    )
    for beside in services if role.runs_services else ():
        beside.setServiceParent(service)
    return service


def _redirect(options: ServerOptions, site: Site) -> HTTPSRedirect | None:
    """What sends clients to *site* by HTTPS, if *options* ask for it."""
    endpoints = options.redirect_endpoints()
    if not endpoints:
        return None
    hosts = options["allow-host"]
    redirect = HTTPSRedirect(
        endpoints,
        options.limits(),
        options["grace"],
        options["https-port"],
        options["acme-folder"],
        lambda resource: AllowedHosts(resource, hosts) if hosts else resource,
        proxy_trust=options.proxy_trust(),
    )
    redirect.site.observer = site.observer
    return redirect


def _metrics(
    options: ServerOptions, site: Site, role: Role
) -> tuple[MetricsPort | None, Counts | None]:
    """Where the counts of *site* are shown, and these, if *options* ask for it."""
    if options["metrics"] is None:
        return None, None
    counts = Counts(type(options).__module__.rpartition(".")[2], site)
    counts.store_times = options.store_times
    site.add_batch_observer(counts)
    port = role.metrics_port(options["metrics"], counts)
    if port is not None:
        options.closing.append(port.close)
    return port, counts


def _open_access_log(options: ServerOptions, reactor: Any) -> AccessLog:
    """The access log that *options* ask for."""
    with (
        startup_errors("--access-log"),
        running_as_daemon_user(options.parent or {}),
    ):
        return AccessLog(
            options["access-log"],
            reactor,
            options["check"],
            options["access-log-format"],
        )
