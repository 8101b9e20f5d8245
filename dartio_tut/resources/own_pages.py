"""
Pages that only a person at this machine may see, and no other web site may reach.

A page of any site can have a browser send requests to ``localhost``, and can have its
own name lead to 127.0.0.1 (DNS rebinding) to read the responses as its own. So it takes
three things: the connection comes from this machine, and no proxy says that it made it;
the request asks for ``localhost`` by a name that nobody else can have; and the browser
does not say that another site is behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.web.http import FORBIDDEN, UNSUPPORTED_MEDIA_TYPE
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from .bodies.json_body import media_type
from .fields import Fields, set_fields
from .responses import MISDIRECTED_REQUEST, TEXT_ONLY, HTTPError, error_response
from .wrapper import Wrapper

OWN_HOSTS = (b"localhost", b"127.0.0.1", b"[::1]")
"""Names of this machine that lead nowhere else (RFC 6761 section 6.3)."""

OWN_SITES = (b"same-origin", b"none")
"""What Sec-Fetch-Site says when no other site is behind a request."""

PROXY_FIELDS = (
    b"Forwarded",
    b"Via",
    b"X-Forwarded-For",
    b"X-Forwarded-Host",
    b"X-Forwarded-Proto",
    b"X-Real-IP",
)
"""What a request has that a proxy has passed on."""

OWN_PAGE_FIELDS: Fields = (
    (
        b"Content-Security-Policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; "
            b"img-src 'self'; connect-src 'self'; form-action 'none'; "
            b"base-uri 'none'; frame-ancestors 'none'; "
            b"require-trusted-types-for 'script'; trusted-types 'none'"
        ),
    ),
    (b"Cross-Origin-Resource-Policy", b"same-origin"),
    (b"Cross-Origin-Opener-Policy", b"same-origin"),
    (b"X-Content-Type-Options", b"nosniff"),
    (b"X-Frame-Options", b"DENY"),
    (b"Referrer-Policy", b"no-referrer"),
    (b"Cache-Control", b"no-store"),
)
"""Header fields of every response: nothing from elsewhere runs in these pages, and
nobody else may load, frame or keep them."""

Listening = Callable[[], Iterable[IAddress]]


class OwnPagesOnly(Wrapper):
    """
    Pass requests on to *resource* if a person at this machine makes them.

    :param listening: gives the addresses that the server listens on: one that others
        can reach is refused, whoever asks.
    """

    def __init__(self, resource: IResource, listening: Listening = tuple) -> None:
        super().__init__(resource)
        self._listening = listening

    def prepare(self, request: Request) -> None:
        """Set the header fields."""
        set_fields(request, OWN_PAGE_FIELDS)

    def find(
        self, request: Request, path: Sequence[bytes]
    ) -> tuple[IResource, Sequence[bytes]]:
        """Choose *resource*, or what refuses the request."""
        error = refusal_of(request, self._listening())
        return (self._resource if error is None else _Refused(error)), ()


class _Refused(Resource):
    """Answers with *error*, in plain text."""

    isLeaf = True

    def __init__(self, error: HTTPError) -> None:
        super().__init__()
        self._error = error

    def render(self, request: Request) -> bytes:
        return error_response(request, self._error, TEXT_ONLY)


def refusal_of(request: Request, listening: Iterable[IAddress]) -> HTTPError | None:
    """
    Return why *request* is refused; ``None`` if a person at this machine makes it.

    :param listening: the addresses that the server listens on.
    """
    return (
        refusal_of_place(request, listening)
        or _other_site(request)
        or _no_json(request)
    )


def refusal_of_place(
    request: Request, listening: Iterable[IAddress]
) -> HTTPError | None:
    """
    Return why *request* is refused by where it comes from and what host it asks for;
    ``None`` if a browser at this machine sends it, whoever is behind that.
    """
    here = request.getHost()
    port: int = getattr(here, "port", 0)
    bound = [one for one in listening if getattr(one, "port", None) == port]
    ends = [here, request.channel.getPeer(), request.getClientAddress(), *bound]
    is_passed_on = any(request.getHeader(name) is not None for name in PROXY_FIELDS)
    if is_passed_on or not all(map(_is_loopback, ends)):
        return _not_here()
    scheme = b"https" if request.isSecure() else b"http"
    hosts = [_with_port(host, port, scheme) for host in OWN_HOSTS]
    if _asked(request) not in hosts:
        return HTTPError(
            MISDIRECTED_REQUEST,
            f"This page is there for {_names(hosts)} only: open "
            f"{scheme.decode()}://{hosts[0].decode()}/ in a browser on this machine.",
        )
    # No browser speaks HTTP/1.0. Before its version 1.29.7, nginx does to servers.
    return _not_here() if request.clientproto == b"HTTP/1.0" else None


def _not_here() -> HTTPError:
    return HTTPError(
        FORBIDDEN,
        "This page is for a person at the machine of the server only: the server must "
        "listen on a loopback address, and the request must come from there, through "
        "no proxy.",
    )


def _asked(request: Request) -> bytes:
    host: bytes = request.getHeader(b"Host") or b""
    return host.lower()


def _other_site(request: Request) -> HTTPError | None:
    """Why *request* is refused if a page of another site is behind it."""
    scheme = b"https" if request.isSecure() else b"http"
    origin = scheme + b"://" + _asked(request)
    site = request.getHeader(b"Sec-Fetch-Site")
    if site is not None and site not in OWN_SITES:
        return HTTPError(
            FORBIDDEN,
            "This page does not answer what another site has a browser ask for: type "
            "its address into the browser instead of following a link.",
        )
    given = request.getHeader(b"Origin")
    if given is None and request.method in (b"GET", b"HEAD"):
        return None
    if given != origin:
        return HTTPError(
            FORBIDDEN,
            f"Only a page of {origin.decode()} may ask for this: the Origin field must "
            "say so.",
        )
    return None


def _no_json(request: Request) -> HTTPError | None:
    """Why *request* is refused if it posts what a form of any site could."""
    if request.method == b"POST" and media_type(request) != "application/json":
        return HTTPError(UNSUPPORTED_MEDIA_TYPE, "Send application/json.")
    return None


def _is_loopback(address: Any) -> bool:
    try:
        found = ip_address(getattr(address, "host", ""))
    except ValueError:
        return False  # a UNIX socket, or no address at all
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped.is_loopback
    return found.is_loopback


def _with_port(host: bytes, port: int, scheme: bytes) -> bytes:
    """*host* as the Host field has it: without the port that goes without saying."""
    is_default = port == (443 if scheme == b"https" else 80)
    return host if is_default else b"%b:%d" % (host, port)


def _names(hosts: Sequence[bytes]) -> str:
    *others, last = (host.decode() for host in hosts)
    return f"{', '.join(others)} and {last}"
