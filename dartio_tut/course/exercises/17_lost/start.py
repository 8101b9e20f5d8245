"""
Exercise 17: nobody's update is lost.
"""

from twisted.web.http import NO_CONTENT
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run


class Text(Resource):
    """A text that everybody may change."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.text = b"Once upon a time\n"

    def render_GET(self, request: Request) -> bytes:
        """Respond with the text; a browser is not to run what is in it."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        return self.text

    def render_PUT(self, request: Request) -> bytes:
        """Replace the text."""
        self.text = request.content.read()
        request.setResponseCode(NO_CONTENT)
        return b""


if __name__ == "__main__":
    run(Text())
