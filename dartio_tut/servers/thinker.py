"""
Number thinker: thinks of a number from 0 to 9, and says whether a guess is right.

    $ twistd -n thinker
    $ curl "http://localhost:4041/?q=6"
    false
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import randrange

from twisted.application.service import IService
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.daemon import SharedStoreOptions, serve
from dartio_tut.resources import (
    SharedNumber,
    from_store,
    method_not_allowed,
    respond_later,
)
from dartio_tut.store import Documents, MemoryDocuments, open_documents


class Thinker(Resource):
    """
    Compare the query parameter ``q`` with a number.

    :param think: returns a random number below its argument.
    :param documents: a store for the number, if several thinkers share it.
    """

    isLeaf = True
    log = Logger()

    def __init__(
        self,
        think: Callable[[int], int] = randrange,
        documents: Documents | None = None,
    ) -> None:
        super().__init__()
        self.number = SharedNumber(documents or MemoryDocuments(), think)

    async def begin(self) -> None:
        """Think of a number, unless another thinker with the same store has done so."""
        number, _ = await self.number.current()
        self.log.info("I'm thinking of a number: {number}", number=number)

    def render(self, request: Request) -> bytes | int:
        """Answer a guess; other methods than GET and HEAD are refused."""
        body: bytes | int
        if request.method in (b"GET", b"HEAD"):
            body = respond_later(request, from_store(self.guess(request)))
        else:
            body = method_not_allowed(request, "GET, HEAD")
        self.log.info("Request handled.")
        return body

    async def guess(self, request: Request) -> str:
        """Say whether the guess is right; if so, think of another number."""
        guess = request.args.get(b"q", [b""])[0]
        number, version = await self.number.current()
        if guess != b"%d" % number:
            return "false\n"
        if request.method == b"GET":
            another = await self.number.replace(version)
            if another is None:  # another guess was faster
                return "false\n"
            self.log.info("I'm thinking of another number: {number}", number=another)
        return "true\nI'm thinking of another number.\n"


class Options(SharedStoreOptions):
    """Listen on the tutorial's port."""

    longdesc = (
        "Thinks of a number from 0 to 9. Guess it with ?q=6, or: dartio guess. "
        "Thinkers with the same --store think of the same number."
    )
    default_port = 4041


def makeService(options: Options) -> IService:
    """Serve a `Thinker` as a daemon."""
    documents = options.open_shared_store(partial(open_documents, name="thinker"))
    thinker = Thinker(documents=documents)
    Deferred.fromCoroutine(thinker.begin()).addErrback(
        lambda failure: thinker.log.failure("Cannot think", failure)
    )
    return serve(thinker, options)
