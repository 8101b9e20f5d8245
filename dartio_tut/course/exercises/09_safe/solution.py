"""
Exercise 9: GET changes nothing.
"""

from twisted.web.http import SEE_OTHER
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run

PAGE = """<!DOCTYPE html>
<title>Counter</title>
<p>Count: {count}</p>
<form method="POST"><button>Go on</button></form>
"""


class Counter(Resource):
    """A counter with a button."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def render_GET(self, request: Request) -> bytes:
        """Show the count."""
        request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
        return PAGE.format(count=self.count).encode()

    def render_POST(self, request: Request) -> bytes:
        """Count, and lead to the page."""
        self.count += 1
        request.setResponseCode(SEE_OTHER)
        request.setHeader(b"Location", b"/")
        return b""


if __name__ == "__main__":
    run(Counter())
