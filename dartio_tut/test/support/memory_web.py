"""
The clients' `WebClient`, asking a resource without a socket.
"""

from __future__ import annotations

from typing import Any

from treq.client import HTTPClient
from treq.testing import RequestTraversalAgent
from twisted.internet.defer import Deferred, succeed
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer
from twisted.web.resource import IResource
from zope.interface import implementer

from dartio_tut.clients.web import WebClient
from dartio_tut.clients.web.client import ExchangeAgent
from dartio_tut.clients.web.connection import Connection
from dartio_tut.clients.web.exchange_timeout import ExchangeTimeout


class MemoryRoutes:
    """Leads every request to *resource*."""

    zone = ""

    def __init__(self, resource: IResource) -> None:
        self.agent = RequestTraversalAgent(resource)

    def agent_for(self, uri: bytes, headers: Headers) -> tuple[IAgent, Connection]:
        """An agent, and what would be seen of its connection."""
        return self.agent, Connection("localhost", 80)


@implementer(IBodyProducer)
class AtOnce:
    """Produces the bytes of a request's content all at once."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.length = len(content)

    def startProducing(self, consumer: Any) -> Deferred[None]:
        """Write all of it."""
        consumer.write(self.content)
        return succeed(None)

    def pauseProducing(self) -> None:
        """Nothing is left."""

    def resumeProducing(self) -> None:
        """Nothing is left."""

    def stopProducing(self) -> None:
        """Nothing is left."""


class MemoryWeb:
    """
    A client for *resource*.

    :ivar client: what lessons are given.
    """

    def __init__(
        self, clock: Any, resource: IResource, timeout: float | None = None
    ) -> None:
        routes = MemoryRoutes(resource)
        patience = ExchangeTimeout(clock, timeout)
        agent = ExchangeAgent(clock, routes, patience)
        treq = HTTPClient(agent, data_to_body_producer=AtOnce)
        self.client = WebClient(clock, treq, patience, routes)
        self._agent = routes.agent

    def flush(self) -> None:
        """Let what the server has written since arrive."""
        self._agent.flush()
