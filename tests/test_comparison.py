"""
The comparison of servers judges rightly: an answer of each kind, and its bad twin.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from comparison.__main__ import GROUPS
from comparison.answer import Answer, parse, request
from comparison.judging import (
    Judge,
    Mark,
    Verdict,
    has_coding,
    hides,
    multiple_ranges,
    not_supported,
    redirects_to,
    single_range,
    status,
    stays_on_host,
    tells_options,
    unsatisfiable,
)
from comparison.listing import Listing, harmless, in_order
from comparison.page import escaped, page
from comparison.peers import PEERS
from comparison.rows import BASE, Row
from comparison.starting import Asked, Verdicts, ask_all
from comparison.tree import make_tree

RIGHT, PERMITTED, WRONG = Mark.RIGHT, Mark.PERMITTED, Mark.WRONG

CONTENT = b"0123456789"
HOST = "localhost:8080"


def answered(code: int, body: bytes = b"", **fields: str) -> Answer:
    """An answer; a field's name with ``_`` for ``-``."""
    named = ((name.replace("_", "-"), value) for name, value in fields.items())
    return Answer(code, tuple(named), body)


class ParseTests(SynchronousTestCase):
    """Bytes are read as the answer they are."""

    HEAD = b"HTTP/1.1 200 OK\r\n"

    def parsed(self, data: bytes, method: str = "GET", closed: bool = False) -> Answer:
        """The answer in *data*, which is there."""
        answer = parse(data, method, closed)
        assert answer is not None
        return answer

    def test_content_ends_where_its_length_says(self) -> None:
        fields = b"Content-Length: 2\r\nVary: a\r\nvary: b\r\n\r\n"
        answer = self.parsed(self.HEAD + fields + b"okHTTP")
        self.assertEqual((answer.body, answer.rest), (b"ok", b"HTTP"))
        self.assertEqual(answer.field("vary"), "a, b")

    def test_content_in_chunks_is_put_together(self) -> None:
        data = self.HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP"
        answer = self.parsed(data)
        self.assertEqual((answer.body, answer.rest), (b"ok", b"HTTP"))

    def test_nothing_is_known_before_the_answer_is_whole(self) -> None:
        length = self.HEAD + b"Content-Length: 3\r\n\r\nok"
        chunked = self.HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"
        for data in (length, length[:20], chunked):
            self.assertIsNone(parse(data, closed=False), data)

    def test_content_where_there_is_none_is_too_much(self) -> None:
        data = self.HEAD + b"Content-Length: 2\r\n\r\nok"
        head, unmodified = self.parsed(data, "HEAD"), data.replace(b"200", b"304")
        for answer in (head, self.parsed(unmodified)):
            self.assertEqual((answer.body, answer.rest), (b"", b"ok"))

    def test_server_that_says_no_http_has_status_0(self) -> None:
        for data in (b"", b"<html>", b"SSH-2.0\r\n\r\n"):
            answer = self.parsed(data, closed=True)
            self.assertEqual(answer.status, 0)
            self.assertNotEqual(answer.trouble, "")

    def test_interim_answer_is_not_the_answer(self) -> None:
        data = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\n\r\n"
        self.assertEqual(self.parsed(data, closed=True).status, 404)

    def test_target_is_sent_as_it_is(self) -> None:
        self.assertTrue(request("/../%00").startswith(b"GET /../%00 HTTP/1.1\r\n"))


class JudgingTests(SynchronousTestCase):
    """Each judge tells the right answer from the permitted and the wrong."""

    def judges(
        self,
        judge: Judge,
        right: Sequence[Answer],
        permitted: Sequence[Answer],
        wrong: Sequence[Answer],
    ) -> None:
        """Each of the answers gets its mark."""
        pairs = (RIGHT, right), (PERMITTED, permitted), (WRONG, wrong)
        for mark, answers in pairs:
            for answer in answers:
                self.assertIs(judge(answer).mark, mark, answer)

    def test_status_is_right_permitted_or_neither(self) -> None:
        wrong = [answered(500), Answer(0, trouble="silent")]
        judge = status(404, fair=(400,))
        self.judges(judge, [answered(404)], [answered(400)], wrong)

    def test_secret_is_kept_and_nothing_breaks(self) -> None:
        """A server that breaks is not safe either."""
        right = [answered(404), answered(200, b"a listing")]
        wrong = [answered(200, b"the secret."), answered(500)]
        self.judges(hides(b"secret"), right, [], wrong)

    def test_refused_method_says_what_is_possible(self) -> None:
        allowed = answered(405, allow="GET")
        wrong = [answered(405), answered(200, CONTENT)]
        self.judges(not_supported, [allowed, answered(501)], [], wrong)
        right = [answered(204, allow="GET")]
        self.judges(tells_options, right, [allowed], [answered(405)])

    def test_single_range_has_its_bytes_and_says_which(self) -> None:
        span = "bytes 2-4/10"
        self.judges(
            lambda answer: single_range(answer, CONTENT, 2, 4),
            [answered(206, b"234", content_range=span)],
            [answered(200, CONTENT)],
            [
                answered(206, b"345", content_range=span),
                answered(206, b"234"),
                answered(416),
            ],
        )

    def test_multiple_ranges_are_whole_and_in_order(self) -> None:
        """As a multipart, or as one range that has them all."""

        def multipart(*pieces: tuple[bytes, bytes]) -> Answer:
            body = b"".join(
                b"\r\n--x\r\nContent-Range: bytes " + span + b"/10\r\n\r\n" + piece
                for span, piece in pieces
            )
            kind = "multipart/byteranges; boundary=x"
            return answered(206, body + b"\r\n--x--\r\n", content_type=kind)

        first = b"0-1", b"01"
        self.judges(
            lambda answer: multiple_ranges(answer, CONTENT, [(0, 1), (8, 9)]),
            [multipart(first, (b"8-9", b"89"))],
            [
                answered(200, CONTENT),
                answered(206, CONTENT, content_range="bytes 0-9/10"),
            ],
            [multipart(first), multipart(first, (b"8-9", b"8")), answered(206, b"01")],
        )

    def test_range_behind_the_end_is_told_the_size(self) -> None:
        self.judges(
            lambda answer: unsatisfiable(answer, 10),
            [answered(416, content_range="bytes */10")],
            [answered(416), answered(200)],
            [answered(416, content_range="bytes */9"), answered(206)],
        )

    def test_redirect_leads_where_it_should_however_it_is_written(self) -> None:
        places = ("/sub/", "./sub/", "sub/", f"http://{HOST}/sub/")
        self.judges(
            lambda answer: redirects_to(answer, HOST, "/sub", "/sub/"),
            [answered(301, location=place) for place in places],
            [answered(302, location="/sub/")],
            [answered(301, location="//sub/"), answered(301)],
        )
        without_query = [answered(301, location="/sub/")]
        self.judges(
            lambda answer: redirects_to(answer, HOST, "/sub?a", "/sub/?a"),
            *([], [], without_query),
        )

    def test_browser_is_not_led_to_another_host(self) -> None:
        """Nor by a backslash, which is a slash to it."""
        elsewhere = ("//evil.example/", "/\\evil.example/", "http://evil.example/")
        self.judges(
            lambda answer: stays_on_host(answer, HOST),
            [answered(404), answered(301, location="/evil.example/")],
            [],
            [answered(301, location=place) for place in elsewhere],
        )

    def test_coding_is_one_that_the_client_takes(self) -> None:
        contents = {"": b"plain", "gzip": b"small", "br": b"less"}

        def sent(*answers: tuple[bytes, str]) -> list[Answer]:
            return [answered(200, body, content_encoding=c) for body, c in answers]

        self.judges(
            lambda answer: has_coding(answer, contents, ["gzip"]),
            sent((b"small", "gzip")),
            sent((b"plain", ""), (b"on the fly", "gzip")),
            sent((b"less", "br"), (b"small", "")),
        )


class ListingTests(SynchronousTestCase):
    """A listing is read as a browser reads it."""

    def test_link_leads_to_the_file_of_its_name(self) -> None:
        page = Listing('<a href="a%20b">a b</a><a href="javascript:1">no</a>')
        self.assertEqual(page.path_to("/f/", b"a b"), "/f/a%20b")
        self.assertIsNone(page.path_to("/f/", b"javascript:1"))

    def test_name_that_became_markup_is_found(self) -> None:
        good = Listing('<a title="&quot;onxss=1">&lt;xss></a>')
        self.assertIs(harmless(good).mark, RIGHT)
        for text in ("<a><xss>.txt</a>", '<a href=""onxss="1".txt">'):
            self.assertIs(harmless(Listing(text)).mark, WRONG, text)

    def test_listing_is_by_name_or_in_any_order(self) -> None:
        self.assertIs(in_order(["/x", "/f/a", "/f/b"], ["a", "b"]).mark, RIGHT)
        self.assertIs(in_order(["/f/b", "/f/a"], ["a", "b"]).mark, PERMITTED)
        self.assertIs(in_order(["/f/b"], ["a", "b"]).mark, WRONG)


class PageTests(SynchronousTestCase):
    """What is written down is what was answered."""

    def test_what_a_server_says_is_text_on_the_page(self) -> None:
        self.assertEqual(escaped("<b>|`x`"), "\\<b\\>\\|\\`x\\`")
        self.assertLess(len(escaped("a" * 1000)), 100)

    def test_server_that_is_not_here_has_no_verdicts(self) -> None:
        text = page(GROUPS, [Asked(peer, None, "gone", {}) for peer in PEERS], {})
        rows = sum(len(group.rows) for group in GROUPS)
        self.assertEqual(text.count("| not installed "), (rows + 1) * len(PEERS))
        _, _, tables = text.partition(f"## {GROUPS[0].title}")
        self.assertNotRegex(tables, "[✓○✗]")

    def test_no_row_is_there_twice(self) -> None:
        for group in GROUPS:
            titles = [row.title for row in group.rows]
            self.assertEqual(len(titles), len(set(titles)))


class ServerTests(SynchronousTestCase):
    """Two servers whose answers are known are told apart."""

    def asked(self, name: str, rows: Iterable[Row]) -> Verdicts:
        """The verdicts on the peer *name*."""
        peer = next(peer for peer in PEERS if peer.name == name)
        with tempfile.TemporaryDirectory() as folder:
            tree = make_tree(Path(folder))
            return ask_all(peer, Path(sys.prefix), rows, tree).verdicts

    def test_servers_whose_answers_are_known_are_told_apart(self) -> None:
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
        self.assertEqual(said["`bytes=10-19`"], Verdict("200, all", PERMITTED))
        self.assertEqual(said["`/.env`"], Verdict("200, serves it", PERMITTED))
        self.assertEqual(said["ETag"], Verdict("none", PERMITTED))
        self.assertEqual(said["No Host"], Verdict("200", WRONG))
