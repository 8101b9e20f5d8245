"""
What Twisted's ``HTTPChannel`` offers, our channel offers too: each public attribute is
there and works, or has a reason here.
"""

from __future__ import annotations

from typing import Any

from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web import http
from twisted.web.server import NOT_DONE_YET

from dartio_tut.testing import connect
from dartio_tut.wire import Ending

from .support.function_resource import FunctionResource
from .test_events import GET, EventCase

LACKING = {
    "The limits are those of the site: see `Limits`.": [
        "MAX_LENGTH",
        "maxHeaders",
        "totalHeadersSize",
    ],
    "The channel does not read lines: it has a parser of its own.": [
        "lineLengthExceeded",
        "lineReceived",
        "line_mode",
        "rawDataReceived",
        "setLineMode",
        "setRawMode",
    ],
    "Only the parser of HTTPChannel calls it, about what it has read.": [
        "allContentReceived",
        "allHeadersReceived",
        "checkPersistence",
        "headerReceived",
        "length",
    ],
}
"""What our channel does not have, by the reason why."""


class AttributeTests(SynchronousTestCase):
    """Names of HTTPChannel, and of the object that stands for it in Twisted's site."""

    def test_each_is_there_or_has_a_reason(self) -> None:
        ours = set(dir(connect(FunctionResource(len)).protocol))
        generic = http._GenericHTTPChannelProtocol
        theirs = set(dir(http.HTTPChannel())) | set(dir(generic))
        public = {name for name in theirs if not name.startswith("_")}
        listed = [name for names in LACKING.values() for name in names]
        self.assertEqual(sorted(public - ours), sorted(listed))


class BehaviourTests(EventCase):
    """Each of them does what it does in Twisted."""

    def setUp(self) -> None:
        super().setUp()
        self.render = self.hold
        self.connection = self.connect()
        self.channel = self.connection.protocol

    def test_connected_is_true_from_the_first_until_for_ever(self) -> None:
        self.assertFalse(self.site.buildProtocol(None).connected)
        self.assertTrue(self.channel.connected)
        self.connection.leave()
        self.assertTrue(self.channel.connected)

    def test_log_prefix_is_the_name_of_the_class(self) -> None:
        self.assertEqual(self.channel.logPrefix(), type(self.channel).__name__)

    def test_paused_tells_whether_the_client_is_read_from(self) -> None:
        self.assertFalse(self.channel.paused)
        self.channel.pauseProducing()
        self.assertTrue(self.channel.paused)
        self.channel.resumeProducing()
        self.assertFalse(self.channel.paused)

    def test_a_line_is_sent_with_its_end(self) -> None:
        self.channel.sendLine(b"line")
        self.assertEqual(self.connection.transport.value(), b"line\r\n")

    def test_clearing_the_buffer_drops_the_requests_that_wait(self) -> None:
        self.connection.send(GET + GET)
        self.assertEqual(self.channel.clearLineBuffer(), GET)
        self.held[0].finish()
        self.assertEqual(len(self.held), 1)

    def test_set_timeout_tells_what_was_set_before(self) -> None:
        self.assertEqual(self.channel.timeOut, self.limits.idle_time)
        self.assertEqual(self.channel.setTimeout(3), self.limits.idle_time)
        self.assertEqual(self.channel.setTimeout(None), 3)
        self.assertIsNone(self.channel.timeOut)

    def test_resetting_a_timeout_that_nobody_set_removes_no_deadline(self) -> None:
        self.channel.resetTimeout()
        self.clock.pump([1] * 8)
        self.assertTrue(self.connection.closed)

    def test_resetting_a_timeout_that_was_cancelled_does_not_set_it(self) -> None:
        self.connection.send(GET)
        self.channel.setTimeout(None)
        self.channel.timeOut = 1
        self.channel.resetTimeout()
        self.clock.pump([1] * 8)
        self.assertFalse(self.connection.closed)

    def test_timing_out_closes_and_then_aborts(self) -> None:
        self.connection.send(GET)
        self.channel.abortTimeout = 3
        self.channel.timeoutConnection()
        transport = self.connection.transport
        self.assertEqual((transport.disconnecting, transport.disconnected), (1, 0))
        self.clock.pump([1] * 5)
        self.assertTrue(transport.disconnected)
        self.connection.leave()
        self.assertEqual(self.only().ending, Ending.TIMED_OUT)

    def test_timing_out_without_an_abort_waits_for_ever(self) -> None:
        self.channel.abortTimeout = None
        self.channel.timeoutConnection()
        self.clock.pump([1] * 1000)
        self.assertFalse(self.connection.transport.disconnected)


class OwnPauseTests(EventCase):
    """A resource that calls ``channel.pauseProducing`` and never resumes."""

    def test_the_next_request_is_answered_nevertheless(self) -> None:
        for is_later in (True, False):
            for is_together in (True, False):
                self.setUp()
                connection = self.connect()

                def pause(request: Any, is_later: bool = is_later) -> Any:
                    self.held.append(request)
                    if len(self.held) > 1:
                        return b"second"
                    request.channel.pauseProducing()
                    return NOT_DONE_YET if is_later else b"first"

                self.render = pause
                connection.send(GET + GET if is_together else GET)
                if is_later:
                    self.held[0].write(b"first")
                    self.held[0].finish()
                connection.send(b"" if is_together else GET)
                self.assertEqual(len(self.held), 2, (is_later, is_together))
                self.assertEqual(connection.transport.producerState, "producing")
                self.assertEqual(len(self.exchanges), 2)

    def test_a_client_that_does_not_read_is_waited_for(self) -> None:
        self.render = self.hold
        connection = self.connect()
        connection.send(GET + GET)
        connection.transport.dataBuffer = b"unsent"
        connection.protocol.pauseProducing()
        self.held[0].finish()
        self.assertEqual(len(self.held), 1)
        connection.transport.dataBuffer = b""
        connection.protocol.resumeProducing()
        self.assertEqual(len(self.held), 2)
        connection.protocol.connectionLost(Failure(ConnectionError()))
