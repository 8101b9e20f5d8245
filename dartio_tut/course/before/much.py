"""
Send much to a client that reads slowly: all at once, or as fast as the client reads.
"""

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IPullProducer
from twisted.internet.task import react
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site
from zope.interface import implementer

MIB = 1024 * 1024
PIECE = bytes(64 * 1024)
TOTAL_BYTES = 100 * MIB


class AtOnce(Resource):
    """``/at-once``: what the client has not read yet is kept in memory."""

    isLeaf = True

    def render_GET(self, request: Request) -> int:
        """Write everything, however slowly the client reads."""
        for _ in range(TOTAL_BYTES // len(PIECE)):
            request.write(PIECE)
        print("At once:", TOTAL_BYTES // MIB, "MiB are written.")
        request.finish()
        return NOT_DONE_YET


@implementer(IPullProducer)
class Pieces:
    """Writes a piece whenever the connection can take one."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.written = 0

    def resumeProducing(self) -> None:
        """Write the next piece, or finish after the last one."""
        if self.written < TOTAL_BYTES:
            self.request.write(PIECE)
            self.written += len(PIECE)
        else:
            self.request.unregisterProducer()
            self.request.finish()

    def stopProducing(self) -> None:
        """The client has gone; nothing has to be given back here."""

    def tell(self) -> None:
        """Print how much was written until the response ended."""
        print("In pieces:", self.written // MIB, "MiB were written.")


class InPieces(Resource):
    """``/in-pieces``: as much is written as the client reads."""

    isLeaf = True

    def render_GET(self, request: Request) -> int:
        """Let the connection ask for one piece after the other."""
        pieces = Pieces(request)
        request.notifyFinish().addBoth(lambda _: pieces.tell())
        request.registerProducer(pieces, False)
        return NOT_DONE_YET


def make_tree() -> Resource:
    """Make the resources of this server; return the root."""
    root = Resource()
    root.putChild(b"at-once", AtOnce())
    root.putChild(b"in-pieces", InPieces())
    return root


async def main(reactor: object) -> None:
    """Listen until Ctrl-C is pressed."""
    endpoint = serverFromString(reactor, "tcp:4040:interface=127.0.0.1")
    await endpoint.listen(Site(make_tree()))
    print("Listening on http://127.0.0.1:4040/")
    await Deferred()  # never gets a result, so this waits for ever


if __name__ == "__main__":
    react(main)
