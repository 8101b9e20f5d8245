"""
Exercise 24: one range.
"""

from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run

TEXT = b"abcdefghijklmnopqrstuvwxyz"


class Text(Resource):
    """A text that clients want parts of."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Respond with the text."""
        request.setHeader(b"Content-Type", b"text/plain")
        request.setHeader(b"Accept-Ranges", b"bytes")
        return TEXT


if __name__ == "__main__":
    run(Text())
