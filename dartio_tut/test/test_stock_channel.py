"""
Requests of ours, and files of ours, on a stock `twisted.web.server.Site`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web import http, server
from twisted.web.resource import Resource

from dartio_tut.wire import Request, send_file

ADDRESS = IPv4Address("TCP", "127.0.0.1", 1)


class Transport(StringTransport):
    """As a TCP connection, it can be told to resume when it is closed."""

    def resumeProducing(self) -> None:
        """Nothing was paused."""


class Answers(Resource):
    """Has *answer* write the response."""

    isLeaf = True

    def __init__(self, answer: Callable[[Any], None]) -> None:
        super().__init__()
        self._answer = answer

    def render_GET(self, request: Any) -> int:
        """Answer later, which may be now."""
        self._answer(request)
        return server.NOT_DONE_YET


class CutOffTests(SynchronousTestCase):
    """What nobody may take for a whole response ends with the connection."""

    def is_cut_off(
        self, answer: Callable[[Any], None], factory: type[http.Request]
    ) -> bool:
        """Whether the connection is aborted when *answer* writes the response."""
        site = server.Site(Answers(answer), requestFactory=factory, reactor=Clock())
        protocol = site.buildProtocol(ADDRESS)
        transport = Transport()
        protocol.makeConnection(transport)
        protocol.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        return transport.disconnected

    def send_shortened_file(self, length: int) -> Callable[[Any], None]:
        """Sends *length* bytes of a file that has one."""
        file = Path(self.mktemp())
        file.write_bytes(b"x")

        def answer(request: Any) -> None:
            send_file(request, os.open(file, os.O_RDONLY), 0, length)

        return answer

    def test_body_shorter_than_its_length_is_cut_off(self) -> None:
        def answer(request: Any) -> None:
            request.setHeader(b"Content-Length", b"9")
            request.write(b"short")
            request.finish()

        self.assertTrue(self.is_cut_off(answer, Request))

    def test_file_that_was_shortened_is_cut_off(self) -> None:
        for factory in (Request, server.Request):
            self.assertTrue(self.is_cut_off(self.send_shortened_file(9), factory))
