"""
The programs of the course that wait, on a clock that the test turns.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Site

from dartio_tut.course.from_nothing import step_7

from .support.memory_client import Connection


class WaitingTests(SynchronousTestCase):
    """A resource whose response comes later."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.site = Site(step_7.make_tree(self.clock))

    def ask(self) -> Connection:
        """A connection on which the answer is waited for."""
        protocol = self.site.buildProtocol(None)
        assert protocol is not None
        connection = Connection(protocol, self.clock)
        self.assertEqual(
            connection.send(b"GET /await HTTP/1.1\r\nHost: a\r\n\r\n"), b""
        )
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
