"""
Seven mistakes that everybody makes once, each the whole of a server.

    $ python -m dartio_tut.course.mistakes text
    $ curl http://localhost:4040/
"""

from __future__ import annotations

import sys
import time

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import react
from twisted.logger import globalLogBeginner, textFileLogObserver
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from dartio_tut.daemon import Site


class Text(Resource):
    """Return text."""

    isLeaf = True

    def render_GET(self, request: Request) -> str:
        return "Hello!\n"


class Nothing(Resource):
    """Return nothing."""

    isLeaf = True

    def render_GET(self, request: Request) -> None:
        request.setHeader(b"Content-Type", b"text/plain")


class Coroutine(Resource):
    """Make a coroutine of the method that renders."""

    isLeaf = True

    async def render_GET(self, request: Request) -> bytes:
        return b"Hello!\n"


class NoLeaf(Resource):
    """Leave out ``isLeaf = True``."""

    def render_GET(self, request: Request) -> bytes:
        return b"Hello!\n"


class NoFinish(Resource):
    """Never call ``request.finish``."""

    isLeaf = True

    def render_GET(self, request: Request) -> int:
        request.write(b"Hello!\n")
        return NOT_DONE_YET


class Sleep(Resource):
    """Sleep in the only thread."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        time.sleep(4)
        return b"Hello!\n"


class WriteAfterFinish(Resource):
    """Write after the response has ended."""

    isLeaf = True

    def render_GET(self, request: Request) -> int:
        request.write(b"Hello!\n")
        request.finish()
        request.write(b"Goodbye!\n")
        return NOT_DONE_YET


MISTAKES: dict[str, type[Resource]] = {
    "text": Text,
    "nothing": Nothing,
    "coroutine": Coroutine,
    "no-leaf": NoLeaf,
    "no-finish": NoFinish,
    "sleep": Sleep,
    "write-after-finish": WriteAfterFinish,
}


async def main(reactor: object, name: str, port: str = "4040") -> None:
    """Serve the mistake *name*, and log to the terminal, until Ctrl-C is pressed."""
    log = textFileLogObserver(sys.stdout)
    globalLogBeginner.beginLoggingTo([log], redirectStandardIO=False)
    endpoint = serverFromString(reactor, f"tcp:{port}:interface=127.0.0.1")
    listening = await endpoint.listen(Site(MISTAKES[name]()))
    print(f"Listening on http://127.0.0.1:{listening.getHost().port}/", flush=True)
    await Deferred()


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3 or sys.argv[1] not in MISTAKES:
        sys.exit(f"Name a mistake: {', '.join(MISTAKES)}")
    react(main, sys.argv[1:])
