"""
The lean request: nothing is made that is not asked for, and nobody can tell.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.iweb import IRequest
from twisted.web.resource import Resource
from twisted.web.test.requesthelper import DummyChannel
from zope.interface.verify import verifyObject

from dartio_tut.testing import connect
from dartio_tut.wire import Request

from .support.full_file import LateFullFile
from .support.function_resource import FunctionResource
from .support.memory_client import RequestCase
from .support.warned import warned

MADE = (
    "_content",
    "made_cookies",
    "_notifications",
    "_request_headers",
    "made_response_headers",
    "args",
    "client",
    "host",
    "received_cookies",
    "_adapterCache",
)
"""What a request may do without; none of it is in its dictionary at first."""


class LazyTests(RequestCase):
    """What is made, and when."""

    def test_nothing_is_made_for_the_simplest_answer(self) -> None:
        seen: list[Any] = []

        def answer(request: Any) -> bytes:
            seen.append(request)
            return b"hello"

        self.response(answer, "Cookie: a=1", start="GET /?a=b HTTP/1.1")
        made = vars(seen[0]).keys() & set(MADE)
        self.assertEqual({name for name in made if vars(seen[0])[name]}, set())

    def test_a_look_at_one_field_makes_no_headers(self) -> None:
        request = self.held_request("X: 1", "X: 2")
        self.assertEqual(request.getHeader(b"x"), b"2")
        self.assertIsNone(request.getHeader(b"y"))
        self.assertIsNone(request._request_headers)
        self.assertEqual(request.getHeader("x"), "2")
        self.assertIsNone(request.getHeader("y"))
        self.assertIsNone(request._request_headers)
        request.requestHeaders.setRawHeaders(b"x", [b"3"])
        self.assertEqual(request.getHeader(b"x"), b"3")
        self.assertEqual(request.getHeader("X"), "3")

    def test_a_field_that_is_no_utf_8_is_text_all_the_same(self) -> None:
        request = self.held_request("X: \xe9t\xe9", "Y: caf\xc3\xa9")
        for _ in range(2):  # before all headers are made, and after
            self.assertEqual(request.getHeader("x"), "\ufffdt\ufffd")
            self.assertEqual(request.getHeader("y"), "café")
            self.assertEqual(request.getHeader(b"x"), b"\xe9t\xe9")
            self.assertTrue(request.requestHeaders.hasHeader("x"))

    def test_every_attribute_of_a_request_of_twisteds_is_there(self) -> None:
        request = self.held_request("Cookie: k=v; l=w", "X: 1")
        verifyObject(IRequest, request)
        self.assertEqual(request.args, {b"c": [b"d"]})
        self.assertEqual(request.received_cookies, {b"k": b"v", b"l": b"w"})
        self.assertEqual(request.getCookie(b"l"), b"w")
        self.assertTrue(IAddress.providedBy(request.client))
        self.assertTrue(IAddress.providedBy(request.host))
        self.assertEqual(request.content.read(), b"")
        self.assertEqual(request.getRequestHostname(), b"a")
        self.assertEqual(request.requestHeaders.getRawHeaders("x"), ["1"])
        self.assertTrue(request.responseHeaders.hasHeader(b"Date"))
        self.assertEqual((request.prepath, request.postpath), ([], [b"a", b"b"]))
        self.assertEqual(request.getAllHeaders()[b"host"], b"a:80")
        for name in ("args", "received_cookies", "requestHeaders", "content"):
            self.assertIs(getattr(request, name), getattr(request, name))

    def test_changing_the_fields_of_one_request_changes_no_other(self) -> None:
        first = self.held_request("X: 1")
        first.requestHeaders.addRawHeader(b"X", b"2")
        first.requestHeaders.removeHeader(b"Host")
        second = self.held_request("X: 1")
        third = self.held_request("X: 1")  # the block of these fields is kept by now
        for later in (second, third):
            self.assertEqual(later.requestHeaders.getRawHeaders(b"x"), [b"1"])
            self.assertTrue(later.requestHeaders.hasHeader(b"host"))

    def test_a_posted_form_is_among_the_arguments(self) -> None:
        form = "Content-Type: application/x-www-form-urlencoded"
        request = self.held_request(form, start="POST /?a=1 HTTP/1.1", body=b"a=2&b=3")
        self.assertEqual(request.args, {b"a": [b"2"], b"b": [b"3"]})
        request.content.seek(0)
        self.assertEqual(request.content.read(), b"a=2&b=3")


class ReplacedTests(RequestCase):
    """Attributes that others set or delete."""

    def test_attributes_that_were_set_are_kept(self) -> None:
        request = self.held_request("X: 1")
        for name in ("args", "client", "host", "received_cookies", "content"):
            value = object()
            setattr(request, name, value)
            self.assertIs(getattr(request, name), value)
        headers = Headers({b"x": [b"9"]})
        request.requestHeaders = headers
        self.assertEqual(request.getHeader(b"x"), b"9")
        request.content = None
        request.responseHeaders = Headers({b"Content-Length": [b"0"], b"Y": [b"1"]})
        request.finish()
        said = self.connection.transport.value()
        self.assertEqual(said.split(b"\r\n")[0], b"HTTP/1.1 200 OK")
        self.assertIn(b"\r\nY: 1\r\n", said)
        self.assertNotIn(b"Date", said)

    def test_attributes_that_were_deleted_are_made_again(self) -> None:
        request = self.held_request("X: 1")
        self.assertEqual(request.args, {b"c": [b"d"]})
        del request.args
        self.assertEqual(request.args, {b"c": [b"d"]})
        request.requestHeaders = None
        del request.requestHeaders
        self.assertEqual(request.requestHeaders.getRawHeaders(b"x"), [b"1"])

    def test_a_request_takes_attributes_and_components_of_others(self) -> None:
        request = self.held_request()
        request.user = "somebody"
        request.setComponent(IAddress, request)
        self.assertIs(request.getComponent(IAddress), request)
        self.assertEqual(request.user, "somebody")

    def test_a_request_works_on_a_channel_of_twisteds(self) -> None:
        request = Request(DummyChannel(), False)
        self.assertEqual(request.cookies, [])
        self.assertEqual(request.received_cookies, {})
        self.assertFalse(request.requestHeaders.hasHeader(b"host"))
        request.gotLength(3)
        request.handleContentChunk(b"abc")
        request.requestReceived(b"GET", b"/x", b"HTTP/1.1")
        self.assertEqual(request.path, b"/x")

    def test_a_form_is_read_on_a_channel_of_twisteds(self) -> None:
        request = Request(DummyChannel(), False)
        kind = b"application/x-www-form-urlencoded"
        request.requestHeaders.setRawHeaders(b"Content-Type", [kind])
        request.gotLength(3)
        request.handleContentChunk(b"a=1")
        request.requestReceived(b"POST", b"/x?b=2", b"HTTP/1.1")
        self.assertEqual(request.args, {b"a": [b"1"], b"b": [b"2"]})

    def test_a_body_that_finds_no_room_cuts_off_a_channel_of_twisteds(self) -> None:
        channel = DummyChannel()
        cut_off: list[object] = []
        self.patch(channel, "abortConnection", lambda: cut_off.append(channel))
        request = Request(channel, False)
        request.content = LateFullFile()
        request.handleContentChunk(b"abc")
        request.requestReceived(b"GET", b"/x", b"HTTP/1.1")
        self.assertEqual(cut_off, [channel])
        self.assertEqual(channel.transport.written.getvalue(), b"")

    def test_a_subclass_may_look_at_fields_otherwise(self) -> None:
        class Textual(Request):
            def getHeader(self, key: Any) -> Any:
                return super().getHeader(key if isinstance(key, str) else key.decode())

        request = Textual(DummyChannel(), False)
        request.requestHeaders.setRawHeaders(b"x", [b"1"])
        self.assertEqual(request.getHeader(b"x"), "1")


class EndTests(RequestCase):
    """How a request ends."""

    def test_finish_tells_those_who_wait_and_works_once(self) -> None:
        request = self.held_request()
        told: list[Any] = []
        request.notifyFinish().addBoth(told.append)
        request.finish()
        self.assertEqual((told, request.finished), ([None], 1))
        request.finish()
        self.assertEqual(len(warned(self)), 1)
        self.assertEqual(self.connection.transport.value().count(b"HTTP/1.1"), 1)

    def test_who_is_told_may_ask_again_and_is_told_too(self) -> None:
        for lost in (False, True):
            request = self.held_request()
            told: list[Any] = []

            def ask_again(_: object, request: Any = request) -> None:
                request.notifyFinish().addBoth(told.append)  # noqa: B023

            request.notifyFinish().addBoth(ask_again)
            request.notifyFinish().addBoth(ask_again)
            if lost:
                self.connection.leave()
            else:
                request.finish()
            self.assertEqual(len(told), 2)

    def test_a_lost_connection_tells_those_who_wait_and_drops_writes(self) -> None:
        request = self.held_request()
        told: list[Any] = []
        request.notifyFinish().addErrback(told.append)
        content = request.content
        self.connection.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertTrue(told[0].check(ConnectionDone))
        self.assertTrue(content.closed)
        request.write(b"too late")
        self.assertRaises(RuntimeError, request.finish)
        self.assertEqual(self.connection.transport.value(), b"")

    def test_body_that_is_dropped_is_not_taken_for_an_empty_one(self) -> None:
        for lost in (False, True):
            for body in (b"", b"falcon"):
                request = self.held_request(start="PUT / HTTP/1.1", body=body)
                if lost:
                    self.connection.leave()
                else:
                    request.finish()
                self.assertTrue(request.content.closed)
                self.assertRaises(ValueError, request.content.read)

    def test_a_look_at_the_query_before_the_body_has_come_hides_no_form(self) -> None:
        seen: list[Any] = []

        def keep(request: Any) -> bytes:
            seen.append(request.args)
            return b""

        class Root(Resource):
            def getChild(self, path: bytes, request: Any) -> Resource:
                seen.append(request.args.get(b"lang"))
                return FunctionResource(keep)

        head = b"POST /x?lang=en HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n"
        head += b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        for streaming in (False, True):
            connection = connect(Root(), streaming=streaming)
            connection.send(head)
            connection.send(b"name=falcon")
            wanted = {b"lang": [b"en"], b"name": [b"falcon"]}
            self.assertEqual((seen[0], seen.pop()), ([b"en"], wanted))
            seen.clear()

    def test_addresses_and_arguments_are_there_when_it_is_over(self) -> None:
        form = "Content-Type: application/x-www-form-urlencoded"
        for lost in (False, True):
            request = self.held_request(
                form, start="POST /?a=1 HTTP/1.1", body=b"a=2&b=3"
            )
            if lost:
                self.connection.leave()
            else:
                request.finish()
            self.assertTrue(request.content.closed)  # a look changes nothing
            self.assertEqual(request.args, {b"a": [b"2"], b"b": [b"3"]})
            self.assertTrue(IAddress.providedBy(request.getHost()))
            self.assertTrue(IAddress.providedBy(request.getClientAddress()))

    def test_a_producer_that_was_left_behind_is_logged(self) -> None:
        request = self.held_request()
        request.registerProducer(object(), True)
        request.finish()
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertIsNone(self.connection.protocol.output.producer)
