"""
Messages taken apart: every byte is in one part, and faults are named.
"""

from __future__ import annotations

from itertools import pairwise

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.anatomy import PART_KINDS, Message, SentBy, message_json, take_apart

GET = b"GET /a?b=c HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def cut(message: Message) -> list[tuple[str, bytes]]:
    """The kind and the bytes of each part."""
    return [(part.kind, message.raw[part.start : part.end]) for part in message.parts]


class AnatomyCase(SynchronousTestCase):
    """Takes messages apart, and checks what holds for all of them."""

    def take(
        self,
        raw: bytes,
        sent_by: SentBy = "client",
        *,
        request_method: bytes = b"GET",
        has_ended: bool = False,
    ) -> Message:
        """*raw* taken apart."""
        message = take_apart(
            raw, sent_by, request_method=request_method, has_ended=has_ended
        )
        self.assertEqual(b"".join(piece for _, piece in cut(message)), raw)
        if message.parts:
            self.assertEqual(message.parts[0].start, 0)
        for one, other in pairwise(message.parts):
            self.assertEqual(one.end, other.start)
        for part in message.parts:
            self.assertLess(part.start, part.end)
            self.assertIn(part.kind, PART_KINDS)
            self.assertTrue(part.words and part.clause, part)
        return message


class RequestTests(AnatomyCase):
    """Requests."""

    def test_a_request_is_cut_into_its_line_and_its_fields(self) -> None:
        message = self.take(GET)
        self.assertEqual(
            cut(message),
            [
                ("method", b"GET"),
                ("space", b" "),
                ("target", b"/a?b=c"),
                ("space", b" "),
                ("version", b"HTTP/1.1"),
                ("line-end", b"\r\n"),
                ("field-name", b"Host"),
                ("colon", b":"),
                ("whitespace", b" "),
                ("field-value", b"a"),
                ("line-end", b"\r\n"),
                ("blank-line", b"\r\n"),
            ],
        )
        self.assertTrue(message.is_complete)
        self.assertEqual(message.fault, "")

    def test_a_body_ends_where_content_length_says(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
        message = self.take(head + b"hello" + GET)
        self.assertEqual(cut(message)[-2:], [("body", b"hello"), ("next-message", GET)])
        self.assertIn("5 bytes", message.parts[-2].words)
        message = self.take(head + b"hell")
        self.assertEqual(cut(message)[-1], ("body", b"hell"))
        self.assertFalse(message.is_complete)

    def test_chunks_are_cut_with_extensions_and_trailers(self) -> None:
        body = b'5;a="b"\r\nhello\r\n1A\r\n%b\r\n0\r\nT: x\r\n\r\n' % bytes(26)
        message = self.take(CHUNKED + body + b"more")
        parts = cut(message)
        at = parts.index(("chunk-size", b"5"))
        self.assertEqual(
            parts[at:],
            [
                ("chunk-size", b"5"),
                ("chunk-extension", b';a="b"'),
                ("line-end", b"\r\n"),
                ("chunk-data", b"hello"),
                ("line-end", b"\r\n"),
                ("chunk-size", b"1A"),
                ("line-end", b"\r\n"),
                ("chunk-data", bytes(26)),
                ("line-end", b"\r\n"),
                ("last-chunk", b"0"),
                ("line-end", b"\r\n"),
                ("field-name", b"T"),
                ("colon", b":"),
                ("whitespace", b" "),
                ("field-value", b"x"),
                ("line-end", b"\r\n"),
                ("blank-line", b"\r\n"),
                ("next-message", b"more"),
            ],
        )
        self.assertTrue(message.is_complete)
        self.assertEqual(message.fault, "")
        self.assertIn("26 bytes", message.parts[at + 5].words)


class ResponseTests(AnatomyCase):
    """Responses."""

    def test_interim_responses_come_first_in_the_same_message(self) -> None:
        final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
        interim = b"HTTP/1.1 100 Continue\r\n\r\n"
        message = self.take(interim * 2 + final, "server")
        codes = [piece for kind, piece in cut(message) if kind == "status-code"]
        self.assertEqual(codes, [b"100", b"100", b"200"])
        self.assertTrue(message.is_complete)
        self.assertFalse(self.take(interim, "server").is_complete)

    def test_a_response_to_head_has_no_body(self) -> None:
        raw = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
        message = self.take(raw, "server", request_method=b"HEAD")
        self.assertEqual(cut(message)[-1], ("next-message", b"hi"))
        self.assertTrue(message.is_complete)

    def test_a_response_without_a_length_ends_with_the_connection(self) -> None:
        raw = b"HTTP/1.0 200 OK\r\n\r\nhi"
        message = self.take(raw, "server")
        self.assertEqual(cut(message)[-1], ("body", b"hi"))
        self.assertFalse(message.is_complete)
        self.assertTrue(self.take(raw, "server", has_ended=True).is_complete)

    def test_a_client_puts_up_with_one_length_said_twice(self) -> None:
        for lines in (
            b"Content-Length: 2\r\nContent-Length: 2",
            b"Content-Length: 2, 2",
        ):
            message = self.take(
                b"HTTP/1.1 200 OK\r\n%b\r\n\r\nhimore" % lines, "server"
            )
            self.assertEqual(cut(message)[-1], ("next-message", b"more"))
            self.assertEqual(message.fault, "")
        other = b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nhi"
        message = self.take(other, "server")
        self.assertEqual(cut(message)[-1], ("ambiguous", b"hi"))
        self.assertIn("Content-Length", message.fault)

    def test_a_response_may_have_other_codings_than_chunked(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: %b\r\n\r\n"
        message = self.take(head % b"gzip, Chunked" + b"1\r\na\r\n0\r\n\r\n", "server")
        self.assertIn(("chunk-data", b"a"), cut(message))
        self.assertTrue(message.is_complete)
        message = self.take(head % b"gzip" + b"...", "server", has_ended=True)
        self.assertEqual(cut(message)[-1], ("body", b"..."))
        self.assertTrue(message.is_complete)
        for coding in (b"", b"chunked,", b"chunked\r\nContent-Length: 3"):
            message = self.take(head % coding + b"...", "server")
            self.assertEqual(cut(message)[-1], ("ambiguous", b"..."), coding)
            self.assertNotEqual(message.fault, "")

    def test_what_follows_101_is_another_protocol(self) -> None:
        raw = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00"
        message = self.take(raw, "server")
        self.assertEqual(cut(message)[-1], ("other-protocol", b"\x81\x00"))


class OtherBytesTests(AnatomyCase):
    """Whatever comes."""

    def test_what_is_not_http_is_one_part_that_says_what_it_is(self) -> None:
        for raw, says in (
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "TLS"),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x12\x04", "HTTP/2"),
            (b"\x00\x01\x02", "do not begin like a request"),
        ):
            message = self.take(raw)
            self.assertEqual(cut(message), [("not-http", raw)])
            self.assertIn(says, message.fault)
            self.assertIn(says, message.parts[0].words)
            self.assertFalse(message.is_complete)
        self.assertEqual(cut(self.take(b"SSH-2.0\r\n", "server"))[0][0], "not-http")

    def test_nothing_has_no_parts(self) -> None:
        senders: tuple[SentBy, ...] = ("client", "server")
        for sent_by in senders:
            message = self.take(b"", sent_by)
            self.assertEqual(message.parts, ())
            self.assertFalse(message.is_complete)
            self.assertEqual(message.fault, "")

    def test_a_connection_that_ends_within_a_message_is_a_fault(self) -> None:
        message = self.take(GET[:-1], has_ended=True)
        self.assertIn("ended before the message did", message.fault)
        self.assertEqual(self.take(GET, has_ended=True).fault, "")


class MessageJSONTests(AnatomyCase):
    """Messages as JSON."""

    def test_it_tells_the_bytes_and_each_part(self) -> None:
        told = message_json(self.take(b"GET"), total=10, arrivals=[(0.5, 3)])
        part = told.pop("parts")[0]
        self.assertEqual(
            told,
            {
                "sent_by": "client",
                "complete": False,
                "fault": "",
                "total": 10,
                "kept": 3,
                "base64": "R0VU",
                "arrivals": [[0.5, 3]],
            },
        )
        self.assertEqual((part["start"], part["end"], part["kind"]), (0, 3, "method"))
