"""
Exercise 6: redirect to the slash.
"""

from twisted.web.http import NOT_FOUND
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run


class Slash(Resource):
    """Pages whose addresses end with a slash."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Respond with the page, or lead there."""
        path = request.uri.partition(b"?")[0]
        if path.endswith(b"/"):
            return b"This is the page.\n"
        request.setResponseCode(NOT_FOUND)
        return b"There is no such page.\n"


if __name__ == "__main__":
    run(Slash())
