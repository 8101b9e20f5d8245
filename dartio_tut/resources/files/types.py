"""
The content type of a file: by its name, or by its first bytes where the name tells
none.

Rule: a name that is known is believed. A script is a script, whatever it begins with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ..bodies.charsets import find_charset
from ..responses import HTTPError
from .signatures import type_by_signature
from .type_table import TYPES_BY_EXTENSION

OCTET_STREAM = "application/octet-stream"
"""The type of files of which nothing tells the type: a browser saves them."""

DEFAULT_TYPE_PATTERN = "*"
"""In the place of a name: the type of all files of which nothing tells the type."""

_type_rule = re.compile(
    r"(\*|\.[^.=/\s]+|[^.*=/\s][^=/\s]*)"
    r"=([\w.+-]+/[\w.+-]+(?:; ?[\w-]+=[\w.-]+)?)",
    re.ASCII,
).fullmatch

_TEXT_TYPES = ("application/javascript",)
"""Types that get a charset, beside ``text/*``."""

_XML_ENDINGS = ("/xml", "+xml")
"""XML says itself how it is encoded (RFC 7303 section 3.2)."""


def parse_type(text: str) -> tuple[str, str]:
    """
    Return the name and the content type that *text* stands for: an extension as in
    ``.log=text/plain``, a whole name as in ``LICENSE=text/plain``, or ``*`` for all
    files of which nothing tells the type.

    :raise ValueError: when it is written in another way.
    """
    found = _type_rule(text)
    if found is None:
        raise ValueError(
            f"{text!r} is not NAME=TYPE: use .log=text/plain, LICENSE=text/plain or "
            "*=text/plain"
        )
    name = found[1]
    return name.lower() if name.startswith(".") else name, found[2]


def parse_charset(text: str) -> str | None:
    """
    Return the charset that *text* stands for, or ``None`` for ``none``.

    :raise ValueError: when nobody knows a charset of that name.
    """
    if text == "none":
        return None
    try:
        find_charset(text or "?")
    except HTTPError:
        raise ValueError(f"{text!r} is no charset") from None
    return text


class ContentTypes:
    """
    Find the content types of files.

    :param charset: the charset that text is sent with; ``None`` to say nothing.
    :param given: types that take precedence, by extension (``".log"``), by whole name
        (``"LICENSE"``), and under ``"*"`` for files of which nothing tells the type.
    :param known: the other types, by extension.
    """

    def __init__(
        self,
        charset: str | None = "utf-8",
        given: Mapping[str, str] | None = None,
        known: Mapping[str, str] = TYPES_BY_EXTENSION,
    ) -> None:
        self._charset = charset
        self._given = dict(given or {})
        self._known = known

    def by_name(self, name: bytes) -> str | None:
        """Return the type that *name* tells, or ``None`` when it tells none."""
        whole = name.decode("utf-8", "surrogateescape")
        extension = _extension(name)
        return (
            self._given.get(whole)
            or self._given.get(extension)
            or self._known.get(extension)
        )

    def content_type(
        self, name: bytes, start: Callable[[], bytes], default: str = OCTET_STREAM
    ) -> str:
        """
        Return the type of the file called *name*, with its charset.

        :param start: returns the first bytes of the file; called only if the name tells
            no type.
        :param default: the type when nothing tells it, unless ``"*"`` was given one.
        """
        kind = self.by_name(name)
        if kind is None:
            kind = type_by_signature(start()) or self._given.get(
                DEFAULT_TYPE_PATTERN, default
            )
        if self._charset and _has_charset(kind):
            return f"{kind}; charset={self._charset}"
        return kind


def _has_charset(kind: str) -> bool:
    """Whether the content type *kind* is text, of which no charset is said yet."""
    if ";" in kind or kind.endswith(_XML_ENDINGS):
        return False
    return kind.startswith("text/") or kind in _TEXT_TYPES


def _extension(name: bytes) -> str:
    dot = name.rfind(b".")
    return name[dot:].lower().decode("ascii", "replace") if dot >= 0 else ""
