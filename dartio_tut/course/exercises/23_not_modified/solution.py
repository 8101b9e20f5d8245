"""
Exercise 23: 304 by hand.
"""

from twisted.web.http import NOT_MODIFIED
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run

TEXT = b"Once upon a time\n" * 100
ETAG = '"1"'


def matches(tag: str) -> bool:
    """Whether *tag*, of If-None-Match, is what is there."""
    return tag.strip().removeprefix("W/") in (ETAG, "*")


class Text(Resource):
    """A text that clients keep copies of."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Respond with the text, or say that the client has it."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        request.setHeader(b"ETag", ETAG.encode())
        given = request.getHeader("If-None-Match") or ""
        if any(matches(tag) for tag in given.split(",")):
            request.setResponseCode(NOT_MODIFIED)
            return b""
        return TEXT


if __name__ == "__main__":
    run(Text())
