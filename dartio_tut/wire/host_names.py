"""
Host names, as requests and options have them.

Rule: a name is the same name in upper case, with a dot or a port behind it, or in its
``xn--`` form.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address

import idna
from twisted.web.server import Request

MAX_NAME_LENGTH = 253
"""Characters of a name in DNS (RFC 1035 section 2.3.4, without the root's own)."""

_dns_name = re.compile(
    r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*"
).fullmatch
"""Letters, digits and hyphens; containers and test machines have underscores too."""

_host_and_port = re.compile(rb"\[?([^\[\]]*?)\]?(?::[0-9]*)?").fullmatch
"""The port may be empty (RFC 3986 section 3.2.3)."""


def canonical_host(name: str) -> str:
    """
    Return *name* in the form in which names are compared.

    :param name: a host name, or an IP address; an IPv6 one may be in brackets.
    :raise ValueError: when it cannot be the name of a host.
    """
    if len(name) > MAX_NAME_LENGTH + 1:  # before any work that grows with the length
        raise ValueError(
            f"longer than a host name may be: {name[:MAX_NAME_LENGTH]!r}..."
        )
    if ":" in name:
        address = IPv6Address(name.removeprefix("[").removesuffix("]"))
        return str(address.ipv4_mapped or address)
    key = name.removesuffix(".").lower()
    if not key.isascii():
        key = idna.encode(key, uts46=True).decode("ascii")
    if len(key) > MAX_NAME_LENGTH or not _dns_name(key):
        raise ValueError(f"not the name of a host: {name!r}")
    return key


def host_of_field(field: bytes) -> str:
    """
    Return the canonical name of the host in *field*, the value of a Host field.

    :raise ValueError: when it is missing or malformed.
    """
    found = _host_and_port(field)
    if found is None:
        raise ValueError("malformed Host")
    return canonical_host(found[1].decode("utf-8"))


def requested_host(request: Request) -> str | None:
    """
    Return the canonical name of the host that *request* asks for. Without a Host field
    (HTTP/1.0) that is the address which it came to.

    :return: ``None`` when there is neither.
    :raise ValueError: when it cannot be the name of a host.
    """
    field: bytes | None = request.getHeader(b"Host")
    if field is None:
        address = getattr(request.getHost(), "host", None)  # a UNIX socket has none
        return canonical_host(address) if isinstance(address, str) else None
    return host_of_field(field)


def is_address(name: str) -> bool:
    """Whether the canonical *name* is an IP address."""
    try:
        (IPv6Address if ":" in name else IPv4Address)(name)
    except ValueError:
        return False
    return True


class HostPattern:
    """
    A host name, or all names below one: ``*.example.org`` stands for one label or more,
    so for ``www.example.org`` and ``a.b.example.org``, but not for ``example.org``.

    :raise ValueError: when *text* is neither.
    :ivar name: the canonical name, without ``*.``.
    :ivar is_wildcard: whether it stands for the names below.
    """

    def __init__(self, text: str) -> None:
        self.is_wildcard = text.startswith("*.")
        self.name = canonical_host(text[2:] if self.is_wildcard else text)
        if self.is_wildcard and is_address(self.name):
            raise ValueError(f"an address has no names below it: {text!r}")

    def matches(self, name: str) -> bool:
        """Whether it stands for the canonical *name*."""
        if self.is_wildcard:
            return name.endswith(f".{self.name}")
        return name == self.name
