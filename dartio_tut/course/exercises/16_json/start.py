"""
Exercise 16: refuse what is not JSON.
"""

import json

from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run


class Greeting(Resource):
    """Greet whoever is named in a JSON object."""

    isLeaf = True

    def render_POST(self, request: Request) -> bytes:
        """Respond with the name."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        name = json.loads(request.content.read())["name"]
        return f"Hello, {name}!\n".encode()


if __name__ == "__main__":
    run(Greeting())
