"""
The service: listens with a site for as long as the daemon runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from twisted.application.service import IService, Service
from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import IResource

from dartio_tut.wire import with_fast_ports

from .listening import reach, subject, url
from .options.server import ServerOptions
from .site import Site
from .startup import StartupError, startup_errors


class Daemon(Service):
    """
    Listens on all endpoints while it runs, or does not start at all.

    :param site: what builds a protocol for each connection.
    :param endpoints: endpoint strings.
    :param closing: what to call when it has stopped listening.
    :param path: where there is something to see.
    """

    _log = Logger()

    def __init__(
        self,
        site: Site,
        endpoints: list[str],
        reactor: Any = None,
        closing: Sequence[Callable[[], Deferred[None]]] = (),
        path: str = "/",
    ) -> None:
        self._site = site
        self._endpoints = endpoints
        self._reactor = reactor
        self._closing = closing
        self._path = path
        self._ports: list[tuple[str, IListeningPort]] = []

    def privilegedStartService(self) -> None:
        """
        Bind every endpoint, while ports below 1024 are still allowed.

        :raise StartupError: when one cannot be bound.
        """
        if self._reactor is None:
            from twisted.internet import reactor

            self._reactor = with_fast_ports(reactor)
        try:
            for endpoint in self._endpoints:
                with startup_errors(subject(endpoint)):
                    self._ports.append((endpoint, self._bind(endpoint)))
        except StartupError:
            for _, port in self._ports:
                port.stopListening()
            raise

    def _bind(self, endpoint: str) -> IListeningPort:
        """Listen on *endpoint*, now; a failure is raised."""
        outcome: list[Any] = []
        listening: Deferred[IListeningPort] = serverFromString(
            self._reactor, endpoint
        ).listen(self._site)
        listening.addBoth(outcome.append)
        if not outcome:
            raise ValueError(
                "this kind of endpoint does not tell at once if it listens"
            )
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        port: IListeningPort = outcome[0]
        return port

    def startService(self) -> None:
        """Say where the daemon can be reached, once it answers there."""
        if not self._ports:
            self.privilegedStartService()
        super().startService()
        # Only a running reactor answers, and has its signal handlers in place.
        self._reactor.callWhenRunning(self._tell)

    def _tell(self) -> None:
        listening = [(where, port.getHost()) for where, port in self._ports]
        self._log.info("{reach}", reach=reach(listening, self._path))
        for endpoint, address in listening:
            self._log.info("Listening on {url}", url=url(endpoint, address, self._path))

    def stopService(self) -> Deferred[Any]:
        """Stop listening, and close what is to be; fires when all of it is."""
        super().stopService()
        ports, self._ports = self._ports, []
        stopped = gatherResults([_stopped(port) for _, port in ports])
        return stopped.addCallback(
            lambda _: gatherResults([c() for c in self._closing])
        )


def _stopped(port: IListeningPort) -> Deferred[None]:
    """Stop *port*; fires when it is closed."""
    return port.stopListening() or succeed(None)


def serve(resource: IResource, options: ServerOptions, path: str = "/") -> IService:
    """
    Serve *resource* as a daemon, where *options* say.

    :param path: where there is something to see: it is told with the address.

    :raise StartupError: when they name no place to listen on.
    """
    site = Site(resource, logPath=options["access-log"], limits=options.limits())
    endpoints = options.endpoints()
    if options["check"]:
        _check(endpoints)
    service: IService = Daemon(site, endpoints, closing=options.closing, path=path)
    return service


def _check(endpoints: list[str]) -> NoReturn:
    """
    Look at what *endpoints* name, such as certificates, and end the program.

    :raise StartupError: when something is wrong.
    """
    from twisted.internet import reactor

    for endpoint in endpoints:
        with startup_errors(subject(endpoint)):
            serverFromString(reactor, endpoint)
    print("dartio: all is in order", file=sys.__stdout__, flush=True)
    raise SystemExit(0)
