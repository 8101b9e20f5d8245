"""
Exercise 27: password, please.
"""

from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run

EXPECTED = b"ada:open:sesame"


class Secret(Resource):
    """A text for those who know the password."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Respond with the text."""
        return b"The treasure is under the stone.\n"


if __name__ == "__main__":
    run(Secret())
