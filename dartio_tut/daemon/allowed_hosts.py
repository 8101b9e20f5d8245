"""
Answering only requests for hosts that are known: others get 421.

A page of any web site can have its own name lead to 127.0.0.1 (DNS rebinding) and then
read what a server on this machine says, as a page of the same origin. Such a request
asks for that site's name, so it is enough to look at the Host field.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

from twisted.web.resource import IResource, Resource
from twisted.web.server import Request
from zope.interface import implementer

from dartio_tut.wire import HostPattern, host_of_field, is_address, set_refusal_fields

MISDIRECTED_REQUEST = 421
"""RFC 9110 section 15.5.20; Twisted has no name for it."""

ANY_IP = "any-ip"
"""What stands for every IP address: no name has to lead there, so none was rebound."""

LOCAL_HOSTS = ("localhost", "*.localhost", ANY_IP)
"""The names of this machine for itself (RFC 6761 section 6.3)."""

SHOWN_CHARACTERS = 100
"""Characters of a foreign name that the answer repeats."""


def parse_allowed_host(text: str) -> str:
    """
    *text*, if it is a host that requests may be allowed to ask for.

    :param text: a host name, ``*.`` and a host name, an IP address, or ``any-ip``.
    :raise ValueError: when it is something else.
    """
    try:
        if text != ANY_IP:
            HostPattern(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is not a host: use a name without a port, *.NAME, an IP address "
            f"or {ANY_IP}"
        ) from None
    return text


def own_host_names() -> list[str]:
    """
    The name of this machine, also as a local network calls it (RFC 6762); none if it
    cannot be the name of a host.
    """
    name = socket.gethostname()
    names = [name] if "." in name else [name, f"{name}.local"]
    try:
        return [parse_allowed_host(found) for found in names]
    except ValueError:
        return []


@implementer(IResource)
class AllowedHosts:
    """
    Passes requests for *hosts* on to *resource*; others are answered 421.

    A request without a Host field (HTTP/1.0) is passed on: browsers always send one.

    :param hosts: such as `parse_allowed_host` takes.
    :raise ValueError: when one of them is malformed.
    """

    isLeaf = False

    def __init__(self, resource: IResource, hosts: Sequence[str]) -> None:
        self._resource = resource
        self._allows_any_ip = ANY_IP in hosts
        self._patterns = [HostPattern(host) for host in hosts if host != ANY_IP]
        self._misdirected = Misdirected()

    @property
    def refusal_fields(self) -> Any:
        """The fields of refusals that the tree asks for."""
        return getattr(self._resource, "refusal_fields", ())

    def getChildWithDefault(self, path: bytes, request: Any) -> IResource:
        """The tree, which is then asked for *path* as if it were the root."""
        request.postpath.insert(0, request.prepath.pop())
        return self._chosen(request)

    def render(self, request: Request) -> bytes | int:
        """As the tree's root renders."""
        rendered: bytes | int = self._chosen(request).render(request)
        return rendered

    def putChild(self, path: bytes, child: IResource) -> None:
        """Put *child* into the tree."""
        self._resource.putChild(path, child)

    def _chosen(self, request: Request) -> IResource:
        field: bytes | None = request.getHeader(b"Host")
        if field is None or self.allows(field):
            return self._resource
        return self._misdirected

    def allows(self, field: bytes) -> bool:
        """Whether requests may have *field* as the value of their Host field."""
        try:
            host = host_of_field(field)
        except ValueError:
            return False
        if any(pattern.matches(host) for pattern in self._patterns):
            return True
        return self._allows_any_ip and is_address(host)


class Misdirected(Resource):
    """Says that the server is not there for the host that was asked for."""

    isLeaf = True

    def render(self, request: Request) -> bytes:
        """Answer with 421, and say what to do."""
        field: bytes = request.getHeader(b"Host") or b""
        host = ascii(field.decode("utf-8", "replace")[:SHOWN_CHARACTERS])[1:-1]
        body = (
            f"This server does not answer for the host {host}.\n"
            "--allow-host NAME adds one.\n"
        ).encode()
        request.setResponseCode(MISDIRECTED_REQUEST, b"Misdirected Request")
        set_refusal_fields(request)
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        request.setHeader(b"X-Content-Type-Options", b"nosniff")
        request.setHeader(b"Content-Length", b"%d" % len(body))
        return b"" if request.method == b"HEAD" else body
