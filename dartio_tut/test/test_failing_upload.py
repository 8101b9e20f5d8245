"""
A protocol that a body is delivered to, and that raises an exception: as if ``render``
had raised it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import Site
from dartio_tut.testing import CLIENT_ADDRESS, Connection, Response, ResponseReader
from dartio_tut.wire import Ending, Event, ExchangeDone, IncompleteBody

LENGTH = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n"
CHUNKED = b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"


class Broken(Exception):
    """What the protocols here raise."""


class Failing(Protocol):
    """
    Fails in one of its methods.

    :param where: the name of that method.
    """

    transport: Any

    def __init__(self, request: Any, where: str) -> None:
        self.request = request
        self.where = where
        self.reasons: list[Failure] = []

    def connectionMade(self) -> None:
        """Fail, or not."""
        self.fail_in("connectionMade")

    def dataReceived(self, data: bytes) -> None:
        """Fail, or not."""
        self.fail_in("dataReceived")

    def connectionLost(self, reason: Any = None) -> None:
        """Fail, or send a response, whatever the reason."""
        self.reasons.append(reason)
        self.fail_in("connectionLost")
        self.request.write(b"stored")
        self.request.finish()

    def fail_in(self, name: str) -> None:
        """Fail if that is the method."""
        if name == self.where:
            raise Broken


class Pausing(Failing):
    """Wants nothing at first."""

    def connectionMade(self) -> None:
        """Pause."""
        self.transport.pauseProducing()


class Upload(Resource):
    """Delivers the body to a `Failing`."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.streams_up_to = 100
        self.where = "dataReceived"
        self.is_late = False
        self.begins = False
        self.asked: list[Any] = []
        self.protocols: list[Failing] = []

    def render_POST(self, request: Any) -> int:
        """Deliver the body now, or later."""
        self.asked.append(request)
        if self.begins:
            request.write(b"begun")
        if not self.is_late:
            self.deliver()
        return NOT_DONE_YET

    def render_GET(self, request: Any) -> bytes:
        """What follows on the connection."""
        return b"next"

    def deliver(self) -> None:
        """Deliver the body of the last request."""
        protocol = Failing(self.asked[-1], self.where)
        self.protocols.append(protocol)
        self.asked[-1].deliver_body(protocol)


class FailingUploadTests(SynchronousTestCase):
    """A 500, one line in the log, one event; the client is told nothing more."""

    def setUp(self) -> None:
        self.events: list[Event] = []
        self.resource = Upload()
        site = Site(self.resource, reactor=Clock(), streaming=True)
        site.add_observer(self.events.append)
        self.connection = Connection(site.buildProtocol(CLIENT_ADDRESS), Clock())
        self.lines: list[LogEvent] = []
        observer = cast("ILogObserver", self.lines.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def logged_once(self) -> LogEvent:
        """The one line of the log that tells of a failure."""
        lines, self.lines[:] = list(self.lines), []
        (line,) = [line for line in lines if "log_failure" in line]
        self.assertEqual(len(self.flushLoggedErrors(Broken)), 1)
        self.assertEqual((line["method"], line["uri"]), ("POST", "/upload"))
        return line

    def only_exchange(self) -> ExchangeDone:
        """The one exchange that the observer was told of."""
        (done,) = [one for one in self.events if isinstance(one, ExchangeDone)]
        return done

    def responses(self, said: bytes) -> list[Response]:
        """The responses in *said*, in which no traceback may be."""
        self.assertNotIn(b"Broken", said)
        self.assertNotIn(b"Traceback", said)
        reader = ResponseReader(["POST", "GET"])
        reader.feed(said)
        self.assertFalse(reader.is_unfinished)
        return reader.responses

    def test_failure_in_the_middle_is_a_500_and_ends_the_connection(self) -> None:
        for sent in (LENGTH + b"abc", CHUNKED + b"3\r\nabc\r\n"):
            for is_late in (False, True):
                self.setUp()
                self.resource.is_late = is_late
                said = self.connection.send(sent)
                if is_late:
                    self.resource.deliver()
                    said = self.connection.transport.value()
                (response,) = self.responses(said)
                self.assertEqual(response.code, 500)
                self.assertEqual(response.fields["connection"], "close")
                self.assertTrue(self.connection.closed)
                self.connection.leave()
                done = self.only_exchange()
                self.assertEqual((done.status, done.ending), (500, Ending.COMPLETE))
                self.logged_once()
                (reason,) = self.resource.protocols[0].reasons
                self.assertTrue(reason.check(IncompleteBody))

    def test_what_follows_a_failure_in_the_middle_is_not_answered(self) -> None:
        said = self.connection.send(LENGTH + b"abc")
        self.assertEqual(self.connection.send(b"def" + NEXT), b"")
        self.assertEqual(len(self.responses(said)), 1)
        self.logged_once()

    def test_failure_at_the_whole_body_is_a_500_and_the_connection_stays(self) -> None:
        for where in self.where_a_whole_body_fails():
            said = self.connection.send(LENGTH + b"abcdef" + NEXT)
            first, second = self.responses(said)
            self.assertEqual((first.code, second.body), (500, b"next"), where)
            self.logged_once()
            exchanges = [e for e in self.events if isinstance(e, ExchangeDone)]
            self.assertEqual([done.status for done in exchanges], [500, 200])

    def where_a_whole_body_fails(self) -> Iterator[str]:
        """Prepare for each of the cases in which all of the body has come."""
        for streams_up_to in (100, 0):
            for where in ("connectionMade", "dataReceived", "connectionLost"):
                if streams_up_to and where != "connectionLost":
                    continue
                self.setUp()
                self.resource.streams_up_to = streams_up_to
                self.resource.where = where
                yield where

    def test_failure_behind_a_pause_is_a_500(self) -> None:
        for where in ("dataReceived", "connectionLost"):
            self.setUp()
            self.resource.is_late = True
            self.resource.where = where
            self.connection.send(LENGTH + b"abc")
            (request,) = self.resource.asked
            protocol = Pausing(request, where)
            request.deliver_body(protocol)
            self.connection.protocol.dataReceived(b"def")
            self.assertEqual(self.connection.transport.value(), b"")
            protocol.transport.resumeProducing()
            (response,) = self.responses(self.connection.transport.value())
            self.assertEqual(response.code, 500)
            self.logged_once()

    def test_failure_behind_the_beginning_of_a_response_cuts_it_off(self) -> None:
        for where in ("dataReceived", "connectionLost"):
            self.setUp()
            self.resource.where = where
            self.resource.begins = True
            said = self.connection.send(LENGTH + b"abcdef" + NEXT)
            self.assertNotIn(b"next", said)
            self.assertNotIn(b" 500 ", said)
            self.assertTrue(self.connection.transport.disconnected)
            self.connection.leave()
            self.assertEqual(self.only_exchange().ending, Ending.CUT_OFF)
            self.logged_once()

    def test_failure_when_the_client_has_gone_is_one_line(self) -> None:
        self.resource.where = "connectionLost"
        self.connection.send(LENGTH + b"abc")
        self.connection.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.only_exchange().ending, Ending.CLIENT_GONE)
        self.logged_once()

    def test_a_resource_that_answers_nevertheless_does_no_harm(self) -> None:
        self.resource.streams_up_to = 0
        self.patch(self.resource, "render_POST", self.deliver_and_answer)
        first, second = self.responses(self.connection.send(LENGTH + b"abcdef" + NEXT))
        self.assertEqual((first.code, second.code), (500, 200))
        self.logged_once()

    def deliver_and_answer(self, request: Any) -> bytes:
        """As a resource that reads its body at once."""
        self.resource.asked.append(request)
        self.resource.deliver()
        return b"stored"
