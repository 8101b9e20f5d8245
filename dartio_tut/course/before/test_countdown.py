"""
Tests of the countdown. No second passes in them, and no socket is opened.
"""

from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Request

from .countdown import count_down, seconds_to_go


class CountdownTests(SynchronousTestCase):
    """The countdown, on a clock that the test turns."""

    def test_says_each_second_when_it_has_come(self) -> None:
        clock = Clock()
        said: list[str] = []
        counting = Deferred.fromCoroutine(count_down(clock, 2, said.append))
        self.assertEqual(said, ["2 ..."])
        clock.advance(1)
        self.assertEqual(said, ["2 ...", "1 ..."])
        self.assertNoResult(counting)
        clock.advance(1)
        self.assertEqual(said[-1], "Lift-off!")
        self.successResultOf(counting)


class Fixed(Resource):
    """A server's resource that always gives the same answer."""

    isLeaf = True

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self.answer = answer

    def render_GET(self, request: Request) -> bytes:
        """Give the answer."""
        return self.answer


class ClientTests(SynchronousTestCase):
    """The client, and a server that exists in memory only."""

    def ask(self, answer: bytes) -> Deferred[int]:
        """Ask a server that always gives *answer*."""
        client = StubTreq(Fixed(answer))
        return Deferred.fromCoroutine(seconds_to_go(client, "http://server.test/"))

    def test_reads_the_number_that_the_server_sends(self) -> None:
        self.assertEqual(self.successResultOf(self.ask(b"10\n")), 10)

    def test_fails_when_the_server_sends_no_number(self) -> None:
        self.failureResultOf(self.ask(b"soon\n"), ValueError)
