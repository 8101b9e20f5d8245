"""
Cross-origin resource sharing: pages of other origins may read a response (Fetch
standard, section 3.2).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from twisted.web.http import FORBIDDEN, NO_CONTENT
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from .fields import Fields
from .origins import Origins
from .responses import ErrorResource, HTTPError
from .wrapper import Wrapper

MAX_AGE_SECONDS = b"7200"
"""How long a browser may remember the answer to a preflight. Browsers allow no more."""

_ALLOWED_FIELDS = ("Origin", "X-Requested-With", "Content-Type", "Accept")

_ANY_ORIGIN = (b"Access-Control-Allow-Origin", b"*")

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
        _ANY_ORIGIN,
        (b"Access-Control-Allow-Methods", methods.encode("ascii")),
        (b"Access-Control-Allow-Headers", sent.encode("ascii")),
    )
    if not exposed:
        return fields
    read = ", ".join(exposed).encode("ascii")
    return (*fields, (b"Access-Control-Expose-Headers", read))


class CORS(Wrapper):
    """
    Let the pages of some other origins read a tree.

    It answers their preflights before anybody asks for a password: a browser sends
    none with them. Pages of origins that are named, one by one or by ``*.``, may also
    send the person's credentials (cookies, passwords); those of any origin (``*``) may
    not.

    :param resource: the tree.
    :param origins: as `parse_origin` takes them, such as ``https://example.org``.
    :param methods: those that the pages may use.
    :param exposed: header fields of the response that the pages may read.
    :param refuse_others: whether requests from pages of other origins are answered
        with 403. Otherwise they are done, and the page cannot read the response.
    :raise ValueError: when an origin is malformed.
    """

    def __init__(
        self,
        resource: IResource,
        origins: Collection[bytes],
        methods: bytes = b"GET, HEAD",
        exposed: bytes = _EXPOSED_FIELDS,
        refuse_others: bool = False,
    ) -> None:
        super().__init__(resource)
        self._origins = Origins(origins)
        self._exposed = (b"Access-Control-Expose-Headers", exposed)
        self._preflight = _Preflight(methods)
        self._refusal: IResource | None = None
        if refuse_others:
            text = "Pages of this origin may not use this server."
            self._refusal = ErrorResource(HTTPError(FORBIDDEN, text))

    @property
    def refusal_fields(self) -> Fields:
        """
        The header fields that the tree wants on refusals of the wire, and those by
        which pages may read them, where these do not depend on the request.
        """
        only = self._origins.only
        own: Fields = ()
        if self._origins.is_any:
            own = (_ANY_ORIGIN, self._exposed)
        elif only:
            own = (*_named(only), self._exposed, (b"Vary", b"Origin"))
        return (*own, *super().refusal_fields)

    def prepare(self, request: Request) -> None:
        """Say which origin may read the response."""
        headers = request.responseHeaders
        is_any = self._origins.is_any
        if not is_any and b"Origin" not in headers.getRawHeaders(b"Vary", []):
            headers.addRawHeader(b"Vary", b"Origin")
        origin = request.getHeader(b"Origin")
        if origin not in self._origins:
            return
        for field in (_ANY_ORIGIN,) if is_any else _named(origin or b""):
            request.setHeader(*field)
        request.setHeader(*self._exposed)

    def resource_for(self, request: Request) -> IResource:
        """Choose what answers a preflight, a refusal, or the tree."""
        origin = request.getHeader(b"Origin")
        if origin not in self._origins:
            refused = self._refusal if origin is not None else None
            return refused or self._resource
        asked = request.getHeader(b"Access-Control-Request-Method")
        is_preflight = request.method == b"OPTIONS" and asked
        return self._preflight if is_preflight else self._resource


def _named(origin: bytes) -> Fields:
    return (
        (b"Access-Control-Allow-Origin", origin),
        (b"Access-Control-Allow-Credentials", b"true"),
    )


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
