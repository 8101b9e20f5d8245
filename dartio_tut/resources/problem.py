"""
What went wrong, told in the client's own terms: a page for browsers, a line for curl,
an object for programs (RFC 9457).
"""

from __future__ import annotations

import json
from html import escape
from http import HTTPStatus

from twisted.web.server import Request

from .negotiation import best_type

TEXT = b"text/plain; charset=utf-8"
HTML = b"text/html"
PROBLEM = b"application/problem+json"

_OFFERED = (TEXT.partition(b";")[0], HTML, PROBLEM, b"application/json")

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{code} {title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1.1em/1.5 system-ui, sans-serif; margin: 20vh auto; max-width: 30em;
       padding: 0 1em }}
h1 {{ font-size: 1.4em; font-weight: 600 }}
</style>
<h1>{code} {title}</h1>
<p>{text}</p>
</html>
"""

_POLICY = b"default-src 'none'; style-src 'unsafe-inline'"


def wanted(request: Request) -> bytes:
    """How the client of *request* wants to be told: a media type."""
    kind = best_type(request.getHeader(b"Accept"), _OFFERED)
    return PROBLEM if kind == b"application/json" else kind


def problem(request: Request, code: int, text: str) -> bytes:
    """
    Prepare an answer with the status *code* that tells *text*, for ``render``.

    :param text: a sentence for the client; it must not speak of the server's insides.
    """
    kind = wanted(request)
    request.setResponseCode(code)
    request.responseHeaders.addRawHeader(b"Vary", b"Accept")
    try:
        title = HTTPStatus(code).phrase
    except ValueError:
        title = "Error"
    if kind == PROBLEM:
        request.setHeader(b"Content-Type", PROBLEM)
        said = {"type": "about:blank", "title": title, "status": code, "detail": text}
        return json.dumps(said).encode() + b"\n"
    if kind == HTML:
        request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
        request.setHeader(b"Content-Security-Policy", _POLICY)
        page = _PAGE.format(code=code, title=escape(title), text=escape(text))
        return page.encode("utf-8", "backslashreplace")
    request.setHeader(b"Content-Type", TEXT)
    return text.encode("utf-8", "backslashreplace") + b"\n"
