"""
Number thinker: thinks of a number from 0 to 9, and tells whether a guess is right.

    $ twistd -n thinker
    $ curl "http://localhost:4041/?q=6"
    false
"""

from __future__ import annotations

from collections.abc import Callable
from random import randrange

from twisted.application.service import IService
from twisted.logger import Logger
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.daemon import ServerOptions, serve
from dartio_tut.resources import answer, unsupported


class Thinker(Resource):
    """
    Compare the query parameter ``q`` with a number.

    :param think: returns a random number below its argument.
    """

    isLeaf = True
    log = Logger()

    def __init__(self, think: Callable[[int], int] = randrange) -> None:
        super().__init__()
        self.think = think
        self.number = think(10)
        self.log.info("I'm thinking of a number: {number}", number=self.number)

    def render(self, request: Request) -> bytes:
        """Answer a guess, or refuse what is none."""
        if request.method in (b"GET", b"HEAD"):
            body = self.guess(request)
        else:
            body = unsupported(request, "GET, HEAD")
        self.log.info("Request handled.")
        return body

    def guess(self, request: Request) -> bytes:
        """Say whether the guess is right; if so, think of another number."""
        guess = request.args.get(b"q", [b""])[0]
        if guess != b"%d" % self.number:
            return answer(request, "false\n")
        if request.method == b"GET":
            self.number = self.think(10)
            self.log.info(
                "I'm thinking of another number: {number}", number=self.number
            )
        return answer(request, "true\nI'm thinking of another number.\n")


class Options(ServerOptions):
    """Listen where the tutorial listens."""

    synopsis = "[options]"
    longdesc = "Thinks of a number from 0 to 9. Guess it with ?q=6, or: dartio guess"
    defaultPort = "4041"


def makeService(options: Options) -> IService:
    """Serve a `Thinker` as a daemon."""
    return serve(Thinker(), options)
