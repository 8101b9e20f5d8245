"""
Asking a resource that is a function, to see what its request is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from .memory_client import Connection
from .response_reader import Answer, Answers


class Doing(Resource):
    """Answer by calling *do*."""

    isLeaf = True

    def __init__(self, do: Callable[[Any], Any]) -> None:
        super().__init__()
        self._do = do

    def render(self, request: Any) -> Any:
        """As *do* says."""
        return self._do(request)


class RequestCase(SynchronousTestCase):
    """Asks a resource that is a function."""

    def said(
        self, do: Callable[[Any], Any], *lines: str, start: str = "GET / HTTP/1.1"
    ) -> bytes:
        """All bytes of the answer of *do*."""
        head = "\r\n".join([start, "Host: a", *lines, "", ""])
        return Connection(Doing(do)).send(head.encode("latin-1"))

    def answer(
        self, do: Callable[[Any], Any], *lines: str, start: str = "GET / HTTP/1.1"
    ) -> Answer:
        """The answer of *do*, which must be whole and well framed."""
        answers = Answers([start.partition(" ")[0]])
        answers.feed(self.said(do, *lines, start=start))
        self.assertFalse(answers.unfinished())
        (only,) = answers.all
        return only

    def asked(
        self, *lines: str, start: str = "GET /a/b?c=d HTTP/1.1", body: bytes = b""
    ) -> Any:
        """A request that waits for its answer."""
        held: list[Any] = []

        def hold(request: Any) -> int:
            held.append(request)
            return NOT_DONE_YET

        if body:
            lines = (*lines, f"Content-Length: {len(body)}")
        head = "\r\n".join([start, "Host: a:80", *lines, "", ""])
        self.connection = Connection(Doing(hold))
        self.connection.send(head.encode("latin-1") + body)
        return held[0]
