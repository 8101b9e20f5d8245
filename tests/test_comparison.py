"""
The comparison of servers judges rightly: an answer of each kind, and its bad twin.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase, TestCase

from comparison.__main__ import GROUPS
from comparison.answer import Answer, parse, request
from comparison.contenders import CONTENDERS, Contender
from comparison.finding import find
from comparison.judging import (
    Mark,
    Verdict,
    coded,
    hides,
    moved,
    not_supported,
    options,
    part,
    several,
    status,
    stays,
    unsatisfiable,
)
from comparison.listing import Listing, harmless, in_order
from comparison.page import escaped, page
from comparison.rows import BASE, Row
from comparison.starting import Verdicts, ask_all
from comparison.tree import planted

RIGHT, LESS, WRONG = Mark.RIGHT, Mark.LESS, Mark.WRONG

CONTENT = b"0123456789"
HOST = "localhost:8080"


def answered(code: int, body: bytes = b"", **fields: str) -> Answer:
    """An answer; a field's name with ``_`` for ``-``."""
    named = ((name.replace("_", "-"), value) for name, value in fields.items())
    return Answer(code, tuple(named), body)


class ParseTests(SynchronousTestCase):
    """Bytes are read as the answer they are."""

    def test_length(self) -> None:
        """Content ends where its length says, and the rest is kept."""
        data = (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nVary: a\r\nvary: b\r\n\r\nokHTTP"
        )
        answer = parse(data, closed=False)
        assert answer is not None
        self.assertEqual((answer.body, answer.rest), (b"ok", b"HTTP"))
        self.assertEqual(answer.field("vary"), "a, b")

    def test_not_whole(self) -> None:
        """Nothing is known before all is there."""
        data = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"
        self.assertIsNone(parse(data, closed=False))
        self.assertIsNone(parse(data[:20], closed=False))

    def test_chunks(self) -> None:
        """Content in chunks is put together."""
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        answer = parse(head + b"2\r\nok\r\n0\r\n\r\n", closed=False)
        assert answer is not None
        self.assertEqual(answer.body, b"ok")
        self.assertIsNone(parse(head + b"2\r\nok\r\n", closed=False))

    def test_no_content(self) -> None:
        """What comes after the head of an answer to HEAD, or a 304, is too much."""
        data = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        for answer in (parse(data, "HEAD"), parse(data.replace(b"200", b"304"))):
            assert answer is not None
            self.assertEqual((answer.body, answer.rest), (b"", b"ok"))

    def test_no_answer(self) -> None:
        """A server that says nothing, or no HTTP, has status 0."""
        for data in (b"", b"<html>", b"SSH-2.0\r\n\r\n"):
            answer = parse(data)
            assert answer is not None
            self.assertEqual(answer.status, 0)
            self.assertNotEqual(answer.trouble, "")

    def test_interim(self) -> None:
        """An interim answer is not the answer."""
        answer = parse(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\n\r\n")
        assert answer is not None
        self.assertEqual(answer.status, 404)

    def test_request(self) -> None:
        """A target is sent as it is."""
        self.assertTrue(request("/../%00").startswith(b"GET /../%00 HTTP/1.1\r\n"))


class JudgingTests(SynchronousTestCase):
    """Each judge tells the right answer from the permitted and the wrong."""

    def marks(self, *pairs: tuple[Verdict, Mark]) -> None:
        """Each verdict has its mark."""
        for number, (verdict, mark) in enumerate(pairs):
            self.assertIs(verdict.mark, mark, f"{number}: {verdict.said}")

    def test_status(self) -> None:
        """A status is right, permitted or neither."""
        judge = status(404, fair=(400,))
        self.marks(
            (judge(answered(404)), RIGHT),
            (judge(answered(400)), LESS),
            (judge(answered(500)), WRONG),
            (judge(Answer(0, trouble="silent")), WRONG),
        )

    def test_hides(self) -> None:
        """A secret is told or not; a server that breaks is not safe either."""
        judge = hides(b"secret")
        self.marks(
            (judge(answered(404)), RIGHT),
            (judge(answered(200, b"a listing")), RIGHT),
            (judge(answered(200, b"the secret.")), WRONG),
            (judge(answered(500)), WRONG),
        )

    def test_methods(self) -> None:
        """A refusal says what is possible instead."""
        self.marks(
            (not_supported(answered(405, allow="GET")), RIGHT),
            (not_supported(answered(501)), RIGHT),
            (not_supported(answered(405)), WRONG),
            (not_supported(answered(200, CONTENT)), WRONG),
            (options(answered(204, allow="GET")), RIGHT),
            (options(answered(405, allow="GET")), LESS),
            (options(answered(405)), WRONG),
        )

    def test_part(self) -> None:
        """A part has the right bytes and says which; the whole is permitted."""
        span = "bytes 2-4/10"
        self.marks(
            (part(answered(206, b"234", content_range=span), CONTENT, 2, 4), RIGHT),
            (part(answered(200, CONTENT), CONTENT, 2, 4), LESS),
            (part(answered(206, b"345", content_range=span), CONTENT, 2, 4), WRONG),
            (part(answered(206, b"234"), CONTENT, 2, 4), WRONG),
            (part(answered(416), CONTENT, 2, 4), WRONG),
        )

    def test_several(self) -> None:
        """Parts are whole, in order, and of a multipart."""
        spans = [(0, 1), (8, 9)]

        def multipart(*pieces: tuple[bytes, bytes]) -> Answer:
            body = b"".join(
                b"\r\n--x\r\nContent-Range: bytes " + span + b"/10\r\n\r\n" + piece
                for span, piece in pieces
            )
            kind = "multipart/byteranges; boundary=x"
            return answered(206, body + b"\r\n--x--\r\n", content_type=kind)

        good = multipart((b"0-1", b"01"), (b"8-9", b"89"))
        self.marks(
            (several(good, CONTENT, spans), RIGHT),
            (several(answered(200, CONTENT), CONTENT, spans), LESS),
            (several(multipart((b"0-1", b"01")), CONTENT, spans), WRONG),
            (
                several(multipart((b"0-1", b"01"), (b"8-9", b"8")), CONTENT, spans),
                WRONG,
            ),
            (several(answered(206, b"01"), CONTENT, spans), WRONG),
        )
        one = answered(206, CONTENT, content_range="bytes 0-9/10")
        self.marks((several(one, CONTENT, spans), LESS))

    def test_unsatisfiable(self) -> None:
        """The size is told to who asks behind the end."""
        self.marks(
            (unsatisfiable(answered(416, content_range="bytes */10"), 10), RIGHT),
            (unsatisfiable(answered(416), 10), LESS),
            (unsatisfiable(answered(200), 10), LESS),
            (unsatisfiable(answered(416, content_range="bytes */9"), 10), WRONG),
            (unsatisfiable(answered(206), 10), WRONG),
        )

    def test_moved(self) -> None:
        """A redirect leads where it should, however it is written."""
        for place in ("/sub/", "./sub/", "sub/", f"http://{HOST}/sub/"):
            verdict = moved(answered(301, location=place), HOST, "/sub", "/sub/")
            self.marks((verdict, RIGHT))
        self.marks(
            (moved(answered(302, location="/sub/"), HOST, "/sub", "/sub/"), LESS),
            (moved(answered(301, location="//sub/"), HOST, "/sub", "/sub/"), WRONG),
            (moved(answered(301), HOST, "/sub", "/sub/"), WRONG),
            (moved(answered(301, location="/sub/"), HOST, "/sub?a", "/sub/?a"), WRONG),
        )

    def test_stays(self) -> None:
        """A browser is not led to another host, nor by a backslash."""
        self.marks(
            (stays(answered(404), HOST), RIGHT),
            (stays(answered(301, location="/evil.example/"), HOST), RIGHT),
            (stays(answered(301, location="//evil.example/"), HOST), WRONG),
            (stays(answered(301, location="/\\evil.example/"), HOST), WRONG),
            (stays(answered(301, location="http://evil.example/"), HOST), WRONG),
        )

    def test_coded(self) -> None:
        """What is sent is what the client takes, and what it says it is."""
        contents = {"": b"plain", "gzip": b"small", "br": b"less"}

        def sent(body: bytes, coding: str) -> Verdict:
            answer = answered(200, body, content_encoding=coding)
            return coded(answer, contents, ["gzip"])

        self.marks(
            (sent(b"small", "gzip"), RIGHT),
            (sent(b"plain", ""), LESS),
            (sent(b"on the fly", "gzip"), LESS),
            (sent(b"less", "br"), WRONG),
            (sent(b"small", ""), WRONG),
        )


class ListingTests(SynchronousTestCase):
    """A listing is read as a browser reads it."""

    def test_links(self) -> None:
        """A link leads to a file when its path is the file's name."""
        page = Listing('<a href="a%20b">a b</a><a href="javascript:1">no</a>')
        self.assertEqual(page.path_to("/f/", b"a b"), "/f/a%20b")
        self.assertIsNone(page.path_to("/f/", b"javascript:1"))

    def test_harmless(self) -> None:
        """A name that became an element or an attribute is found."""
        good = Listing('<a title="&quot;onxss=1">&lt;xss></a>')
        self.assertIs(harmless(good).mark, RIGHT)
        for text in ("<a><xss>.txt</a>", '<a href=""onxss="1".txt">'):
            self.assertIs(harmless(Listing(text)).mark, WRONG, text)

    def test_order(self) -> None:
        """By name, in any order, or not all of them."""
        self.assertIs(in_order(["/x", "/f/a", "/f/b"], ["a", "b"]).mark, RIGHT)
        self.assertIs(in_order(["/f/b", "/f/a"], ["a", "b"]).mark, LESS)
        self.assertIs(in_order(["/f/b"], ["a", "b"]).mark, WRONG)


class PageTests(SynchronousTestCase):
    """What is written down is what was answered."""

    def test_escaped(self) -> None:
        """What a server says is text on the page, and of bounded length."""
        self.assertEqual(escaped("<b>|`x`"), "\\<b\\>\\|\\`x\\`")
        self.assertLess(len(escaped("a" * 1000)), 100)

    def test_missing(self) -> None:
        """Who is not there has a column that says so, and no verdicts."""
        missing = {contender.name: "gone" for contender in CONTENDERS}
        text = page(CONTENDERS, GROUPS, {}, {}, missing, {})
        rows = sum(len(group.rows) for group in GROUPS)
        self.assertEqual(text.count("| not installed "), (rows + 1) * len(CONTENDERS))
        _, _, tables = text.partition(f"## {GROUPS[0].title}")
        self.assertNotRegex(tables, "[✓○✗]")

    def test_titles(self) -> None:
        """No row is there twice."""
        for group in GROUPS:
            titles = [row.title for row in group.rows]
            self.assertEqual(len(titles), len(set(titles)))


class ServerTests(TestCase):
    """Two servers whose answers are known are told apart."""

    def asked(self, name: str, rows: Iterable[Row]) -> Verdicts:
        """What the contender *name* comes to."""
        contender: Contender = next(c for c in CONTENDERS if c.name == name)
        with tempfile.TemporaryDirectory() as folder:
            tree = planted(Path(folder))
            found = find(name, Path(sys.prefix))
            return ask_all(contender, found, rows, tree)

    def test_known(self) -> None:
        """Ours has ranges and hides what has a dot; Python's own has neither."""
        rows = {
            row.title: row
            for group in GROUPS
            for row in group.rows
            if row.start == BASE
            and re.search("bytes=10-19|env|ETag$|No Host", row.title)
        }
        self.assertEqual(len(rows), 5)
        ours = self.asked("ours", rows.values())
        theirs = self.asked("http.server", rows.values())
        self.assertEqual({v.mark for v in ours.values()}, {RIGHT}, ours)
        said = {title: theirs[row] for title, row in rows.items()}
        self.assertEqual(said["`bytes=10-19`"], Verdict("200, all", LESS))
        self.assertEqual(said["`/.env`"], Verdict("200, serves it", LESS))
        self.assertEqual(said["ETag"], Verdict("none", LESS))
        self.assertEqual(said["No Host"], Verdict("200", WRONG))
