"""
What the tests of exercises have in common: they ask a resource in memory, and give a
client a server in memory. Time is a clock that a test turns.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from dartio_tut.testing import CLIENT_ADDRESS, connect
from dartio_tut.testing import Connection as MemoryConnection

from .answer import Answer, read_answer
from .reader_file import ReaderFile
from .teaching import TeachingFailure

CLOCK_STEPS = 100
"""How often a clock goes on by a second until a client has had time enough."""

FINISHED = (
    "a response that ends: `render` returns bytes, or NOT_DONE_YET, and then somebody"
    " must call request.finish()"
)


class Failed(Exception):
    """
    Code of the reader has raised an exception, which Twisted has logged.

    :ivar failure: the exception, and where it was raised.
    """

    def __init__(self, failure: Any) -> None:
        super().__init__(failure)
        self.failure = failure


@dataclass(frozen=True)
class Seen:
    """A request of the reader's client, as the server sees it."""

    method: str
    target: str
    fields: dict[str, str]
    body: bytes

    def field(self, name: str) -> str:
        """The value of the header field *name*; empty when it is not there."""
        return self.fields.get(name.lower(), "")


Reply = tuple[int, dict[str, str], bytes]
"""The status code, the fields and the body of a response."""


class Scripted(Resource):
    """A server for the reader's client: *reply* says what it answers to a request."""

    isLeaf = True

    def __init__(self, reply: Callable[[Seen], Reply]) -> None:
        super().__init__()
        self.seen: list[Seen] = []
        self._reply = reply

    def render(self, request: Request) -> bytes:
        """Note the request, and reply."""
        fields = {
            name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
            for name, values in request.requestHeaders.getAllRawHeaders()
        }
        seen = Seen(
            request.method.decode(),
            request.uri.decode("latin-1"),
            fields,
            cast(BinaryIO, request.content).read(),
        )
        self.seen.append(seen)
        code, answered, body = self._reply(seen)
        request.setResponseCode(code)
        for name, value in answered.items():
            request.setHeader(name.encode("latin-1"), value.encode("latin-1"))
        return body


class Connection:
    """A client's connection to a resource of the reader's."""

    def __init__(self, case: ExerciseCase, memory: MemoryConnection) -> None:
        self._case = case
        self._received = b""
        self._connection = memory

    def send(
        self,
        method: str = "GET",
        target: str = "/",
        body: bytes = b"",
        **fields: str,
    ) -> Answer:
        """Send a request; ``content_type=`` is a field. Return what has come so far."""
        named = [f"{name.replace('_', '-').title()}: {v}" for name, v in fields.items()]
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost:4050", *named]
        if body or method in ("POST", "PUT"):
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join([*lines, "", ""]).encode("utf-8")
        self._method = method
        self._asked = ", ".join([f"{method} {target}", *named])
        if body:
            self._asked += f", body: {body.decode('utf-8', 'backslashreplace')}"
        self._received = self._connection.send(head + body)
        return self.answer()

    def answer(self) -> Answer:
        """What has come of the response so far."""
        self._case.raise_logged()
        self._received += self._connection.read()
        return read_answer(
            self._asked,
            self._received,
            self._method,
            self._connection.closed,
        )

    def leave(self) -> None:
        """Close the connection, as a client does that has had enough."""
        self._connection.leave()


class ExerciseCase(SynchronousTestCase):
    """
    The test of one exercise.

    :cvar reader: the reader's file.
    """

    reader: ReaderFile

    def setUp(self) -> None:
        self.clock = Clock()

    def folder(self) -> Path:
        """An empty folder."""
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def connect(self, resource: Any) -> Connection:
        """A client's connection to *resource*."""
        # Its clock is not that of the case: the site has timers of its own.
        return Connection(self, connect(resource))

    def connect_to_twisted(self, resource: Any) -> Connection:
        """
        A connection to *resource* as Twisted's own site serves it, which sends what it
        is told to send, also when a length is wrong.
        """
        clock = Clock()
        protocol = Site(resource, reactor=clock).buildProtocol(CLIENT_ADDRESS)
        return Connection(self, MemoryConnection(protocol, clock))

    def raise_logged(self) -> None:
        """Raise the first exception of the reader's that Twisted has caught, if any."""
        for failure in self.flushLoggedErrors():
            raise Failed(failure)

    def fail_teaching(self, asked: str, came: str, wants: str, clause: str) -> None:
        """Say that *came* is not what is wanted."""
        raise TeachingFailure(asked, came, wants, clause)

    def ask(
        self,
        resource: Any,
        method: str = "GET",
        target: str = "/",
        body: bytes = b"",
        **fields: str,
    ) -> Answer:
        """The response of *resource* to a request; it must be whole."""
        answer = self.connect(resource).send(method, target, body, **fields)
        answer.expect(answer.is_whole, FINISHED, "RFC 9112, 6.3", "Content-Length")
        return answer

    def client(self, reply: Callable[[Seen], Reply]) -> tuple[Any, Scripted]:
        """Something like treq, whose server is the second: it answers with *reply*."""
        from treq.testing import StubTreq  # many exercises do not wait for it

        server = Scripted(reply)
        return StubTreq(server), server

    def result_of(self, client: Any, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """What *coroutine* returns or raises, when the clock has gone on for long."""
        results: list[Any] = []
        working = Deferred.fromCoroutine(coroutine)
        working.addBoth(results.append)
        for _ in range(CLOCK_STEPS):
            client.flush()
            if results:
                break
            self.clock.advance(1)
        if not results:
            raise TeachingFailure(
                "your coroutine was given a server in memory",
                f"nothing: it still waits after {CLOCK_STEPS} seconds",
                "a result or an exception",
                "the task of the exercise",
            )
        if isinstance(results[0], Failure):
            results[0].raiseException()
        return results[0]
