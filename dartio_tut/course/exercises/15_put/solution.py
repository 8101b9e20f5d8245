"""
Exercise 15: PUT twice is once.
"""

from twisted.web.http import CREATED, NO_CONTENT, NOT_FOUND
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run


class Documents(Resource):
    """Keep a document at each path."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[bytes, bytes] = {}

    def render_GET(self, request: Request) -> bytes:
        """Give the document back; a browser is not to run what is in it."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        if request.path not in self.documents:
            request.setResponseCode(NOT_FOUND)
            return b"There is no such document.\n"
        return self.documents[request.path]

    def render_PUT(self, request: Request) -> bytes:
        """Store the document."""
        is_new = request.path not in self.documents
        self.documents[request.path] = request.content.read()
        request.setResponseCode(CREATED if is_new else NO_CONTENT)
        return b""


if __name__ == "__main__":
    run(Documents())
