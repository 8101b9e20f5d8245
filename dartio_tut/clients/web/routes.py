"""
The way to a server: straight or by a proxy, plain or over TLS.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any, NamedTuple

from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP6ClientEndpoint,
    wrapClientTLS,
)
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.web.client import URI, Agent, ProxyAgent
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IPolicyForHTTPS
from zope.interface import implementer

from .connection import Connection
from .name_as_it_is import STAND_IN, NameAsItIs
from .proxies import TunnelEndpoint, proxy_authorization, proxy_for
from .trust import verified_tls
from .url import WebURL, is_other_host


class Route(NamedTuple):
    """
    A way to a server.

    :ivar endpoint: leads there, over TLS if the URL is https.
    :ivar connection: what will be seen of the connection.
    :ivar is_proxied: whether it leads to a proxy, which is asked for the whole URL.
    :ivar proxy_fields: header fields that this proxy needs.
    """

    endpoint: IStreamClientEndpoint
    connection: Connection
    is_proxied: bool
    proxy_fields: list[tuple[bytes, bytes]]


class EndpointFactory:
    """
    Finds the way for each request.

    :param only_notes: whether a connection is made whatever the server's certificate
        is; what is wrong with it is noted. The certificate of a proxy must be right.
    :ivar zone: the interface that the next URL's IPv6 address names, if any.
    """

    def __init__(
        self, reactor: Any, policy: IPolicyForHTTPS, only_notes: bool = False
    ) -> None:
        self._reactor = reactor
        self._policy = policy
        self._only_notes = only_notes
        self.zone = ""

    def agent_for(self, uri: bytes, headers: Headers) -> tuple[IAgent, Connection]:
        """
        Who sends a request for *uri*, and the connection it will make. A proxy may need
        more *headers*.
        """
        endpoint, connection, is_proxied, fields = self.route_to(uri)
        watched = connection.watch_end(endpoint)
        if is_proxied:
            for name, value in fields:
                headers.addRawHeader(name, value)
            return ProxyAgent(watched, self._reactor), connection
        only = _OneEndpoint(watched)
        return Agent.usingEndpointFactory(self._reactor, only), connection

    def route_to(self, uri: bytes) -> Route:
        """The way to the server of *uri*."""
        parsed = URI.fromBytes(uri)
        scheme, host = parsed.scheme.decode("ascii"), parsed.host.decode("ascii")
        address = f"{host}%{self.zone}" if self.zone else host
        connection = Connection(address, parsed.port, is_tls=scheme == "https")
        proxy = proxy_for(scheme, host, parsed.port)
        if proxy is None:
            endpoint = self._to(host, parsed.port, self.zone)
        else:
            connection.proxy = proxy
            endpoint = self._to_proxy(proxy, connection)
        if proxy and not connection.is_tls:
            watched = connection.watch_bytes(endpoint)
            return Route(watched, connection, True, proxy_authorization(proxy))
        if proxy:
            netloc = f"[{host}]" if ":" in host else host
            endpoint = TunnelEndpoint(endpoint, proxy, f"{netloc}:{parsed.port}")
        endpoint = connection.watch_bytes(endpoint)
        if connection.is_tls:
            tls = verified_tls(self._policy, connection, self._only_notes)
            endpoint = wrapClientTLS(tls, endpoint)
        return Route(endpoint, connection, False, [])

    def _to(self, host: str, port: int, zone: str = "") -> IStreamClientEndpoint:
        if zone and ip_address(host).is_link_local:  # elsewhere a zone has no meaning
            return TCP6ClientEndpoint(self._reactor, f"{host}%{zone}", port)
        if is_other_host(host):
            return HostnameEndpoint(NameAsItIs(self._reactor, host), STAND_IN, port)
        return HostnameEndpoint(self._reactor, host, port)

    def _to_proxy(self, proxy: WebURL, connection: Connection) -> IStreamClientEndpoint:
        """To *proxy*; what is wrong with its certificate is noted on *connection*."""
        scheme, host, port = proxy.origin
        endpoint = self._to(host, port)
        if scheme == "https":
            first = Connection(host, port, is_tls=True)
            connection.to_proxy = first
            endpoint = wrapClientTLS(verified_tls(self._policy, first), endpoint)
        return endpoint


@implementer(IAgentEndpointFactory)
class _OneEndpoint:
    """Leads every request to *endpoint*."""

    def __init__(self, endpoint: IStreamClientEndpoint) -> None:
        self._endpoint = endpoint

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """The endpoint, for any *uri*."""
        return self._endpoint
