"""
`dartio_tut.wire.unsupported_method`: HEAD for resources that know GET only.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from twisted.internet.defer import fail
from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web import server
from twisted.web.error import UnsupportedMethod
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from dartio_tut.daemon import Site
from dartio_tut.testing import (
    CLIENT_ADDRESS,
    Connection,
    Response,
    ResponseReader,
    connect,
)
from dartio_tut.wire import Request, send_file, send_parts

from .support.function_resource import FunctionResource
from .support.http2_client import HTTP2Client, engines

NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
"""What is sent behind the request with HEAD."""


class HeadTests(SynchronousTestCase):
    """What comes of HEAD, where the resource has a method for GET only."""

    def heads(
        self, get: Callable[[Any], Any], request_class: type[server.Request] = Request
    ) -> list[Response]:
        """
        The responses to HEAD where *get* is called for GET, sent alone and before
        another request; a good one to that must follow.
        """

        def render(request: Any) -> Any:
            if request.uri == b"/next":
                return b"next"
            if request.method == b"HEAD":
                raise UnsupportedMethod([b"GET"])
            self.assertEqual(request.method, b"GET")
            return get(request)

        responses = []
        for start in (b"HEAD / HTTP/1.1", b"HEAD / HTTP/1.1\r\nContent-Length: 1"):
            body = b"x" if b"Length" in start else b""
            clock = Clock()
            site = Site(FunctionResource(render), request_class, reactor=clock)
            connection = Connection(site.buildProtocol(CLIENT_ADDRESS), clock)
            reader = ResponseReader(["HEAD", "GET"])
            reader.feed(connection.send(start + b"\r\nHost: a\r\n\r\n" + body + NEXT))
            first, second = reader.responses
            self.assertEqual((second.code, second.body), (200, b"next"))
            responses.append(first)
        return responses

    def test_length_is_that_of_what_get_gets(self) -> None:
        for response in self.heads(lambda request: b"abc"):
            self.assertEqual(response.code, 200)
            self.assertEqual(response.fields["content-length"], "3")

    def test_failure_has_no_body(self) -> None:
        def raises(request: Any) -> bytes:
            raise ValueError("of the test")

        def fails(request: Any) -> int:
            failed = fail(ValueError("of the test"))
            failed.addErrback(request.processingFailed).addErrback(lambda _: None)
            return NOT_DONE_YET

        for get in (raises, fails):
            for response in self.heads(get):
                self.assertEqual(response.code, 500)
                self.assertEqual(response.fields["content-length"], "26")
            self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2)

    def test_failure_has_no_body_by_http_2(self) -> None:
        def render(request: Any) -> bytes:
            if request.method == b"HEAD":
                raise UnsupportedMethod([b"GET"])
            raise ValueError("of the test")

        for engine in engines():
            client = HTTP2Client(FunctionResource(render), engine)
            client.send(client.head(1, method=b"HEAD")).wait(1)
            answer = client.answer(1)
            self.assertEqual((answer.status, answer.data_frames), (500, []))
            self.assertTrue(answer.is_ended)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), len(engines()))

    def test_what_is_no_bytes_has_no_body(self) -> None:
        async def later() -> bytes:
            return b""

        def returned(body: object, _: Any) -> object:
            return body

        for body in (None, "abc", 7):
            for response in self.heads(partial(returned, body)):
                self.assertEqual(response.code, 500)
        for response in self.heads(lambda _: later()):
            self.assertEqual(response.code, 500)

    def test_resource_may_finish_within_render(self) -> None:
        def writes(request: Any) -> int:
            request.setHeader(b"X-A", b"b")
            request.write(b"abc")
            request.write(b"def")
            request.finish()
            return NOT_DONE_YET

        def finishes(request: Any) -> int:
            request.setHeader(b"X-A", b"b")
            request.finish()
            return NOT_DONE_YET

        for get in (writes, finishes):
            for response in self.heads(get):
                self.assertEqual((response.code, response.fields["x-a"]), (200, "b"))

    def test_resource_that_would_respond_later_is_not_waited_for(self) -> None:
        stopped = []

        @implementer(IPushProducer)
        class Producer:
            def stopProducing(self) -> None:
                stopped.append(self)

            def pauseProducing(self) -> None:
                pass

            resumeProducing = pauseProducing

        def produces(request: Any) -> int:
            request.registerProducer(Producer(), True)
            request.write(b"abc")
            return NOT_DONE_YET

        for get in (lambda _: NOT_DONE_YET, produces):
            for response in self.heads(get):
                self.assertEqual(response.code, 200)
        self.assertEqual(len(stopped), 2)

    def test_file_is_closed_and_not_sent(self) -> None:
        path = Path(self.mktemp())
        path.write_bytes(bytes(100_000))
        opened: list[int] = []

        def sends(request: Any) -> int:
            opened.append(os.open(path, os.O_RDONLY))
            send_file(request, opened[-1], 0, 100_000)
            return NOT_DONE_YET

        def sends_parts(request: Any) -> int:
            opened.append(os.open(path, os.O_RDONLY))
            request.setHeader(b"Content-Length", b"100000")
            send_parts(request, opened[-1], [b"a", (1, 99_999)])
            return NOT_DONE_YET

        for get, kind in product((sends, sends_parts), (Request, server.Request)):
            for response in self.heads(get, kind):
                self.assertEqual(response.code, 200)
                self.assertEqual(response.fields["content-length"], "100000")
                self.assertRaises(OSError, os.fstat, opened[-1])

    def test_client_that_goes_within_render(self) -> None:
        def render(request: Any) -> bytes:
            if request.method == b"HEAD":
                raise UnsupportedMethod([b"GET"])
            request.transport.abortConnection()
            return b"abc"

        connection = connect(FunctionResource(render))
        self.assertEqual(connection.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"), b"")
