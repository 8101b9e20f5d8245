"""
A client that leaves in the middle of a request: no fault of the server's, and so no
line in its log, whatever a resource makes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import Site
from dartio_tut.resources import parse_body, read_body, respond_later
from dartio_tut.resources.responses import finish_response
from dartio_tut.testing import CLIENT_ADDRESS, Connection
from dartio_tut.wire import Ending, Event, ExchangeDone, IncompleteBody

UPLOAD = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc"


class Broken(Exception):
    """A fault of the server's."""


class Reading(Protocol):
    """Has the whole body awaited; it fails as the body does."""

    def __init__(self) -> None:
        self.whole: Deferred[bytes] = Deferred()
        self._pieces: list[bytes] = []

    def dataReceived(self, data: bytes) -> None:
        """Keep a piece."""
        self._pieces.append(data)

    def connectionLost(self, reason: Failure = Failure(ConnectionDone())) -> None:  # noqa: B008
        """It is whole, or will never be."""
        if reason.check(ConnectionDone):
            self.whole.callback(b"".join(self._pieces))
        else:
            self.whole.errback(reason)


class Raising(Reading):
    """Raises what it is told of the end, and fails at the body if it is to."""

    fails = False

    def dataReceived(self, data: bytes) -> None:
        """Fail, or not."""
        if self.fails:
            raise Broken

    def connectionLost(self, reason: Failure = Failure(ConnectionDone())) -> None:  # noqa: B008
        """Raise it."""
        reason.raiseException()


class Upload(Resource):
    """Answers uploads with what *render* makes of them."""

    isLeaf = True
    streams_up_to = 100
    render_POST: Callable[[Any], Any]


class ClientLeftTests(SynchronousTestCase):
    """The log, and the exchange."""

    def setUp(self) -> None:
        self.events: list[Event] = []
        self.lines: list[LogEvent] = []
        self.requests: list[Any] = []
        observer = cast("ILogObserver", self.lines.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def upload_to(
        self, render: Callable[[Any], Any], streams_up_to: int = 100
    ) -> Connection:
        """A connection on which an upload to *render* was begun."""
        resource = Upload()
        resource.streams_up_to = streams_up_to
        resource.render_POST = render
        site = Site(resource, reactor=Clock(), streaming=True)
        site.add_observer(self.events.append)
        connection = Connection(site.buildProtocol(CLIENT_ADDRESS), Clock())
        connection.send(UPLOAD)
        return connection

    def only_exchange(self) -> ExchangeDone:
        """The one exchange that the observer was told of."""
        (done,) = [one for one in self.events if isinstance(one, ExchangeDone)]
        return done

    async def read(self, request: Any) -> bytes:
        """Await the body."""
        reading = Reading()
        request.deliver_body(reading)
        return await reading.whole

    def test_a_coroutine_that_awaits_the_body_ends_without_a_word(self) -> None:
        connection = self.upload_to(lambda r: respond_later(r, self.read(r)))
        connection.leave()
        self.assertEqual(self.lines, [])
        self.assertEqual(self.only_exchange().ending, Ending.CLIENT_GONE)

    def test_a_coroutine_that_awaits_the_end_of_the_request_does_too(self) -> None:
        async def wait(request: Any) -> bytes:
            await request.notifyFinish()
            return b""

        self.upload_to(lambda r: respond_later(r, wait(r))).leave()
        self.assertEqual(self.lines, [])

    def test_a_coroutine_that_reads_the_body_too_late_does_too(self) -> None:
        async def parsed(request: Any) -> object:
            return (await parse_body(request)).value

        async def read(request: Any) -> object:
            return read_body(request)

        for reads in (read, parsed):
            self.assertEqual(self.stored_late(reads), [])
            self.assertEqual(self.lines, [])

    def stored_late(self, read: Callable[[Any], Any]) -> list[object]:
        """What is stored of a body that is read when the client has left."""
        stored: list[object] = []
        allowed: Deferred[None] = Deferred()

        async def store(request: Any) -> bytes:
            await allowed
            stored.append(await read(request))
            return b""

        connection = self.upload_to(lambda r: respond_later(r, store(r)), 0)
        connection.send(b"def")
        connection.leave()
        allowed.callback(None)
        return stored

    def test_a_protocol_that_raises_its_end_does_too(self) -> None:
        def render(request: Any) -> int:
            request.deliver_body(Raising())
            return NOT_DONE_YET

        self.upload_to(render).leave()
        self.assertEqual(self.lines, [])

    def test_a_coroutine_whose_client_was_refused_does_too(self) -> None:
        connection = self.upload_to(lambda r: respond_later(r, self.read(r)))
        connection.protocol.site.reactor.pump([1.0] * 40)  # beyond the body's time
        self.assertIn(b" 408 ", connection.transport.value())
        connection.leave()
        self.assertEqual(self.lines, [])
        self.assertEqual(self.only_exchange().status, 408)

    def test_a_fault_of_the_servers_is_logged_though_the_client_has_left(self) -> None:
        async def fail(request: Any) -> bytes:
            try:
                return await self.read(request)
            except IncompleteBody:
                raise Broken from None

        self.upload_to(lambda r: respond_later(r, fail(r))).leave()
        self.assertEqual(len(self.flushLoggedErrors(Broken)), 1)
        self.assertEqual(len(self.lines), 1)

    def test_a_body_that_breaks_off_without_the_client_is_a_500(self) -> None:
        async def stop(request: Any) -> bytes:
            reading = Reading()
            request.deliver_body(reading)
            cast("Any", reading.transport).loseConnection()
            return await reading.whole

        connection = self.upload_to(lambda r: respond_later(r, stop(r)))
        self.assertIn(b" 500 ", connection.send(b"def"))
        self.assertEqual(len(self.flushLoggedErrors(IncompleteBody)), 1)

    def test_a_request_that_has_failed_is_not_answered_a_second_time(self) -> None:
        """Its protocol fails, which is a 500; its coroutine hears of it."""
        ended: Deferred[bytes] = Deferred()

        class Failing(Raising):
            fails = True

            def connectionLost(self, reason: Any = None) -> None:
                ended.errback(reason)

        async def store(request: Any) -> bytes:
            request.deliver_body(Failing())
            return await ended

        connection = self.upload_to(lambda r: respond_later(r, store(r)))
        self.assertEqual(connection.transport.value().count(b"HTTP/1.1 "), 0)
        connection.leave()
        self.assertEqual(len(self.flushLoggedErrors(Broken)), 1)
        self.assertEqual(len(self.lines), 1)
        self.assertEqual(self.only_exchange().status, 500)

    def test_what_comes_for_a_finished_request_is_dropped(self) -> None:
        def render(request: Any) -> int:
            self.requests.append(request)
            return NOT_DONE_YET

        connection = self.upload_to(render)
        (request,) = self.requests
        finish_response(request, b"first")
        said = connection.transport.value()
        finish_response(request, b"second")
        self.assertIn(b"first", said)
        self.assertEqual(connection.transport.value(), said)
