"""
Where a redirect leads, and with which method (RFC 9110, 15.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ClientError
from .url import WebURL, decode_location, without_credentials

REDIRECTS_LIMIT = 20
"""How many redirects are followed; Fetch and Firefox draw the line there too."""

KEEPS_METHOD = (307, 308)
"""Repeat the request as it was, content and all."""

BECOMES_GET = (303,)
"""The answer to what was sent is found there."""

MAY_BECOME_GET = (301, 302)
"""Safe methods stay; for POST, browsers send a GET and the standard meant a POST."""

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""They store nothing (RFC 9110, 9.2.1), so a 301 or 302 does not change them."""

FOR_ONE_ORIGIN = ("authorization", "proxy-authorization", "cookie", "host")
"""Fields that are not sent to another origin than the one they were meant for: whoever
answers with a redirect could have them sent to himself. curl leaves them out, too."""

OF_BODY = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-type",
    "expect",
    "transfer-encoding",
)
"""Fields about the body: a request that becomes a GET has none."""

Fields = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class NextRequest:
    """What to send after a redirect."""

    method: str
    url: WebURL


def next_request(method: str, url: WebURL, response: Any) -> NextRequest | None:
    """
    What to send after *response*, which *url* gave to *method*; nothing when it is no
    redirect.

    :raises ClientError: it leads nowhere, to something that is not the web, or may lose
        what was to be stored.
    """
    if response.code not in KEEPS_METHOD + BECOMES_GET + MAY_BECOME_GET:
        return None
    locations = response.headers.getRawHeaders(b"Location", [])
    if not locations:
        raise ClientError(f"{url} answers {response.code} without a Location")
    try:
        target = url.redirected(locations[0])
    except ValueError:
        text = decode_location(locations[0])
        where = without_credentials(text)
        why = "no http or https URL" if where == text else "a URL with a user name"
        raise ClientError(
            f"{url} redirects to {where!r}, which is {why}: it is not followed"
        ) from None
    if response.code in BECOMES_GET:
        return NextRequest("HEAD" if method == "HEAD" else "GET", target)
    if method in SAFE_METHODS or response.code in KEEPS_METHOD:
        return NextRequest(method, target)
    raise ClientError(
        f"{url} answers {response.code} and points to {target}:"
        " nothing was stored; give that URL"
    )


def fields_after(
    fields: Fields, method: str, url: WebURL, following: NextRequest
) -> Fields:
    """The *fields* of a request with *method* to *url* that *following* has, too."""
    left_out: tuple[str, ...] = ()
    if following.url.origin != url.origin:
        left_out += FOR_ONE_ORIGIN
    if following.method != method:
        left_out += OF_BODY
    return [(name, value) for name, value in fields if name.lower() not in left_out]
