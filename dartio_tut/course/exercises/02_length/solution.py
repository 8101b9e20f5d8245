"""
Exercise 2: say how long it is.
"""

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from dartio_tut.course import run

GREETING, WORLD = "Γειά σου, ", "Κόσμε!\n"


class Greek(Resource):
    """Greet in Greek."""

    isLeaf = True

    def render_GET(self, request: Request) -> int:
        """Respond in two pieces."""
        pieces = [text.encode() for text in (GREETING, WORLD)]
        length = sum(len(piece) for piece in pieces)
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        request.setHeader(b"Content-Length", b"%d" % length)
        for piece in pieces:
            request.write(piece)
        request.finish()
        return NOT_DONE_YET


if __name__ == "__main__":
    run(Greek())
