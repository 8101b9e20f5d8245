"""
Exercise 8: 405, and what is allowed.
"""

from twisted.web.http import NOT_ALLOWED
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run

ALLOWED = ("GET", "HEAD")


class Number(Resource):
    """A number that can be read, and nothing else."""

    isLeaf = True

    def render(self, request: Request) -> bytes:
        """Respond to every method."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        if request.method.decode() in ALLOWED:
            return b"7\n"
        request.setResponseCode(NOT_ALLOWED)
        request.setHeader(b"Allow", ", ".join(ALLOWED).encode())
        return b"This number can be read, and nothing else.\n"


if __name__ == "__main__":
    run(Number())
