"""
URLs as people type them, and as servers send them in a redirect.

hyperlink takes URLs apart. What it leaves open is settled here: shorthands, IPv6
addresses with a zone, and user names and passwords, which are sent but never shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote, quote_from_bytes, unquote, urljoin

import idna
from hyperlink import EncodedURL
from twisted.internet.abstract import isIPv6Address

SCHEMES = {"http": 80, "https": 443}
"""What can be asked, and the port where it is found by default."""

SHORTHAND_HOST = "localhost"
"""The host of a URL that begins with its port, such as ``:4040/x``."""

ZONE = re.compile(r"^([^/?#]*\[[0-9A-Fa-f:.]+)%(?:25)?([^\]/?#]+)(?=\])")
"""An IPv6 address with a zone, as RFC 6874 writes it, or with a bare percent sign."""

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")

EMPTY_PORT = re.compile(f"^({SCHEME.pattern}[^/?#]*):(?![^/?#])")
"""At the beginning of a URL, with what is before it (RFC 3986, 3.2.3)."""

ANY_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")

OTHER_SCHEME = re.compile(
    "(?:about|blob|data|file|ftp|geo|javascript|mailto|magnet|news|sms|tel|urn):", re.I
)
"""URLs that people have at hand and that are not of the web. Else ``tel:80`` would be
taken for a host and its port, as ``localhost:80`` is."""

AUTHORITY = re.compile(
    r"([^/?#]*@)?(\[[0-9A-Fa-f.]*:[0-9A-Fa-f:.]+\]|[^/?#@:\[\]]+)(:[0-9]{1,5})?(?![^/?#])"
)
"""User name and password, host, port (RFC 3986, 3.2)."""

MAX_HOST_CHARACTERS = 254
"""A name of DNS, with a dot at its end (RFC 1035 section 3.1)."""

OTHER_HOST = re.compile(
    r"(?!(?:.*\.)?xn--)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.|$))+", re.I
)
"""
A name in ASCII that DNS and curl know, and IDNA does not: with underscores, as services
of Docker Compose have, or two hyphens, as ``r3---sn-a.example``.
"""

FORBIDDEN_IN_URLS = re.compile("[\x00-\x1f\x7f]|^[^/?#]*[ \\\\]")
"""Control characters anywhere; spaces and backslashes before the path."""


class URLWithHostAsItIs(EncodedURL):
    """
    A URL whose host is not to be encoded: an IPv6 address, which hyperlink would take
    for a name, or one of `OTHER_HOST`.
    """

    def to_uri(self) -> EncodedURL:
        """This URL in ASCII."""
        named = self.replace(host="localhost").to_text(with_password=True)
        return EncodedURL.from_text(named).to_uri().replace(host=self.host)


@dataclass(frozen=True)
class WebURL:
    """
    An http or https URL.

    :ivar encoded: it, without user name, password, zone and fragment.
    :ivar user: user name and password (RFC 7617), or nothing.
    :ivar zone: the interface that an IPv6 address belongs to, or an empty string.
    """

    encoded: EncodedURL
    user: tuple[str, str] | None = None
    zone: str = ""

    @classmethod
    def parse(cls, text: str) -> WebURL:
        """
        :raises ValueError: *text* is no http or https URL.
        """
        if OTHER_SCHEME.match(text):
            raise ValueError(text)
        text = EMPTY_PORT.sub(r"\1", text)
        if not SCHEME.match(text):
            text = f"http://{SHORTHAND_HOST if text.startswith(':') else ''}{text}"
        scheme, _, rest = text.partition("://")
        if scheme.lower() not in SCHEMES or FORBIDDEN_IN_URLS.search(rest):
            raise ValueError(text)
        found = ZONE.match(rest)
        zone = found[2] if found else ""
        rest = ZONE.sub(r"\1", rest)
        authority = AUTHORITY.match(rest)
        if not authority:
            raise ValueError(text)
        url = _checked(f"{scheme.lower()}://{rest}")
        user = _user(authority[1][:-1]) if authority[1] else None
        return cls(url, user, zone)

    def __str__(self) -> str:
        """The URL to show: its password is left out."""
        text: str = self.encoded.to_text()
        if self.zone:
            text = text.replace("]", f"%25{self.zone}]", 1)
        return text

    @property
    def host(self) -> str:
        """The name or address of the host, without a zone."""
        return self.encoded.host

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port (RFC 6454); zones are not told to servers."""
        uri = self.encoded.to_uri()
        return uri.scheme, uri.host.lower(), uri.port or SCHEMES[uri.scheme]

    def child(self, name: str) -> WebURL:
        """The URL of *name*, any text, below this one."""
        return replace(self, encoded=self.encoded.child(quote(name, safe="")))

    def redirected(self, location: bytes) -> WebURL:
        """
        Where a redirect leads whose Location field says *location* (RFC 9110, 10.2.2).

        User name and password are kept for the same origin only.

        :raises ValueError: *location* is no http or https URL, or it has a user name,
            which is not the server's to choose.
        """
        text = decode_location(location)
        if not text:
            raise ValueError(text)
        if text.startswith("//"):
            text = f"{self.encoded.scheme}:{text}"
        scheme = ANY_SCHEME.match(text)
        if scheme and scheme[1].lower() not in SCHEMES:
            raise ValueError(text)  # no host and port: a server has no shorthands
        if not SCHEME.match(text):
            text = urljoin(self.encoded.to_text(), text)
        found = WebURL.parse(text)
        if found.user:
            raise ValueError(text)
        if found.encoded.host == self.encoded.host:
            found = replace(found, zone=self.zone)
        return replace(found, user=self.user if found.origin == self.origin else None)


def url_for_messages(url: WebURL | None, uri: str) -> str:
    """
    How to name *uri*: as the *url* that was given, when both are at the same origin. A
    redirect leads to others, which are named themselves.
    """
    if url is not None and WebURL.parse(uri).origin == url.origin:
        return str(url)
    return uri


def decode_location(location: bytes) -> str:
    """The bytes of a Location field as text: UTF-8, or else percent-encoded."""
    try:
        return location.decode("utf-8")
    except UnicodeDecodeError:
        return quote_from_bytes(location, safe=bytes(range(0x20, 0x7F)))


def without_credentials(text: str) -> str:
    """*text*, which may not even be a URL, without user name and password."""
    if OTHER_SCHEME.match(text) and "//" not in text:
        return text  # such as a mailto: URL, whose address is no secret
    return re.sub(r"^((?:[^/?#]*:)?//)?[^/?#]*@", r"\1", text)


def is_other_host(host: str) -> bool:
    """Whether *host* is one of `OTHER_HOST`: Twisted would refuse to look it up."""
    if len(host) > MAX_HOST_CHARACTERS or not OTHER_HOST.fullmatch(host):
        return False
    try:
        idna.encode(host, uts46=True)
    except idna.IDNAError:
        return True
    return False


def _checked(text: str) -> EncodedURL:
    """
    The URL *text* without user information and fragment.

    :raises ValueError: it has no host and port that a request could be sent to.
    """
    try:
        url = EncodedURL.from_text(text).replace(userinfo="", fragment="")
        if isIPv6Address(url.host) or is_other_host(url.host):
            host = url.host.lower()
            url = URLWithHostAsItIs(
                url.scheme, host, url.path, url.query, port=url.port
            )
        uri = url.to_uri()
    except NotImplementedError:  # hyperlink: a scheme without an authority
        raise ValueError(text) from None
    if not uri.host or not 0 < (uri.port or 0) < 65536:
        raise ValueError(text)
    return url


def _user(userinfo: str) -> tuple[str, str]:
    """User name and password, as a URL has them before the at sign."""
    name, _, password = userinfo.partition(":")
    return unquote(name), unquote(password)
