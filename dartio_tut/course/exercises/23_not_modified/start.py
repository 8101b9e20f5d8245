"""
Exercise 23: 304 by hand.
"""

from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run

TEXT = b"Once upon a time\n" * 100
ETAG = '"1"'


class Text(Resource):
    """A text that clients keep copies of."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Respond with the text."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        request.setHeader(b"ETag", ETAG.encode())
        return TEXT


if __name__ == "__main__":
    run(Text())
