"""
Exercise 9: GET changes nothing.
"""

from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run

PAGE = """<!DOCTYPE html>
<title>Counter</title>
<p>Count: {count}</p>
<form><button>Go on</button></form>
"""


class Counter(Resource):
    """A counter with a button."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def render_GET(self, request: Request) -> bytes:
        """Count, and show the count."""
        self.count += 1
        request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
        return PAGE.format(count=self.count).encode()


if __name__ == "__main__":
    run(Counter())
