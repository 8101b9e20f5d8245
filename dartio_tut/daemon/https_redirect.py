"""
``--redirect-http``: a port without TLS that sends clients to the one with TLS.

Before it does, it answers the challenges of ACME (RFC 8555 section 8.3), which come
without TLS: another program gets the certificate, and puts the answer into a folder.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, cast

from twisted.application.service import Service
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.logger import Logger
from twisted.web import http
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from dartio_tut.store import read_regular_file
from dartio_tut.wire import Limits, requested_host, with_fast_ports

from .binding import bind, close_all
from .descriptors import REDIRECTED
from .draining import Draining
from .listening import cannot_listen_text, endpoint_url
from .site import Site
from .startup import StartupError, error_text, startup_errors
from .trusted_proxies import TrustedProxies

HTTPS_PORT = 443
"""The port that a URL with https need not name (RFC 9110 section 4.2.2)."""

CHALLENGE_PATH = b"/.well-known/acme-challenge/"

MAX_CHALLENGE_BYTES = 64 * 1024
"""The longest answer to a challenge: a token and a digest have some hundred bytes."""

MISSING_ERRNOS = frozenset((errno.ENOENT, errno.ENOTDIR, errno.EISDIR))

_token = re.compile(rb"[A-Za-z0-9_-]{1,200}").fullmatch
"""Base64url, as RFC 8555 says; real ones have 43 characters."""

_log = Logger()


class RedirectToHTTPS(Resource):
    """
    Sends clients to the same URL with https, and answers challenges of ACME.

    :param https_port: tells the port that has TLS.
    :param challenges: the folder that has ``.well-known/acme-challenge`` in it, if
        there is one.
    """

    isLeaf = True

    def __init__(
        self, https_port: Callable[[], int], challenges: str | None = None
    ) -> None:
        super().__init__()
        self._https_port = https_port
        self._challenges = challenges

    def render(self, request: Request) -> bytes:
        """Answer a challenge, or redirect."""
        path: bytes = request.path
        if self._challenges is not None and path.startswith(CHALLENGE_PATH):
            return self._answer_challenge(request, path[len(CHALLENGE_PATH) :])
        try:
            host = requested_host(request)
        except ValueError:
            host = None
        if host is None:
            return _said(request, http.BAD_REQUEST, b"Name a host in the field Host.")
        port = self._https_port()
        name = f"[{host}]" if ":" in host else host
        where = name if port == HTTPS_PORT else f"{name}:{port}"
        target: bytes = request.uri
        url = b"https://" + where.encode("ascii") + target
        request.setHeader(b"Location", url)
        return _said(request, http.PERMANENT_REDIRECT, b"This is at " + url)

    def _answer_challenge(self, request: Request, token: bytes) -> bytes:
        if request.method not in (b"GET", b"HEAD"):
            request.setHeader(b"Allow", b"GET, HEAD")
            return _said(request, http.NOT_ALLOWED, b"A challenge is only read.")
        if not _token(token):
            return _said(request, http.NOT_FOUND, b"No such challenge.")
        folder = Path(self._challenges or "", ".well-known", "acme-challenge")
        try:
            content = read_regular_file(
                str(folder / token.decode("ascii")), MAX_CHALLENGE_BYTES
            )
        except OSError as error:
            if error.errno not in MISSING_ERRNOS:
                _log.warn(
                    "A challenge of ACME cannot be answered: {reason}",
                    reason=error_text(error),
                )
            return _said(request, http.NOT_FOUND, b"No such challenge.")
        request.setHeader(b"Content-Type", b"application/octet-stream")
        request.setHeader(b"X-Content-Type-Options", b"nosniff")
        request.setHeader(b"Content-Length", b"%d" % len(content))
        return content


def _said(request: Request, code: int, sentence: bytes) -> bytes:
    """Prepare a response that says *sentence*; its content."""
    request.setResponseCode(code)
    content = sentence + b"\n"
    request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
    request.setHeader(b"X-Content-Type-Options", b"nosniff")
    request.setHeader(b"Content-Length", b"%d" % len(content))
    return content


class Listening(Protocol):
    """What tells where a daemon listens."""

    def listening(self) -> list[tuple[str, IAddress]]:
        """The endpoint strings, each with the real address."""


class HTTPSRedirect(Service):
    """
    Listens on *endpoints*, as long as the daemon runs whose child it is.

    :param wrap: what the site puts around its resource, such as a check of hosts.
    :param limits: those of the daemon.
    :param https_port: the port of HTTPS as clients see it; where the daemon listens
        unless it is given.
    :param challenges: see `RedirectToHTTPS`.
    :param proxy_trust: see `Site`.
    """

    def __init__(
        self,
        endpoints: Sequence[str],
        limits: Limits,
        grace: float,
        https_port: int | None = None,
        challenges: str | None = None,
        wrap: Callable[[IResource], IResource] = lambda resource: resource,
        reactor: Any = None,
        proxy_trust: TrustedProxies | None = None,
    ) -> None:
        self.endpoints = endpoints
        self._grace = grace
        self._https_port = https_port
        self._reactor = reactor
        self._ports: list[tuple[str, IListeningPort]] = []
        redirect = cast("IResource", RedirectToHTTPS(self.https_port, challenges))
        most = limits.connections and max(int(limits.connections * REDIRECTED), 1)
        self.site = Site(
            wrap(redirect),
            limits=replace(limits, connections=most),
            proxy_trust=proxy_trust,
        )

    def https_port(self) -> int:
        """The port with TLS to which clients are sent."""
        if self._https_port is not None:
            return self._https_port
        where = cast("Listening", self.parent).listening() if self.parent else []
        return first_port(address for _, address in where)

    def privilegedStartService(self) -> None:
        """
        Bind all endpoints, while ports below 1024 are still allowed.

        :raise StartupError: when one cannot be bound.
        """
        if self._reactor is None:
            from twisted.internet import reactor

            self._reactor = with_fast_ports(reactor)
        try:
            for text in self.endpoints:
                with startup_errors(f"{cannot_listen_text(text)} (--redirect-http)"):
                    port = bind(serverFromString(self._reactor, text), self.site)
                self._ports.append((text, port))
        except StartupError:
            self._stop_listening()
            raise

    def startService(self) -> None:
        """Say what is redirected, once the reactor runs."""
        super().startService()
        self._reactor.callWhenRunning(self._tell)

    def _tell(self) -> None:
        for text, port in self._ports:
            _log.info(
                "Redirecting {url} to HTTPS", url=endpoint_url(text, port.getHost())
            )

    def stopService(self) -> Deferred[Any]:
        """Stop listening, and finish what is under way; fires when that is done."""
        super().stopService()
        return self._stop_listening().addCallback(
            lambda _: Draining(self.site, self._grace, self._reactor).start()
        )

    def _stop_listening(self) -> Deferred[list[None]]:
        ports, self._ports = self._ports, []
        return close_all(ports)


def first_port(addresses: Iterable[IAddress]) -> int:
    """The port of the first of *addresses* that has one; else that of HTTPS."""
    for address in addresses:
        if isinstance(address, (IPv4Address, IPv6Address)):
            return int(address.port)
    return HTTPS_PORT
