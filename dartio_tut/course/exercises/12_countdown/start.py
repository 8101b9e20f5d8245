"""
Exercise 12: in pieces, until the client leaves.
"""

from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run


class Countdown(Resource):
    """Count down from 3."""

    isLeaf = True

    def __init__(self, clock: Any = None) -> None:
        super().__init__()
        if clock is None:  # not in a test
            from twisted.internet import reactor as clock
        self.clock = clock

    def render_GET(self, request: Request) -> bytes:
        """Respond with a line each second."""
        return b"3\n2\n1\n"


if __name__ == "__main__":
    run(Countdown())
