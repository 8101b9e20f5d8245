"""
Exercise 20: a preflight.
"""

from twisted.web.http import NO_CONTENT
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run

ALLOWED = "https://app.example"


def name_origin(request: Request) -> None:
    """Say whether the page that asks may read the response."""
    origin = request.getHeader("Origin") or ""
    request.setHeader(b"Vary", b"Origin")
    if origin == ALLOWED:
        request.setHeader(b"Access-Control-Allow-Origin", ALLOWED.encode())


class Notes(Resource):
    """Notes that pages of one other origin may delete."""

    isLeaf = True

    def render_OPTIONS(self, request: Request) -> bytes:
        """Answer the browser's question."""
        name_origin(request)
        request.setHeader(b"Access-Control-Allow-Methods", b"GET, DELETE")
        request.setHeader(b"Access-Control-Allow-Headers", b"X-Reason")
        request.setResponseCode(NO_CONTENT)
        return b""

    def render_GET(self, request: Request) -> bytes:
        """Respond with the notes."""
        name_origin(request)
        return b"Buy milk\n"

    def render_DELETE(self, request: Request) -> bytes:
        """Delete them (not yet)."""
        name_origin(request)
        request.setResponseCode(NO_CONTENT)
        return b""


if __name__ == "__main__":
    run(Notes())
