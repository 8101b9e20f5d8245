"""
A request as text to paste: for curl, `dartio inspect`, treq, a browser's ``fetch``, and
as it is.

Rule: pasting a text does nothing but send the request, and each text is printable
ASCII, whatever the bytes of the request are. What a tool cannot send, its text says; it
is then a comment. A tool adds fields of its own where it must; that is told, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .copies_for_programs import fetch_copy, treq_copy
from .copies_for_shells import curl_copy, dartio_copy, raw_copy
from .plain_request import PlainRequest, Unsendable, plain_request

_url_base = re.compile(
    r"https?://(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::[0-9]{1,5})?"
).fullmatch

_TOOLS: dict[str, tuple[Callable[[PlainRequest, str], str], str]] = {
    "curl": (curl_copy, "#"),
    "treq": (treq_copy, "#"),
    "fetch": (fetch_copy, "//"),
}
"""Tools that make a request from what they are told: the text, and how its language
begins a comment."""


def copies(raw_request: bytes, url_base: str) -> dict[str, str]:
    """
    Texts that send *raw_request*, by the name of the tool.

    :param url_base: scheme, host and port of the server: ``http://localhost:4040``.
    :raise ValueError: when *url_base* is something else.
    """
    if not _url_base(url_base):
        raise ValueError(f"{url_base!r} is not the scheme, host and port of a server")
    texts = {
        name: _text(name, make, comment, raw_request, url_base)
        for name, (make, comment) in _TOOLS.items()
    }
    texts["dartio"] = dartio_copy(raw_request, url_base)
    texts["raw"] = raw_copy(raw_request, url_base)
    return texts


def _text(
    name: str,
    make: Callable[[PlainRequest, str], str],
    comment: str,
    raw_request: bytes,
    url_base: str,
) -> str:
    try:
        return make(plain_request(raw_request), url_base)
    except Unsendable as why:
        return f"{comment} {name} cannot send this request: {why}."
