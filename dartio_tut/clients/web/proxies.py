"""
Proxies, as the environment names them: ``http_proxy``, ``https_proxy``, ``all_proxy``,
and ``no_proxy`` for hosts that are asked without one.

The names and their meaning are those of curl and of Python's `urllib.request`, which
reads them here.
"""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.request import getproxies_environment, proxy_bypass

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import ClientError
from .url import WebURL

CONNECT_HEAD_BYTES = 1 << 14
"""The most that a proxy may say before a tunnel is open."""


def proxy_for(scheme: str, host: str, port: int) -> WebURL | None:
    """
    The proxy for a URL of that *scheme*, or nothing.

    :raises ClientError: the environment names one that is no HTTP proxy.
    """
    proxies = getproxies_environment()
    name = scheme if scheme in proxies else "all"
    if name not in proxies or proxy_bypass(f"{host}:{port}"):
        return None
    if _is_in_network(host, proxies.get("no", "")):
        return None
    try:
        return WebURL.parse(proxies[name])
    except ValueError:
        raise ClientError(
            f"{name}_proxy does not name an http or https proxy; no_proxy={host} goes"
            " without it"
        ) from None


def _is_in_network(host: str, no_proxy: str) -> bool:
    """Whether *host* is an address in a network, such as 10.0.0.0/8, of *no_proxy*."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    for text in no_proxy.replace(",", " ").split():
        with suppress(ValueError):
            if "/" in text and address in ip_network(text, strict=False):
                return True
    return False


def proxy_authorization(proxy: WebURL) -> list[tuple[bytes, bytes]]:
    """The header field with the user name and password of *proxy*, if it has any."""
    if proxy.user is None:
        return []
    token = b64encode(":".join(proxy.user).encode("utf-8"))
    return [(b"Proxy-Authorization", b"Basic " + token)]


@implementer(IStreamClientEndpoint)
class TunnelEndpoint:
    """
    Connect through a proxy with CONNECT (RFC 9110, 9.3.6).

    :param endpoint: leads to the *proxy*.
    :param target: host and port behind it.
    """

    def __init__(
        self, endpoint: IStreamClientEndpoint, proxy: WebURL, target: str
    ) -> None:
        self._endpoint = endpoint
        self._proxy = proxy
        self._target = target

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Open a tunnel; what *protocolFactory* makes is connected to its other end."""
        opened: Deferred[IProtocol] = Deferred()
        factory = Factory.forProtocol(
            lambda: _Tunnel(self._proxy, self._target, protocolFactory, opened)
        )
        connecting = self._endpoint.connect(factory)
        connecting.addErrback(opened.errback)
        return opened


class _Tunnel(Protocol):
    """Asks the proxy for a tunnel, then hands the connection over."""

    transport: Any

    def __init__(
        self,
        proxy: WebURL,
        target: str,
        factory: IProtocolFactory,
        opened: Deferred[IProtocol],
    ) -> None:
        self._proxy = proxy
        self._target = target
        self._factory = factory
        self._opened: Deferred[IProtocol] | None = opened
        self._head = b""
        self._inner: Any = None

    def connectionMade(self) -> None:
        target = self._target.encode("ascii")
        fields = [(b"Host", target), *proxy_authorization(self._proxy)]
        lines = [b"CONNECT %b HTTP/1.1" % target]
        lines += [b"%b: %b" % pair for pair in fields]
        self.transport.write(b"\r\n".join([*lines, b"", b""]))

    def dataReceived(self, data: bytes) -> None:
        if self._inner is not None:
            self._inner.dataReceived(data)
            return
        self._head += data
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if end:
            self._answered(head, rest)
        elif len(self._head) > CONNECT_HEAD_BYTES:
            self._refuse("does not answer in HTTP")

    def _answered(self, head: bytes, rest: bytes) -> None:
        status = head.partition(b"\r\n")[0].decode("latin-1").split(" ", 1)
        if not status[0].startswith("HTTP/1.") or len(status) < 2:
            self._refuse("does not answer in HTTP")
        elif not status[1].startswith("2"):
            self._refuse(f"opens no tunnel to {self._target}: {status[1].strip()}")
        elif self._opened is not None:
            self._inner = self._factory.buildProtocol(self.transport.getPeer())
            self._inner.makeConnection(self.transport)
            opened, self._opened = self._opened, None
            opened.callback(self._inner)
            if rest:
                self._inner.dataReceived(rest)

    def _refuse(self, why: str) -> None:
        if self._opened is not None:
            opened, self._opened = self._opened, None
            opened.errback(ClientError(f"the proxy {self._proxy} {why}"))
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._inner is not None:
            self._inner.connectionLost(reason)
        else:
            self._refuse("closed the connection without an answer")
