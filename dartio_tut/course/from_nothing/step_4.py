"""
Step 4: paths. Each part of a path finds a child of a resource.
"""

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import react
from twisted.web.resource import Resource
from twisted.web.server import Request, Site


class Home(Resource):
    """``/``: say what else there is."""

    def render_GET(self, request: Request) -> bytes:
        """Answer with a hint."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        return b"Try /greet/Leia\n"


class Greet(Resource):
    """``/greet``: its children greet."""

    def getChild(self, path: bytes, request: Request) -> Resource:
        """Make a child for the next part of the path."""
        return Greeting(path.decode("utf-8", "replace"))


class Greeting(Resource):
    """``/greet/NAME``: greet by name."""

    isLeaf = True

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def render_GET(self, request: Request) -> bytes:
        """Answer with the greeting."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        return f"Hello, {self.name}!\n".encode()


def make_tree() -> Resource:
    """Make the resources of this server; return the root."""
    root = Resource()
    root.putChild(b"", Home())
    root.putChild(b"greet", Greet())
    return root


async def main(reactor: object) -> None:
    """Listen until Ctrl-C is pressed."""
    endpoint = serverFromString(reactor, "tcp:4040:interface=127.0.0.1")
    await endpoint.listen(Site(make_tree()))
    print("Listening on http://127.0.0.1:4040/")
    await Deferred()  # never gets a result, so this waits for ever


if __name__ == "__main__":
    react(main)
