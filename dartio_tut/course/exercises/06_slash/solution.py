"""
Exercise 6: redirect to the slash.
"""

from twisted.web.http import MOVED_PERMANENTLY
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run


class Slash(Resource):
    """Pages whose addresses end with a slash."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Respond with the page, or lead there."""
        path, mark, query = request.uri.partition(b"?")
        if path.endswith(b"/"):
            return b"This is the page.\n"
        location = b"/" + path.strip(b"/") + b"/" + mark + query
        request.setResponseCode(MOVED_PERMANENTLY)
        request.setHeader(b"Location", location)
        return b""


if __name__ == "__main__":
    run(Slash())
