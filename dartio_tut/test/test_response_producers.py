"""
Producers of a response: told of the end, whoever ends it, and their failure ends it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet import _producer_helpers
from twisted.internet.interfaces import IPullProducer, IPushProducer
from twisted.internet.task import Clock, Cooperator
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from dartio_tut.wire import Ending
from dartio_tut.wire.http1.output import Output
from dartio_tut.wire.http2.engine import ErrorCode
from dartio_tut.wire.transport.foreign import ForeignTransport

from .support.function_resource import FunctionResource
from .support.http2_client import HTTP2Client, engines, reset_frame, window_frame
from .test_events import GET, EventCase


@implementer(IPushProducer, IPullProducer)
class Producing:
    """
    Writes nothing.

    :ivar told: what it was called with.
    :ivar fails: whether it raises when it is to go on.
    :ivar fails_to_stop: whether it raises when it is stopped.
    """

    fails = fails_to_stop = False

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        """Nothing is to be paused."""

    def resumeProducing(self) -> None:
        """Fail, or not."""
        if self.fails:
            raise ZeroDivisionError

    def stopProducing(self) -> None:
        """Note it."""
        self.told.append("stop")
        if self.fails_to_stop:
            raise ZeroDivisionError


class ProducerTests(EventCase):
    """Of both kinds."""

    def setUp(self) -> None:
        super().setUp()
        self.producing = Producing()

    def produce(self, request: Any, streaming: bool = True) -> int:
        """Begin a response, and have it produced."""
        self.held.append(request)
        request.write(b"begun")
        request.registerProducer(self.producing, streaming)
        return NOT_DONE_YET

    def test_a_producer_is_stopped_once_when_the_connection_ends(self) -> None:
        for ends in ("closed", "aborted", "left", "stopped by its transport"):
            self.setUp()
            self.render = self.produce
            connection = self.connect()
            connection.send(GET)
            if ends == "closed":
                connection.protocol.loseConnection()
            elif ends == "aborted":
                connection.protocol.abortConnection()
            elif ends == "stopped by its transport":
                connection.protocol.stopProducing()
            connection.leave()
            self.assertEqual(self.producing.told, ["stop"], ends)

    def test_a_producer_that_has_ended_is_not_told_to_stop(self) -> None:
        self.render = self.produce
        connection = self.connect()
        connection.send(GET)
        self.held[0].unregisterProducer()
        connection.leave()
        self.assertEqual(self.producing.told, [])

    def test_a_pull_producer_that_fails_cuts_the_response_off(self) -> None:
        self.producing.fails = True
        self.render = lambda request: self.produce(request, streaming=False)
        connection = self.connect()
        connection.send(GET + GET)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertTrue(connection.transport.disconnected)
        connection.leave()
        done = self.only()
        self.assertEqual((done.ending, done.status), (Ending.CUT_OFF, 200))
        self.assertIn("producer", done.reason)
        self.assertEqual(len(self.held), 1)

    def test_a_pull_producer_that_comes_while_the_client_does_not_read_waits(
        self,
    ) -> None:
        calls: list[str] = []
        self.patch(self.producing, "resumeProducing", lambda: calls.append("resume"))
        clock = Clock()
        cooperator = Cooperator(scheduler=partial(clock.callLater, 1))
        self.patch(_producer_helpers, "cooperate", cooperator.cooperate)
        self.render = self.hold
        connection = self.connect()
        connection.send(GET)
        connection.protocol.pauseProducing()
        self.held[0].registerProducer(self.producing, False)
        clock.pump([1] * 10)
        self.assertEqual(calls, [])
        connection.protocol.resumeProducing()
        clock.pump([1] * 10)
        self.assertNotEqual(calls, [])
        self.held[0].unregisterProducer()
        connection.leave()

    def test_a_push_producer_that_cannot_go_on_cuts_the_response_off(self) -> None:
        self.producing.fails = True
        self.render = self.produce
        connection = self.connect()
        connection.send(GET)
        connection.protocol.pauseProducing()
        connection.protocol.resumeProducing()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertTrue(connection.transport.disconnected)
        connection.leave()
        done = self.only()
        self.assertEqual((done.ending, done.status), (Ending.CUT_OFF, 200))
        self.assertIn("producer", done.reason)
        self.assertEqual(self.producing.told, ["stop"])

    def test_one_that_fails_when_it_is_stopped_hides_the_end_from_nobody(self) -> None:
        self.producing.fails_to_stop = True
        self.render = self.produce
        connection = self.connect()
        connection.send(GET)
        ended = self.held[0].notifyFinish()
        connection.leave()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.failureResultOf(ended)
        self.assertEqual(self.site.connection_limit.count, 0)

    def test_one_that_comes_when_the_client_has_gone_is_stopped_at_once(self) -> None:
        self.render = self.hold
        connection = self.connect()
        connection.send(GET)
        connection.leave()
        self.held[0].registerProducer(self.producing, True)
        self.held[0].unregisterProducer()
        self.assertEqual(self.producing.told, ["stop"])

    def test_a_file_behind_an_abort_is_closed_and_counts_as_dropped(self) -> None:
        path = Path(self.mktemp())
        path.write_bytes(b"123")
        descriptor = os.open(path, os.O_RDONLY)
        producing: Any = self.producing
        transport = ForeignTransport(StringTransport())
        output = Output(transport, producing, lambda: None, lambda: None)
        output.drop()
        output.send_file(b"head", descriptor, 0, 3, lambda is_whole: None)
        self.assertEqual(output.unsent(), 7)
        self.assertRaises(OSError, os.fstat, descriptor)


class StreamProducerTests(SynchronousTestCase):
    """By HTTP/2: one that fails ends its own stream, and the others go on."""

    def setUp(self) -> None:
        self.producing = Producing()
        self.ends: list[Any] = []

    def produce(self, request: Any, streaming: bool) -> int | bytes:
        """Begin a response that is produced, unless it is another's."""
        if request.path == b"/other":
            return b"other"
        request.notifyFinish().addBoth(self.ends.append)
        request.write(b"x" * 100_000)
        request.registerProducer(self.producing, streaming)
        return NOT_DONE_YET

    def clients(self, streaming: bool) -> Iterator[HTTP2Client]:
        """A client for each engine, which has asked."""
        for engine in engines():
            self.setUp()
            tree = FunctionResource(lambda request: self.produce(request, streaming))
            client = HTTP2Client(tree, engine)
            yield client

    def check_others(self, client: HTTP2Client) -> None:
        """The stream has ended, its request has heard of it, and others go on."""
        client.send(window_frame(0, 1 << 20), client.head(3, path=b"/other"))
        self.assertEqual((client.goaway, client.answer(3).body), (None, b"other"))
        self.assertEqual(len(self.ends), 1)

    def check_failure(self, client: HTTP2Client) -> None:
        """When the client has room for more, the stream ends, and others go on."""
        client.send(window_frame(0, 1 << 20), window_frame(1, 1 << 20)).wait(2)
        self.assertEqual(client.answer(1).reset, ErrorCode.INTERNAL_ERROR)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.check_others(client)

    def test_a_push_producer_that_cannot_go_on(self) -> None:
        for client in self.clients(True):
            self.producing.fails = True
            client.send(client.head(1))
            self.check_failure(client)

    def test_a_pull_producer_that_fails(self) -> None:
        for client in self.clients(False):
            self.producing.fails = True
            cooperator = Cooperator(scheduler=partial(client.clock.callLater, 0.1))
            self.patch(_producer_helpers, "cooperate", cooperator.cooperate)
            client.send(client.head(1))
            self.check_failure(client)

    def test_one_that_fails_when_it_is_stopped(self) -> None:
        for client in self.clients(True):
            self.producing.fails_to_stop = True
            client.send(client.head(1)).send(reset_frame(1))
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
            self.check_others(client)
