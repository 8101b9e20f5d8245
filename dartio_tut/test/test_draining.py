"""Stopping: what was accepted is finished, and nothing holds the process up."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http import HTTPChannel
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request
from twisted.web.server import Site as TwistedSite

from dartio_tut.daemon.draining import (
    Draining,
    Retiring,
    cut_off_at_next_signal,
    stop_at_first_signal,
)
from dartio_tut.daemon.options.parsing import seconds_or_zero
from dartio_tut.daemon.site import Site
from dartio_tut.resources.rest.event_stream import EventStream, begin_events
from dartio_tut.wire import Request as WireRequest

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


LENGTH = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


class Later(Resource):
    """Answers when the test says so."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []

    def render(self, request: Request) -> int:
        """Keep the request."""
        self.requests.append(request)
        return NOT_DONE_YET


class Events(Resource):
    """Sends events for ever."""

    isLeaf = True

    def render(self, request: Request) -> int:
        """Begin a stream."""
        begin_events(request)
        EventStream(request, lambda: None, lambda: None).begin("hello", "0")
        return NOT_DONE_YET


class StoppingClock(Clock):
    """Time that the test advances."""

    triggers: list[tuple[str, str, Callable[[], None]]]

    def callFromThread(self, call: Callable[[], None]) -> None:
        """Call *call* in the next turn."""
        self.callLater(0, call)

    def addSystemEventTrigger(
        self, phase: str, event: str, call: Callable[[], None]
    ) -> None:
        """Keep *call*."""
        self.triggers.append((phase, event, call))


class DrainingCase(SynchronousTestCase):
    """Connections in memory to a site that is about to stop."""

    resource: Any = None

    def setUp(self) -> None:
        self.reactor = StoppingClock()
        self.reactor.triggers = []
        self.resource = self.resource or Later()
        self.site = Site(self.resource, reactor=self.reactor)

    def connect(self, data: bytes = b"") -> _Transport:
        """A connection that has sent *data*."""
        transport = _Transport()
        channel: Any = self.site.buildProtocol(None)
        transport.protocol = channel
        channel.makeConnection(transport)
        if data:
            channel.dataReceived(data)
        return transport

    def drain(self, grace: float = 30) -> list[None]:
        """Begin to drain; the list has an item when that has ended."""
        ended: list[None] = []
        Draining(self.site, grace, self.reactor).start().addCallback(ended.append)
        return ended


class _Transport(StringTransport):
    """Tells its protocol when it is closed."""

    protocol: Any

    def loseConnection(self) -> None:
        """Close."""
        if self.connected:
            self.connected = False
            self.protocol.connectionLost(_closed())

    def abortConnection(self) -> None:
        """Close."""
        self.loseConnection()


def _closed() -> Any:
    from twisted.internet.error import ConnectionDone
    from twisted.python.failure import Failure

    return Failure(ConnectionDone())


class ExchangeTests(DrainingCase):
    """Exchanges under way."""

    def test_without_connections_it_ends_at_once(self) -> None:
        self.assertEqual(self.drain(), [None])
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_response_under_way_is_finished_and_says_close(self) -> None:
        transport = self.connect(GET)
        ended = self.drain()
        self.assertTrue(transport.connected)
        (request,) = self.resource.requests
        request.write(b"all of it")
        request.finish()
        self.assertIn(b"\r\nConnection: close\r\n", transport.value())
        self.assertIn(b"all of it", transport.value())
        self.assertFalse(transport.connected)
        self.assertEqual(ended, [None])

    def test_pipelined_requests_that_have_come_are_all_answered(self) -> None:
        transport = self.connect(GET * 3)
        ended = self.drain()
        for count in (1, 2, 3):
            self.assertEqual((len(self.resource.requests), ended), (count, []))
            self.resource.requests[-1].finish()
        self.assertEqual(transport.value().count(b"HTTP/1.1 200 OK"), 3)
        self.assertEqual(transport.value().count(b"Connection: close"), 1)
        self.assertEqual(ended, [None])

    def test_request_that_has_begun_to_come_is_answered(self) -> None:
        transport = self.connect(GET[:10])
        ended = self.drain()
        transport.protocol.dataReceived(GET[10:])
        self.resource.requests[0].finish()
        self.assertIn(b"Connection: close", transport.value())
        self.assertEqual(ended, [None])

    def test_body_that_has_begun_to_come_is_taken(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
        transport = self.connect(head + b"ab")
        ended = self.drain()
        transport.protocol.dataReceived(b"cd")
        (request,) = self.resource.requests
        self.assertEqual(request.content.read(), b"abcd")
        request.finish()
        self.assertIn(b"Connection: close", transport.value())
        self.assertEqual(ended, [None])

    def test_body_that_comes_with_its_request_is_not_taken_for_another(self) -> None:
        for head, body, is_late in (
            (LENGTH, b"abcd", False),
            (LENGTH, b"abcd", True),
            (CHUNKED, b"4\r\nabcd\r\n0\r\n\r\n", False),
            (CHUNKED, b"4\r\nabcd\r\n0\r\n\r\n", True),
            (GET, b"\r\n", False),  # an empty line, which old clients send
            (GET, b"\r\n", True),
        ):
            self.resource = None
            self.setUp()
            transport = self.connect(b"" if is_late else (head + body)[:-2])
            ended = self.drain()
            transport.protocol.dataReceived((head + body)[0 if is_late else -2 :])
            (request,) = self.resource.requests
            request.finish()
            self.assertIn(b"Connection: close", transport.value(), head)
            self.assertEqual(ended, [None])

    def test_empty_line_behind_a_response_does_not_hold_it_up(self) -> None:
        transport = self.connect(GET)
        self.resource.requests[0].finish()
        transport.protocol.dataReceived(b"\r\n")
        self.assertEqual(self.drain(), [None])
        self.assertFalse(transport.connected)

    def test_what_is_behind_a_response_under_way_does_not_hold_it_up(self) -> None:
        transport = self.connect()
        ended = self.drain()
        transport.protocol.dataReceived(GET * 2)
        self.resource.requests[0].write(b"begun")
        self.resource.requests[0].finish()
        self.resource.requests[1].write(b"begun")  # the last of its connection
        transport.protocol.dataReceived(GET[:5])
        self.resource.requests[1].finish()
        self.assertEqual(ended, [None])
        self.assertFalse(transport.connected)

    def test_connection_that_comes_late_has_a_moment_for_its_request(self) -> None:
        """Its handshake was under way when the server was told to stop."""
        self.connect(GET)
        ended = self.drain()
        late = self.connect()
        self.resource.requests[0].finish()
        self.reactor.pump([1, 1])
        self.assertFalse(late.connected)
        self.assertEqual(ended, [None])

    def test_connection_that_was_taken_over_is_cut_off_too(self) -> None:
        transport = self.connect(GET)
        transport.protocol.transport = None  # from now on it is another's
        self.patch(transport, "loseConnection", lambda: None)  # it does not let go
        self.patch(transport, "abortConnection", lambda: aborted.append(None))
        aborted: list[None] = []
        ended = self.drain(grace=5)
        self.assertEqual((aborted, ended), ([], []))
        self.reactor.advance(5)
        self.assertEqual((aborted, ended), ([None], [None]))

    def test_idle_connection_is_closed_at_once(self) -> None:
        transport = self.connect(GET)
        self.resource.requests[0].finish()
        self.assertTrue(transport.connected)
        self.assertEqual(self.drain(), [None])
        self.assertFalse(transport.connected)

    def test_silent_connection_has_a_moment_for_its_request(self) -> None:
        silent, quick = self.connect(), self.connect()
        ended = self.drain()
        quick.protocol.dataReceived(GET)
        self.resource.requests[0].finish()
        self.assertIn(b"200 OK", quick.value())
        self.assertEqual(ended, [])
        self.reactor.pump([1, 1])
        self.assertFalse(silent.connected)
        self.assertEqual(ended, [None])

    def test_after_the_grace_period_what_is_left_is_cut_off(self) -> None:
        transport = self.connect(GET)
        ended = self.drain(grace=5)
        self.reactor.advance(4.9)
        self.assertTrue(transport.connected)
        self.reactor.advance(0.2)
        self.assertFalse(transport.connected)
        self.assertEqual(ended, [None])

    def test_what_fails_when_it_is_to_end_harms_no_other(self) -> None:
        endings = [lambda: 1 / 0, lambda: self.resource.requests[1].finish(), None]
        transports = []
        for on_drain in endings:
            transports.append(self.connect(GET))
            self.resource.requests[-1].on_drain = on_drain
        ended = self.drain()
        is_open = [transport.connected for transport in transports]
        self.assertEqual((is_open, ended), ([True, False, True], []))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.resource.requests[2].finish()
        self.assertFalse(transports[2].connected)

    def test_what_has_no_end_and_begins_late_ends_at_once(self) -> None:
        transports = [self.connect(), self.connect()]
        ended = self.drain()
        for transport in transports:
            transport.protocol.dataReceived(GET)
            request = self.resource.requests[-1]
            request.on_drain = request.finish
            request.write(b"begun")
        self.resource.requests[0].finish()  # before it is told
        self.assertTrue(transports[1].connected)
        self.reactor.advance(0)
        self.assertIn(b"begun", transports[1].value())
        self.assertEqual(ended, [None])

    def test_on_a_site_of_twisteds_nobody_asks(self) -> None:
        channel: Any = HTTPChannel()
        channel.site = TwistedSite(Resource())
        request = WireRequest(channel, False)
        request.on_drain = request.finish
        self.assertEqual(request.on_drain, request.finish)

    def test_it_is_asked_once_also_when_the_process_is_replaced_first(self) -> None:
        asked: list[None] = []
        self.connect(GET)
        self.resource.requests[0].on_drain = lambda: asked.append(None)
        self.site.retire()
        self.drain()
        self.assertEqual(asked, [None])
        self.site.abort()

    def test_new_connection_of_a_site_that_listens_again_stays_open(self) -> None:
        self.drain()
        self.site.startFactory()
        transport = self.connect(GET)
        self.resource.requests[0].finish()
        self.assertNotIn(b"Connection: close", transport.value())
        self.assertTrue(transport.connected)


class EventStreamTests(DrainingCase):
    """Responses that have no end of their own."""

    resource = Events()

    def test_stream_of_events_ends_at_once_and_whole(self) -> None:
        transport = self.connect(GET)
        ended = self.drain()
        self.assertTrue(transport.value().endswith(b"0\r\n\r\n"))
        self.assertEqual(ended, [None])


class SignalTests(DrainingCase):
    """The signal after the first."""

    def test_another_signal_cuts_off_what_every_server_does(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        one, other = self.connect(GET), self.connect(GET)
        ended = self.drain()
        second = Site(Later(), reactor=self.reactor)
        channel: Any = second.buildProtocol(None)
        third = _Transport()
        third.protocol = channel
        channel.makeConnection(third)
        channel.dataReceived(GET)
        Draining(second, 30, self.reactor).start()
        cut_off_at_next_signal(self.reactor)
        handler: Any = signal.getsignal(signal.SIGTERM)
        handler(signal.SIGTERM, None)
        self.reactor.advance(0)
        for transport in (one, other, third):
            self.assertFalse(transport.connected)
        self.assertEqual(ended, [None])

    def test_second_signal_never_comes_to_twisted_however_soon_it_comes(self) -> None:
        handled: list[int] = []
        for number in (signal.SIGINT, signal.SIGTERM):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
            signal.signal(number, lambda number, _: handled.append(number))
        for _ in range(2):  # two daemons of one reactor
            stop_at_first_signal(self.reactor)
        for number in (signal.SIGTERM, signal.SIGINT):
            handler: Any = signal.getsignal(number)
            handler(number, None)
        self.assertEqual(handled, [signal.SIGTERM])
        self.reactor.advance(0)
        # The reactor has not begun to stop: the second signal counts when it does.
        transport = self.connect(GET)
        ended = self.drain()
        self.assertEqual(ended, [])
        ((phase, event, cut_off),) = self.reactor.triggers
        self.assertEqual((phase, event), ("before", "shutdown"))
        cut_off()
        self.assertFalse(transport.connected)
        self.assertEqual(ended, [None])


class OptionTests(SynchronousTestCase):
    """``--grace``."""

    def test_zero_is_a_time_and_nonsense_is_not(self) -> None:
        self.assertEqual(seconds_or_zero("0"), 0)
        self.assertEqual(seconds_or_zero("2.5"), 2.5)
        self.assertEqual(seconds_or_zero("0.000"), 0)
        for text in ("", "-1", "nan", "inf", "ten", ".", "1_0", " 1", "\u0663"):
            with self.assertRaises(ValueError):
                seconds_or_zero(text)


class RetiringTests(DrainingCase):
    """Another process goes on in the place of this one."""

    def retire(self, grace: float = 30) -> list[None]:
        """Begin to retire; the list has an item when that has ended."""
        ended: list[None] = []
        Retiring(self.site, grace, self.reactor).start().addCallback(ended.append)
        return ended

    def test_without_connections_it_ends_at_once(self) -> None:
        self.assertEqual(self.retire(), [None])

    def test_idle_connection_stays_for_one_more_request(self) -> None:
        transport = self.connect(GET)
        self.resource.requests[0].finish()
        ended = self.retire()
        self.assertTrue(transport.connected)
        transport.clear()
        transport.protocol.dataReceived(GET)
        self.resource.requests[1].finish()
        self.assertIn(b"\r\nConnection: close\r\n", transport.value())
        self.assertFalse(transport.connected)
        self.assertEqual(ended, [None])

    def test_response_that_was_begun_does_not_close_its_connection(self) -> None:
        transport = self.connect(GET)
        (request,) = self.resource.requests
        request.write(b"the head said that the connection stays")
        ended = self.retire()
        request.finish()
        self.assertTrue(transport.connected)
        self.assertEqual(ended, [])

    def test_it_waits_for_idle_connections_as_long_as_the_grace_is(self) -> None:
        transport = self.connect(GET)
        self.resource.requests[0].finish()
        ended = self.retire(grace=5)
        self.reactor.advance(5)
        self.assertEqual(ended, [None])
        self.assertEqual(self.drain(), [None])
        self.assertFalse(transport.connected)


class RetiringStreamTests(DrainingCase):
    """Streams of events of a process in whose place another one goes on."""

    resource = Events()

    def test_stream_of_events_ends_at_once(self) -> None:
        transport = self.connect(GET)
        Retiring(self.site, 30, self.reactor).start()
        self.assertTrue(transport.value().endswith(b"0\r\n\r\n"))
