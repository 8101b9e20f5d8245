"""
`dartio_tut.wire.http2`: responses that are handed over as a whole are those that would
have been written piece by piece.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.web.server import NOT_DONE_YET

from dartio_tut.wire import Ending, Limits
from dartio_tut.wire.http2.engine import ErrorCode
from dartio_tut.wire.http2.frames import END_HEADERS

from .support.http2_client import (
    HTTP2Client,
    data_frame,
    engines,
    reset_frame,
    window_frame,
)
from .test_http2_streams import HTTP2Case


class WholeResponseTests(HTTP2Case):
    """`Request.write_whole`, whatever the windows allow."""

    def clients(self, render: Callable[[Any], Any]) -> list[HTTP2Client]:
        """Clients that take all at once, a part, and nothing at first."""
        return [
            self.client(engine, render, settings={"INITIAL_WINDOW_SIZE": window})
            for engine in engines()
            for window in (65535, 3, 0)
        ]

    def test_body_comes_as_the_window_opens(self) -> None:
        finished: list[None] = []
        left: list[bool] = []

        def render(request: Any) -> int:
            request.notifyFinish().addCallback(finished.append)
            left.append(request.write_whole(b"hello"))
            self.assertRaises(RuntimeError, request.write, b"more")
            return NOT_DONE_YET

        for client in self.clients(lambda one: render_whole(one, render)):
            client.send(client.head(1))
            answer = client.send(window_frame(1, 100)).answer(1)
            self.assertEqual((answer.status, answer.body), (200, b"hello"))
            self.assertTrue(answer.is_ended)
            (done,) = self.exchanges()
            self.assertEqual((done.status, done.ending), (200, Ending.COMPLETE))
            self.assertEqual(done.response_body_bytes, 5)
        clients = 3 * len(engines())
        self.assertEqual((len(finished), left), (clients, [True] * clients))

    def test_whoever_was_refused_may_still_change_the_head(self) -> None:
        def render(request: Any) -> int:
            request.setHeader(b"content-length", b"100")
            self.assertFalse(request.write_whole(b"hello"))
            request.setHeader(b"content-length", b"5")
            request.setHeader(b"x-more", b"yes")
            request.write(b"hello")
            request.finish()
            return NOT_DONE_YET

        for client in self.clients(render):
            client.send(client.head(1))
            answer = client.send(window_frame(1, 100)).answer(1)
            self.assertEqual((answer.status, answer.body), (200, b"hello"))
            self.assertEqual(answer.fields["x-more"], "yes")
            self.assertTrue(answer.is_ended)

    def test_failure_behind_a_refusal_is_answered_500(self) -> None:
        def render(request: Any) -> int:
            request.setHeader(b"content-length", b"100")
            self.assertFalse(request.write_whole(b"hello"))
            raise ValueError("of the test")

        for client in self.clients(render):
            client.send(client.head(1))
            answer = client.send(window_frame(1, 100)).answer(1)
            self.assertEqual((answer.status, answer.is_ended), (500, True))
            self.assertIsNone(answer.reset)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 3 * len(engines()))

    def test_reset_while_it_waits_is_reported(self) -> None:
        for engine in engines():
            client = self.client(
                engine,
                lambda request: render_whole(
                    request, lambda one: one.write_whole(b"hello")
                ),
                settings={"INITIAL_WINDOW_SIZE": 1},
            )
            client.send(client.head(1))
            self.assertEqual(client.answer(1).body, b"h")
            client.send(reset_frame(1), client.head(3, method=b"HEAD"))
            self.assertTrue(client.answer(3).is_ended)
            endings = [done.ending for done in self.exchanges()]
            self.assertEqual(endings, [Ending.CLIENT_GONE, Ending.COMPLETE])

    def test_failure_behind_a_complete_head_resets_nothing(self) -> None:
        """A stream that both sides have ended is closed: no frame comes there."""

        def render(request: Any) -> int:
            request.write(b"hello")
            raise ValueError("of the test")

        for engine in engines():
            client = self.client(engine, render)
            answers = [
                client.send(client.head(number, method=method)).answer(number)
                for number, method in ((1, b"HEAD"), (3, b"GET"))
            ]
            self.assertTrue(answers[0].is_ended)
            self.assertIsNone(answers[0].reset)
            self.assertEqual(answers[1].reset, ErrorCode.INTERNAL_ERROR)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2 * len(engines()))


class ExchangesInShortTests(WholeResponseTests):
    """The same, where exchanges are told in short."""

    in_batches = True
    limits = Limits(body=3)

    def test_what_is_not_usual_is_told_whole(self) -> None:
        for engine in engines():
            client = self.client(engine)
            for stream_id, body in ((1, b"abc"), (3, b"abcd")):
                head = client.head(stream_id, method=b"POST", flags=END_HEADERS)
                client.send(head, data_frame(stream_id, body))
            length = b"content-length", b"4"
            client.send(client.head(5, length, method=b"POST", flags=END_HEADERS))
            client.send(client.head(7))
            found = [
                (done.status, done.request_body_bytes, done.ending, done.reason)
                for done in self.exchanges()
            ]
            self.assertEqual(found, [
                (200, 3, Ending.COMPLETE, ""),
                (413, 4, Ending.REFUSED, "body too large"),
                (413, 0, Ending.REFUSED, "body too large"),
                (200, 0, Ending.COMPLETE, ""),
            ])  # fmt: skip


def render_whole(request: Any, render: Callable[[Any], Any]) -> int:
    """Have *render* answer with a length that is known."""
    request.set_length(5)
    render(request)
    return NOT_DONE_YET
