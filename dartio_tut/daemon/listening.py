"""
Where to listen: from the options a person gives to Twisted's endpoint strings.

Rule: everything becomes an endpoint string, so that there is one way to listen
and a person can always write that string instead.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from errno import EADDRINUSE
from ipaddress import ip_address

from ifaddr import get_adapters
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.endpoints import quoteStringArgument
from twisted.internet.interfaces import IAddress

BACKLOG = 1024
"""
Connections the kernel holds until they are accepted.

Twisted's own 50 makes 2,000 clients that come at once wait for seconds; nginx,
Apache and Node hold 511. The kernel caps it (``net.core.somaxconn``).
"""

INTERFACES = {
    "loopback-v4": "127.0.0.1",
    "loopback-v6": "::1",
    "any-v4": "0.0.0.0",  # noqa: S104  (only when a person asks for it by name)
    "any-v6": "::",
}
"""The tutorial's names for the usual addresses; ``any-v6`` accepts IPv4 as well."""

FAR_ADDRESS = ("198.51.100.1", 9)
"""An address that is nobody's (RFC 5737), and so lies beyond the default route."""

TLS_ENDPOINTS = ("https:", "ssl:", "tls:")

DEFAULT_ADDRESSES = {
    "tcp": "0.0.0.0",  # noqa: S104  (what Twisted takes)
    "tcp6": "::",
    "ssl": "0.0.0.0",  # noqa: S104
    "https": "127.0.0.1",
}
"""Where endpoint strings listen that name no address, by their kind."""

_ADDRESS_PLACES = {"tcp": 2, "tcp6": 3}
"""Where in an endpoint string the address may stand without its name."""


def addresses_of_interface(interface: str) -> list[str]:
    """
    The IP addresses to bind for *interface*: a name of `INTERFACES`, an IP
    address, or a host name, which stands for all of its addresses on this machine.

    :raise ValueError: when there is no such interface.
    """
    interface = INTERFACES.get(interface, interface)
    try:
        return [str(ip_address(interface))]
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(interface, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ValueError(f"{interface}: no such interface or host name") from None
    here = [a for a in dict.fromkeys(str(info[4][0]) for info in found) if _is_here(a)]
    if not here:
        raise ValueError(f"{interface}: not an address of this machine")
    return here


def _is_here(address: str) -> bool:
    """Whether this machine has *address*: localhost may name ::1 without IPv6."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def tcp_endpoint(port: int, address: str, backlog: int) -> str:
    """The endpoint string that listens on *port* of the IP *address*."""
    kind = "tcp6" if ":" in address else "tcp"
    interface = quoteStringArgument(address)
    return f"{kind}:{port}:interface={interface}:backlog={backlog}"


def cannot_listen_text(endpoint: str) -> str:
    """What to call *endpoint* in an error: its address, where it has one."""
    kind, port, settings = endpoint_parts(endpoint)
    if "over" in settings:
        return cannot_listen_text(settings["over"])
    address = settings.get("interface", "")
    if kind in ("tcp", "tcp6", "https") and address:
        return f"cannot listen on {_host(address)}:{settings.get('port', port)}"
    return f"cannot listen on {endpoint}"


def endpoint_url(endpoint: str, address: IAddress, path: str = "/") -> str:
    """The URL to reach *address* at, where *endpoint* listens."""
    if not isinstance(address, (IPv4Address, IPv6Address)):
        over = endpoint_parts(endpoint)[2].get("over")
        return endpoint if over is None else f"{over} (TLS)"
    scheme = "https" if endpoint.startswith(TLS_ENDPOINTS) else "http"
    return f"{scheme}://{_host(address.host)}:{address.port}{path}"


def endpoint_parts(endpoint: str) -> tuple[str, str, dict[str, str]]:
    """The kind of an endpoint string, what comes next, and its settings."""
    kind, *parts = re.split(r"(?<!\\):", endpoint)
    settings = dict(part.split("=", 1) for part in parts if "=" in part)
    plain = {name: text.replace("\\:", ":") for name, text in settings.items()}
    return kind, parts[0] if parts else "", plain


def port_and_interface(endpoint: str) -> tuple[str, str] | None:
    """
    The TCP port and the address that an endpoint string names; ``None`` if it names
    none, or leaves the port to the system.
    """
    kind, first, settings = endpoint_parts(endpoint)
    port = settings.get("port", first)
    if kind not in DEFAULT_ADDRESSES or "over" in settings or port == "0":
        return None
    return port, settings.get("interface") or DEFAULT_ADDRESSES[kind]


def url_at(endpoint: str, address: IPv4Address | IPv6Address, host: str) -> str:
    """The URL to reach *address* at by *host*, which stands as it is in a URL."""
    scheme = "https" if endpoint.startswith(TLS_ENDPOINTS) else "http"
    return f"{scheme}://{host}:{address.port}/"


def local_url(
    endpoint: str, address: IPv4Address | IPv6Address, path: str = "/"
) -> str:
    """
    The URL that a person on this machine opens for *address*.

    Browsers and curl try ``::1`` first for ``localhost``: where another program listens
    there, the URL has the address itself.
    """
    host = address.host
    if host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104  (binds nothing)
        host = "127.0.0.1" if _is_taken("::1", address.port) else "localhost"
    elif host == "::":
        host = "localhost"
    return endpoint_url(endpoint, type(address)("TCP", host, address.port), path)


def _is_taken(address: str, port: int) -> bool:
    """Whether somebody listens on *port* of the IPv6 *address*."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        return error.errno == EADDRINUSE
    return False


def network_urls(where: Iterable[tuple[str, IAddress]], path: str = "/") -> list[str]:
    """
    The URLs at which the network can reach a daemon.

    :param where: the endpoint strings, and the addresses where they listen.
    """
    found: list[str] = []
    for endpoint, address in where:
        if isinstance(address, (IPv4Address, IPv6Address)):
            for host in _reached_at(address.host):
                reached = type(address)("TCP", host, address.port)
                found.append(endpoint_url(endpoint, reached, path))
    return found


def who_can_connect(where: Iterable[tuple[str, IAddress]], path: str = "/") -> str:
    """
    Who can reach a daemon: a sentence, with URLs.

    :param where: the endpoint strings, and the addresses where they listen.
    """
    found = network_urls(where, path)
    if found:
        return f"The network can reach it, for instance at {', '.join(found)}"
    return "Only this machine can reach it."


def address_towards_network() -> str | None:
    """
    The address of this machine from which it reaches the network: of all of its
    addresses, the one that others most likely reach, too. Nothing is sent.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(FAR_ADDRESS)
        except OSError:
            return None
        return str(probe.getsockname()[0])


def widest_interface() -> str:
    """The name of the interface that all others reach: IPv6 as well, if there is."""
    return "any-v6" if _is_here(INTERFACES["any-v6"]) else "any-v4"


def may_be_own(endpoints: Iterable[str]) -> bool:
    """
    Whether a person at this machine may have one of *endpoints* for itself: one that
    listens on a loopback address, at a port where no other endpoint lets others in.

    An endpoint string of which that cannot be said counts as one.
    """
    known: dict[str, bool] = {}
    for number, endpoint in enumerate(endpoints):
        port, host = _port_and_address(endpoint)
        place = port if port != "0" else f"0 of {number}"
        known[place] = known.get(place, True) and _may_be_loopback(host)
    return any(known.values())


def _port_and_address(endpoint: str) -> tuple[str, str | None]:
    """The port of an endpoint string, and the address; ``None`` if unknown."""
    kind, port, settings = endpoint_parts(endpoint)
    if "over" in settings:
        return _port_and_address(settings["over"])
    if kind not in DEFAULT_ADDRESSES:
        return endpoint, "" if kind == "unix" else None
    plain = [part for part in re.split(r"(?<!\\):", endpoint) if "=" not in part]
    address = settings.get("interface", "")
    if not address and len(plain) > _ADDRESS_PLACES.get(kind, len(plain)):
        address = plain[_ADDRESS_PLACES[kind]].replace("\\:", ":")
    return settings.get("port", port), address or DEFAULT_ADDRESSES[kind]


def _may_be_loopback(host: str | None) -> bool:
    if host is None:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return bool(host)  # a name


def _reached_at(host: str) -> list[str]:
    """The addresses that others may use for a socket that is bound to *host*."""
    bound = ip_address(host)
    if not bound.is_unspecified:
        return [] if bound.is_loopback else [host]
    ours = [ip.ip for adapter in get_adapters() for ip in adapter.ips]
    known = [ip_address(ip if isinstance(ip, str) else ip[0]) for ip in ours]
    return [
        str(ip)
        for ip in known
        if not ip.is_loopback
        and not ip.is_link_local
        and ip.version <= bound.version  # one for IPv6 accepts IPv4 as well
    ]


def _host(address: str) -> str:
    """*address* as it stands in a URL (RFC 3986 section 3.2.2)."""
    return f"[{address}]" if ":" in address else address
