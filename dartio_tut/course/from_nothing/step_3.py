"""
Step 3: a resource. Twisted reads the requests and writes the responses.
"""

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import react
from twisted.web.resource import Resource
from twisted.web.server import Request, Site


class Hello(Resource):
    """Greet whoever asks, whatever the path."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Answer with the greeting."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        return b"Hello, world!"


async def main(reactor: object) -> None:
    """Listen until Ctrl-C is pressed."""
    endpoint = serverFromString(reactor, "tcp:4040:interface=127.0.0.1")
    await endpoint.listen(Site(Hello()))
    print("Listening on http://127.0.0.1:4040/")
    await Deferred()  # never gets a result, so this waits for ever


if __name__ == "__main__":
    react(main)
