"""
Whose request it is, where proxies stand before this server.

Only what a trusted proxy says is believed. Each proxy adds the address that it was
asked from at the right end, so the addresses are read from there: the first that is of
no trusted proxy is the client's; what stands left of it may be anybody's invention.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from twisted.internet.address import UNIXAddress
from twisted.internet.interfaces import IAddress

from dartio_tut.wire import RequestHeaderFields, ip_address_of

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

UNIX = "unix"
"""The word for whoever connects to a Unix socket."""

MAPPED_BITS = 96
"""Bits before the IPv4 address in an IPv6 address that has one (::ffff:0:0/96)."""

MAX_ELEMENTS = 100
"""Elements of Forwarded; they have to be read from the left, and proxies are few."""

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"

_pair = re.compile(rf'[ \t]*({_WORD})=({_WORD}|"(?:[^"\\]|\\.)*")[ \t]*([;,]|$)').match
"""A parameter of Forwarded and what is behind it (RFC 7239 section 4)."""

_node = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::(?:[0-9]{1,5}|_[\w.-]+))?")
"""An address, as Forwarded has it (RFC 7239 section 6); others are of nobody known."""


class TrustedProxies:
    """
    Tells clients from proxies.

    :param trusted: networks, and perhaps `UNIX`.
    """

    def __init__(self, trusted: Iterable[Network | str]) -> None:
        listed = list(trusted)
        self._unix = UNIX in listed
        self._networks = [one for one in listed if not isinstance(one, str)]

    def trusts(self, peer: IAddress | None) -> bool:
        """Whether what *peer* says of its client is believed."""
        if isinstance(peer, UNIXAddress):
            return self._unix
        host, _, _ = str(getattr(peer, "host", None)).partition("%")
        ip = _ip_of(host)
        return ip is not None and self._contains(ip)

    def client(self, peer: IAddress, fields: RequestHeaderFields | None) -> IAddress:
        """
        Whose request it is.

        :param peer: who has sent it.
        :param fields: its header fields; ``None`` if they were not read.
        """
        if fields is None:
            return peer
        return self.client_by(peer, fields.joined)

    def client_by(
        self, peer: IAddress, joined: Callable[[bytes], bytes | None]
    ) -> IAddress:
        """Whose request it is, by what *joined* gives for the names of fields."""
        forwarded, x_forwarded = joined(b"forwarded"), joined(b"x-forwarded-for")
        if (forwarded is None and x_forwarded is None) or not self.trusts(peer):
            return peer
        found = [
            self._outermost(reader(text.decode("latin-1")))
            for reader, text in (
                (_forwarded_for, forwarded),
                (_x_forwarded_for, x_forwarded),
            )
            if text is not None
        ]
        # A proxy sets one of the two. If they differ, the client has sent the other.
        ip = found[0] if found[0] == found[-1] else None
        return peer if ip is None else ip_address_of(ip, 0)

    def _outermost(self, nodes: Iterable[Address | None]) -> Address | None:
        """
        The address of the client, among *nodes*, the nearest first: the first that is
        no trusted proxy's, else the last that is known. The others are not looked at,
        for a client may have sent thousands.
        """
        found = None
        for ip in nodes:
            if ip is None:
                break  # whoever that is, we are told of it by the one found before
            found = ip
            if not self._contains(ip):
                break
        return found

    def _contains(self, ip: Address) -> bool:
        return any(ip in network for network in self._networks)


def trusted_proxy(text: str) -> Network | str:
    """
    A network, an address or ``unix``.

    :raise ValueError: when it is none of them.
    """
    if text == UNIX:
        return text
    try:
        return _without_mapping(ip_network(text))
    except ValueError as error:
        if "host bits" in str(error):
            right = ip_network(text, strict=False)
            raise ValueError(f"{text}: did you mean {right}?") from None
        raise ValueError(
            f"{text}: use a network such as 10.0.0.0/8, an IP address, or {UNIX}"
        ) from None


def _without_mapping(network: Network) -> Network:
    """*network*; one of IPv4 addresses that are written as IPv6 is of IPv4."""
    if isinstance(network, IPv6Network) and network.prefixlen >= MAPPED_BITS:
        ip = network.network_address.ipv4_mapped
        if ip is not None:
            return IPv4Network((ip, network.prefixlen - MAPPED_BITS))
    return network


def _ip_of(text: str) -> Address | None:
    """The address that *text* is; one of IPv4 that is written as IPv6 is of IPv4."""
    try:
        ip = ip_address(text)
    except ValueError:
        return None
    if "%" in text:  # a zone: it means nothing to others
        return None
    return (isinstance(ip, IPv6Address) and ip.ipv4_mapped) or ip


def _node_ip(text: str) -> Address | None:
    found = _node.fullmatch(text)
    return _ip_of(found[1] or found[2]) if found else None


def _forwarded_for(text: str) -> Iterable[Address | None]:
    """
    The addresses of each element of Forwarded, from the last to the first; ``None`` for
    those that name none. What is malformed, or longer than any chain of proxies, tells
    nothing at all.
    """
    nodes = [""]
    at, is_given = 0, False
    while at < len(text):
        pair = _pair(text, at)
        if pair is None or len(nodes) > MAX_ELEMENTS:
            return []
        name, value, end = pair.groups()
        if name.lower() == "for":
            if is_given:
                return []
            is_given = True
            if value.startswith('"'):
                value = re.sub(r"\\(.)", r"\1", value[1:-1])
            nodes[-1] = value
        at = pair.end()
        if end == ",":
            nodes.append("")
            is_given = False
    return map(_node_ip, reversed(nodes))


def _x_forwarded_for(text: str) -> Iterable[Address | None]:
    """
    The addresses of X-Forwarded-For, from the last to the first; ``None`` for what is
    none.
    """
    nodes = (one.strip(" \t") for one in reversed(text.split(",")))
    return (_ip_of(node) or _node_ip(node) for node in nodes)
