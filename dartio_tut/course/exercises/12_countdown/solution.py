"""
Exercise 12: in pieces, until the client leaves.
"""

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from dartio_tut.course import run


class Countdown(Resource):
    """Count down from 3."""

    isLeaf = True

    def __init__(self, clock: Any = None) -> None:
        super().__init__()
        if clock is None:  # not in a test
            from twisted.internet import reactor as clock
        self.clock = clock

    def render_GET(self, request: Request) -> int:
        """Respond with a line each second."""
        counting = Deferred.fromCoroutine(self.count(request))
        counting.addErrback(lambda failure: failure.trap(CancelledError))
        request.notifyFinish().addErrback(lambda _: counting.cancel())
        return NOT_DONE_YET

    async def count(self, request: Request) -> None:
        """Write the lines."""
        for number in (3, 2, 1):
            request.write(b"%d\n" % number)
            await deferLater(self.clock, 1)
        request.finish()


if __name__ == "__main__":
    run(Countdown())
