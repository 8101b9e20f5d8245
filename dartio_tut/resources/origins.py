"""
The origins whose pages may do something (RFC 6454).

Rule: an origin is compared in the form in which browsers send it: lower case, ``xn--``,
and no port where it is the scheme's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .host_names import HostPattern, is_address

MAX_ORIGIN_LENGTH = 512
"""Bytes: a scheme, a name as long as DNS has them, and a port."""

DEFAULT_PORTS = {"http": 80, "https": 443}

_parts = re.compile(
    r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[^/?#@:\[\]\s]+)(?::(.*))?"
)
_origin = re.compile(_parts.pattern, re.IGNORECASE).fullmatch


def parse_origin(text: str) -> bytes:
    """
    Return the origin that *text* is, in the form in which browsers send it.

    :param text: an origin such as ``https://example.org``; ``https://*.example.org``
        for all names below one; ``*.example.org`` for those over ``http`` and
        ``https``; ``*`` for any origin.
    :raise ValueError: when it is something else.
    """
    if text == "*":
        return b"*"
    try:
        if text.startswith("*."):
            return b"*." + HostPattern(text).name.encode("ascii")
        found = _origin(text)
        if found is None:
            raise ValueError("it has no scheme and host, or more than these")
        scheme = found[1].lower()
        return f"{scheme}://{_host(found[2])}{_port(scheme, found[3])}".encode("ascii")
    except ValueError as error:
        raise ValueError(
            f"{text!r} is not an origin: {error}. Write one such as "
            "https://example.org, https://*.example.org, or * for any"
        ) from None


def _host(text: str) -> str:
    pattern = HostPattern(text)
    if pattern.name.rpartition(".")[2].isdigit() and not is_address(pattern.name):
        raise ValueError(f"{pattern.name} is not an IPv4 address")
    name = f"[{pattern.name}]" if ":" in pattern.name else pattern.name
    return f"*.{name}" if pattern.is_wildcard else name


def _port(scheme: str, text: str | None) -> str:
    if text is None:
        return ""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ValueError(f"{text!r} is not a port")
    return "" if DEFAULT_PORTS.get(scheme) == int(text) else f":{int(text)}"


class Origins:
    """
    A set of origins.

    :param origins: as `parse_origin` takes them.
    :raise ValueError: when one is malformed.
    :ivar is_any: whether every origin is in it.
    :ivar only: the origin, when it is one and no pattern.
    """

    def __init__(self, origins: Iterable[bytes]) -> None:
        given = {parse_origin(origin.decode("utf-8")) for origin in origins}
        self.is_any = b"*" in given
        self._exact = {origin for origin in given if b"*" not in origin}
        self._patterns = tuple(_pattern(o) for o in given - self._exact - {b"*"})
        alone = len(given) == len(self._exact) == 1
        self.only = next(iter(given)) if alone else None

    def __contains__(self, origin: bytes | None) -> bool:
        """Whether *origin*, the value of an Origin field, is one of them."""
        if self.is_any:
            return True
        if origin is None or len(origin) > MAX_ORIGIN_LENGTH:
            return False
        if origin in self._exact:
            return True
        return any(pattern.fullmatch(origin) for pattern in self._patterns)


def _pattern(origin: bytes) -> re.Pattern[bytes]:
    """The pattern for an origin that has ``*.`` in it."""
    before, _, name = origin.partition(b"*")
    scheme = re.escape(before) if before else b"https?://"
    label = rb"[a-z0-9_-]{1,63}"
    return re.compile(rb"%b%b(?:\.%b)*%b" % (scheme, label, label, re.escape(name)))
