"""
Exercise 21: a form, and no forgery.
"""

from twisted.web.http import FORBIDDEN
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run


class Notes(Resource):
    """Save notes that a form sends."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[bytes] = []

    def render_POST(self, request: Request) -> bytes:
        """Save the note, unless another site sends it."""
        origin = request.getHeader("Origin") or ""
        site = origin.partition("://")[2]
        if origin and site != request.getHeader("Host"):
            request.setResponseCode(FORBIDDEN)
            return b"Only our own page may save notes.\n"
        self.notes.append(request.args.get(b"note", [b""])[0])
        return f"You have {len(self.notes)} notes.\n".encode()


if __name__ == "__main__":
    run(Notes())
