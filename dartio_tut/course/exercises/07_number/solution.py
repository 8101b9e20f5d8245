"""
Exercise 7: a number, or 400.
"""

from twisted.web.http import BAD_REQUEST
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run


class Double(Resource):
    """Double a number: ``/?n=21``."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Respond with twice the number."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        try:
            (number,) = request.args.get(b"n", [])
            text = f"{2 * int(number)}\n"
        except ValueError:  # not one, or no number
            request.setResponseCode(BAD_REQUEST)
            text = "Say which number: /?n=21\n"
        return text.encode()


if __name__ == "__main__":
    run(Double())
