"""
Step 7: a coroutine that waits, while others are served.
"""

import time

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater, react
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

SECONDS = 2  # long enough to see, short enough to wait for


class Sleep(Resource):
    """``/sleep``: wait, and keep everybody else waiting."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Answer after some time, in which nothing else happens."""
        time.sleep(SECONDS)
        return b"I slept.\n"


class Await(Resource):
    """``/await``: wait, while others are served."""

    isLeaf = True

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__()
        self.clock = clock

    def render_GET(self, request: Request) -> int:
        """Begin to answer, and say that the response will come later."""
        answering = Deferred.fromCoroutine(self.answer(request))
        request.notifyFinish().addErrback(lambda gone: answering.cancel())
        answering.addErrback(lambda failure: failure.trap(CancelledError))
        return NOT_DONE_YET

    async def answer(self, request: Request) -> None:
        """Wait for some time, then write the response."""
        await deferLater(self.clock, SECONDS)
        request.write(b"I waited.\n")
        request.finish()


def make_tree(clock: IReactorTime) -> Resource:
    """Make the resources of this server; return the root."""
    root = Resource()
    root.putChild(b"sleep", Sleep())
    root.putChild(b"await", Await(clock))
    return root


async def main(reactor: IReactorTime) -> None:
    """Listen until Ctrl-C is pressed."""
    endpoint = serverFromString(reactor, "tcp:4040:interface=127.0.0.1")
    await endpoint.listen(Site(make_tree(reactor)))
    print("Listening on http://127.0.0.1:4040/")
    await Deferred()  # never gets a result, so this waits for ever


if __name__ == "__main__":
    react(main)
