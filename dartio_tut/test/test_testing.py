"""
Asking a resource in memory: `dartio_tut.testing`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPullProducer
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import FailTest, SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from twisted.web.static import File
from zope.interface import implementer

from dartio_tut.resources import respond_later, text_response
from dartio_tut.testing import Client, Response, UnexpectedResponse, ask
from dartio_tut.testing import connection as _connection

from .support.function_resource import FunctionResource


def echo(request: Any) -> bytes:
    """What was asked, in a line."""
    body = request.content.read()
    line = b"%s %s %s" % (request.method, request.uri, body)
    return text_response(request, line.decode("latin-1"))


class SleepyResource(Resource):
    """Responds after some seconds, each of which it waits for."""

    isLeaf = True

    def __init__(self, clock: Clock, seconds: int) -> None:
        super().__init__()
        self.clock = clock
        self.seconds = seconds

    def render_GET(self, request: Any) -> int:
        """Respond later."""
        return respond_later(request, self._respond())

    async def _respond(self) -> str:
        for _ in range(self.seconds):
            await deferLater(self.clock, 1)
        return "awake"


@implementer(IPullProducer)
class Endless:
    """Writes as often as it is asked to."""

    def __init__(self, request: Any) -> None:
        self.request = request

    def resumeProducing(self) -> None:
        """Write a byte."""
        self.request.write(b"x")

    def stopProducing(self) -> None:
        """It is over."""


class AskTests(SynchronousTestCase):
    """`ask`: a request and its response at once."""

    def refused(self, *arguments: str, **more: Any) -> str:
        """What is said of a request that cannot be asked."""
        resource = FunctionResource(echo)
        return str(self.assertRaises(ValueError, ask, resource, *arguments, **more))

    def test_method_target_fields_and_body_reach_the_resource(self) -> None:
        response = ask(FunctionResource(echo), "PUT", "/a?b=c", body=b"data")
        self.assertEqual(response.text(), "PUT /a?b=c data")
        for fields in ({"X-Name": "1"}, [("X-Name", "1")]):
            named = ask(
                FunctionResource(lambda request: request.getHeader("x-name").encode()),
                fields=fields,
            )
            self.assertEqual(named.body, b"1")

    def test_response_has_code_reason_and_fields(self) -> None:
        def missing(request: Any) -> bytes:
            request.setHeader(b"X-Found", b"no")
            return text_response(request, "nothing here", 404)

        response = ask(FunctionResource(missing))
        self.assertEqual((response.code, response.reason), (404, "Not Found"))
        self.assertEqual(response.fields["x-found"], "no")
        self.assertEqual(response.fields["Content-Length"], "12")

    def test_head_gets_the_length_without_the_body(self) -> None:
        response = ask(FunctionResource(lambda _: b"twelve bytes"), "HEAD")
        self.assertEqual(response.fields["Content-Length"], "12")
        self.assertEqual(response.body, b"")

    def test_children_are_found_by_the_path(self) -> None:
        root = Resource()
        root.putChild(b"child", FunctionResource(lambda _: b"found"))
        self.assertEqual(ask(root, target="/child").body, b"found")
        self.assertEqual(ask(root, target="/other").code, 404)

    def test_a_resource_that_raises_gives_500_and_its_error_is_logged(self) -> None:
        client = Client(FunctionResource(lambda _: 1 // 0))
        self.assertEqual(client.ask().code, 500)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        [logged] = client.log
        self.assertIn("test_testing.py", logged)

    def test_what_is_logged_of_another_client_is_not_in_the_log(self) -> None:
        client = Client(FunctionResource(lambda _: b""))
        ask(FunctionResource(lambda _: "no bytes"))
        self.assertEqual(client.ask().code, 200)
        self.assertEqual(client.log, [])

    def test_the_wire_refuses_what_it_refuses_on_the_network(self) -> None:
        fields = {"Content-Length": "1", "Transfer-Encoding": "chunked"}
        self.assertEqual(ask(FunctionResource(echo), fields=fields).code, 400)

    def test_host_may_be_given(self) -> None:
        resource = FunctionResource(lambda request: request.getHeader("host").encode())
        self.assertEqual(ask(resource).body, b"localhost")
        self.assertEqual(ask(resource, fields={"host": "a.example"}).body, b"a.example")

    def test_a_request_that_would_be_another_one_is_not_sent(self) -> None:
        self.assertIn("is no method", self.refused("GET /", "/"))
        self.assertIn("%20", self.refused("GET", "/a b"))
        self.assertIn("is no target", self.refused("GET", "/\N{SNOWMAN}"))
        self.assertIn("is no target", self.refused("GET", ""))
        for fields in ({"A": "b\r\nC: d"}, {"A:": "b"}, {"A": "\N{SNOWMAN}"}):
            self.assertIn("is no header field", self.refused(fields=fields))

    def test_a_large_file_comes_whole(self) -> None:
        path = self.mktemp()
        with open(path, "wb") as file:
            file.write(b"large " * 500_000)
        root = Resource()
        root.putChild(b"large", File(path))
        self.assertEqual(len(ask(root, target="/large").body), 3_000_000)


class ResponseTests(SynchronousTestCase):
    """The body as text and as JSON."""

    def response(self, body: bytes, kind: str = "", **fields: str) -> Response:
        """A response with *body*."""
        response = Response(200, received=bytearray(body))
        response.fields.update({"Content-Type": kind} | fields)
        return response

    def failed(self, ask_for: Callable[[], object]) -> str:
        """What a test says that asks for what there is not."""
        return str(self.assertRaises(UnexpectedResponse, ask_for))

    def test_text_is_in_the_charset_that_the_response_names(self) -> None:
        latin = self.response(b"caf\xe9", 'text/plain; charset="ISO-8859-1"')
        self.assertEqual(latin.text(), "caf\N{LATIN SMALL LETTER E WITH ACUTE}")
        self.assertEqual(self.response(b"\xe2\x82\xac").text(), "\N{EURO SIGN}")

    def test_what_is_no_such_text_fails_the_test(self) -> None:
        self.assertIn("no text in utf-8", self.failed(self.response(b"\xff").text))
        other = self.response(b"a", "text/plain; charset=klingon")
        self.assertIn("klingon", self.failed(other.text))
        packed = self.response(b"\x1f\x8b", **{"Content-Encoding": "gzip"})
        self.assertIn("gzip", self.failed(packed.text))

    def test_json_is_what_the_document_says(self) -> None:
        self.assertEqual(self.response(b'{"a": [1]}').json(), {"a": [1]})

    def test_what_is_no_json_fails_the_test_and_is_shown(self) -> None:
        self.assertIn("Hello", self.failed(self.response(b"Hello").json))
        self.assertIn("b''", self.failed(self.response(b"").json))
        self.failed(self.response(b"[" * 100_000).json)

    def test_trial_counts_it_as_a_failure(self) -> None:
        self.assertTrue(issubclass(UnexpectedResponse, FailTest))


class ClientTests(SynchronousTestCase):
    """`Client`: responses that come later, and clients that go away."""

    def missing(self, client: Client) -> str:
        """What is said when there is no whole response."""
        exchange = client.begin()
        return str(self.assertRaises(UnexpectedResponse, exchange.response))

    def test_a_coroutine_waits_for_the_clock_and_not_for_time(self) -> None:
        clock = Clock()
        client = Client(SleepyResource(clock, 3), clock)
        exchange = client.begin()
        client.wait(2.5)
        self.assertFalse(exchange.is_done)
        self.assertIsNone(exchange.begun)
        client.wait(0.5)
        self.assertEqual(exchange.response().text(), "awake")

    def test_a_clock_that_the_test_turns_itself_will_do(self) -> None:
        clock = Clock()
        exchange = Client(SleepyResource(clock, 1), clock).begin()
        clock.advance(1)
        self.assertEqual(exchange.response().text(), "awake")

    def test_a_deferred_that_the_test_fires_gives_the_response(self) -> None:
        answer: Deferred[str] = Deferred()

        async def respond() -> str:
            return await answer

        resource = FunctionResource(lambda request: respond_later(request, respond()))
        exchange = Client(resource).begin()
        self.assertFalse(exchange.is_done)
        answer.callback("now")
        self.assertEqual(exchange.response().text(), "now")

    def test_a_response_that_does_not_come_says_what_may_be_missing(self) -> None:
        resource = FunctionResource(lambda _: NOT_DONE_YET)
        self.assertIn("request.finish()", self.missing(Client(resource)))
        self.assertRaises(UnexpectedResponse, ask, resource)

    def test_a_response_that_is_cut_is_not_whole(self) -> None:
        held: list[Any] = []

        def begin(request: Any) -> int:
            request.setHeader(b"Content-Length", b"12")
            request.write(b"begun")
            held.append(request)
            return NOT_DONE_YET

        client = Client(FunctionResource(begin))
        exchange = client.begin()
        self.assertFalse(client.is_closed)
        held[0].finish()
        self.assertTrue(client.is_closed)
        self.assertFalse(exchange.is_done)
        said = str(self.assertRaises(UnexpectedResponse, exchange.response))
        self.assertIn("(200) is not whole: the server has closed", said)

    def test_pieces_of_a_response_are_seen_as_they_come(self) -> None:
        held: list[Any] = []

        def begin(request: Any) -> int:
            request.write(b"one ")
            held.append(request)
            return NOT_DONE_YET

        exchange = Client(FunctionResource(begin)).begin()
        assert exchange.begun is not None
        self.assertEqual(exchange.begun.body, b"one ")
        self.assertFalse(exchange.is_done)
        held[0].write(b"two")
        held[0].finish()
        self.assertEqual(exchange.response().body, b"one two")

    def test_a_client_that_leaves_is_seen_by_the_resource(self) -> None:
        left: list[Any] = []

        def hold(request: Any) -> int:
            request.notifyFinish().addErrback(left.append)
            return NOT_DONE_YET

        client = Client(FunctionResource(hold))
        client.begin()
        self.assertEqual(left, [])
        client.leave()
        self.assertEqual(len(left), 1)
        self.assertRaises(UnexpectedResponse, client.ask)

    def test_a_body_may_come_in_pieces(self) -> None:
        client = Client(FunctionResource(echo))
        exchange = client.begin("POST", "/", body=b"ab", length=4)
        exchange.send(b"c")
        self.assertFalse(exchange.is_done)
        said = str(self.assertRaises(UnexpectedResponse, exchange.response))
        self.assertIn("1 bytes of the request's body were not sent", said)
        self.assertRaises(ValueError, exchange.send, b"de")
        exchange.send(b"d")
        self.assertEqual(exchange.response().text(), "POST / abcd")
        self.assertRaises(ValueError, client.begin, body=b"abc", length=2)

    def test_a_client_that_takes_too_long_is_refused(self) -> None:
        client = Client(FunctionResource(echo))
        exchange = client.begin("POST", "/", body=b"ab", length=4)
        client.wait(60)
        self.assertEqual(exchange.response().code, 408)
        self.assertTrue(client.is_closed)

    def test_requests_share_the_connection_until_it_is_closed(self) -> None:
        def closing(request: Any) -> bytes:
            if request.path == b"/last":
                request.setHeader(b"Connection", b"close")
            return b"%s" % request.path

        client = Client(FunctionResource(closing))
        first, second = client.begin(target="/1"), client.begin(target="/2")
        self.assertEqual(second.response().body, b"/2")
        self.assertEqual(first.response().body, b"/1")
        self.assertEqual(client.ask("HEAD", "/3").body, b"")
        self.assertEqual(client.ask(target="/last").body, b"/last")
        said = str(self.assertRaises(UnexpectedResponse, client.ask))
        self.assertIn("another Client", said)

    def test_bytes_may_be_sent_as_they_are(self) -> None:
        client = Client(FunctionResource(echo))
        client.send(b"GET / HTTP/9.9\r\nHost: a\r\n\r\n")
        self.assertEqual([one.code for one in client.responses], [505])

    def test_100_continue_comes_before_the_response(self) -> None:
        client = Client(FunctionResource(echo))
        expects = {"Expect": "100-continue"}
        exchange = client.begin("POST", "/", fields=expects, length=2)
        self.assertEqual([one.code for one in client.responses], [100])
        self.assertIsNone(exchange.begun)
        exchange.send(b"ok")
        self.assertEqual(exchange.response().code, 200)

    def test_a_producer_without_end_fails_the_test(self) -> None:
        def produce(request: Any) -> int:
            request.registerProducer(Endless(request), False)
            return NOT_DONE_YET

        self.patch(_connection, "MAX_PIECES", 100)
        client = Client(FunctionResource(produce))
        said = str(self.assertRaises(UnexpectedResponse, client.begin))
        self.assertIn("Has it no end?", said)
        client.leave()
