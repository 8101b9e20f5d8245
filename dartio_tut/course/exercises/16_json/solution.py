"""
Exercise 16: refuse what is not JSON.
"""

import json

from twisted.web.http import BAD_REQUEST, UNSUPPORTED_MEDIA_TYPE
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run


class Greeting(Resource):
    """Greet whoever is named in a JSON object."""

    isLeaf = True

    def render_POST(self, request: Request) -> bytes:
        """Respond with the name."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        given = request.getHeader("Content-Type") or ""
        media_type = given.partition(";")[0].strip().lower()
        if media_type != "application/json":
            request.setResponseCode(UNSUPPORTED_MEDIA_TYPE)
            request.setHeader(b"Accept", b"application/json")
            return b"Send JSON.\n"
        try:
            name = json.loads(request.content.read())["name"]
            greeting = f"Hello, {name}!\n".encode()
        except (ValueError, RecursionError, KeyError, TypeError):
            request.setResponseCode(BAD_REQUEST)
            return b'Send an object with a name: {"name": "Ada"}\n'
        return greeting


if __name__ == "__main__":
    run(Greeting())
