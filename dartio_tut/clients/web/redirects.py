"""
Where a redirect leads, and with which method (RFC 9110, 15.4).
"""

from __future__ import annotations

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
"""For GET as it says; for POST, browsers send a GET and the standard meant a POST."""


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
    if method == "GET" or response.code in KEEPS_METHOD:
        return NextRequest(method, target)
    if response.code in BECOMES_GET:
        return NextRequest("GET", target)
    raise ClientError(
        f"{url} answers {response.code} and points to {target}:"
        " nothing was stored; give that URL"
    )
