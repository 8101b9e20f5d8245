"""
What requests send: where an answer ends, and which fields it has.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import getrefcount
from typing import Any

from twisted.logger import LogLevel, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from twisted.web.test.requesthelper import DummyRequest

from dartio_tut.resources import HTTPError, respond_later, responses
from dartio_tut.testing import connect

from .support.function_resource import FunctionResource
from .support.memory_client import RequestCase
from .support.warned import warned


def returning(result: Any) -> Callable[[Any], Any]:
    """A render function that returns *result*."""
    return lambda request: result


class FramingTests(RequestCase):
    """Where an answer ends."""

    def test_returned_bytes_are_sent_with_their_length(self) -> None:
        answer = self.response(lambda request: b"hello")
        self.assertEqual(answer.fields["content-length"], "5")
        self.assertEqual(answer.body, b"hello")
        self.assertTrue(answer.fields["content-type"].startswith("text/html"))
        empty = self.response(lambda request: b"")
        self.assertEqual(empty.fields["content-length"], "0")
        self.assertNotIn("content-type", empty.fields)

    def test_pieces_are_chunked_or_end_with_the_connection(self) -> None:
        def write(request: Any) -> int:
            for piece in (b"a", b"", b"bc"):
                request.write(piece)
            request.finish()
            return NOT_DONE_YET

        answer = self.response(write)
        self.assertEqual(answer.fields["transfer-encoding"], "chunked")
        self.assertEqual(answer.body, b"abc")
        old = self.written(write, start="GET / HTTP/1.0")
        self.assertTrue(old.endswith(b"\r\n\r\nabc"))
        self.assertIn(b"Connection: close\r\n", old)
        self.assertNotIn(b"chunked", old)

    def test_pieces_of_a_known_length_are_not_chunked(self) -> None:
        def write(request: Any) -> int:
            request.set_length(3)
            request.write(b"a")
            request.write(b"bc")
            request.finish()
            return NOT_DONE_YET

        def after_headers(request: Any) -> int:
            request.setHeader(b"X", b"1")
            return write(request)

        for do in (write, after_headers):
            answer = self.response(do)
            self.assertEqual(answer.fields["content-length"], "3")
            self.assertNotIn("transfer-encoding", answer.fields)
            self.assertEqual(answer.body, b"abc")

    def test_a_response_that_is_finished_at_once_has_no_body(self) -> None:
        def finish(request: Any) -> int:
            request.finish()
            return NOT_DONE_YET

        self.assertEqual(self.response(finish).body, b"")

    def test_204_205_and_304_never_have_a_body(self) -> None:
        for code in (204, 205, 304):
            for more in (False, True):
                self.without_content(code, more)

    def without_content(self, code: int, more: bool) -> None:
        """No content comes with *code*, whatever the resource says."""

        def returns(request: Any) -> bytes:
            request.setResponseCode(code)
            if more:
                request.setHeader(b"X", b"1")
            return b"content"

        def writes(request: Any) -> int:
            request.setResponseCode(code)
            if more:
                request.setHeader(b"X", b"1")
            request.write(b"con")
            request.write(b"tent")
            request.finish()
            return NOT_DONE_YET

        for do in (returns, writes):
            said = self.written(do)
            self.assertTrue(said.endswith(b"\r\n\r\n"), said)
            self.assertEqual(said.count(b"\r\n\r\n"), 1)
            self.assertNotIn(b"Transfer-Encoding", said)
            if code == 204:
                self.assertNotIn(b"Content-Length", said)
            if code == 205:
                self.assertIn(b"\r\nContent-Length: 0\r\n", said)

    def test_204_205_and_304_have_no_content_type(self) -> None:
        for code in (204, 205, 304):

            def returns(request: Any, code: int = code) -> bytes:
                request.setResponseCode(code)
                return b"content"

            self.assertNotIn(b"Content-Type", self.written(returns))

    def test_a_head_request_gets_the_fields_without_the_body(self) -> None:
        def write(request: Any) -> int:
            request.write(b"a")
            request.write(b"b")
            request.finish()
            return NOT_DONE_YET

        def with_length(request: Any) -> int:
            request.setHeader(b"Content-Length", b"2")
            return write(request)

        start = "HEAD / HTTP/1.1"
        returned = self.response(lambda request: b"hello", start=start)
        self.assertEqual(returned.fields["content-length"], "5")
        self.assertEqual(self.response(write, start=start).body, b"")
        length = self.response(with_length, start=start).fields["content-length"]
        self.assertEqual(length, "2")

    def test_a_head_request_to_a_resource_without_render_head_gets_no_body(
        self,
    ) -> None:
        class Getting(Resource):
            isLeaf = True
            render_HEAD = None  # type: ignore[assignment]

            def render_GET(self, request: Any) -> bytes:
                return b"hello"

        said = connect(Getting()).send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertIn(said[9:12], (b"200", b"405", b"500"))
        self.assertTrue(said.endswith(b"\r\n\r\n"))

    def logged(self) -> list[str]:
        """The error lines of the log since the test began."""
        said = [formatEvent(e) for e in self.log if e["log_level"] is LogLevel.error]
        return [line for line in said if line]

    def setUp(self) -> None:
        self.log: list[Any] = []
        note: Any = self.log.append
        globalLogPublisher.addObserver(note)
        self.addCleanup(globalLogPublisher.removeObserver, note)

    def test_a_resource_that_returns_no_bytes_is_told_so_in_the_log_only(self) -> None:
        async def later(request: Any) -> bytes:
            return b"never"

        for result, hint in [
            ("text", "got str. Encode the text"),
            (None, "got None. Is a return statement missing?"),
            (b"a".hex, "got builtin_function_or_method."),
            (12, "got int."),
        ]:
            self.log.clear()
            response = self.response(returning(result))
            self.assertEqual(response.code, 500)
            self.assertEqual(response.body, b"Something went wrong here.")
            (line,) = self.logged()
            self.assertIn("GET", line)
            self.assertIn(hint, line)
        self.log.clear()
        self.assertEqual(self.response(later).code, 500)
        (line,) = self.logged()
        self.assertIn("A render method cannot be async", line)
        self.assertEqual(warned(self), [])

    def test_writing_text_is_an_error_before_anything_is_sent(self) -> None:
        def write(request: Any) -> int:
            request.setHeader(b"X", b"1")
            request.write("text")
            return NOT_DONE_YET

        response = self.response(write)
        self.assertEqual(response.code, 500)
        self.assertNotIn("x", response.fields)
        self.assertNotIn("transfer-encoding", response.fields)
        (line,) = self.logged()
        self.assertIn("request.write takes bytes; got str", line)

    def test_what_is_written_is_what_it_was_then(self) -> None:
        class Piece(bytes):
            """A subclass, as templates return."""

        def render(request: Any) -> bytes:
            changing = bytearray(b"aaa")
            request.write(changing)
            changing[:] = b"bbb"
            request.write(memoryview(changing))
            changing[:] = b"ccc"
            return Piece(b"ddd")

        connection = connect(FunctionResource(render))
        said = connection.send(b"GET / HTTP/1.0\r\n\r\n")
        self.assertTrue(said.endswith(b"\r\n\r\naaabbbddd"), said)

    def test_nothing_is_sent_after_an_abort(self) -> None:
        for abort in ("abortConnection", "forceAbortClient"):

            def render(request: Any, abort: str = abort) -> bytes:
                request.write(b"some")
                getattr(request.channel, abort)()
                return b"more"

            connection = connect(FunctionResource(render))
            request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            self.assertEqual(connection.send(2 * request), b"", abort)

    def test_writing_text_later_raises_and_leaves_the_response_whole(self) -> None:
        request = self.held_request()
        self.assertRaises(TypeError, request.write, "text")
        request.write(b"bytes")
        self.assertRaises(TypeError, request.write, None)
        request.finish()
        said = self.connection.transport.value()
        self.assertTrue(said.endswith(b"5\r\nbytes\r\n0\r\n\r\n"))

    def test_returned_text_is_a_500(self) -> None:
        answer = self.response(lambda request: "text")
        self.assertEqual(answer.code, 500)

    def test_a_resource_that_raises_is_a_500_without_the_traceback(self) -> None:
        answer = self.response(lambda request: 1 // 0)
        self.assertEqual(answer.code, 500)
        self.assertNotIn(b"ZeroDivision", answer.body)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class FieldTests(RequestCase):
    """Fields of the response."""

    def test_fields_set_together_are_sent_with_those_set_alone(self) -> None:
        fields = ((b"Content-Type", b"text/x"), (b"X", b"1"))

        def alone(request: Any) -> bytes:
            request.set_fields(fields)
            return b"a"

        def behind(request: Any) -> bytes:
            request.setHeader(b"x", b"0")
            return alone(request)

        def before(request: Any) -> bytes:
            request.set_fields(fields)
            request.setHeader(b"y", b"2")
            return b"a"

        def twice(request: Any) -> bytes:
            request.set_fields(((b"X", b"0"), (b"Z", b"3")))
            return alone(request)

        for do in (alone, behind, before, twice):
            answer = self.response(do)
            self.assertEqual(answer.fields["content-type"], "text/x")
            self.assertEqual(answer.fields["x"], "1", do)
        self.assertEqual(self.response(before).fields["y"], "2")
        self.assertEqual(self.response(twice).fields["z"], "3")

    def test_what_ends_a_field_for_a_client_is_a_space(self) -> None:
        value = b"a\0b\r\nX-Split: c"

        def together(request: Any) -> bytes:
            request.set_fields(((b"X", value),))
            return b"a"

        def alone(request: Any) -> bytes:
            request.setHeader(b"x", value)
            return b"a"

        for do in (together, alone):
            sent = self.written(do)
            self.assertNotIn(b"\0", sent)
            self.assertNotIn(b"\r\nX-Split", sent)
            (line,) = (part for part in sent.split(b"\r\n") if part.startswith(b"X:"))
            self.assertEqual(b"".join(line.split(b" ")), b"X:abX-Split:c")

    def test_cookies_etag_and_date_of_a_request_become_fields(self) -> None:
        def do(request: Any) -> bytes:
            request.addCookie(b"c", b"1", path=b"/")
            request.setETag(b'"tag"')
            request.setLastModified(0)
            return b"a"

        fields = self.response(do).fields
        self.assertEqual(fields["set-cookie"], "c=1; Path=/")
        self.assertEqual(fields["etag"], '"tag"')
        self.assertEqual(fields["last-modified"], "Thu, 01 Jan 1970 00:00:00 GMT")

    def test_nothing_smuggles_in_a_field(self) -> None:
        def status(request: Any) -> bytes:
            request.setResponseCode(200, b"OK\r\nEvil: 1\nEvil: 2\rEvil: 3")
            return b"a"

        def value(request: Any) -> bytes:
            request.setHeader(b"X", b"1\r\nEvil: 1\n\r\nEvil: 2\rEvil: 3")
            return b"a"

        def cookie(request: Any) -> bytes:
            request.addCookie(b"c", b"1\r\nEvil: 1")
            request.cookies.append(b"d=1\r\nEvil: 1")
            return b"a"

        def tag(request: Any) -> bytes:
            request.etag = b'"\r\nEvil: 1"'
            return b"a"

        for do in (status, value, cookie, tag):
            answer = self.response(do)
            self.assertEqual((answer.code, answer.body), (200, b"a"))
            self.assertNotIn("evil", answer.fields)

    def test_the_connection_field_says_what_the_connection_does(self) -> None:
        def closes(request: Any) -> bytes:
            request.setHeader(b"Connection", b"close")
            return b"a"

        self.assertEqual(self.response(closes).fields["connection"], "close")
        old = self.response(lambda request: b"a", start="GET / HTTP/1.0")
        self.assertEqual(old.fields["connection"], "close")
        keeping = ("Connection: keep-alive",)
        kept = self.response(lambda request: b"a", *keeping, start="GET / HTTP/1.0")
        self.assertEqual(kept.fields["connection"], "keep-alive")

    def test_a_connection_field_among_others_ends_the_connection(self) -> None:
        def closes(request: Any) -> bytes:
            request.set_fields(((b"connection", b"close"), (b"X", b"1")))
            return b"a"

        for line in "GET / HTTP/1.1", "GET / HTTP/1.1\r\nConnection: close":
            connection = connect(FunctionResource(closes))
            sent = connection.send(f"{line}\r\nHost: a\r\n\r\n".encode() * 2)
            self.assertEqual(sent.lower().count(b"connection: close"), 1, sent)
            self.assertTrue(connection.transport.disconnecting)

    def test_new_status_codes_have_their_reason_phrase(self) -> None:
        for code, reason in (
            (422, b"Unprocessable Content"), (428, b"Precondition Required"),
            (421, b"Misdirected Request"), (599, b"Unknown Status"),
        ):  # fmt: skip

            def status(request: Any, code: int = code) -> bytes:
                request.setResponseCode(code)
                return b"a"

            self.assertIn(b"HTTP/1.1 %d %b\r\n" % (code, reason), self.written(status))


class LargeTests(RequestCase):
    """Large contents of `respond_later`, which are sent in pieces."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(responses, "PIECE_BYTES", 10)
        self.pieces: list[int] = []

    def render(self, content: bytes) -> Callable[[Any], int]:
        """A render function that answers with *content*, and keeps account of it."""

        async def later() -> bytes:
            return content

        def render(request: Any) -> int:
            write = request.write

            def counted(data: bytes) -> None:
                self.pieces.append(len(data))
                write(data)

            request.write = counted
            return respond_later(request, later())

        return render

    def test_content_arrives_whole_in_pieces(self) -> None:
        for size, pieces in ((9, [9]), (10, [10]), (11, [10, 1]), (30, [10, 10, 10])):
            content = bytes(range(size))
            self.pieces.clear()
            answer = self.response(self.render(content))
            self.assertEqual(answer.body, content)
            self.assertEqual(answer.fields["content-length"], str(size))
            self.assertNotIn("transfer-encoding", answer.fields)
            self.assertEqual(self.pieces, pieces)

    def test_a_head_request_gets_the_length(self) -> None:
        sent = self.written(self.render(b"x" * 25), start="HEAD / HTTP/1.1")
        self.assertIn(b"Content-Length: 25\r\n", sent)
        self.assertTrue(sent.endswith(b"\r\n\r\n"))

    def test_content_is_let_go_when_it_was_sent_or_nobody_wants_it(self) -> None:
        class Taking:
            """A request, as far as it is needed."""

            method = b"GET"
            finished = False
            _disconnected = False
            write = unregisterProducer = finish = lambda *_: None

            def setHeader(self, *_: Any) -> None:
                """Take the length."""

            def registerProducer(self, producer: Any, streaming: bool) -> None:
                """Keep the producer."""
                self.producer = producer

        for ends in ("resumeProducing", "stopProducing"):
            request: Any = Taking()
            content = bytes(15)
            held = getrefcount(content)
            responses.finish_response(request, content)
            request.producer.resumeProducing()
            self.assertGreater(getrefcount(content), held)
            getattr(request.producer, ends)()
            self.assertEqual(getrefcount(content), held)


class DummyRequestTests(SynchronousTestCase):
    """Twisted's request for tests, which has less than a real one."""

    def test_coroutines_answer_it_too(self) -> None:
        async def raise_error(error: Exception) -> str:
            raise error

        async def give(content: str | bytes) -> str | bytes:
            return content

        for result, written, code in [
            (give("text"), b"text", None),
            (give(b"bytes"), b"bytes", None),
            (raise_error(HTTPError(404, "There is none.")), b"There is none.\n", 404),
            (raise_error(ZeroDivisionError()), b"Something went wrong here.\n", 500),
        ]:
            request: Any = DummyRequest([b""])
            self.assertEqual(respond_later(request, result), NOT_DONE_YET)
            self.assertEqual(b"".join(request.written).strip(), written.strip())
            self.assertEqual((request.responseCode, request.finished), (code, 1))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
