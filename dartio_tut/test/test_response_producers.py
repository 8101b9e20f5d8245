"""
Producers of a response: told of the end, whoever ends it, and their failure ends it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IPullProducer, IPushProducer
from twisted.internet.testing import StringTransport
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from dartio_tut.wire import Ending
from dartio_tut.wire.http1.output import Output
from dartio_tut.wire.transport.foreign import ForeignTransport

from .test_events import GET, EventCase


@implementer(IPushProducer, IPullProducer)
class Producing:
    """
    Writes nothing.

    :ivar told: what it was called with.
    :ivar fails: whether it raises.
    """

    fails = False

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
