"""
Cross-origin resource sharing: pages of other origins may read a response (Fetch
standard, section 3.2).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from twisted.web.http import NO_CONTENT
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from .wrapper import Wrapper

MAX_AGE_SECONDS = b"7200"
"""How long a browser may remember the answer to a preflight. Browsers allow no more."""

_origin = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9.\[\]:_-]+").fullmatch

_ALLOWED_FIELDS = ("Origin", "X-Requested-With", "Content-Type", "Accept")

_EXPOSED_FIELDS = b"Accept-Ranges, Content-Encoding, Content-Range, ETag"


def cors_fields(
    methods: str, headers: Sequence[str] = (), exposed: Sequence[str] = ()
) -> tuple[tuple[bytes, bytes], ...]:
    """
    Return header fields by which the pages of any origin may send *methods* and read
    the response.

    Every page that a person opens may then do so, also a hostile one.

    :param headers: header fields that the pages may send, beside the usual ones.
    :param exposed: header fields of the response that they may read, beside the usual
        ones.
    """
    sent = ", ".join((*_ALLOWED_FIELDS, *headers))
    fields = (
        (b"Access-Control-Allow-Origin", b"*"),
        (b"Access-Control-Allow-Methods", methods.encode("ascii")),
        (b"Access-Control-Allow-Headers", sent.encode("ascii")),
    )
    if not exposed:
        return fields
    read = ", ".join(exposed).encode("ascii")
    return (*fields, (b"Access-Control-Expose-Headers", read))


def parse_origin(text: str) -> bytes:
    """
    Return *text* as an origin such as ``https://example.org``, or ``*`` for any.

    :raise ValueError: when it is not an origin.
    """
    if text != "*" and not _origin(text):
        raise ValueError(
            f"{text!r} is not an origin; use * or one such as https://example.org"
        )
    return text.encode("ascii")


class CORS(Wrapper):
    """
    Let the pages of some other origins read a tree.

    It answers their preflights before anybody asks for a password: a browser sends
    none with them.

    :param resource: the tree.
    :param origins: such as ``https://example.org``; ``*`` is any.
    :param methods: those that the pages may use.
    """

    def __init__(
        self,
        resource: IResource,
        origins: Collection[bytes],
        methods: bytes = b"GET, HEAD",
    ) -> None:
        super().__init__(resource)
        self._origins = origins
        self._preflight = _Preflight(methods)

    def prepare(self, request: Request) -> None:
        """Say which origin may read the response."""
        varies = request.responseHeaders.getRawHeaders(b"Vary", [])
        if b"*" not in self._origins and b"Origin" not in varies:
            request.responseHeaders.addRawHeader(b"Vary", b"Origin")
        allowed = self._allowed(request)
        if allowed:
            request.setHeader(b"Access-Control-Allow-Origin", allowed)
            request.setHeader(b"Access-Control-Expose-Headers", _EXPOSED_FIELDS)

    def resource_for(self, request: Request) -> IResource:
        """Choose what answers a preflight, or the tree."""
        asked = request.getHeader(b"Access-Control-Request-Method")
        is_preflight = request.method == b"OPTIONS" and asked
        if is_preflight and self._allowed(request):
            return self._preflight
        return self._resource

    def _allowed(self, request: Request) -> bytes | None:
        if b"*" in self._origins:
            return b"*"
        origin: bytes | None = request.getHeader(b"Origin")
        return origin if origin in self._origins else None


class _Preflight(Resource):
    """Answers the question whether a page may send a request."""

    isLeaf = True

    def __init__(self, methods: bytes) -> None:
        super().__init__()
        self._methods = methods

    def render(self, request: Request) -> bytes:
        request.setResponseCode(NO_CONTENT)
        request.setHeader(b"Access-Control-Allow-Methods", self._methods)
        request.setHeader(b"Access-Control-Max-Age", MAX_AGE_SECONDS)
        headers = request.getHeader(b"Access-Control-Request-Headers")
        if headers:
            request.setHeader(b"Access-Control-Allow-Headers", headers)
        return b""
