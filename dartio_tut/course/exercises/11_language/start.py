"""
Exercise 11: in the reader's language.
"""

from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run

GREETINGS = {"en": "Hello!", "de": "Grüß Gott!"}


class Greeting(Resource):
    """Greet in the language that the reader likes best."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Respond with a greeting."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        return GREETINGS["en"].encode()


if __name__ == "__main__":
    run(Greeting())
