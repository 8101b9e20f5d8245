"""
Listen wherever a string says: the endpoint strings of Twisted.
"""

import sys

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.task import react
from twisted.web.resource import Resource
from twisted.web.server import Request, Site


class Hello(Resource):
    """Greet whoever asks, whatever the path."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Answer with the greeting."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        return b"Hello, world!\n"


async def main(reactor: object, *strings: str) -> None:
    """Listen on each endpoint of *strings* until Ctrl-C is pressed."""
    if not strings:
        sys.exit("Say where to listen, such as tcp:4040:interface=127.0.0.1")
    site = Site(Hello())
    for string in strings:
        try:
            port = await serverFromString(reactor, string).listen(site)
        except (TypeError, ValueError, KeyError) as error:
            sys.exit(f"{string!r} is no endpoint string: {error}")
        except (CannotListenError, OSError) as error:
            sys.exit(f"cannot listen on {string!r}: {error}")
        print("Listening on", port.getHost())
    await Deferred()  # never gets a result, so this waits for ever


if __name__ == "__main__":
    react(main, sys.argv[1:])
