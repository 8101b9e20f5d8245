"""
The programs of the course, in memory. What waits does so on a clock that a test turns.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from dartio_tut.course.before import much
from dartio_tut.course.before.resource_tree import make_tree
from dartio_tut.course.from_nothing import step_4, step_7
from dartio_tut.testing import Connection, read_response


def connect(resource: Resource, clock: Clock | None = None) -> Connection:
    """A connection to Twisted's own site, which the programs of the course use."""
    clock = clock or Clock()
    protocol = Site(resource, reactor=clock).buildProtocol(None)
    return Connection(protocol, clock)


def status(resource: Resource, target: str = "/", method: str = "GET") -> int:
    """The status code of the response to one request."""
    head = f"{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    return read_response(connect(resource).send(head), method).code


class WaitingTests(SynchronousTestCase):
    """A resource whose response comes later."""

    def setUp(self) -> None:
        self.clock = Clock()

    def ask(self) -> Connection:
        """A connection on which the answer is waited for."""
        connection = connect(step_7.make_tree(self.clock), self.clock)
        head = b"GET /await HTTP/1.1\r\nHost: a\r\n\r\n"
        self.assertEqual(connection.send(head), b"")
        return connection

    def test_two_clients_are_answered_after_the_time_of_one(self) -> None:
        clients = self.ask(), self.ask()
        self.clock.advance(step_7.SECONDS - 0.5)
        self.assertEqual([client.send(b"") for client in clients], [b"", b""])
        self.clock.advance(0.5)
        for client in clients:
            self.assertIn(b"I waited.\n", client.send(b""))

    def test_nothing_is_written_to_a_client_that_has_gone(self) -> None:
        client = self.ask()
        waiting = len(self.clock.getDelayedCalls())
        client.leave()
        self.assertLess(len(self.clock.getDelayedCalls()), waiting)
        self.clock.advance(step_7.SECONDS)
        self.assertEqual(client.send(b""), b"")
        self.assertEqual(self.flushLoggedErrors(), [])


class ProducerTests(SynchronousTestCase):
    """A response in pieces, to a client that goes away."""

    def setUp(self) -> None:
        self.client = connect(much.make_tree())
        self.happened: list[str] = []
        resume = much.Pieces.resumeProducing

        def write_once(pieces: much.Pieces) -> None:
            resume(pieces)
            self.channel().pauseProducing()  # as a transport does that is full

        self.patch(much.Pieces, "resumeProducing", write_once)
        for name in ("stopProducing", "tell"):
            self.patch(
                much.Pieces, name, lambda _, name=name: self.happened.append(name)
            )

    def channel(self) -> Any:
        """What the transport asks for more, and tells to stop."""
        return self.client.transport.producer

    def test_one_that_is_told_to_pause_is_stopped_when_the_client_goes(self) -> None:
        head = b"GET /in-pieces HTTP/1.1\r\nHost: a\r\n\r\n"
        self.assertLess(len(self.client.send(head)), 2 * len(much.PIECE))
        self.assertEqual(self.happened, [])
        self.channel().stopProducing()  # as a transport does that is lost
        self.client.leave()
        self.assertEqual(self.happened, ["stopProducing", "tell"])


class MistakeTests(SynchronousTestCase):
    """What the pages say of mistakes that people make with Twisted's resources."""

    def answering(self, returned: Any) -> Resource:
        """A leaf whose `render_GET` returns *returned*, or raises it."""

        class Mistaken(Resource):
            isLeaf = True

            def render_GET(self, request: Request) -> Any:
                if isinstance(returned, Exception):
                    raise returned
                return returned

        return Mistaken()

    def test_what_is_not_bytes_is_500(self) -> None:
        for returned in ("Hello", None):
            self.assertEqual(status(self.answering(returned)), 500)

    def test_coroutine_is_500(self) -> None:
        async def answer() -> bytes:
            return b""

        coroutine = answer()
        self.assertEqual(status(self.answering(coroutine)), 500)
        coroutine.close()

    def test_exception_is_500_and_in_the_log(self) -> None:
        self.assertEqual(status(self.answering(LookupError("soup"))), 500)
        self.assertEqual(len(self.flushLoggedErrors(LookupError)), 1)

    def test_nothing_can_be_finished_after_the_client_has_gone(self) -> None:
        held: list[Request] = []

        class Holding(Resource):
            isLeaf = True

            def render_GET(self, request: Request) -> int:
                held.append(request)
                return NOT_DONE_YET

        client = connect(Holding())
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        client.leave()
        held[0].write(b"thrown away")
        with self.assertRaises(RuntimeError):
            held[0].finish()
        self.assertEqual(client.send(b""), b"")

    def test_resource_that_is_no_leaf_is_404_everywhere(self) -> None:
        resource = self.answering(b"Hello")
        resource.isLeaf = False
        for target in ("/", "/a"):
            self.assertEqual(status(resource, target), 404)

    def test_forgotten_init_is_500_below_the_resource(self) -> None:
        class Forgetful(Resource):
            def __init__(self) -> None:
                """Leave out what the page says must be called."""

        self.assertEqual(status(Forgetful(), "/a"), 500)
        self.assertEqual(len(self.flushLoggedErrors(AttributeError)), 1)

    def test_slash_at_the_end_is_another_part_of_a_path(self) -> None:
        self.assertEqual(status(make_tree(), "/branch"), 200)
        self.assertEqual(status(make_tree(), "/branch/"), 404)
        head = b"GET /greet/ HTTP/1.1\r\nHost: a\r\n\r\n"
        body = read_response(connect(step_4.make_tree()).send(head)).body
        self.assertEqual(body, b"Hello, !\n")

    def test_path_in_text_is_refused(self) -> None:
        path: Any = "branch"
        with self.assertRaises(TypeError):
            Resource().putChild(path, Resource())
