"""
The charset of a response, as its Content-Type says it.
"""

from __future__ import annotations

import codecs

from multipart import parse_options_header
from twisted.web.http_headers import Headers

DEFAULT_CHARSET = "utf-8"


def charset_of(headers: Headers) -> str:
    """
    The name of a codec for the text that *headers* describe.

    UTF-8 where they name no charset, or one that Python does not know.
    """
    values = headers.getRawHeaders(b"Content-Type", [])
    if not values:
        return DEFAULT_CHARSET
    _, parameters = parse_options_header(values[-1].decode("latin-1"))
    name: str = parameters.get("charset", "")
    try:
        # Only codecs of text, and only those that can replace what they cannot decode.
        b"\xff".decode(name, "replace")
        codecs.getincrementaldecoder(name)("replace").decode(b"a")
    except (LookupError, ValueError, TypeError):
        return DEFAULT_CHARSET
    return name
