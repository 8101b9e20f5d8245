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
from .kept_headers import KeptFields, keep_fields
from .origins import Origins
from .responses import ErrorResource, HTTPError
from .wrapper import Wrapper

MAX_AGE_SECONDS = b"7200"
"""How long a browser may remember the answer to a preflight. Browsers allow no more."""

_ALLOWED_FIELDS = ("Origin", "X-Requested-With", "Content-Type", "Accept")

_ALLOW_HEADERS = b"Access-Control-Allow-Headers"

_ANY_ORIGIN = (b"Access-Control-Allow-Origin", b"*")

_ANY_ORIGIN_KEPT: KeptFields = {
    _ANY_ORIGIN[0].lower(): (_ANY_ORIGIN[0], [_ANY_ORIGIN[1]])
}

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
        (_ALLOW_HEADERS, sent.encode("ascii")),
    )
    if not exposed:
        return fields
    read = ", ".join(exposed).encode("ascii")
    return (*fields, (b"Access-Control-Expose-Headers", read))


def allow_field(request: Request, name: bytes) -> None:
    """
    Answer a preflight that asks whether a page may send the header field *name* with
    yes. `cors_fields` must have been set before; other requests are not changed.
    """
    asked = request.getHeader(b"Access-Control-Request-Headers") or b""
    allowed = request.responseHeaders.getRawHeaders(_ALLOW_HEADERS, [])
    if name.lower() in {field.strip().lower() for field in asked.split(b",")}:
        request.setHeader(_ALLOW_HEADERS, b", ".join([*allowed, name]))


class CORS(Wrapper):
    """
    Let the pages of some other origins, and of no others, read a tree.

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
        kept = self._kept_for(self._origins.only)
        own = tuple((name, v) for name, values in kept.values() for v in values)
        if self._origins.is_any or self._origins.only:
            own = (*own, self._exposed)
        others = [f for f in super().refusal_fields if f[0].lower() not in kept]
        return (*own, *others)

    def prepare(self, request: Request) -> None:
        """Say which origin may read the response, even when the tree says another."""
        origin = request.getHeader(b"Origin")
        keep_fields(request, self._kept_for(origin))
        if origin in self._origins:
            request.setHeader(*self._exposed)

    def _kept_for(self, origin: bytes | None) -> KeptFields:
        if self._origins.is_any:
            return _ANY_ORIGIN_KEPT
        is_allowed = origin is not None and origin in self._origins
        return {
            b"vary": (b"Vary", [b"Origin"]),
            b"access-control-allow-origin": (
                b"Access-Control-Allow-Origin",
                [origin] if origin is not None and is_allowed else [],
            ),
            b"access-control-allow-credentials": (
                b"Access-Control-Allow-Credentials",
                [b"true"] if is_allowed else [],
            ),
        }

    def resource_for(self, request: Request) -> IResource:
        """Choose what answers a preflight, a refusal, or the tree."""
        origin = request.getHeader(b"Origin")
        if origin not in self._origins:
            refused = self._refusal if origin is not None else None
            return refused or self._resource
        asked = request.getHeader(b"Access-Control-Request-Method")
        is_preflight = request.method == b"OPTIONS" and asked
        return self._preflight if is_preflight else self._resource


def restrict_origins(
    resource: IResource, origins: Collection[bytes], methods: bytes
) -> IResource:
    """
    Refuse requests from pages of other origins than *origins*, if there are any.

    :param methods: those that the pages may use.
    """
    if not origins:
        return resource
    return CORS(resource, origins, methods, refuse_others=True)


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
            request.setHeader(_ALLOW_HEADERS, headers)
        return b""
