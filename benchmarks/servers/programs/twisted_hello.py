"""Hello for Twisted's own site, in a script and under ``twistd web --class``."""

from __future__ import annotations

from twisted.web.resource import Resource
from twisted.web.server import Request


class Hello(Resource):
    """Greet every request."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Answer with the greeting."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        return b"Hello, world!"
