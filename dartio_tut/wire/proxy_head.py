"""
The head of the PROXY protocol, by which a proxy tells whose connection it passes on:
HAProxy's specification, versions 1 and 2.

It comes before all else on a connection, and only from a peer that is trusted. A peer
that begins with something else is served as usual. A head that is malformed is left
where it is: as a request it is malformed, too, and refused.
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Address as IPv4
from ipaddress import IPv6Address as IPv6
from typing import NamedTuple

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress

V1_START = b"PROXY "
V2_START = b"\r\n\r\n\0\r\nQUIT\n"

MAX_V1_BYTES = 107
"""Bytes of the longest head of version 1, which its specification gives."""

MAX_V2_BYTES = 4096
"""Bytes of a head of version 2 behind its start: addresses have 216; TLVs follow."""

_LOCAL, _PROXY = 0x20, 0x21
_TCP4, _TCP6 = 0x11, 0x21
_KNOWN_FAMILIES = {
    0x00: 0,
    0x11: 12,
    0x12: 12,
    0x21: 36,
    0x22: 36,
    0x31: 216,
    0x32: 216,
}
"""Families and transports, and the bytes that their addresses have."""


class ProxyHead(NamedTuple):
    """
    A head.

    :ivar client: whose connection it is; ``None`` if the proxy does not know, or speaks
        for itself.
    :ivar size: how many bytes the head has.
    """

    client: IAddress | None
    size: int


def begins_proxy_head(data: bytes) -> bool:
    """Whether *data* may be the beginning of a head, or of one and more."""
    return any(
        data.startswith(start) or start.startswith(data)
        for start in (V1_START, V2_START)
    )


def read_proxy_head(data: bytes) -> ProxyHead | None:
    """
    The head that *data* begins with; ``None``: more bytes are needed.

    :raise ValueError: when it is malformed.
    """
    if data.startswith(V2_START):
        return _read_v2(data)
    if data.startswith(V1_START):
        return _read_v1(data)
    if not begins_proxy_head(data):
        raise ValueError("no PROXY head")
    return None


def _read_v1(data: bytes) -> ProxyHead | None:
    line, end, _ = data[:MAX_V1_BYTES].partition(b"\r\n")
    if not end:
        if len(data) >= MAX_V1_BYTES or b"\n" in line:
            raise ValueError("the line of a PROXY head is too long")
        return None
    size = len(line) + 2
    words = line.decode("ascii").split(" ")  # UnicodeDecodeError is a ValueError
    if words[1] == "UNKNOWN":
        return ProxyHead(None, size)
    if len(words) != 6 or words[1] not in ("TCP4", "TCP6"):
        raise ValueError("a PROXY head has a protocol, two addresses and two ports")
    _, family, source, destination, port, to_port = words
    if "%" in line.decode("ascii"):
        raise ValueError("an address in a PROXY head has no zone")
    address = IPv4 if family == "TCP4" else IPv6
    address(destination)
    _port(to_port)
    return ProxyHead(ip_address_of(address(source), _port(port)), size)


def _port(text: str) -> int:
    if not (text.isdigit() and str(int(text)) == text and int(text) <= 0xFFFF):
        raise ValueError(f"{text}: not a port")
    return int(text)


def _read_v2(data: bytes) -> ProxyHead | None:
    start = len(V2_START)
    if len(data) < start + 4:
        return None
    command, family, length = struct.unpack_from("!BBH", data, start)
    if command not in (_LOCAL, _PROXY) or length > MAX_V2_BYTES:
        raise ValueError("this version or command of the PROXY protocol is not known")
    if len(data) < start + 4 + length:
        return None
    size = start + 4 + length
    if command == _LOCAL:
        return ProxyHead(None, size)
    if family not in _KNOWN_FAMILIES or length < _KNOWN_FAMILIES[family]:
        raise ValueError("the addresses of a PROXY head are malformed")
    facts = data[start + 4 : size]
    if family == _TCP4:
        (port,) = struct.unpack_from("!H", facts, 8)
        return ProxyHead(ip_address_of(IPv4(facts[:4]), port), size)
    if family == _TCP6:
        (port,) = struct.unpack_from("!H", facts, 32)
        return ProxyHead(ip_address_of(IPv6(facts[:16]), port), size)
    return ProxyHead(None, size)


def ip_address_of(ip: IPv4 | IPv6, port: int) -> IPv4Address | IPv6Address:
    """The address of a client; one of IPv4 that is written as IPv6 is of IPv4."""
    if isinstance(ip, IPv6):
        if ip.ipv4_mapped is None:
            return IPv6Address("TCP", str(ip), port)
        ip = ip.ipv4_mapped
    return IPv4Address("TCP", str(ip), port)
