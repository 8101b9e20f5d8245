"""
Mistakes of those who write resources: what their clients get, and what the log says.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IReactorCore
from twisted.internet.task import Clock
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface import alsoProvides

from dartio_tut.daemon import Site
from dartio_tut.daemon.mistakes import LOOK_SECONDS, MAX_TOLD, root_warning
from dartio_tut.resources import Files
from dartio_tut.testing import CLIENT_ADDRESS, Connection
from dartio_tut.wire import deadlines
from dartio_tut.wire.deadlines import LATE_SECONDS, SWEEP_SECONDS, Deadlines

from .support.function_resource import FunctionResource


class LogCase(SynchronousTestCase):
    """A test of what is logged."""

    def setUp(self) -> None:
        self.log: list[Any] = []
        note: Any = self.log.append
        globalLogPublisher.addObserver(note)
        self.addCleanup(globalLogPublisher.removeObserver, note)

    def said(self) -> list[str]:
        """The lines of the log since this was last called."""
        lines = [formatEvent(event) for event in self.log]
        self.log.clear()
        return [line for line in lines if line]


class RootTests(LogCase):
    """A root that can answer nothing."""

    def test_a_site_whose_root_gets_no_request_says_so_when_it_listens(self) -> None:
        class Lonely(Resource):
            """Is no leaf, and has no children."""

        site = Site(Lonely(), reactor=Clock())
        self.assertEqual(self.said(), [])
        site.startFactory()
        (line,) = self.said()
        self.assertIn("Lonely (dartio_tut.test.test_mistakes) gets no request", line)
        self.assertIn("Set isLeaf = True", line)
        site.stopFactory()

    def test_a_root_that_may_answer_is_not_told_of(self) -> None:
        class Finds(Resource):
            """Makes its children."""

            def getChild(self, path: bytes, request: Any) -> Resource:
                """Itself."""
                return self

        parent = Resource()
        parent.putChild(b"", FunctionResource(lambda _: b""))
        leaf = FunctionResource(lambda _: b"")
        for root in (Finds(), parent, leaf, Files("."), object()):
            self.assertIsNone(root_warning(root))  # type: ignore[arg-type]

    def test_a_root_that_gets_its_children_before_it_listens_is_fine(self) -> None:
        root = Resource()
        site = Site(root, reactor=Clock())
        root.putChild(b"", FunctionResource(lambda _: b""))
        site.startFactory()
        self.assertEqual(self.said(), [])
        site.stopFactory()


class UnfinishedTests(LogCase):
    """Responses that do not go on."""

    def setUp(self) -> None:
        super().setUp()
        self.held: list[Any] = []
        self.clock = Clock()
        self.site = Site(FunctionResource(self.hold), reactor=self.clock)
        self.site.startFactory()
        self.addCleanup(self.stop)

    def stop(self) -> None:
        """The site listens no more."""
        self.site.stopFactory()

    def hold(self, request: Any) -> int:
        """Respond later."""
        self.held.append(request)
        return NOT_DONE_YET

    def ask(self, path: str = "/a") -> Connection:
        """Send a request that is not answered."""
        protocol = self.site.buildProtocol(CLIENT_ADDRESS)
        connection = Connection(protocol, self.clock)
        connection.send(f"GET {path}?q HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        return connection

    def wait(self, looks: int = 2) -> list[str]:
        """What is said in the time of so many *looks*."""
        for _ in range(looks):
            self.clock.advance(LOOK_SECONDS)
        return self.said()

    def test_a_response_that_does_not_come_is_told_of_once(self) -> None:
        self.ask()
        self.ask()
        (line,) = self.wait()
        self.assertTrue(line.startswith("GET /a: for 30 seconds nothing was"), line)
        self.assertIn("call request.finish() in every case", line)
        self.assertEqual(self.wait(), [])

    def test_one_that_has_begun_and_does_not_go_on_is_told_of(self) -> None:
        self.ask()
        self.held[0].write(b"begun")
        self.assertEqual(len(self.wait()), 1)

    def test_one_that_goes_on_is_not_told_of(self) -> None:
        self.ask()
        for _ in range(5):
            self.held[0].write(b"more")
            self.assertEqual(self.wait(1), [])

    def test_those_that_end_or_need_not_are_not_told_of(self) -> None:
        for _ in range(4):
            self.ask()
        finished, endless, produced, left = self.held
        self.wait(1)
        finished.finish()
        endless.on_drain = endless.finish
        produced.registerProducer(self, True)
        left.channel.connectionLost(None)
        self.assertEqual(self.wait(3), [])

    def test_one_that_the_client_does_not_read_is_not_told_of(self) -> None:
        connection = self.ask()
        self.held[0].write(b"much")
        output: Any = connection.transport.producer
        output.pauseProducing()
        self.assertIsNone(connection.protocol.waiting_request)

    def test_no_more_than_some_paths_are_told_of(self) -> None:
        for number in range(MAX_TOLD + 5):
            self.ask(f"/{number}")
        self.assertEqual(len(self.wait()), MAX_TOLD)
        self.ask("/another")
        self.assertEqual(self.wait(), [])

    def test_a_site_that_has_stopped_looks_no_more(self) -> None:
        self.ask()
        self.site.stopFactory()
        self.assertEqual(self.wait(), [])
        self.site.startFactory()
        self.assertEqual(len(self.wait()), 1)

    # A producer.
    def pauseProducing(self) -> None:
        """Nothing is produced."""

    resumeProducing = stopProducing = pauseProducing


class LateTests(LogCase):
    """A program that does something else than to serve."""

    def setUp(self) -> None:
        super().setUp()
        self.now = 100.0
        self.patch(deadlines, "monotonic", lambda: self.now)
        self.reactor = Clock()
        alsoProvides(self.reactor, IReactorCore)
        Deadlines(self.reactor).add(self.member(), 1000)

    def member(self) -> Any:
        """Something with a deadline."""

        class Member:
            """It never expires."""

            deadline = 0.0

        return Member()

    def sweep(self, seconds: float) -> list[str]:
        """What is said when the sweep comes after so many *seconds*."""
        self.now += seconds
        self.reactor.advance(SWEEP_SECONDS)
        return self.said()

    def test_a_reactor_that_was_kept_waiting_says_for_how_long(self) -> None:
        (line,) = self.sweep(SWEEP_SECONDS + LATE_SECONDS + 0.5)
        self.assertTrue(line.startswith("For 2.5 seconds no client was served"), line)
        self.assertIn("deferLater", line)

    def test_one_that_is_a_little_late_says_nothing(self) -> None:
        for _ in range(3):
            self.assertEqual(self.sweep(SWEEP_SECONDS + LATE_SECONDS - 0.1), [])
