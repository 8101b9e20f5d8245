"""
A tree of resources. Each says which part of the path led to it, and what is left.
"""

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import react
from twisted.web.pages import notFound
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site


class Answering(Resource):
    """A resource with a name, which says where it was found."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def render_GET(self, request: Request) -> bytes:
        """Say how the path was taken apart."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        said = f"{self.name}: prepath {request.prepath}, postpath {request.postpath}\n"
        return said.encode()


class Leaf(Answering):
    """A resource that answers for everything below it."""

    isLeaf = True


class Numbers(Answering):
    """A resource whose children are made when they are asked for."""

    def getChild(self, path: bytes, request: Request) -> IResource:
        """Make a child for a number; anything else is answered with 404."""
        if path.isdigit():
            return Answering(f"number {path.decode()}")
        return notFound()


def make_tree() -> Resource:
    """Make the resources; return the root."""
    root = Resource()
    root.putChild(b"", Answering("home"))
    root.putChild(b"branch", Answering("branch"))
    root.putChild(b"leaf", Leaf("leaf"))
    root.putChild(b"numbers", Numbers("numbers"))
    return root


async def main(reactor: object) -> None:
    """Listen until Ctrl-C is pressed."""
    endpoint = serverFromString(reactor, "tcp:4040:interface=127.0.0.1")
    await endpoint.listen(Site(make_tree()))
    print("Listening on http://127.0.0.1:4040/")
    await Deferred()  # never gets a result, so this waits for ever


if __name__ == "__main__":
    react(main)
