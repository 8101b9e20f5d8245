"""
What a resource sets and no response can have: the response is well framed for all that,
or a 500, by either version of HTTP.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import Site
from dartio_tut.testing import Client, Response, connect, read_response
from dartio_tut.testing.connection import MemoryTransport
from dartio_tut.wire.file_sending import MAX_READ_AT_ONCE
from dartio_tut.wire.http2.engine import ErrorCode
from dartio_tut.wire.unsendable import declared_length

from .support.function_resource import FunctionResource
from .support.http2_client import Answer, HTTP2Client, engines
from .support.memory_client import RequestCase

Render = Callable[[Any], Any]

BODY = b"hello"


def written(prepare: Callable[[Any], object], *pieces: bytes) -> Render:
    """What calls *prepare* with a request, and then writes *pieces*."""

    def render(request: Any) -> int:
        prepare(request)
        for piece in pieces or (BODY,):
            request.write(piece)
        request.finish()
        return NOT_DONE_YET

    return render


def returned(prepare: Callable[[Any], object]) -> Render:
    """What calls *prepare* with a request, and then returns a body."""

    def render(request: Any) -> bytes:
        prepare(request)
        return BODY

    return render


class HTTP2Case(SynchronousTestCase):
    """Tests that ask by HTTP/2."""

    def answers(self, render: Render, method: bytes = b"GET") -> list[Answer]:
        """What each engine says to a request, and that the connection goes on."""
        found = []
        for engine in engines():

            def either(request: Any) -> Any:
                return BODY if request.path == b"/other" else render(request)

            client = HTTP2Client(FunctionResource(either), engine)
            client.send(client.head(1, method=method)).wait(1)
            client.send(client.head(3, path=b"/other"))
            self.assertEqual((client.goaway, client.answer(3).body), (None, BODY))
            found.append(client.answer(1))
        return found


class FramingTests(RequestCase, HTTP2Case):
    """The wire alone says how a response ends."""

    def headers_set(self, **fields: list[bytes]) -> Callable[[Any], None]:
        def prepare(request: Any) -> None:
            for name, values in fields.items():
                request.responseHeaders.setRawHeaders(name.replace("_", "-"), values)

        return prepare

    def lengths(self, *values: bytes) -> Render:
        return written(self.headers_set(Content_Length=list(values)))

    def test_transfer_encoding_of_a_resource_is_not_sent(self) -> None:
        for coding in (b"chunked", b"gzip", b"gzip, chunked", b"identity"):
            prepare = self.headers_set(
                Transfer_Encoding=[coding], Content_Length=[b"5"]
            )
            for render in (written(prepare), returned(prepare)):
                for version in ("1.0", "1.1"):
                    for method in ("GET", "HEAD"):
                        start = f"{method} / HTTP/{version}"
                        response = self.response(render, start=start)
                        self.assertNotIn("Transfer-Encoding", response.fields)
                        self.assertEqual(response.fields["Content-Length"], "5")
            for answer in self.answers(written(prepare)):
                self.assertEqual(answer.body, BODY)

    def test_its_coding_is_replaced_where_the_response_is_chunked(self) -> None:
        prepare = self.headers_set(Transfer_Encoding=[b"gzip", b"chunked"])
        response = self.response(written(prepare))
        self.assertEqual(response.fields["Transfer-Encoding"], "chunked")
        self.assertEqual(response.body, BODY)

    def test_responses_without_a_body_have_no_transfer_encoding(self) -> None:
        for code in (204, 304):

            def prepare(request: Any, code: int = code) -> None:
                request.setResponseCode(code)
                request.setHeader(b"Transfer-Encoding", b"chunked")

            response = self.response(written(prepare))
            self.assertNotIn("Transfer-Encoding", response.fields)

    def test_length_that_is_no_number_is_left_out_and_the_body_arrives(self) -> None:
        for values in (
            [b"abc"],
            [b"-1"],
            [b"+5"],
            [b"5.0"],
            [b""],
            [b"5 5"],
            [b"\xd9\xa5"],
            [b"9" * 5000],
            [b"9" * 19],
            [b"5", b"7"],
            [b"5, 7"],
            [b"5", b""],
        ):
            response = self.response(self.lengths(*values))
            self.assertNotIn("Content-Length", response.fields)
            self.assertEqual(response.body, BODY, values)
            old = self.written(self.lengths(*values), start="GET / HTTP/1.0")
            self.assertIn(b"Connection: close", old)
            self.assertEqual(old.partition(b"\r\n\r\n")[2], BODY)
            for answer in self.answers(self.lengths(*values)):
                self.assertNotIn("content-length", answer.fields)
                self.assertEqual(answer.body, BODY)

    def test_length_that_is_said_twice_is_sent_once(self) -> None:
        for values in ([b"5", b"5"], [b"5, 5"], [b"5", b"5 , 5"]):
            response = self.response(self.lengths(*values))
            self.assertEqual(response.fields["Content-Length"], "5")
            for answer in self.answers(self.lengths(*values)):
                self.assertEqual(answer.fields["content-length"], "5")

    def test_log_says_which_length_was_left_out(self) -> None:
        client = Client(FunctionResource(self.lengths(b"abc")))
        client.begin("GET", "/").response()
        (line,) = client.log
        self.assertIn("Content-Length to [b'abc']", line)

    def test_length_is_read(self) -> None:
        self.assertEqual(declared_length(Headers({"content-length": ["007"]})), 7)
        self.assertIsNone(declared_length(Headers()))


class BodilessTests(RequestCase, HTTP2Case):
    """With some status codes no body is sent, whatever a resource does."""

    codes = (204, 205, 304)

    def renders(self, code: int) -> list[Render]:
        def prepare(request: Any) -> None:
            request.setResponseCode(code)

        def prepare_with_length(request: Any) -> None:
            request.setResponseCode(code)
            request.setHeader(b"Content-Length", b"5")
            request.setHeader(b"X", b"1")

        both = (prepare, prepare_with_length)
        return [make(each) for make in (written, returned) for each in both]

    def test_no_body_is_sent(self) -> None:
        for code in self.codes:
            for render in self.renders(code):
                said = self.written(render)
                self.assertTrue(said.endswith(b"\r\n\r\n"), said)
                self.assertNotIn(b"Transfer-Encoding", said)
                for answer in self.answers(render):
                    self.assertEqual((answer.status, answer.body), (code, b""))

    def test_205_says_that_it_has_none_and_204_says_nothing(self) -> None:
        for code, length in ((204, None), (205, "0")):
            for render in self.renders(code):
                response = self.response(render)
                self.assertEqual(response.fields.get("Content-Length"), length)
                for answer in self.answers(render):
                    self.assertEqual(answer.fields.get("content-length"), length)

    def test_no_file_is_sent(self) -> None:
        for size in (MAX_READ_AT_ONCE, MAX_READ_AT_ONCE + 1):
            path = self.mktemp()
            with open(path, "wb") as file:
                file.truncate(size)
            for code in self.codes:

                def render(
                    request: Any, code: int = code, path: str = path, size: int = size
                ) -> int:
                    request.setResponseCode(code)
                    request.send_file(os.open(path, os.O_RDONLY), 0, size)
                    return NOT_DONE_YET

                said = self.written(render)
                self.assertTrue(said.endswith(b"\r\n\r\n"), said[:1000])
                for answer in self.answers(render):
                    self.assertEqual((answer.status, answer.body), (code, b""))


class ExcessTests(RequestCase, HTTP2Case):
    """No byte is sent behind the length that was announced."""

    def held(self, *pieces: bytes) -> Render:
        def render(request: Any) -> int:
            request.setHeader(b"Content-Length", b"5")
            for piece in pieces:
                request.write(piece)
            return NOT_DONE_YET

        return render

    def test_what_is_too_much_is_never_sent(self) -> None:
        for pieces in ((b"hello world",), (b"hel", b"lo wor", b"ld"), (BODY, b"x")):
            said = self.written(self.held(*pieces))
            self.assertEqual(said.partition(b"\r\n\r\n")[2], BODY)
            for answer in self.answers(self.held(*pieces)):
                is_whole = pieces[0] == BODY
                self.assertEqual((answer.body, answer.is_ended), (BODY, is_whole))

    def test_next_request_gets_no_response_on_that_connection(self) -> None:
        asked = []

        def render(request: Any) -> int:
            asked.append(request)
            request.setHeader(b"Content-Length", b"5")
            request.write(b"hello HTTP/1.1 200 OK\r\n\r\n")
            return NOT_DONE_YET

        client = connect(FunctionResource(render))
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
        asked[0].finish()
        self.assertTrue(client.transport.disconnected)
        self.assertEqual(len(asked), 1)

    def test_stream_is_reset_at_the_end(self) -> None:
        def prepare(request: Any) -> None:
            request.setHeader(b"Content-Length", b"5")

        for answer in self.answers(written(prepare, b"hello world")):
            self.assertEqual(answer.reset, ErrorCode.INTERNAL_ERROR)


class StatusCodeTests(RequestCase, HTTP2Case):
    """A response has a status code of three digits, and is no interim one."""

    CODES: tuple[Any, ...] = (
        *(0, 1, 99, 100, 101, 102, 103, 199, 1000, 10**9, -200),
        *(True, 200.5, None, "200", b"200", (), "text"),
    )

    def test_any_other_is_a_500_and_one_line_in_the_log(self) -> None:
        for code in self.CODES:

            def prepare(request: Any, code: Any = code) -> None:
                request.code = code

            for render in (written(prepare), returned(prepare)):
                client = Client(FunctionResource(render))
                response = client.begin("GET", "/").response()
                self.assertEqual(response.code, 500, code)
                (line,) = client.log
                self.assertIn(f"is {code!r}; it must be a number from 200", line)
                for answer in self.answers(render):
                    self.assertEqual(answer.status, 500)

    def test_client_gets_it_also_when_nobody_catches_what_write_raises(self) -> None:
        held: list[Any] = []

        def render(request: Any) -> int:
            held.append(request)
            request.setResponseCode(100)
            return NOT_DONE_YET

        client = Client(FunctionResource(render))
        exchange = client.begin("GET", "/")
        for _ in range(2):
            held[0].write(BODY)
        held[0].finish()
        self.assertEqual(exchange.response().code, 500)

    def test_codes_that_have_no_name_are_sent(self) -> None:
        for code in (218, 299, 599):

            def prepare(request: Any, code: int = code) -> None:
                request.setResponseCode(code)

            render = returned(prepare)
            self.assertEqual(self.response(render).code, code)
            for answer in self.answers(render):
                self.assertEqual(answer.status, code)

    def test_option_of_connection_that_is_not_close_goes_on(self) -> None:
        for value, closes in ((b"x-close-it", False), (b"x-a , Close", True)):

            def prepare(request: Any, value: bytes = value) -> bytes:
                request.setHeader(b"Connection", value)
                return b""

            written = self.written(prepare)
            self.assertEqual(b"Connection: close\r\n" in written, closes)
            self.assertEqual(b"Connection: " + value in written, not closes)

    def test_101_with_upgrade_is_followed_by_bytes_of_the_other_protocol(self) -> None:
        def render(request: Any) -> int:
            request.setResponseCode(101)
            request.setHeader(b"Connection", b"Upgrade")
            request.setHeader(b"Upgrade", b"other")
            request.setHeader(b"Content-Length", b"2")
            request.write(b"")
            request.write(b"of the other")
            return NOT_DONE_YET

        for more in ((), ("Connection: Upgrade, close",)):  # as when it is to stop
            head, _, rest = self.written(render, *more).partition(b"\r\n\r\n")
            lines = [line.lower() for line in head.split(b"\r\n")]
            self.assertEqual(lines[0], b"http/1.1 101 switching protocols")
            self.assertIn(b"connection: upgrade", lines)
            self.assertNotIn(b"connection: close", lines)
            self.assertFalse([line for line in lines if b"chunked" in line])
            self.assertFalse([line for line in lines if b"-length" in line])
            self.assertEqual(rest, b"of the other")
        for answer in self.answers(render):
            self.assertEqual(answer.status, 500)


class HeadTests(RequestCase, HTTP2Case):
    """A head that cannot be made is a 500: nothing of it was sent."""

    def set(self, name: str, value: Any) -> Render:
        return written(lambda request: setattr(request, name, value))

    def response_of(self, name: str, value: Any) -> Response:
        return self.response(self.set(name, value))

    def test_attribute_of_a_wrong_type_is_a_500(self) -> None:
        for name, value in (
            ("lastModified", "yesterday"),
            ("lastModified", 1e20),
            ("cookies", [None]),
            ("etag", 7),
        ):
            self.assertEqual(self.response_of(name, value).code, 500, name)
            for answer in self.answers(self.set(name, value)):
                self.assertEqual(answer.status, 500, name)
        self.assertTrue(self.flushLoggedErrors())

    def test_default_content_type_stays_one_line(self) -> None:
        def prepare(request: Any) -> None:
            request.defaultContentType = b"text/plain\r\nX: y\0z"

        for render in (written(prepare), returned(prepare)):
            response = self.response(render)
            self.assertNotIn("X", response.fields)
            for answer in self.answers(render):
                self.assertNotIn("\r", answer.fields["content-type"])
                self.assertNotIn("\0", answer.fields["content-type"])

    def test_default_content_type_may_be_text(self) -> None:
        def prepare(request: Any) -> None:
            request.defaultContentType = "text/plain"

        for render in (written(prepare), returned(prepare)):
            response = self.response(render)
            self.assertEqual(response.fields["Content-Type"], "text/plain")
            for answer in self.answers(render):
                self.assertEqual(answer.fields["content-type"], "text/plain")


class FailingLog(Site):
    """A site whose access log cannot be written."""

    def log(self, request: Any) -> None:
        """Fail."""
        raise OSError(28, "No space left on device")


class AccessLogTests(RequestCase, HTTP2Case):
    """Twisted's access log, when it cannot be written."""

    def test_there_is_one_response_all_the_same(self) -> None:
        for render in (written(id), returned(id)):
            site = FailingLog(FunctionResource(render), reactor=Clock())
            protocol = site.buildProtocol(None)
            transport = MemoryTransport()
            protocol.makeConnection(transport)
            protocol.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(read_response(transport.value(), "GET").body, BODY)
            for engine in engines():
                client = HTTP2Client(site.resource, engine, site=site)
                client.send(client.head(1))
                self.assertEqual(client.answer(1).body, BODY)
            errors = self.flushLoggedErrors(OSError)
            self.assertEqual(len(errors), 1 + len(engines()))
