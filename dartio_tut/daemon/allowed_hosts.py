"""
Answering only requests for hosts that are known: others get 421.

A page of any web site can have its own name lead to 127.0.0.1 (DNS rebinding) and then
read what a server on this machine says, as a page of the same origin. Such a request
asks for that site's name, so it is enough to look at the Host field.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import idna
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request
from zope.interface import implementer

MISDIRECTED_REQUEST = 421
"""RFC 9110 section 15.5.20; Twisted has no name for it."""

ANY_IP = "any-ip"
"""What stands for every IP address: no name has to lead there, so none was rebound."""

LOCAL_HOSTS = ("localhost", "*.localhost", ANY_IP)
"""The names of this machine for itself (RFC 6761 section 6.3)."""

LONGEST_NAME = 253
"""Characters of a name in DNS (RFC 1035 section 2.3.4)."""

SHOWN_CHARACTERS = 100
"""Characters of a foreign name that the answer repeats."""


def parse_allowed_host(text: str) -> str:
    """
    The one form of a host that may be asked for.

    :param text: a host name, ``*.`` and a host name, an IP address, or ``any-ip``.
    :raise ValueError: when it is none of these.
    """
    name = text.removeprefix("*.")
    if text == ANY_IP:
        return text
    try:
        plain = _plain(name)
    except ValueError:
        plain = ""
    if not plain or (name != text and _is_address(plain)):
        raise ValueError(
            f"{text!r} is no host: use a name without a port, *.NAME, an IP address "
            f"or {ANY_IP}"
        )
    return text[: len(text) - len(name)] + plain


@implementer(IResource)
class AllowedHosts:
    """
    Passes requests for *hosts* on to *resource*; others are answered 421.

    A request without a Host field (HTTP/1.0) is passed on: browsers always send one.

    :param hosts: as `parse_allowed_host` returns them.
    """

    isLeaf = False

    def __init__(self, resource: IResource, hosts: Sequence[str]) -> None:
        self._resource = resource
        self._any_ip = ANY_IP in hosts
        self._exact = {h for h in hosts if h != ANY_IP and not h.startswith("*.")}
        self._below = tuple(host[1:] for host in hosts if host.startswith("*."))
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
        host = _requested_host(request)
        if host is None or self.allows(host):
            return self._resource
        return self._misdirected

    def allows(self, host: str) -> bool:
        """Whether requests may ask for *host*, which may have a port."""
        try:
            name = _plain(_without_port(host))
        except ValueError:
            return False
        if name in self._exact or name.endswith(self._below):
            return True
        return self._any_ip and _is_address(name)


class Misdirected(Resource):
    """Says that the server is not there for the host that was asked for."""

    isLeaf = True

    def render(self, request: Request) -> bytes:
        """Answer with 421, and say what to do."""
        name = _without_port(_requested_host(request) or "")
        host = ascii(name[:SHOWN_CHARACTERS])[1:-1]
        body = (
            f"This server does not answer for the host {host}.\n"
            "--allow-host NAME adds one.\n"
        ).encode()
        request.setResponseCode(MISDIRECTED_REQUEST, b"Misdirected Request")
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        request.setHeader(b"X-Content-Type-Options", b"nosniff")
        request.setHeader(b"Content-Length", b"%d" % len(body))
        return b"" if request.method == b"HEAD" else body


def _requested_host(request: Request) -> str | None:
    """The Host field of *request*, if there is one; the wire has checked it."""
    host: bytes | None = request.getHeader(b"host")
    return None if host is None else host.decode("utf-8", "replace")


def _without_port(host: str) -> str:
    if host.startswith("["):
        address, bracket, _ = host[1:].partition("]")
        return address if bracket else ""
    return host.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _plain(name: str) -> str:
    """
    *name* in the one form in which hosts are compared: case, IDNA, the trailing dot.

    :raise ValueError: when it cannot be the name of a host.
    """
    if not name or len(name) > LONGEST_NAME + 1:  # before work that grows with it
        raise ValueError("no host")
    if _is_address(name):
        address = ip_address(name)
        return str(getattr(address, "ipv4_mapped", None) or address)
    key = name.removesuffix(".").lower()
    if not key.isascii():
        key = idna.encode(key, uts46=True).decode("ascii")
    labels = key.split(".")
    known = all(label.replace("-", "").replace("_", "").isalnum() for label in labels)
    if not known or key.startswith("-"):
        raise ValueError("no host")
    return key
