"""
A resource that closes its connection: the requests behind it are not taken in.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.wire import Ending
from dartio_tut.wire.transport.foreign import adapted

from .test_events import GET, EventCase

SECOND = b"POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"


def lose(request: Any) -> None:
    """Close by the transport, as some resources do."""
    request.transport.loseConnection()


def abort(request: Any) -> None:
    """Abort by the transport."""
    request.transport.abortConnection()


def lose_by_channel(request: Any) -> None:
    """Close by the channel."""
    request.channel.loseConnection()


def abort_by_channel(request: Any) -> None:
    """Abort by the channel."""
    request.channel.abortConnection()


class ClosingEarlyTests(EventCase):
    """Whoever closes it, and whenever."""

    def test_a_request_behind_it_is_not_taken_in(self) -> None:
        for close, is_now, is_together in product(
            (lose, abort, lose_by_channel, abort_by_channel),
            (True, False),
            (True, False),
        ):
            self.setUp()
            self.render = self.hold
            connection = self.connect()
            if is_now:
                self.render = lambda request, close=close: (
                    close(request) or self.hold(request)
                )
            said = connection.send(GET + SECOND if is_together else GET)
            if not is_now:
                close(self.held[0])
            self.held[0].write(b"late")
            self.held[0].finish()
            said += connection.send(b"" if is_together else SECOND)
            self.assertEqual([one.uri for one in self.held], [b"/a?b"], close)
            self.assertEqual(said == b"", "abort" in close.__name__, close)
            connection.leave()
            self.assertEqual(self.only().target, b"/a?b")

    def test_nothing_that_was_written_before_an_abort_is_sent_after_it(self) -> None:
        for close in (abort, abort_by_channel):

            def write_and_abort(request: Any, close: Any = close) -> bytes:
                request.write(b"early")
                close(request)
                return b"late"

            self.setUp()
            self.render = write_and_abort
            connection = self.connect()
            self.assertEqual(connection.send(GET + SECOND), b"")
            connection.leave()
            self.assertEqual(self.only().ending, Ending.CUT_OFF)

    def test_what_was_dropped_does_not_count_as_sent(self) -> None:
        def fail(request: Any) -> bytes:
            request.write(b"begun")
            raise ZeroDivisionError

        self.render = fail
        connection = self.connect()
        self.assertEqual(connection.send(GET), b"")
        self.flushLoggedErrors(ZeroDivisionError)
        connection.leave()
        self.assertEqual(self.only().response_body_bytes, 0)

    def test_a_resource_that_closes_by_the_transport_has_cut_off(self) -> None:
        for close in (lose, abort):
            self.setUp()
            self.render = self.hold
            connection = self.connect()
            connection.send(GET)
            close(self.held[0])
            connection.leave()
            self.assertEqual(self.only().ending, Ending.CUT_OFF, close)


class IsClosingTests(SynchronousTestCase):
    """``is_closing`` of transports."""

    def test_stand_ins_of_any_kind_are_open_until_they_are_closed(self) -> None:
        transport: Any = StringTransport()
        self.assertFalse(adapted(transport).is_closing)
        transport.loseConnection()
        self.assertTrue(adapted(transport).is_closing)
        transport.disconnecting = lambda: False
        self.assertFalse(adapted(transport).is_closing)
