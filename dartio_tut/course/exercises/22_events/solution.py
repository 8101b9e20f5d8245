"""
Exercise 22: news as they come.
"""

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from dartio_tut.course import run


class News(Resource):
    """Tell everybody who listens."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.listening: list[Request] = []

    def tell(self, text: str) -> None:
        """Send *text* to all who listen."""
        lines = [f"data: {line}".encode() for line in text.splitlines()]
        for request in self.listening:
            request.write(b"\n".join(lines) + b"\n\n")

    def render_GET(self, request: Request) -> int:
        """Listen."""
        request.setHeader(b"Content-Type", b"text/event-stream")
        request.write(b": welcome\n\n")
        self.listening.append(request)
        request.notifyFinish().addBoth(lambda _: self.listening.remove(request))
        return NOT_DONE_YET

    def render_POST(self, request: Request) -> bytes:
        """Tell what is sent."""
        self.tell(request.content.read().decode("utf-8", "replace"))
        return b""


if __name__ == "__main__":
    run(News())
