"""
Exercise 20: a preflight.
"""

from twisted.web.http import NO_CONTENT
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run

ALLOWED = "https://app.example"


class Notes(Resource):
    """Notes that pages of one other origin may delete."""

    isLeaf = True

    def render_OPTIONS(self, request: Request) -> bytes:
        """Answer the browser's question."""
        request.setResponseCode(NO_CONTENT)
        return b""

    def render_GET(self, request: Request) -> bytes:
        """Respond with the notes."""
        return b"Buy milk\n"

    def render_DELETE(self, request: Request) -> bytes:
        """Delete them (not yet)."""
        request.setResponseCode(NO_CONTENT)
        return b""


if __name__ == "__main__":
    run(Notes())
