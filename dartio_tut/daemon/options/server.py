"""
The options that every server has: where it listens, its limits, its log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from twisted.application.service import IService
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.usage import UsageError

from dartio_tut.wire import IWatcher, Limits

from ..allowed_hosts import LOCAL_HOSTS, own_host_names, parse_allowed_host
from ..descriptors import connections_within, raise_descriptor_limit
from ..draining import GRACE_SECONDS
from ..kept_config import KeptConfig
from ..listening import BACKLOG, TLS_ENDPOINTS, addresses_of_interface, tcp_endpoint
from ..metrics_store import StoreTimes
from ..parent_role import ParentRole
from ..roles import Alone, Role, WorkerRole
from ..self_signed import Renewal
from ..service_manager import SYSTEMD
from ..startup import startup_errors
from ..this_worker import this_worker
from ..trusted_proxies import TrustedProxies, trusted_proxy
from .certificate import (
    CERTIFICATE_OPTIONS,
    CertificateFiles,
    certificate_of,
    check_certificate_options,
    folder_of_self_signed,
    https_endpoint_of,
    make_self_signed,
)
from .declared import DeclaredOptions
from .elsewhere import CONFIG, read_config
from .help_text import LIMITS, LISTENING, OTHER
from .limits import LIMIT_OPTIONS, limits_of
from .listen import check_no_address_twice
from .logs import (
    LOG_OPTIONS,
    check_twistd_folders,
    check_twistd_user,
    set_up_log,
)
from .option import Option, flag, option, repeated_option
from .parsing import (
    LARGEST_PORT,
    absolute_path,
    backlog_length,
    endpoint_string,
    port_number,
    seconds_or_zero,
)
from .passed import socket_name, sockets_named, sockets_passed
from .workers import WORKER_OPTIONS, check_workers, worker_command

_log = Logger()


class ServerOptions(DeclaredOptions):
    """
    The options of a server that listens: a lesson adds its port and its own.

    :cvar default_port: the port to use when none is given.
    :cvar always_tls: whether `certificate` finds one even if none is given.
    :ivar next_ports: how many ports after the default one are tried if it is taken.
    :ivar closing: what is called when the daemon has stopped listening.
    :ivar beside: services that run as long as the daemon does.
    :ivar store_location: where the server keeps things, without a password; ``None``
        if it keeps none.
    :ivar store_times: counts the operations of its stores, for ``--metrics``.
    :ivar shared_role: what this process is, if several servers in it share that.
    :ivar watcher: watches the server, if somebody is to; no option sets it.
    :ivar started_by: the options of the server that starts this one in its process.
    """

    default_port: ClassVar[int] = 0
    always_tls: ClassVar[bool] = False
    next_ports = 0
    options: ClassVar[Sequence[Option]] = (
        option(
            "port",
            "TCP port; 0 lets the system pick one.",
            port_number,
            letter="p",
            group=LISTENING,
        ),
        option(
            "interface",
            "Address to bind: loopback-v4, loopback-v6, any-v4, any-v6 (IPv4 as "
            "well), an IP address or a host name.",
            str,
            "loopback-v4",
            letter="i",
            group=LISTENING,
        ),
        repeated_option(
            "listen",
            "Twisted endpoint string to listen on, such as unix:/run/x, or "
            "systemd:NAME, the sockets that systemd passed with this name.",
            endpoint_string,
            letter="l",
            group=LISTENING,
            is_path=True,
        ),
        option(
            "backlog",
            "Connections that the kernel holds until they are accepted.",
            backlog_length,
            BACKLOG,
            group=LISTENING,
        ),
        *CERTIFICATE_OPTIONS,
        repeated_option(
            "allow-host",
            "Host name that requests may ask for: a name, *.NAME, an IP address, or "
            "any-ip; others are answered 421. Without it, any host; for `tutorial` and "
            "`dartio serve` it adds to the names and addresses of this machine.",
            parse_allowed_host,
            group=LISTENING,
        ),
        repeated_option(
            "trusted-proxy",
            "Network, IP address, or unix (any Unix socket), of proxies that say whose "
            "a request is, by Forwarded, X-Forwarded-For or the PROXY protocol.",
            trusted_proxy,
            group=LISTENING,
        ),
        *LIMIT_OPTIONS,
        option(
            "grace",
            "Seconds that exchanges under way have when the server is told to stop.",
            seconds_or_zero,
            GRACE_SECONDS,
            group=LIMITS,
        ),
        *WORKER_OPTIONS,
        *LOG_OPTIONS,
        option(
            CONFIG,
            "TOML file with options: max-body = 1000.",
            absolute_path,
            group=OTHER,
            is_path=True,
        ),
        flag(
            "check", "Check options, folders and certificates, and exit.", group=OTHER
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.store_location: str | None = None
        self.store_times = StoreTimes()
        self.watcher: IWatcher | None = None
        self.started_by: ServerOptions | None = None
        self.shared_role: Role | None = None
        self.closing: list[Callable[[], Deferred[None]]] = []
        self.beside: list[IService] = []
        self.set_default("port", self.default_port)

    def postOptions(self) -> None:
        """
        See that options go together, and leave out twistd's PID file in the foreground.

        Written even with ``-n``, it would keep a second server from starting in
        the same folder. ``--pidfile=FILE`` with another name is kept.

        :raise UsageError: when some do not go together.
        """
        super().postOptions()
        check_certificate_options(self, self.always_tls)
        check_no_address_twice(self["listen"])
        if "worker-timeout" in self.given and "workers" not in self.given:
            raise UsageError("--worker-timeout goes with --workers")
        check_workers(self["workers"], self.parent, self.why_one_process())
        twistd = self.parent
        if twistd and twistd.get("chroot"):
            raise UsageError(
                "--chroot does not work: modules and files are opened by their full "
                "paths while the server runs; use systemd's RootDirectory="
            )
        is_usual = twistd and twistd.get("pidfile") == "twistd.pid"
        if twistd and (self["check"] or (twistd.get("nodaemon") and is_usual)):
            twistd["pidfile"] = ""  # what is only checked may run already
        if twistd is not None and not self.from_another:
            check_twistd_user(twistd)
            set_up_log(self, self.given, twistd)
            check_twistd_folders(twistd)

    def allow_own_hosts(self) -> None:
        """Answer for the names of this machine only, and for those that were given."""
        given = self["allow-host"]
        self.give("allow-host", [*LOCAL_HOSTS, *own_host_names(), *given])

    def endpoints(self) -> list[str]:
        """
        The endpoint strings to listen on.

        Those of ``--listen``; ``--port`` and ``--interface`` when they were given.
        With none of these: the sockets systemd passed, else the default port on
        the IPv4 loopback. With a certificate, all of them speak TLS.

        :raise StartupError: when the interface, or what systemd passed, is wrong.
        """
        listen = [self.over_tls(e) for text in self["listen"] for e in _named(text)]
        if not self.given & {"port", "interface"}:
            given = listen or self._passed()
            if given:
                return given
        return [*listen, *self._at_port(self["port"])]

    def other_endpoints(self) -> list[list[str]]:
        """What to listen on instead, one after the other, if the port is taken."""
        if not self.next_ports or {"port", "listen"} & self.given or self._passed():
            return []
        first = self["port"] + 1
        last = min(self["port"] + self.next_ports, LARGEST_PORT)
        return [self._at_port(port) for port in range(first, last + 1)]

    def _at_port(self, port: int) -> list[str]:
        """The endpoint strings for *port* of ``--interface``."""
        with startup_errors("--interface"):
            found = addresses_of_interface(self["interface"])
        return [self.endpoint(port, address) for address in found]

    def certificate(self) -> CertificateFiles | None:
        """
        The certificate to serve HTTPS with; None for plain HTTP.

        :raise StartupError: when it is to be made, and cannot be.
        """
        if self["self-signed"] and self["cert"] is None:
            made = make_self_signed(self, self.parent or {})
            self["cert"], self["key"] = made.certificate, made.key
            self.beside.append(Renewal(folder_of_self_signed(self)))
        return certificate_of(self)

    def endpoint(self, port: int, address: str) -> str:
        """The endpoint string for *port* of the IP *address*."""
        files = self.certificate()
        if files is None:
            return tcp_endpoint(port, address, self["backlog"])
        return https_endpoint_of(
            files, self, port=port, interface=address, backlog=self["backlog"]
        )

    def over_tls(self, endpoint: str) -> str:
        """*endpoint* with TLS over it, if there is a certificate and it has none."""
        files = self.certificate()
        if files is None or endpoint.startswith(TLS_ENDPOINTS):
            return endpoint
        return https_endpoint_of(files, self, over=endpoint)

    def redirect_endpoints(self) -> list[str]:
        """
        The endpoint strings without TLS that send clients to HTTPS.

        :raise StartupError: when the interface is wrong.
        """
        redirect = self["redirect-http"]
        if redirect is None:
            return []
        if (name := socket_name(redirect)) is not None:
            with startup_errors(f"--redirect-http {redirect}"):
                return sockets_named(name)
        with startup_errors("--interface"):
            found = addresses_of_interface(self["interface"])
        return [tcp_endpoint(redirect, each, self["backlog"]) for each in found]

    def offers_http2(self, endpoints: Sequence[str]) -> bool:
        """Whether a client may speak HTTP/2 on any of *endpoints*."""
        return self["h2c"] or any(
            text.startswith("https:") and "http2=no" not in text for text in endpoints
        )

    def why_one_process(self) -> str:
        """Why ``--workers`` cannot be used, and what to do instead; empty if it can."""
        return ""

    def role(self) -> Role:
        """What this process is: one of several that serve, their parent, or alone."""
        if self.shared_role is not None:
            return self.shared_role
        this = this_worker()
        if this is not None:
            return WorkerRole(this)
        if self["workers"] == 1 or self.from_another or self.parent is None:
            return Alone()
        command = worker_command(self.parent, self.command_line)
        timeout = self["worker-timeout"]
        if "worker-timeout" not in self.given:
            timeout = min(timeout, SYSTEMD.watchdog_seconds() or timeout)
        config = KeptConfig(self.config_text, lambda: read_config(self[CONFIG]))
        return ParentRole(self["workers"], command, self["grace"], timeout, config)

    def limits(self) -> Limits:
        """What a client may ask of the server."""
        return limits_of(self)

    def proxy_trust(self) -> TrustedProxies | None:
        """Who may say whose a request is; ``None`` for nobody."""
        trusted = self["trusted-proxy"]
        return TrustedProxies(trusted) if trusted else None

    def fit_connections(self, servers: int = 1) -> None:
        """
        Lower ``--max-connections`` to what the file descriptors allow, and say so.

        :param servers: how many servers share the descriptors of this process.
        """
        descriptors = raise_descriptor_limit()
        redirects = self["redirect-http"] is not None
        most = connections_within(descriptors, servers, redirects=redirects)
        this = this_worker()
        workers = self["workers"] if this is None else this.place.count
        if self.from_another:
            workers = 1  # the one that starts this one has divided it
        asked = self["max-connections"] = -(-self["max-connections"] // workers)
        if workers > 1:
            self.given.add("max-connections")
        if asked == 0 or asked > most:
            self["max-connections"] = most
            self.given.add("max-connections")
            each = " each" if servers > 1 or workers > 1 else ""
            _log.info(
                "At most {most} connections at a time{each}: "
                "{descriptors} file descriptors are allowed",
                most=most,
                each=each,
                descriptors=descriptors,
            )

    def _passed(self) -> list[str]:
        """The endpoint strings of the sockets that systemd passed for the server."""
        redirect = socket_name(self["redirect-http"])
        with startup_errors("cannot listen on what systemd passed"):
            return [self.over_tls(e) for e in sockets_passed(without=redirect)]


def _named(endpoint: str) -> list[str]:
    """What ``--listen`` *endpoint* stands for."""
    name = socket_name(endpoint)
    if name is None:
        return [endpoint]
    with startup_errors(f"--listen {endpoint}"):
        return sockets_named(name)
