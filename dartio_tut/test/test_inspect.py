"""
``dartio inspect``: where a response ends, what is sent, and what is shown of strangers'
bytes. The tests of ``tests/test_inspect.py`` run it against servers.
"""

from __future__ import annotations

import io
import re
from argparse import ArgumentTypeError
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.anatomy import word_for
from dartio_tut.clients.arguments import parse_header_field, parse_method
from dartio_tut.clients.inspection import Seen, report_json
from dartio_tut.clients.inspection.report import report_lines
from dartio_tut.clients.inspection.shown_bytes import body_lines, one_line
from dartio_tut.clients.inspection.styles import Styles, styles_for
from dartio_tut.clients.terminal import CONTROLS
from dartio_tut.clients.web import Asked, RawExchange, Times, TLSFacts, WebURL
from dartio_tut.clients.web.certificates import CertificateFacts
from dartio_tut.clients.web.redirects import NextRequest, fields_after
from dartio_tut.clients.web.response_end import ResponseEnd
from dartio_tut.clients.web.timed_names import TimedNames

from .support.any_input import usual

URL = WebURL.parse("http://h:4040/x?y")

OK = b"HTTP/1.1 200 OK\r\n"

CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class RedirectTests(SynchronousTestCase):
    """Which header fields are sent again after a redirect."""

    fields = (("Cookie", "a=b"), ("Content-Type", "text/plain"), ("X-A", "b"))

    def names(self, method: str, url: str) -> list[str]:
        """Of the request that follows a POST to ``http://a/``, with *fields*."""
        following = NextRequest(method, WebURL.parse(url))
        kept = fields_after(self.fields, "POST", WebURL.parse("http://a/"), following)
        return [name for name, _ in kept]

    def test_the_same_origin_gets_all_of_them(self) -> None:
        names = self.names("POST", "http://A:80/b")
        self.assertEqual(names, ["Cookie", "Content-Type", "X-A"])

    def test_another_origin_gets_no_secrets(self) -> None:
        for url in ("http://b/", "https://a/", "http://a:81/", "http://a.b/"):
            self.assertEqual(self.names("POST", url), ["Content-Type", "X-A"])

    def test_a_request_without_the_body_has_no_fields_about_it(self) -> None:
        self.assertEqual(self.names("GET", "http://a/b"), ["Cookie", "X-A"])


class ResponseEndTests(SynchronousTestCase):
    """The end of a response is found, however it comes."""

    def ends(self, response: bytes, method: str = "GET") -> None:
        """Bytes behind *response* are not awaited, and none of its own is too few."""
        whole = ResponseEnd(method)
        self.assertTrue(whole.feed(response), response)
        self.assertTrue(ResponseEnd(method).feed(response + b"more"), response)
        bytewise = ResponseEnd(method)
        ended = [bytewise.feed(response[i : i + 1]) for i in range(len(response))]
        self.assertEqual(ended, [False] * (len(response) - 1) + [True], response)

    def test_ends_with_its_length(self) -> None:
        self.ends(OK + b"Content-Length: 5\r\n\r\nhello")
        self.ends(OK + b"content-length:0\r\n\r\n")
        self.ends(OK + b"Content-Length: 5\n\nhello")

    def test_ends_with_the_last_chunk(self) -> None:
        self.ends(CHUNKED + b"5\r\nhello\r\n0\r\n\r\n")
        self.ends(CHUNKED + b"0\r\nX: y\r\n\r\n")
        self.ends(CHUNKED + b"5;a=b\r\nhello\r\n00\r\n\r\n")

    def test_ends_with_its_head_when_it_has_no_content(self) -> None:
        self.ends(b"HTTP/1.1 204 No Content\r\n\r\n")
        self.ends(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")
        self.ends(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        self.ends(OK + b"Content-Length: 5\r\n\r\n", "HEAD")

    def test_interim_responses_do_not_end_it(self) -> None:
        interim = (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n"
        )
        self.ends(interim + OK + b"Content-Length: 1\r\n\r\nx")

    def test_bytes_that_are_not_http_are_the_end(self) -> None:
        for junk in (b"220 ready\r\n", b"\x15\x03\x03", b"<html>", b"HTTQ"):
            self.assertTrue(ResponseEnd("GET").feed(junk))

    def test_ends_with_the_connection_when_it_does_not_say_where(self) -> None:
        for response in (
            OK + b"\r\nhello",
            OK + b"Content-Length: -1\r\n\r\nhello",
            OK + b"Content-Length: 9" + b"9" * 30 + b"\r\n\r\nhello",
            OK + b"Transfer-Encoding: gzip\r\n\r\nhello",
            CHUNKED + b"xyz\r\nhello\r\n0\r\n\r\n",
            CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
            OK + b"A: " + b"b" * 100_000,
            b"HTTP/1.1 abc\r\n\r\n",
            b"HTTP/",
        ):
            self.assertFalse(ResponseEnd("GET").feed(response), response[:60])

    def test_head_is_known_to_have_come(self) -> None:
        end = ResponseEnd("GET")
        end.feed(OK + b"A: b\r\n")
        self.assertFalse(end.has_head)
        end.feed(b"\r\n")
        self.assertTrue(end.has_head)

    @usual
    @given(st.lists(st.binary(max_size=50), max_size=8))
    def test_any_bytes_are_read_alike_in_pieces_and_whole(
        self, pieces: list[bytes]
    ) -> None:
        for first in (b"", OK, CHUNKED):
            whole, end = ResponseEnd("GET"), ResponseEnd("GET")
            has_ended = end.feed(first)
            for piece in pieces:
                has_ended = end.feed(piece)
            self.assertEqual(whole.feed(first + b"".join(pieces)), has_ended)
            self.assertEqual(whole.has_head, end.has_head)


class RequestTests(SynchronousTestCase):
    """What is sent is what was asked for, and nothing else."""

    def request(self, *arguments: Any, url: WebURL = URL, **more: Any) -> bytes:
        """The bytes of a request."""
        return Asked(*arguments, **more).request(url, (), is_proxied=False)

    def test_plain_request_has_a_host_and_no_more(self) -> None:
        self.assertEqual(
            self.request("GET"), b"GET /x?y HTTP/1.1\r\nHost: h:4040\r\n\r\n"
        )

    def test_target_is_that_of_the_url(self) -> None:
        for url, target, host in (
            ("http://h", b"/", b"h"),
            ("http://h?q", b"/?q", b"h"),
            ("http://h:80/a%20b/../c", b"/a%20b/../c", b"h"),
            ("http://[::1]:1/é", b"/%C3%A9", b"[::1]:1"),
        ):
            lines = self.request("GET", url=WebURL.parse(url)).split(b"\r\n")
            self.assertEqual(lines[0], b"GET " + target + b" HTTP/1.1")
            self.assertEqual(lines[1], b"Host: " + host)

    def test_fields_and_body(self) -> None:
        made = self.request("PUT", [("X", "y"), ("host", "b")], b"hello")
        self.assertEqual(
            made,
            b"PUT /x?y HTTP/1.1\r\nX: y\r\nhost: b\r\nContent-Length: 5\r\n\r\nhello",
        )
        own = self.request("PUT", [("Content-Length", "9")], b"hello")
        self.assertEqual(own.count(b"Content-Length"), 1)

    def test_user_of_the_url_is_sent_and_not_shown(self) -> None:
        url = WebURL.parse("http://u:p@h/")
        self.assertIn(b"Authorization: Basic dTpw\r\n", self.request("GET", url=url))
        own = self.request("GET", [("Authorization", "x")], url=url)
        self.assertNotIn(b"Basic", own)

    def test_raw_bytes_are_sent_as_they_are(self) -> None:
        self.assertEqual(self.request("GET", raw=b"\0\xff"), b"\0\xff")

    def test_proxy_is_asked_for_the_whole_url(self) -> None:
        made = Asked("GET").request(URL, [("Proxy-Authorization", "z")], True)
        self.assertTrue(made.startswith(b"GET http://h:4040/x?y HTTP/1.1\r\n"))
        self.assertIn(b"\r\nProxy-Authorization: z\r\n", made)

    def test_arguments_that_would_break_out_are_refused(self) -> None:
        self.assertEqual(parse_header_field("X-Y:  z \t"), ("X-Y", "z"))
        self.assertEqual(parse_header_field("X:"), ("X", ""))
        for text in ("X", ": y", "X y: z", "X : y", "X: a\r\nY: b", "X: \0", "é: x"):
            self.assertRaises(ArgumentTypeError, parse_header_field, text)
        self.assertEqual(parse_method("M-SEARCH"), "M-SEARCH")
        for text in ("", "GET /", "GET\r\n", "GÉT", "G(T"):
            self.assertRaises(ArgumentTypeError, parse_method, text)


def seen(received: bytes, **more: Any) -> Seen:
    """An exchange in which *received* came."""
    exchange = RawExchange(
        URL, "GET", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", Times(0, 1, 2, None, 3, 4, 5)
    )
    exchange.received += received
    exchange.was_closed = True
    for name, value in more.items():
        setattr(exchange, name, value)
    return Seen(exchange)


class ReportTests(SynchronousTestCase):
    """What is shown."""

    def lines(self, received: bytes, **more: Any) -> list[str]:
        """The report."""
        return list(report_lines(seen(received, **more), Styles(False), 80))

    def test_shows_each_part_with_what_it_means(self) -> None:
        lines = self.lines(OK + b"Content-Length: 6\r\nX: y\r\n\r\nhello\n")
        self.assertEqual(lines[0], "GET http://h:4040/x?y")
        self.assertIn("  name lookup  1000.0 ms", lines)
        self.assertIn("Request, 27 bytes", lines)
        text = "\n".join(lines)
        for shown, word in (
            ("Content-Length: 6", word_for("field", "content-length")),
            ("200", word_for("status", "200")),
        ):
            assert word is not None
            begins = " ".join(word.words.split()[:3])
            self.assertRegex(text, rf"\n  {shown} +{re.escape(begins)}")
        self.assertEqual(lines[-1], "  | hello")
        self.assertTrue(all(len(line) <= 80 for line in lines), text)

    def test_body_that_is_no_text_is_a_hex_dump(self) -> None:
        lines = self.lines(OK + b"\r\n" + bytes(range(256)) * 2)
        dumped = "  | 00000040  40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f "
        self.assertIn(dumped + " @ABCDEFGHIJKLMNO", lines)
        self.assertIn("  | ... 256 bytes more", lines)

    def test_long_text_is_cut(self) -> None:
        lines = body_lines(b"x" * 100_000)
        self.assertEqual(lines[-1], "... 98000 bytes more")
        self.assertEqual(body_lines("é".encode() * 4001)[-1], "... 4002 bytes more")
        self.assertEqual(body_lines(b"a\r\nb\n"), ["a", "b"])
        self.assertEqual(body_lines(b""), [""])

    def test_no_byte_drives_the_terminal(self) -> None:
        evil = b"\x1b]0;owned\x07\x1b[2J\r\x9b\xe2\x80\xae\x00\x7f"
        for received in (
            evil,
            b"HTTP/1.1 200 " + evil + b"\r\n\r\n",
            OK + evil + b": x\r\n\r\n",
            OK + b"X: " + evil + b"\r\n\r\n",
            OK + b"\r\n" + evil,
            OK + b"\r\ntext " + "\u202e\x9b".encode(),
            CHUNKED + evil + b"\r\n",
            CHUNKED + b"9\r\n" + evil[:9] + b"\r\n0\r\n\r\n",
        ):
            for line in self.lines(received):
                self.assertTrue(line.isprintable(), ascii(line))

    @usual
    @given(st.binary(max_size=300))
    def test_any_bytes_are_shown_without_control_characters(self, data: bytes) -> None:
        for received in (data, OK + data, CHUNKED + data, OK + b"\r\n" + data):
            for line in self.lines(received):
                self.assertIsNone(CONTROLS.search(line.replace("\t", "")), ascii(line))

    def test_long_parts_and_many_are_cut(self) -> None:
        self.assertEqual(one_line(b"x" * 50, 40), "x" * 37 + "...")
        self.assertEqual(one_line(b"a\r\n\t\xff\\", 40), r"a\r\n\t\xff\\"[:-1])
        lines = self.lines(OK + b"A: b\r\n" * 1000 + b"\r\n")
        self.assertIn("parts more (--json has all)", "\n".join(lines))

    def test_certificates_and_what_is_wrong_with_them(self) -> None:
        facts = CertificateFacts(
            "CN=\x1b[2J", "CN=ca", "2026-01-01T00", "2027-01-01T00", ["a", "b"],
            "RSA, 2048 bits", "1", "ab",
        )  # fmt: skip
        tls = TLSFacts("TLSv1.3", "TLS_X", "", "has expired on 2027-01-01", [facts])
        lines = self.lines(b"", tls=tls, times=Times(0, 1, 2, 3), failure="why")
        self.assertIn("  subject      CN=\\x1b[2J", lines)
        self.assertIn("  names        a, b", lines)
        self.assertIn("  TLS          1000.0 ms  TLSv1.3, TLS_X", lines)
        self.assertEqual(lines[-1], "The certificate has expired on 2027-01-01")
        self.assertNotIn("Request", "\n".join(lines))

    def test_colours_only_where_they_are_wanted(self) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        shown = styles_for(Terminal(), {"TERM": "xterm"})("title", "x")
        self.assertEqual(shown, "\x1b[1mx\x1b[0m")
        for stream, environ in (
            (io.StringIO(), {}),
            (Terminal(), {"NO_COLOR": "1"}),
            (Terminal(), {"TERM": "dumb"}),
        ):
            self.assertEqual(styles_for(stream, environ)("title", "x"), "x")
        self.assertEqual(styles_for(Terminal(), {"NO_COLOR": ""})("title", "x"), shown)

    def test_failures_are_told(self) -> None:
        self.assertIn("it closed the connection", seen(b"").failure)
        self.assertIn("do not begin like a response", seen(b"220 ready\r\n").failure)
        short = seen(OK + b"Content-Length: 9\r\n\r\nhalf").failure
        self.assertIn("ended before the message did", short)
        self.assertEqual(seen(OK + b"\r\nhello").failure, "")
        self.assertEqual(seen(OK + b"\r\n", failure="why").failure, "why")

    def test_body_that_breaks_off_is_not_complete(self) -> None:
        for broke_off in (False, True):
            told = report_json(
                seen(OK + b"\r\nhello", failure="why", broke_off=broke_off)
            )["response"]
            self.assertEqual(told["complete"], not broke_off)
            self.assertEqual("ended before" in told["fault"], broke_off)

    def test_json_has_the_members_that_are_documented(self) -> None:
        told = report_json(seen(OK + b"Content-Length: 0\r\n\r\n"))
        self.assertEqual(
            list(told),
            ["url", "method", "addresses", "address", "proxy", "times", "tls"]
            + ["request", "response", "closed", "cut", "failure", "copies"],
        )
        self.assertEqual(
            told["times"],
            {"name_lookup": 1.0, "connect": 1.0, "tls": None}
            | {"first_byte": 1.0, "body": 1.0, "total": 5.0},
        )
        self.assertIsNone(told["failure"])
        self.assertIn("http://h:4040/", told["copies"]["curl"])


class TimedNamesTests(SynchronousTestCase):
    """A name is looked up as ever, and what is found is noted."""

    def test_notes_what_is_found(self) -> None:
        address = IPv4Address("TCP", "192.0.2.1", 0)
        told: list[Any] = []

        class Resolver:
            def resolveHostName(self, receiver: Any, name: str, *_: Any) -> Any:
                receiver.resolutionBegan(self)
                receiver.addressResolved(address)
                receiver.resolutionComplete()
                return self

        class Reactor:
            nameResolver = Resolver()
            other = 5

        class Receiver:
            def resolutionBegan(self, resolution: Any) -> None:
                told.append("began")

            def addressResolved(self, address: Any) -> None:
                told.append(address)

            def resolutionComplete(self) -> None:
                told.append("complete")

        names = TimedNames(Reactor(), lambda: 7.0)
        self.assertEqual(names.other, 5)
        receiver: Any = Receiver()
        names.nameResolver.resolveHostName(receiver, "h", 80)
        self.assertEqual(told, ["began", address, "complete"])
        self.assertEqual((names.addresses, names.resolved), (["192.0.2.1"], 7.0))
