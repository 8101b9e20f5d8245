"""
The judges are judged: the strict reading of answers, and the ratchet.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.testing import Fields, FramingError, ResponseReader

from .support.conformance import (
    Row,
    WrongResponse,
    check,
    check_final,
    unescaped,
    verdict_of,
)
from .support.ratchet import fallen, raised

OK = b"HTTP/1.1 200 OK\r\n"


class AnswersTests(SynchronousTestCase):
    """`ResponseReader`."""

    def read(self, data: bytes, *methods: str, size: int = 1) -> ResponseReader:
        """What comes of *data* in pieces of *size*."""
        answers = ResponseReader(methods)
        for start in range(0, len(data), size):
            answers.feed(data[start : start + size])
        return answers

    def misframed(self, data: bytes, *methods: str) -> None:
        """*data* is refused, however it is cut."""
        for size in (1, 7, len(data)):
            with self.assertRaises(FramingError):
                self.read(data, *methods, size=size).end()

    def test_every_kind_of_end(self) -> None:
        kinds = [
            (OK + b"Content-Length: 5\r\n\r\nhello", b"hello"),
            (
                OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                b"hello",
            ),
            (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
            (b"HTTP/1.1 304 Not Modified\r\n\r\n", b""),
            (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n", b""),
        ]
        for data, body in kinds:
            for size in (1, 7, len(data)):
                answers = self.read(data * 2, size=size)
                self.assertEqual(answers.responses[-1].body, body)
                self.assertFalse(answers.is_unfinished)
                answers.end()

    def test_until_close(self) -> None:
        answers = self.read(OK + b"\r\nhello")
        self.assertTrue(answers.is_unfinished)
        answers.end()
        self.assertEqual(answers.responses[0].body, b"hello")

    def test_head(self) -> None:
        data = OK + b"Content-Length: 5\r\n\r\n"
        answers = self.read(data + data + b"hello", "HEAD", "GET")
        self.assertEqual([bytes(a.body) for a in answers.responses], [b"", b"hello"])
        self.misframed(data + b"hello", "HEAD")

    def test_unfinished(self) -> None:
        for data in (b"HTT", OK, OK + b"Content-Length: 5\r\n\r\nhell"):
            answers = self.read(data)
            self.assertTrue(answers.is_unfinished)
            self.assertRaises(FramingError, answers.end)

    def test_misframed(self) -> None:
        chunked = OK + b"Transfer-Encoding: chunked\r\n\r\n"
        for data in (
            b"HTTP/2 200 OK\r\n\r\n",
            b"HTTP/1.1 200\r\n\r\n",
            b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
            OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
            OK + b"Content-Length: +5\r\n\r\nhello",
            OK + b"Transfer-Encoding: gzip\r\n\r\n",
            OK + b"X : y\r\n\r\n",
            OK + b"X: \0\r\n\r\n",
            OK + b"X: y\r\n folded\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n",
            OK + b"Content-Length: 0\r\n\r\nhello\r\n",
            OK + b"Content-Length: 0\r\nConnection: close\r\n\r\n" + OK,
            chunked + b"0x5\r\nhello\r\n0\r\n\r\n",
            chunked + b"5\r\nhelloXX0\r\n\r\n",
        ):
            self.misframed(data)


class VerdictTests(SynchronousTestCase):
    """`verdict_of` and `check`."""

    row = Row("a/b", "RFC 9112 3", b"GET / HTTP/1.1\r\n", ("200",))

    def test_words(self) -> None:
        answers = ResponseReader()
        self.assertEqual(verdict_of(answers, False), "wait")
        self.assertEqual(verdict_of(answers, True), "close")
        answers.feed(OK + b"Content-Length: 5\r\n\r\nhell")
        self.assertRaises(WrongResponse, verdict_of, answers, False)
        answers.feed(b"o")
        self.assertEqual(verdict_of(answers, False), "200")
        self.assertEqual(verdict_of(answers, True), "200 close")

    def test_errors_are_well_formed(self) -> None:
        good = {
            "date": "Sun, 06 Nov 1994 08:49:37 GMT",
            "content-length": "0",
            "content-type": "text/plain; charset=utf-8",
        }
        answers = ResponseReader()
        answers.feed(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        refusal = answers.responses[0]
        refusal.fields = Fields(good)
        check_final(self.row, refusal)
        for name in good:
            refusal.fields = Fields({k: v for k, v in good.items() if k != name})
            self.assertRaises(WrongResponse, check_final, self.row, refusal)

    def test_other_verdict(self) -> None:
        self.assertRaises(
            WrongResponse, check, self.row, "400 close", [], self.row.accept
        )

    def test_what_may_follow(self) -> None:
        for verdict, then in {
            "200": "200 200",
            "200 close": "200 close",
            "wait": None,
            "100": None,
        }.items():
            self.assertEqual(self.row.verdict_with_next(verdict), then)

    def test_escapes(self) -> None:
        self.assertEqual(unescaped(r"a\r\n\0\xff"), b"a\r\n\0\xff")
        self.assertEqual(unescaped(["a", [r"\t", 3]]), b"a\t\t\t")


class RatchetTests(SynchronousTestCase):
    """Verdicts may rise, never fall."""

    before = {"a": "right", "b": "wrong"}  # noqa: RUF012

    def test_fallen(self) -> None:
        self.assertEqual(fallen(self.before, {"b": "as ever"}), {})
        self.assertEqual(fallen(self.before, {"a": "why"}), {"a": "why"})
        self.assertEqual(fallen(self.before, {"new": "why"}), {"new": "why"})

    def test_raised(self) -> None:
        self.assertEqual(
            raised(self.before, "abc", {"a": "fell", "c": "new"}),
            {"a": "right", "b": "right", "c": "wrong"},
        )
