"""
``--health``: ``/healthz`` and ``/readyz`` on the ports of a server itself, for load
balancers and containers that look at no other port.

They are answered before the tree is asked, so that neither a password nor the name of a
host is needed for them.
"""

from __future__ import annotations

from typing import Any

from twisted.web.http import NOT_ALLOWED, SERVICE_UNAVAILABLE
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request
from zope.interface import implementer

from dartio_tut.wire import Fields

READY = b"ready\n"
NOT_READY = b"not ready\n"
"""What ``/readyz`` says."""

ALIVE = b"ok\n"
"""What ``/healthz`` says. Whoever reads it knows that the reactor turns."""

HEALTH, READINESS = b"/healthz", b"/readyz"


def prepare_page(request: Request) -> None:
    """Set the fields that all these pages have."""
    request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
    request.setHeader(b"Cache-Control", b"no-store")
    request.setHeader(b"X-Content-Type-Options", b"nosniff")


def readiness(request: Request, is_ready: bool) -> bytes:
    """The page `READINESS`."""
    if is_ready:
        return READY
    request.setResponseCode(SERVICE_UNAVAILABLE)
    return NOT_READY


class PlainPages(Resource):
    """Pages that are only read; another method is refused in plain text."""

    isLeaf = True

    def render(self, request: Request) -> Any:
        """Answer GET and HEAD."""
        if request.method in (b"GET", b"HEAD"):
            return super().render(request)
        prepare_page(request)
        request.setResponseCode(NOT_ALLOWED)
        request.setHeader(b"Allow", b"GET, HEAD")
        return b"Unsupported request: use GET.\n"


class HealthPage(PlainPages):
    """Either page: it tells how the site that was asked is."""

    def render_GET(self, request: Request) -> bytes:
        """Say how the site is."""
        prepare_page(request)
        if request.path == HEALTH:
            return ALIVE
        site: Any = request.site
        return readiness(request, not (site.is_draining or site.has_stopped))


@implementer(IResource)
class HealthPages:
    """Answers requests for the pages, and passes all others on to *resource*."""

    isLeaf = False

    def __init__(self, resource: IResource) -> None:
        self._resource = resource
        self._page = HealthPage()

    @property
    def refusal_fields(self) -> Fields:
        """The fields of refusals that the tree asks for."""
        fields: Fields = getattr(self._resource, "refusal_fields", ())
        return fields

    @property
    def streams_up_to(self) -> int:
        """How many bytes of content the tree's root takes as a stream."""
        size: int = getattr(self._resource, "streams_up_to", 0)
        return size

    def getChildWithDefault(self, path: bytes, request: Any) -> IResource:
        """A page, or the tree, which is asked for *path* as if it were the root."""
        if request.path in (HEALTH, READINESS):
            return self._page
        request.postpath.insert(0, request.prepath.pop())
        return self._resource

    def render(self, request: Request) -> bytes | int:
        """As the tree's root renders."""
        rendered: bytes | int = self._resource.render(request)
        return rendered

    def putChild(self, path: bytes, child: IResource) -> None:
        """Put *child* into the tree."""
        self._resource.putChild(path, child)
