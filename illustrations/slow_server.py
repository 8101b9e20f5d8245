"""
A server with one resource that takes its time, in two ways.

    $ python -m illustrations.slow_server wait

It says on standard output where it listens, and when it begins and ends each response.
"""

from __future__ import annotations

import sys
import time
from typing import cast

from twisted.internet import reactor
from twisted.internet.address import IPv4Address
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import deferLater
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.daemon import Site
from dartio_tut.resources import respond_later

SECONDS = 1.0
"""How long /slow takes: far longer than anything else here."""


def tell(event: str, path: str) -> None:
    """Say on standard output what happens, and when."""
    print(event, path, time.monotonic(), flush=True)


class Waiting(Resource):
    """Waits without keeping anyone else waiting."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes | int:
        """Answer later."""
        tell("begins", request.path.decode("ascii"))
        return respond_later(request, self.get(request))

    async def get(self, request: Request) -> str:
        """The response, when it is time."""
        if request.path == b"/slow":
            await deferLater(reactor, SECONDS)
        tell("ends", request.path.decode("ascii"))
        return "done\n"


class Sleeping(Resource):
    """Sleeps, and so does everything else in this process."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Answer at once, after a sleep."""
        tell("begins", request.path.decode("ascii"))
        if request.path == b"/slow":
            time.sleep(SECONDS)
        tell("ends", request.path.decode("ascii"))
        return b"done\n"


def main() -> None:
    """Listen, and say where."""
    resource = Sleeping() if sys.argv[1:] == ["sleep"] else Waiting()
    endpoint = serverFromString(reactor, "tcp:0:interface=127.0.0.1")

    def say(port: IListeningPort) -> None:
        number = cast(IPv4Address, port.getHost()).port
        print(f"Listening on http://127.0.0.1:{number}/", flush=True)

    endpoint.listen(Site(resource)).addCallback(say)
    reactor.run()


if __name__ == "__main__":
    main()
