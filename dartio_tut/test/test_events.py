"""
`dartio_tut.wire.events`: one event an exchange, whatever became of it.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import Limits, Site
from dartio_tut.testing import CLIENT_ADDRESS, Connection
from dartio_tut.wire import (
    ConnectionClosed,
    ConnectionOpened,
    Ending,
    Event,
    ExchangeDone,
    Noted,
    events,
    exchanges_done,
    seconds_since_epoch,
)
from dartio_tut.wire.http1 import exchange_reports, request_intake
from dartio_tut.wire.transport.foreign import ForeignTransport

from .support.function_resource import FunctionResource

GET = b"GET /a?b HTTP/1.1\r\nHost: a\r\nUser-Agent: test\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"


class TickingClock:
    """A clock on which a second passes each time somebody looks at it."""

    now = 0.0

    def time(self) -> float:
        """The next second."""
        self.now += 1
        return self.now


class EventCase(SynchronousTestCase):
    """
    A site whose events are kept.

    :cvar in_batches: whether they are told many at a time, and what is usual in short.
    """

    in_batches = False
    limits = Limits(body=100, header_time=5, body_time=5, idle_time=5, write_time=5)

    def setUp(self) -> None:
        self._events: list[Event] = []
        self.held: list[Any] = []
        self.render: Any = lambda request: b"hello"
        self.clock = Clock()
        resource = FunctionResource(lambda request: self.render(request))
        self.site = Site(resource, reactor=self.clock, limits=self.limits)
        if self.in_batches:
            self.site.add_batch_observer(self._note)
        else:
            self.site.add_observer(self._events.append)

    def _note(self, noted: list[Noted]) -> None:
        for event in noted:
            if isinstance(event, ExchangeDone | ConnectionOpened | ConnectionClosed):
                self._events.append(event)
            else:
                self._events += exchanges_done([event])

    @property
    def events(self) -> list[Event]:
        """All events so far."""
        self.site.event_batch.tell()
        return self._events

    def connect(self) -> Connection:
        """A new connection."""
        return Connection(self.site.buildProtocol(CLIENT_ADDRESS), self.clock)

    def hold(self, request: Any) -> int:
        """Keep *request* for later."""
        self.held.append(request)
        return NOT_DONE_YET

    @property
    def exchanges(self) -> list[ExchangeDone]:
        """The exchanges that are done."""
        return [event for event in self.events if isinstance(event, ExchangeDone)]

    def only(self) -> ExchangeDone:
        """The only exchange that is done."""
        (exchange,) = self.exchanges
        return exchange


class ExchangeTests(EventCase):
    """Whatever becomes of an exchange, there is one event."""

    def test_an_answered_request_is_complete(self) -> None:
        response = self.connect().send(GET)
        done = self.only()
        sent = done.response_framing_bytes + done.response_body_bytes
        self.assertEqual(sent, len(response))
        self.assertEqual((done.method, done.target, done.version), (
            b"GET", b"/a?b", b"HTTP/1.1",
        ))  # fmt: skip
        self.assertEqual((done.status, done.ending), (200, Ending.COMPLETE))
        self.assertEqual((done.request_body_bytes, done.response_body_bytes), (0, 5))
        self.assertEqual(done.fields(b"user-agent"), b"test")
        self.assertEqual(getattr(done.peer, "host", None), "127.0.0.1")
        self.assertEqual((done.reason, done.clause, done.tls_version), ("", "", ""))
        assert done.first_byte is not None
        self.assertLessEqual(done.started, done.first_byte)
        self.assertLessEqual(done.first_byte, done.ended)

    def ticking_clock(self) -> TickingClock:
        """What tells the time of exchanges from now on."""
        clock = TickingClock()
        self.patch(request_intake, "monotonic", clock.time)
        self.patch(exchange_reports, "monotonic", clock.time)
        return clock

    def test_an_exchange_starts_with_its_first_byte_and_ends_with_the_response(
        self,
    ) -> None:
        clock = self.ticking_clock()
        self.render = self.hold
        for pieces in [
            (GET,),
            (GET[:20], GET[20:30], GET[30:]),
            (POST % 3 + b"a", b"b", b"c"),
        ]:
            connection = self.connect()
            before = clock.now
            for piece in pieces:
                connection.send(piece)
            came = clock.now
            self.held[-1].write(b"first")
            self.held[-1].finish()
            done = self.exchanges[-1]
            self.assertEqual(done.started, before + 1)
            self.assertEqual((done.first_byte, done.ended), (came + 1, came + 2))

    def test_a_response_begins_when_its_first_byte_is_sent_though_it_goes_on(
        self,
    ) -> None:
        clock = self.ticking_clock()

        def begin(request: Any) -> int:
            request.write(b"first")
            return self.hold(request)

        self.render = begin
        connection = self.connect()
        for _ in range(2):
            connection.send(GET)
            sent = clock.now
            clock.now += 100
            self.held[-1].finish()
            done = self.exchanges[-1]
            self.assertEqual((done.first_byte, done.ended), (sent, sent + 101))

    def test_times_are_those_of_a_clock_that_nobody_sets(self) -> None:
        before = monotonic()
        connection = self.connect()
        connection.send(GET)
        connection.leave()
        opened, done, closed = self.events
        assert isinstance(opened, ConnectionOpened)
        assert isinstance(done, ExchangeDone)
        assert isinstance(closed, ConnectionClosed)
        assert done.first_byte is not None
        times = [opened.time, done.started, done.first_byte, done.ended, closed.time]
        self.assertEqual([before, *times], sorted([before, *times]))
        self.assertLessEqual(closed.time, monotonic())

    def test_when_an_event_was_is_told_by_the_clock_as_it_is_set_now(self) -> None:
        moment = monotonic() - 5.0
        for now in (1e9, 2e9, 1e9 - 3600.0):
            self.patch(events, "time", lambda now=now: now)
            self.assertLess(abs(seconds_since_epoch(moment) - (now - 5.0)), 4.0)

    def test_events_keep_their_order_while_others_run(self) -> None:
        """Between two looks at clocks, the process may have to wait."""
        steady, waits = [100.0], [0.0, 0.5, 0.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.7]
        of_day = 1e9

        def wait() -> float:
            steady[0] += waits.pop(0)
            return steady[0]

        self.patch(events, "monotonic", wait)
        self.patch(events, "time", lambda: of_day + wait())
        self.patch(events, "_epoch", [of_day])
        found = [seconds_since_epoch(moment) for moment in (50.0, 50.0, 51.0)]
        self.assertEqual(found, [of_day + 50, of_day + 50, of_day + 51])

    def test_pipelined_requests_have_an_event_each(self) -> None:
        self.connect().send(GET + POST % 3 + b"abc" + GET)
        found = [(one.method, one.request_body_bytes) for one in self.exchanges]
        self.assertEqual(found, [(b"GET", 0), (b"POST", 3), (b"GET", 0)])

    def test_a_refused_request_has_its_reason_and_clause(self) -> None:
        for request, status, reason, clause in [
            (b"GET / HTTP/9.9\r\n\r\n", 505, "version not supported", "15.6.6"),
            (b"GET / HTTP/1.1\r\n\r\n", 400, "Host missing", "RFC 9112 section 3.2"),
            (b"nonsense\r\n\r\n", 400, "malformed request line", "section 3"),
            (b"GET / HTTP/1.1\nHost: a\n\n", 400, "bare CR or LF", "section 2.2"),
            (POST % 101, 413, "body too large", "RFC 9110 section 15.5.14"),
            (b"\x16\x03\x01\x02\x00\n", 400, "TLS handshake", "RFC 9112"),
        ]:
            self.events.clear()
            self.connect().send(request)
            done = self.only()
            self.assertEqual((done.ending, done.status), (Ending.REFUSED, status))
            self.assertIn(reason, done.reason)
            self.assertIn(clause, done.clause)
            self.assertEqual(done.response_body_bytes > 0, True)
            line = request.partition(b"\r\n")[0]
            said = b" ".join([done.method, done.target, done.version]).rstrip()
            self.assertTrue(line.startswith(said.split(b"\n")[0]), (line, said))

    def test_a_client_that_leaves_while_it_waits_is_gone(self) -> None:
        self.render = self.hold
        connection = self.connect()
        connection.send(GET)
        self.assertEqual(self.exchanges, [])
        connection.leave()
        done = self.only()
        self.assertEqual((done.ending, done.status), (Ending.CLIENT_GONE, 0))
        self.assertIsNone(done.first_byte)

    def test_a_client_that_closes_its_half_while_it_waits_is_gone(self) -> None:
        self.render = self.hold
        connection = self.connect()
        connection.send(GET)
        connection.protocol.readConnectionLost()
        self.assertTrue(connection.closed)
        connection.leave()
        self.assertEqual(self.only().ending, Ending.CLIENT_GONE)

    def test_a_client_that_is_gone_left_what_is_not_a_request(self) -> None:
        self.render = self.hold
        for rest in (b"\r\n", b"GET /x", b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n"):
            connection = self.connect()
            connection.send(GET + rest)
            connection.protocol.readConnectionLost()
            self.assertTrue(connection.closed, rest)

    def test_a_client_that_leaves_in_the_middle_of_a_head_is_gone(self) -> None:
        connection = self.connect()
        connection.send(b"GET / HT")
        connection.leave()
        self.assertEqual((self.only().ending, self.only().method), (
            Ending.CLIENT_GONE, b"GET",
        ))  # fmt: skip

    def test_what_came_of_a_request_line_is_told_however_its_connection_ends(
        self,
    ) -> None:
        for end in ("readConnectionLost", "loseConnection", "abortConnection"):
            self.events.clear()
            connection = self.connect()
            connection.send(b"GET /x HTTP/1.1\r\nHo")
            getattr(connection.protocol, end)()
            connection.leave()
            done = self.only()
            said = (done.method, done.target, done.version, done.status)
            self.assertEqual(said, (b"GET", b"/x", b"HTTP/1.1", 0), end)

    def test_what_comes_behind_the_last_request_is_not_told_as_its_line(self) -> None:
        self.render = lambda request: request.channel.loseConnection() or b"bye"
        self.connect().send(GET + b"DELETE /x HTTP/1.1\r\nHo")
        self.assertEqual(self.only().method, b"GET")

    def test_a_client_that_leaves_in_the_middle_of_a_body_is_gone(self) -> None:
        connection = self.connect()
        connection.send(POST % 10 + b"abc")
        connection.leave()
        done = self.only()
        self.assertEqual((done.ending, done.request_body_bytes), (
            Ending.CLIENT_GONE, 3,
        ))  # fmt: skip

    def test_a_resource_that_fails_in_the_middle_cuts_off(self) -> None:
        def fail(request: Any) -> bytes:
            request.write(b"begun")
            raise ZeroDivisionError

        self.render = fail
        connection = self.connect()
        connection.send(GET)
        self.flushLoggedErrors(ZeroDivisionError)
        connection.leave()
        done = self.only()
        self.assertEqual((done.ending, done.status), (Ending.CUT_OFF, 0))
        self.assertIsNone(done.first_byte)
        self.assertIn("failed in the middle", done.reason)
        self.assertEqual(done.response_body_bytes, 0)  # it was dropped, all of it

    def test_a_response_that_began_has_its_status_though_it_was_cut_off(self) -> None:
        self.render = self.hold
        connection = self.connect()
        connection.send(GET)
        self.held[0].write(b"begun")
        connection.protocol.abortConnection()
        connection.leave()
        done = self.only()
        self.assertEqual((done.ending, done.status, done.response_body_bytes), (
            Ending.CUT_OFF, 200, 5,
        ))  # fmt: skip

    def test_what_was_left_unsent_is_told_of_its_own_exchange(self) -> None:
        """Two pipelined responses: the socket takes the first, and so much of it."""
        second = self.response_bytes()
        for unsent, first_is_whole, statuses, sizes in (
            (second, True, [200, 0], [5, 0]),
            (second - 1, True, [200, 200], [5, 0]),
            (7, True, [200, 200], [5, 0]),
            (2, True, [200, 200], [5, 3]),
            (second + 2, False, [200, 0], [3, 0]),
            (2 * second, False, [0, 0], [0, 0]),
        ):
            self.events.clear()
            connection = self.connect()
            connection.transport.dataBuffer = b"x" * unsent
            connection.protocol.dataReceived(GET)
            connection.protocol.dataReceived(GET)
            connection.leave()
            told = self.exchanges
            self.assertEqual([one.status for one in told], statuses, unsent)
            self.assertEqual([one.response_body_bytes for one in told], sizes, unsent)
            is_whole = told[0].ending is Ending.COMPLETE
            self.assertEqual(is_whole, first_is_whole, unsent)
            self.assertIs(told[1].ending, Ending.CLIENT_GONE)

    def response_bytes(self) -> int:
        """The length of a response, after which the sockets here take no more."""

        def keep(transport: Any, call: Any) -> bool:
            """Nothing is told as sent before the connection ends."""
            return True

        self.patch(ForeignTransport, "when_sent", keep)
        return len(self.connect().send(GET))

    def test_a_response_of_another_length_than_announced_cuts_off(self) -> None:
        def short(request: Any) -> int:
            request.setHeader(b"Content-Length", b"9")
            request.write(b"four")
            request.finish()
            return NOT_DONE_YET

        self.render = short
        connection = self.connect()
        connection.send(GET)
        connection.leave()
        self.assertEqual(self.only().ending, Ending.CUT_OFF)
        self.assertIn("another length", self.only().reason)

    def test_a_resource_that_closes_the_connection_cuts_off(self) -> None:
        def close(request: Any) -> int:
            request.loseConnection()
            return NOT_DONE_YET

        self.render = close
        connection = self.connect()
        connection.send(GET)
        connection.leave()
        self.assertEqual(self.only().ending, Ending.CUT_OFF)

    def test_slow_heads_and_bodies_time_out(self) -> None:
        for sent, reason in [(b"GET / HTTP/1.1\r\n", "head"), (POST % 9, "body")]:
            self.events.clear()
            connection = self.connect()
            connection.send(sent)
            self.clock.pump([1] * 8)
            connection.leave()
            done = self.only()
            self.assertEqual((done.ending, done.status), (Ending.TIMED_OUT, 408))
            self.assertIn(reason, done.reason)

    def test_a_client_that_does_not_read_times_out(self) -> None:
        self.render = self.hold
        connection = self.connect()
        connection.send(GET)
        self.held[0].write(b"begun")
        connection.protocol.pauseProducing()
        self.clock.pump([1] * 8)
        connection.leave()
        done = self.only()
        self.assertEqual((done.ending, done.reason), (
            Ending.TIMED_OUT, "the client did not read",
        ))  # fmt: skip

    def test_a_connection_beyond_the_limit_is_refused(self) -> None:
        self.site.limits = limits = Limits(connections=1)
        self.site.connection_limit._limits = limits
        self.render = self.hold
        first = self.connect()
        first.send(GET)
        self.connect()
        done = self.only()
        self.assertEqual((done.ending, done.status, done.method), (
            Ending.REFUSED, 503, b"",
        ))  # fmt: skip

    def test_a_malformed_form_is_refused_and_the_request_is_over(self) -> None:
        self.render = self.hold
        connection = self.connect()
        body = b"not a form"
        connection.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n%b"
            % (len(body), body)
        )
        (request,) = self.held
        finished: list[Any] = []
        request.notifyFinish().addErrback(finished.append)
        with self.assertRaises(ValueError) as caught:
            request.args  # noqa: B018  (the form is read at the first look)
        request.processingFailed(Failure(caught.exception))
        said = connection.transport.value()
        self.assertTrue(said.startswith(b"HTTP/1.1 400 "))
        self.assertEqual(len(finished), 1)
        request.write(b"too late")
        self.assertRaises(RuntimeError, request.finish)
        self.assertEqual(connection.transport.value(), said)
        self.assertEqual((self.only().ending, self.only().status), (
            Ending.REFUSED, 400,
        ))  # fmt: skip

    def test_line_of_a_request_that_does_not_come_to_its_end_is_told(self) -> None:
        for came, expected in (
            (GET[:6], (b"GET", b"/a", b"")),
            (GET[:20], (b"GET", b"/a?b", b"HTTP/1.1")),
            (GET[:-2], (b"GET", b"/a?b", b"HTTP/1.1")),
            (GET + GET[:3], (b"GET", b"", b"")),
        ):
            connection = self.connect()
            connection.send(came)
            connection.leave()
            done = self.exchanges[-1]
            self.assertEqual((done.method, done.target, done.version), expected)
            self.assertEqual((done.status, done.ending), (0, Ending.CLIENT_GONE))

    def test_idle_connections_that_end_are_no_exchange(self) -> None:
        connection = self.connect()
        connection.send(GET)
        self.clock.pump([1] * 8)
        connection.leave()
        self.connect().leave()
        self.assertEqual(len(self.exchanges), 1)

    def test_connections_are_told_at_both_ends(self) -> None:
        connection = self.connect()
        connection.send(GET)
        connection.leave()
        kinds = [type(event) for event in self.events]
        self.assertEqual(kinds, [ConnectionOpened, ExchangeDone, ConnectionClosed])


class ExchangesInShortTests(ExchangeTests):
    """It is the same when events are told many at a time, and exchanges in short."""

    in_batches = True

    def test_what_is_usual_is_told_in_short_also_after_what_is_not(self) -> None:
        noted: list[Noted] = []
        self.site.add_batch_observer(noted.extend)
        connection = self.connect()
        for data in (GET, GET[:20], GET[20:], POST % 3 + b"abc", GET, GET + GET):
            connection.send(data)
        self.render = self.hold
        connection.send(GET)
        self.held[-1].finish()
        self.render = lambda request: b"hello"
        connection.send(GET)
        self.site.event_batch.tell()
        kinds = [event.__class__ is tuple for event in noted[1:]]
        self.assertEqual(kinds, [True, False, False, True, True, True, False, True])


class ObserverTests(EventCase):
    """Who is told."""

    def test_all_observers_are_told_even_if_one_fails(self) -> None:
        others: list[Event] = []
        self.site.add_observer(lambda event: 1 // 0)  # type: ignore[arg-type]
        self.site.add_observer(others.append)
        noted: list[Noted] = []
        self.site.add_batch_observer(lambda events: 1 // 0)  # type: ignore[arg-type]
        self.site.add_batch_observer(noted.extend)
        self.connect().send(GET)
        self.assertEqual(len(others), 2)
        self.assertEqual(len(self.events), 2)
        self.assertEqual(noted, others)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 3)

    def test_without_observers_nothing_is_made(self) -> None:
        site = Site(self.site.resource, reactor=self.clock)
        channel = site.buildProtocol(CLIENT_ADDRESS)
        channel.makeConnection(StringTransport())
        self.assertIsNone(channel.reports)
