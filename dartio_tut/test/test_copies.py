"""
Texts to paste that send a request: what is in them, and what they say when a tool
cannot send it. The tests of ``tests/test_copies.py`` run them.
"""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.anatomy import copies

from .support.any_input import usual

BASE = "http://localhost:4040"

HEAD = b"GET / HTTP/1.1\r\nHost: localhost:4040\r\n"

TOOLS = ("curl", "treq", "fetch")


class CopiesTests(SynchronousTestCase):
    """The texts."""

    def test_plain_request_is_plain_text(self) -> None:
        made = copies(HEAD + b"\r\n", BASE)
        self.assertEqual(
            made["curl"],
            "curl -H 'Host: localhost:4040' -H 'Accept:' -H 'User-Agent:'"
            " 'http://localhost:4040/'",
        )
        self.assertEqual(made["dartio"], "dartio inspect 'http://localhost:4040/'")
        self.assertEqual(
            made["raw"],
            r"printf 'GET / HTTP/1.1\r\nHost: localhost:4040\r\n\r\n'"
            " | nc 'localhost' 4040",
        )
        self.assertIn('"http://localhost:4040/"', made["treq"])
        self.assertIn('fetch("http://localhost:4040/", {', made["fetch"])
        self.assertEqual(set(made), {"curl", "treq", "dartio", "fetch", "raw"})

    def test_says_why_tools_cannot_send_what_is_broken(self) -> None:
        body = b"Content-Length: 5\r\n\r\nhello"
        for raw, why in (
            (b"", "its head does not end"),
            (b"GET / HTTP/1.1\r\nHost: a\r\n", "its head does not end"),
            (b"GET / HTTP/1.1\nHost: a\r\n\r\n", "its first line is not a request"),
            (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "its first line is not a request"),
            (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "its first line is not a request"),
            (b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", "its first line is not a"),
            (b"GET / HTTP/1.1\r\n\r\n", "it has no Host field"),
            (HEAD + b"host: b\r\n\r\n", "more than one Host"),
            (HEAD + b"X : y\r\n\r\n", "is not a header field"),
            (HEAD + b"X: y\r\n z\r\n\r\n", "is not a header field"),
            (HEAD + b"X: y\nZ: w\r\n\r\n", "is not a header field"),
            (HEAD + b"X: \0\r\n\r\n", "is not a header field"),
            (HEAD + b"Content-Length: 5\r\n" + body, "more than once where its body"),
            (HEAD + b"Transfer-Encoding: chunked\r\n" + body, "more than once where"),
            (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", "is not just chunked"),
            (HEAD + b"Content-Length: +5\r\n\r\nhello", "Content-Length is not a num"),
            (HEAD + b"Content-Length: 5\r\n\r\nhell", "body is not all there"),
            (HEAD + body + b"X", "more bytes follow its end"),
            (HEAD + b"\r\nGET", "more bytes follow its end"),
        ):
            self.refused(raw, why)

    def test_says_why_tools_cannot_send_broken_chunks(self) -> None:
        head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        for chunks, why in (
            (b"5", "body is not all there"),
            (b"5\r\nhell", "body is not all there"),
            (b"5\r\nhello\r\n", "body is not all there"),
            (b"100000000000000000\r\n", "chunk size that is not just"),
            (b"5;a=b\r\nhello\r\n0\r\n\r\n", "chunk size that is not just"),
            (b"-5\r\nhello\r\n0\r\n\r\n", "chunk size that is not just"),
            (b"5\r\nhelloXX0\r\n\r\n", "does not end where its size says"),
            (b"0\r\nX: y\r\n\r\n", "trailer fields, or more"),
            (b"0\r\n\r\nX", "trailer fields, or more"),
        ):
            self.refused(head + chunks, why)

    def refused(self, raw: bytes, why: str) -> None:
        """Each tool says *why* it cannot send *raw*, in a comment."""
        made = copies(raw, BASE)
        for tool in TOOLS:
            self.assertIn(f"{tool} cannot send this request: ", made[tool])
            self.assertIn(why, made[tool], raw)
            self.assertTrue(made[tool].startswith(("# ", "// ")))
            self.assertNotIn("\n", made[tool])
        self.assertTrue(made["dartio"].startswith("printf '"))
        self.assertTrue(made["dartio"].endswith(" --raw -"))

    def test_says_what_one_tool_cannot_send(self) -> None:
        for raw, tool, why in (
            (b"GET / HTTP/1.0\r\n\r\n", "treq", "HTTP/1.1 only"),
            (b"GET / HTTP/1.0\r\n\r\n", "fetch", "do not speak HTTP/1.0"),
            (HEAD.replace(b"GET", b"get") + b"\r\n", "treq", "upper case"),
            (HEAD.replace(b"GET", b"get") + b"\r\n", "fetch", "upper case"),
            (HEAD.replace(b"GET", b"Trace") + b"\r\n", "fetch", "do not send TRACE"),
            (HEAD.replace(b"GET", b"CONNECT") + b"\r\n", "curl", "a proxy"),
            (HEAD.replace(b"GET /", b"OPTIONS *") + b"\r\n", "treq", "plain path"),
            (HEAD.replace(b" / ", b" /../x ") + b"\r\n", "fetch", "another way"),
            (HEAD.replace(b" / ", b" /%2E./x ") + b"\r\n", "fetch", "another way"),
            (HEAD.replace(b" / ", b" /x|y ") + b"\r\n", "fetch", "another way"),
            (HEAD + b"Content-Length: 1\r\n\r\nx", "fetch", "no body with GET"),
            (
                HEAD.replace(b"GET", b"HEAD") + b"Content-Length: 1\r\n\r\nx",
                "curl",
                "waits for a body after HEAD",
            ),
        ):
            self.assertIn(why, copies(raw, BASE)[tool], raw)
            self.assertIn("cannot send this request", copies(raw, BASE)[tool])

    def test_dartio_is_told_the_bytes_when_words_do_not_do(self) -> None:
        for raw in (
            b"GET / HTTP/1.0\r\n\r\n",
            HEAD + b"X: \xe9\r\n\r\n",
            HEAD + b"Content-Length: 1\r\n\r\n\n",
            HEAD + b"Content-Length: 01\r\n\r\nx",
            HEAD.replace(b" / ", b" // ") + b"\r\n",
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"GET / HTTP/1.1\r\nX: y\r\nHost: a\r\n\r\n",
        ):
            self.assertTrue(copies(raw, BASE)["dartio"].startswith("printf '"), raw)
        words = copies(
            b"PUT /x HTTP/1.1\r\nHost: a\r\nX: -y'\r\nContent-Length: 2\r\n\r\n-z", BASE
        )["dartio"]
        self.assertEqual(
            words,
            "dartio inspect 'http://localhost:4040/x' --method='PUT'"
            r""" --header='Host: a' --header='X: -y'\''' --data='-z'""",
        )

    def test_no_shell_looks_into_its_history_or_takes_a_quote_away(self) -> None:
        for value in (b"!x \xff", b"a\\", b"\\'; x"):
            raw = HEAD + b"X: " + value + b"\r\n\r\n"
            for tool in ("curl", "dartio", "raw"):
                text = copies(raw, BASE)[tool]
                self.assertNotIn("!", text)
                self.assertIsNone(re.search(r"\\(?![0-7]{3}|[rnt])", text), text)

    def test_url_that_is_none_is_refused(self) -> None:
        for base in (
            "localhost:4040",
            "ftp://a",
            "http://a/",
            "http://a'b",
            "http://a\n",
            "http://u@a",
            "",
        ):
            self.assertRaises(ValueError, copies, HEAD + b"\r\n", base)

    @usual
    @given(st.binary(max_size=200))
    @example(bytes(range(128)))
    @example(b"\x7f\xe2\x80\xae")
    def test_every_text_is_printable_whatever_the_bytes(self, data: bytes) -> None:
        length = b"Content-Length: %d\r\n\r\n" % len(data)
        for raw in (
            data,
            HEAD + data,
            HEAD + b"X: " + data + b"\r\n\r\n",
            b"GET /" + data + b" HTTP/1.1\r\nHost: a\r\n\r\n",
            data + b" / HTTP/1.1\r\nHost: a\r\n\r\n",
            HEAD.replace(b"GET", b"POST") + length + data,
            HEAD.replace(b"GET", b"PUT") + b"Content-Type: a/b\r\n" + length + data,
        ):
            for tool, text in copies(raw, BASE).items():
                shown = text.replace("\n", "") if tool in ("treq", "fetch") else text
                self.assertTrue(shown.isascii() and shown.isprintable(), text)
