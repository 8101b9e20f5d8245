"""
Exercise 17: nobody's update is lost.
"""

from hashlib import sha256

from twisted.web.http import NO_CONTENT, PRECONDITION_FAILED
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run

PRECONDITION_REQUIRED = 428


class Text(Resource):
    """A text that everybody may change."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.text = b"Once upon a time\n"

    def etag(self) -> str:
        """The name of this version of the text."""
        return f'"{sha256(self.text).hexdigest()}"'

    def render_GET(self, request: Request) -> bytes:
        """Respond with the text; a browser is not to run what is in it."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        request.setHeader(b"ETag", self.etag().encode())
        return self.text

    def render_PUT(self, request: Request) -> bytes:
        """Replace the text, if it is the version that the client has read."""
        given = request.getHeader("If-Match") or ""
        if not given:
            request.setResponseCode(PRECONDITION_REQUIRED)
            return b"Say which version you replace, in If-Match.\n"
        if not any(tag.strip() in (self.etag(), "*") for tag in given.split(",")):
            request.setResponseCode(PRECONDITION_FAILED)
            return b"Somebody has changed the text; read it again.\n"
        self.text = request.content.read()
        request.setResponseCode(NO_CONTENT)
        return b""


if __name__ == "__main__":
    run(Text())
