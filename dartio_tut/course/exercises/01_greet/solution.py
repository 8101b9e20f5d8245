"""
Exercise 1: greet by name, escaped.
"""

from html import escape

from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run


class Greeting(Resource):
    """Greet whoever says a name: ``/?name=Ada``."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Respond with a page."""
        name = request.args.get(b"name", [b"world"])[0]
        text = escape(name.decode("utf-8", "replace"))
        request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
        return f"<h1>Hello, {text}!</h1>\n".encode()


if __name__ == "__main__":
    run(Greeting())
