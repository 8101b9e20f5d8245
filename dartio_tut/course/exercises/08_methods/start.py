"""
Exercise 8: 405, and what is allowed.
"""

from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run


class Number(Resource):
    """A number that can be read, and nothing else."""

    isLeaf = True

    def render(self, request: Request) -> bytes:
        """Respond to every method."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        return b"7\n"


if __name__ == "__main__":
    run(Number())
