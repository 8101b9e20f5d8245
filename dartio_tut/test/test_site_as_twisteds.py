"""
A program that was written for `twisted.web.server.Site` changes its import only.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import Limits, Site
from dartio_tut.testing import CLIENT_ADDRESS, Connection
from dartio_tut.wire import Request

from .support.function_resource import FunctionResource
from .support.http2_client import HTTP2Client, engines
from .test_events import GET


class Marking(Request):
    """Sets a field of the response before anything else is done."""

    def process(self) -> None:
        """Set it."""
        self.setHeader(b"X-Mark", b"1")
        super().process()


class Logging(Site):
    """Keeps the fields of each response, and the requests."""

    def log(self, request: Any) -> None:
        """Keep them."""
        self.logged = dict(request.responseHeaders.getAllRawHeaders())
        self.request = request


class SiteCase(SynchronousTestCase):
    """Has a site, and a clock."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.root = FunctionResource(lambda request: b"hello")

    def connect(self, site: Any) -> Connection:
        """A connection to *site*."""
        return Connection(site.buildProtocol(CLIENT_ADDRESS), self.clock)


class RequestFactoryTests(SiteCase):
    """The class of the requests."""

    def test_it_may_be_the_second_argument(self) -> None:
        site = Site(self.root, Marking, reactor=self.clock)
        self.assertIn(b"X-Mark: 1\r\n", self.connect(site).send(GET))

    def test_none_stands_for_the_usual_one(self) -> None:
        for site in (Site(self.root, None), Site(self.root, requestFactory=None)):
            self.assertIs(site.requestFactory, Request)

    def test_response_has_all_fields_when_some_are_set_before_process(self) -> None:
        site = Site(self.root, requestFactory=Marking, reactor=self.clock)
        head = self.connect(site).send(GET).partition(b"\r\n\r\n")[0]
        for name in (b"X-Mark", b"Server", b"Date"):
            self.assertEqual(head.count(b"\r\n%b: " % name), 1, name)


class TracebackTests(SiteCase):
    """``displayTracebacks``."""

    def test_a_response_that_fails_in_its_middle_is_not_taken_for_whole(self) -> None:
        def fail(request: Any) -> bytes:
            if request.uri == b"/begun":
                request.write(b"begun")
            raise ValueError("why")

        site = Site(FunctionResource(fail), reactor=self.clock)
        site.displayTracebacks = True
        for target, is_told in ((b"/", True), (b"/begun", False)):
            connection = self.connect(site)
            said = connection.send(GET.replace(b"/a?b", target))
            self.assertEqual(b"ValueError" in said, is_told)
            self.assertFalse(said.endswith(b"\r\n0\r\n\r\n"))
            self.assertEqual(connection.closed, not is_told)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2)


class Keeping(Protocol):
    """Keeps what comes."""

    def __init__(self) -> None:
        self.came = b""

    def dataReceived(self, data: bytes) -> None:
        """Keep it."""
        self.came += data


class TakeOverTests(SiteCase):
    """Another protocol has the connection."""

    def test_it_gets_what_came_before_in_render_and_later(self) -> None:
        for later in (None, 0.5):
            taking = Keeping()

            def take(request: Any, taking: Keeping = taking) -> None:
                request.channel._protocolUpgradeForWebsockets(taking)

            def render(request: Any, later: float | None = later) -> int:
                if later is None:
                    take(request)
                else:
                    self.clock.callLater(later, take, request)
                return NOT_DONE_YET

            site = Site(FunctionResource(render), reactor=self.clock)
            connection = self.connect(site)
            connection.send(GET + b"first ")
            connection.send(b"second ")
            connection.wait(1)
            connection.send(b"third")
            self.assertEqual(taking.came, b"first second third")
            connection.transport.disconnected = True
            connection.wait(2)
            self.assertEqual(site.connection_limit.count, 0)


class LogTests(SiteCase):
    """The method ``log``, which others replace."""

    def test_it_may_be_one_of_the_site_alone(self) -> None:
        logged: list[Any] = []
        site: Any = Site(self.root, reactor=self.clock)
        site.log = logged.append
        self.connect(site).send(GET)
        self.assertEqual([request.uri for request in logged], [b"/a?b"])


class SentFieldsTests(SiteCase):
    """The fields of a response, for those who look at them when it was sent."""

    def sent_fields(self, render: Any) -> list[dict[bytes, list[bytes]]]:
        """What logs are told of them, and what is there later; by both protocols."""
        found = []
        for http2 in (False, True):
            site = Logging(FunctionResource(render), reactor=self.clock)
            if http2:
                client = HTTP2Client(self.root, engines()[0], site=site)
                client.send(client.head(1))
            else:
                self.connect(site).send(GET)
            headers = site.request.responseHeaders
            found += [site.logged, dict(headers.getAllRawHeaders())]
        return found

    def test_they_are_those_that_were_sent(self) -> None:
        def write(request: Any) -> object:
            request.set_length(5)
            request.write(b"hello")
            request.finish()
            return NOT_DONE_YET

        for render in (lambda _: b"hello", write):
            for fields in self.sent_fields(render):
                self.assertEqual(fields.get(b"Content-Type"), [b"text/html"])
                self.assertEqual(fields.get(b"Content-Length"), [b"5"])

    def test_that_there_was_no_body_is_seen(self) -> None:
        for fields in self.sent_fields(lambda _: b""):
            self.assertNotIn(b"Content-Type", fields)
            self.assertEqual(fields.get(b"Content-Length"), [b"0"])


class TimeoutTests(SiteCase):
    """The time for which a connection may be idle, in the ways that Twisted has."""

    def seconds_idle(self, site: Any) -> int | None:
        """After how many seconds *site* closes a connection; ``None``: it does not."""
        connection = self.connect(site)
        connection.send(GET)
        for second in range(100):
            if connection.closed:
                return second
            self.clock.advance(1)
        return None

    def test_timeout_is_an_argument_by_name_or_by_position(self) -> None:
        by_name = Site(self.root, reactor=self.clock, timeout=5)
        by_position = Site(self.root, None, None, 5, None, self.clock)
        for site in (by_name, by_position):
            self.assertEqual(site.timeOut, 5)
            self.assertEqual(self.seconds_idle(site), 5)

    def test_without_it_the_limits_count(self) -> None:
        for seconds in (Limits().idle_time, 7):
            limits = Limits(idle_time=seconds)
            site = Site(self.root, reactor=self.clock, limits=limits)
            self.assertEqual(site.timeOut, seconds)
            self.assertEqual(self.seconds_idle(site), seconds)

    def test_it_may_be_set_later_for_connections_from_then_on(self) -> None:
        site = Site(self.root, reactor=self.clock, limits=Limits(header_count=7))
        for seconds in (3, None):
            site.timeOut = seconds
            self.assertEqual(site.timeOut, seconds)
            self.assertEqual(self.seconds_idle(site), seconds)
        self.assertEqual(site.limits.header_count, 7)
