"""
Exercise 10: count visits in a cookie.
"""

from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run


class Visits(Resource):
    """Tell each browser how often it was here."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Respond with the number of visits."""
        visits = 1
        return f"Visit {visits}\n".encode()


if __name__ == "__main__":
    run(Visits())
