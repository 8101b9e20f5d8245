"""
Programs that send a request: Python with treq, and JavaScript with ``fetch``.
"""

from __future__ import annotations

import json
from base64 import b64encode

from .plain_request import FRAMING_FIELDS, PlainRequest, Unsendable
from .targets import has_dot_segments, is_plain_target

INDENT = " " * 8

NORMALIZED_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT")
"""``fetch`` sends these in upper case, however they are written (Fetch, 2.2.1)."""

FORBIDDEN_METHODS = ("CONNECT", "TRACE", "TRACK")
"""``fetch`` refuses these (Fetch, 2.2.1)."""

FORBIDDEN_FIELDS = frozenset(
    (
        "accept-charset",
        "accept-encoding",
        "access-control-request-headers",
        "access-control-request-method",
        "access-control-request-private-network",
        "connection",
        "content-length",
        "cookie",
        "cookie2",
        "date",
        "dnt",
        "expect",
        "host",
        "keep-alive",
        "origin",
        "referer",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
    )
)
"""Fields that a browser sets itself, or lets nobody set (Fetch, 2.2.2)."""

FORBIDDEN_PREFIXES = ("proxy-", "sec-")


def treq_copy(request: PlainRequest, url_base: str) -> str:
    """
    The request for treq.

    :raise Unsendable: when treq cannot send it.
    """
    if request.is_http10:
        raise Unsendable("treq speaks HTTP/1.1 only")
    if request.method != request.method.upper():
        raise Unsendable("treq puts methods in upper case")
    if not is_plain_target(request.target):
        raise Unsendable("treq sends a plain path only")
    headers: dict[bytes, list[bytes]] = {}
    for name, value in request.fields:
        if name.lower().encode() not in FRAMING_FIELDS:
            headers.setdefault(name.lower().encode(), []).append(value)
    notes = ["treq adds Accept-Encoding: gzip."]
    if request.is_chunked:
        notes.append("treq sends the length of the body instead of chunks.")
    lines = [
        "import treq",
        "from twisted.internet.task import react",
        "",
        "",
        "async def main(reactor):",
        *(f"    # {note}" for note in notes),
        "    response = await treq.request(",
        f"{INDENT}{_python(request.method)},",
        f"{INDENT}{_python(url_base + request.target)},",
        f"{INDENT}headers={{",
        *(f"{INDENT}    {name!r}: {values!r}," for name, values in headers.items()),
        f"{INDENT}}},",
        *([f"{INDENT}data={request.body!r},"] if request.body else []),
        f"{INDENT}allow_redirects=False,",
        "    )",
        "    print(response.code, await response.content())",
        "",
        "",
        "react(main)",
    ]
    return "\n".join(lines) + "\n"


def _python(text: str) -> str:
    return json.dumps(text)  # which is also Python, for ASCII


def _javascript(value: object) -> str:
    """*value* as a literal; JSON leaves one control character as it is."""
    return json.dumps(value).replace("\x7f", "\\u007f")


def fetch_copy(request: PlainRequest, url_base: str) -> str:
    """
    The request for the ``fetch`` of browsers.

    :raise Unsendable: when a browser cannot send it.
    """
    _check_fetch(request)
    own, left_out = [], []
    for name, value in request.fields:
        if name.lower() in FORBIDDEN_FIELDS or name.lower().startswith(
            FORBIDDEN_PREFIXES
        ):
            left_out.append(name)
        else:
            own.append([name, value.decode("latin-1")])
    lines = [f"await fetch({_javascript(url_base + request.target)}, {{"]
    if left_out:
        names = ", ".join(sorted({name.lower() for name in left_out}))
        lines.insert(0, f"// The browser sets these itself, or not at all: {names}.")
    lines.append(f"  method: {_javascript(request.method)},")
    if own:
        lines.append("  headers: [")
        lines += [f"    {_javascript(field)}," for field in own]
        lines.append("  ],")
    if request.body:
        lines.append(f"  body: {_javascript_body(request)},")
    lines.append('  redirect: "manual",')
    return "\n".join([*lines, "});"]) + "\n"


def _check_fetch(request: PlainRequest) -> None:
    """
    :raise Unsendable: when a browser cannot send *request*.
    """
    method = request.method
    if request.is_http10:
        raise Unsendable("browsers do not speak HTTP/1.0")
    if method.upper() in FORBIDDEN_METHODS:
        raise Unsendable(f"browsers do not send {method.upper()}")
    if method.upper() in NORMALIZED_METHODS and method != method.upper():
        raise Unsendable("browsers send this method in upper case")
    if request.body is not None and method in ("GET", "HEAD"):
        raise Unsendable("browsers send no body with GET and HEAD")
    if not is_plain_target(request.target) or has_dot_segments(request.target):
        raise Unsendable("browsers would write its target in another way")


def _javascript_body(request: PlainRequest) -> str:
    body = request.body or b""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text and request.has("content-type"):  # which fetch makes up for a string
        return _javascript(text)
    encoded = b64encode(body).decode("ascii")
    return f'Uint8Array.from(atob("{encoded}"), (byte) => byte.charCodeAt(0))'
