"""
Refusing requests for other host names.

A web page can give its own host name the address of a server on the loopback, or in the
network, of the person who reads it (DNS rebinding). The browser then lets the page's
script read what that server answers, but the requests name the page's host.
"""

from __future__ import annotations

from collections.abc import Iterable

from twisted.web.resource import IResource
from twisted.web.server import Request

from .host_names import HostPattern, is_address, requested_host
from .responses import MISDIRECTED_REQUEST, ErrorResource, HTTPError
from .wrapper import Wrapper


class AllowedHosts(Wrapper):
    """
    Answer requests for some host names only; for others the answer is 421.

    A request without a Host field (HTTP/1.0) is let through: browsers always send one.

    :param names: host names, IP addresses, or ``*.example.org`` for the names below;
        without a port.
    :param addresses: whether every IP address is allowed too. No page can give itself
        an address of another machine as its host name.
    :raise ValueError: when a name is malformed.
    """

    def __init__(
        self, resource: IResource, names: Iterable[str], addresses: bool = False
    ) -> None:
        super().__init__(resource)
        self._addresses = addresses
        patterns = [HostPattern(name) for name in names]
        self._names = {p.name for p in patterns if not p.is_wildcard}
        self._below = tuple(f".{p.name}" for p in patterns if p.is_wildcard)
        self._refused = ErrorResource(
            HTTPError(
                MISDIRECTED_REQUEST, "This server does not answer for that host name."
            )
        )

    def resource_for(self, request: Request) -> IResource:
        """Choose the tree when the name is allowed."""
        if request.getHeader(b"Host") is None:
            return self._resource
        try:
            name = requested_host(request) or ""
        except ValueError:
            return self._refused
        if name in self._names or name.endswith(self._below):
            return self._resource
        if self._addresses and is_address(name):
            return self._resource
        return self._refused


def parse_allowed_host(text: str) -> str:
    """
    Return *text* if it can be a name for `AllowedHosts`.

    :raise ValueError: when it cannot.
    """
    HostPattern(text)
    return text
