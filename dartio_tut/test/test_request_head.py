"""
Heads of requests: what is read of them, and what is refused with which status.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.wire.http1.protocol_error import ProtocolError
from dartio_tut.wire.http1.request_fields import (
    CONDITIONAL_FIELDS,
    PLAIN_FIELDS,
    RequestFields,
)
from dartio_tut.wire.http1.request_head import (
    KEPT_BLOCKS,
    MAX_KEPT_BLOCK_BYTES,
    SEEN_BLOCKS,
    HeadReader,
)
from dartio_tut.wire.limits import Limits

from .support.any_input import usual
from .support.in_full import SINGLE_BYTES

SMALL = replace(Limits(), request_line=64, header_size=128, header_count=3)


def head(*lines: str, start: str = "GET / HTTP/1.1") -> bytes:
    """A whole head with Host and *lines*."""
    return "\r\n".join([start, "Host: a", *lines, "", ""]).encode("latin-1")


class HeadCase(SynchronousTestCase):
    """Reads heads within the usual limits."""

    def setUp(self) -> None:
        self.heads = HeadReader(Limits())

    def fields(self, *lines: str, start: str = "GET / HTTP/1.1") -> RequestFields:
        """What is read of a head with Host and *lines*."""
        return self.heads.read(head(*lines, start=start))[2]

    def refused(self, code: int, whole: bytes, limits: Limits | None = None) -> None:
        """*whole* is refused with *code*."""
        heads = HeadReader(limits) if limits else self.heads
        self.assertEqual(self.assertRaises(ProtocolError, heads.read, whole).code, code)


class RequestLineTests(HeadCase):
    """Method, target and version."""

    def test_any_token_is_a_method(self) -> None:
        for method in (b"GET", b"get", b"PROPFIND", b"M-SEARCH", b"!#$%&'*+-.^_`|~09"):
            read = self.heads.read(method + b" /x?y=%20 HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(read[:2], (method, b"/x?y=%20"))

    def test_malformed(self) -> None:
        for start in (
            "GET  / HTTP/1.1",
            " GET / HTTP/1.1",
            "GET /",
            "GET / HTTP/1.1 ",
            "GET / http/1.1",
            "GET /a b HTTP/1.1",
            "GET /#f HTTP/1.1",
            "GET /\xe4 HTTP/1.1",
            "GET /\x00 HTTP/1.1",
            "G(T / HTTP/1.1",
            "/ HTTP/1.1",
        ):
            self.refused(400, head(start=start))

    def test_versions(self) -> None:
        self.assertEqual(self.fields().version, b"HTTP/1.1")
        self.assertEqual(self.fields(start="GET / HTTP/1.0").version, b"HTTP/1.0")
        for version in ("HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/3.1"):
            self.refused(505, head(start=f"GET / {version}"))

    def test_absolute_targets_become_origin_form(self) -> None:
        for target, origin in [
            (b"http://a/b?c", b"/b?c"),
            (b"HTTP://A", b"/"),
            (b"https://a?q", b"/?q"),
        ]:
            read = self.heads.read(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % target)
            self.assertEqual(read[1], origin)

    def test_an_absolute_target_names_the_host_of_an_old_client(self) -> None:
        fields = self.heads.read(b"GET http://b:80/ HTTP/1.0\r\n\r\n")[2]
        self.assertEqual((fields.host, fields.last(b"host")), (b"b:80", b"b:80"))

    def test_two_hosts_are_one_too_many(self) -> None:
        self.refused(400, head(start="GET http://b/ HTTP/1.1"))
        self.refused(400, head(start="GET http://u@a/ HTTP/1.1"))

    def test_other_forms(self) -> None:
        read = self.heads.read(head(start="OPTIONS * HTTP/1.1"))
        self.assertEqual(read[:2], (b"OPTIONS", b"*"))
        self.refused(400, head(start="GET * HTTP/1.1"))
        self.refused(400, head(start="GET a/b HTTP/1.1"))
        self.refused(400, head(start="GET ftp://a/ HTTP/1.1"))
        self.refused(501, head(start="CONNECT a:443 HTTP/1.1"))
        self.refused(501, head(start="CONNECT / HTTP/1.1"))


class FieldTests(HeadCase):
    """What fields say."""

    def test_values(self) -> None:
        fields = self.fields("X: 1 ", "x:\t2", "Y:", "Z: \xe4")
        self.assertEqual(fields.values[b"x"], [b"1", b"2"])
        self.assertEqual((fields.last(b"x"), fields.last(b"y")), (b"2", b""))
        self.assertEqual(fields.last(b"z"), b"\xe4")
        self.assertIsNone(fields.last(b"none"))

    def test_malformed(self) -> None:
        for line in ("X : 1", " X: 1", "X: 1\r\n 2", "X: \x00", "X", ": 1", "X: a\rb"):
            self.refused(400, head(line))
        self.refused(400, b"GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n")

    def test_host(self) -> None:
        self.refused(400, b"GET / HTTP/1.1\r\n\r\n")
        self.refused(400, head("Host: a"))
        self.assertIsNone(self.heads.read(b"GET / HTTP/1.0\r\n\r\n")[2].host)
        for host in (b"", b"a.b:8080", b"[::1]:80", b"a_b", b"1.2.3.4:"):
            read = self.heads.read(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host)
            self.assertEqual(read[2].host, host)
        for host in (b"a b", b"a/b", b"u@a", b"a,b", b"a:b", b"a:123456", b"[::1"):
            if host != b"a,b":  # sub-delims may stand in a name (RFC 3986)
                self.refused(400, b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host)

    def test_a_host_is_what_the_grammar_of_urls_allows(self) -> None:
        for host in (
            b"a%zz",
            b"a%2",
            b"%",
            b"[::g]",
            b"[1]",
            b"[::1]x",
            b"[]",
            b"a:b:1",
        ):
            self.refused(400, b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host)
        for host in (b"a%20b", b"%41", b"[::ffff:1.2.3.4]", b"[fe80::1]:1"):
            read = self.heads.read(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host)
            self.assertEqual(read[2].host, host)

    def test_optional_white_space_around_values_is_no_part_of_them(self) -> None:
        for value in ("chunked\t", "\tchunked", " \t chunked \t ", "chunked  "):
            fields = self.fields(f"Transfer-Encoding:{value}", "X:\t1\t")
            self.assertEqual((fields.length, fields.last(b"x")), (-1, b"1"), value)
        self.assertEqual(self.fields("Content-Length:\t3\t").length, 3)
        for lines in (
            ["X: 1", "\tfolded"],
            ["X: 1\t", " \t"],
            ["Transfer-Encoding\t: chunked"],
        ):
            self.refused(400, head(*lines))

    def test_persistence(self) -> None:
        old = "GET / HTTP/1.0"
        self.assertTrue(self.fields().persistent)
        self.assertFalse(self.fields("Connection: x,\tClose").persistent)
        self.assertFalse(self.fields("Connection: x", "connection: close").persistent)
        self.assertTrue(self.fields("Connection: closed").persistent)
        self.assertFalse(self.fields(start=old).persistent)
        self.assertTrue(self.fields("Connection: Keep-Alive", start=old).persistent)
        self.assertFalse(
            self.fields("Connection: keep-alive, close", start=old).persistent
        )

    def test_length(self) -> None:
        self.assertEqual(self.fields().length, 0)
        self.assertEqual(self.fields("Content-Length: 007").length, 7)
        self.assertEqual(self.fields("Transfer-Encoding: Chunked").length, -1)
        huge = self.fields("Content-Length: " + "9" * 19).length
        self.assertGreaterEqual(huge, 10**18)
        for lines in (
            ["Content-Length: 1", "Content-Length: 1"],
            ["Content-Length: 1, 1"],
            ["Content-Length: +1"],
            ["Content-Length: -1"],
            ["Content-Length: 0x1"],
            ["Content-Length:"],
            ["Content-Length: \xb2"],
            ["Content-Length: 1", "Transfer-Encoding: chunked"],
            ["Transfer-Encoding: chunked", "Content-Length: 1"],
        ):
            self.refused(400, head(*lines))
        chunked = head("Transfer-Encoding: chunked", start="GET / HTTP/1.0")
        self.refused(400, chunked)

    def test_codings(self) -> None:
        for coding in ("gzip, chunked", "identity", "xchunked", "chunked, chunked"):
            refused = self.assertRaises(
                ProtocolError, self.heads.read, head(f"Transfer-Encoding: {coding}")
            )
            self.assertIn(refused.code, (400, 501))

    def test_an_offered_upgrade_changes_nothing(self) -> None:
        offer = ("Connection: Upgrade", "Upgrade: websocket")
        self.assertEqual(self.fields(*offer, "Content-Length: 3").length, 3)
        self.assertEqual(self.fields(*offer, "Transfer-Encoding: chunked").length, -1)
        self.assertEqual(self.fields(*offer).length, 0)

    def test_expectations(self) -> None:
        wants = "Expect: 100-Continue"
        self.assertTrue(self.fields(wants, "Content-Length: 1").expects)
        self.assertFalse(self.fields(wants).expects)
        old = self.fields(wants, "Content-Length: 1", start="GET / HTTP/1.0")
        self.assertFalse(old.expects)
        self.refused(417, head("Expect: more"))
        self.refused(417, head(wants, wants))

    def test_conditions(self) -> None:
        self.assertFalse(self.fields("X: 1").conditional)
        self.assertTrue(self.fields("RANGE: bytes=0-1").conditional)
        self.assertTrue(self.fields("If-None-Match: *").conditional)


NAMES = ["Host", "Connection", "Content-Length", "Transfer-Encoding", "Expect", "Range"]
NAMES += ["If-None-Match", "Upgrade", "Cookie", "Referer", "traceparent", "Accept", "X"]
NAMES += ["Conn", "Hos", "Honnection", "Tran", "I", "E", "R"]
VALUES = ["a", "", "close", "keep-alive", "Keep-Alive", "chunked", "0", "3", "\xe4"]
VALUES += ["100-continue", "upgrade", "a\tb", "a ", "a:b", "[::1]:80", "a/b", "a" * 200]
CASES = [str, str, str.upper, str.lower, str.swapcase]
ANYTHING = ["", "\0", "\t", "\n", "\r", "\r\n", " ", ":", "\x7f", "\xff", "a", "é"]


def cased(names: list[str]) -> Any:
    """One of *names*, in upper or lower case."""
    return some.builds(
        lambda case, name: case(name),
        some.sampled_from(CASES),
        some.sampled_from(names),
    )


lines = some.tuples(
    cased(NAMES),
    some.sampled_from([": ", ": ", ":", ":\t", ":  "]),
    some.sampled_from(VALUES),
    some.just("\r\n"),
).map("".join)
blocks = some.builds(
    lambda version, host, more, at: [version, *more[:at], host, *more[at:], "\r\n"],
    some.sampled_from(["HTTP/1.1\r\n", "HTTP/1.1\r\n", "HTTP/1.0\r\n"]),
    some.sampled_from(["Host: a\r\n", "host:[::1]:80\r\n", "HOST: b\r\n", ""]),
    some.lists(lines, max_size=5),
    some.integers(0, 5),
).map("".join)
edits = some.tuples(
    some.integers(8, 400), some.integers(0, 1), some.sampled_from(ANYTHING)
)


def edited(block: str, changes: list[tuple[int, int, str]]) -> bytes:
    """*block* with some of its bytes replaced, up to its first empty line."""
    for at, size, by in changes:
        block = block[:at] + by + block[at + size :] if at < len(block) else block
    return (block.partition("\r\n\r\n")[0] + "\r\n\r\n").encode("latin-1")


def said(block: bytes, limits: Limits) -> list[object]:
    """What is read of *block*, or why it is refused."""
    try:
        read = RequestFields(block, limits)
    except ProtocolError as error:
        return [error.code, error.reason, error.clause]
    facts = [read.version, read.host, read.persistent, read.length]
    return [*facts, read.expects, read.conditional, read.values]


class PlainTests(HeadCase):
    """Blocks that one regular expression knows, and llhttp need not judge."""

    JUDGED = replace(Limits(), header_count=2 * PLAIN_FIELDS)
    """Limits with which llhttp judges every block."""

    @usual
    @given(blocks, some.lists(edits, max_size=3))
    def test_no_block_says_anything_else_than_when_llhttp_judges_it(
        self, block: str, changes: list[tuple[int, int, str]]
    ) -> None:
        changed = edited(block, changes)
        self.assertEqual(said(changed, Limits()), said(changed, self.JUDGED), changed)

    def test_any_single_byte_leads_to_the_same_as_by_llhttp(self) -> None:
        block = b"HTTP/1.1\r\nA: b\r\nHost: a\r\nConnection: keep-alive\r\nC:d\r\n\r\n"
        limits = Limits()
        for at in range(10, len(block) - 4):
            for byte in SINGLE_BYTES:
                changed = b"%b%c%b" % (block[:at], byte, block[at + 1 :])
                self.assertEqual(
                    said(changed, limits), said(changed, self.JUDGED), changed
                )

    def test_framing_fields_are_seen_before_and_after_host(self) -> None:
        for name in CONDITIONAL_FIELDS:
            for spelled in (name, name.upper(), name.title(), name.swapcase()):
                for form in (b"%b: x\r\nHost: a", b"Host: a\r\n%b: x"):
                    block = b"HTTP/1.1\r\n" + form % spelled + b"\r\n\r\n"
                    self.assertTrue(RequestFields(block, Limits()).conditional, block)
        for line in ("CONTENT-LENGTH: 3", "content-length:3", "Content-Length: 3"):
            self.assertEqual(self.fields(line).length, 3)
            self.assertEqual(self.fields("X: y", line, "X: y").length, 3)

    def test_plain_blocks_have_as_many_fields_as_others(self) -> None:
        most = Limits().header_count
        for name in ("X", "Connection"):
            for count in (1, PLAIN_FIELDS, PLAIN_FIELDS + 1, most - 1):
                fields = self.fields(*[f"{name}: keep-alive"] * count)
                self.assertEqual(len(fields.values[name.lower().encode()]), count)
            self.refused(431, head(*[f"{name}: keep-alive"] * most))


class LimitTests(HeadCase):
    """Sizes and counts."""

    def test_line(self) -> None:
        for length, code in [(64 - 14, 0), (64 - 13, 414)]:
            whole = b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n" % (b"x" * length)
            if code:
                self.refused(code, whole, SMALL)
            else:
                self.assertTrue(HeadReader(SMALL).read(whole))

    def test_size(self) -> None:
        self.refused(431, head("X: " + "x" * 128), SMALL)
        self.assertTrue(HeadReader(SMALL).read(head("X: " + "x" * 90)))

    def test_count(self) -> None:
        self.assertTrue(HeadReader(SMALL).read(head("A: 1", "B: 1")))
        self.refused(431, head("A: 1", "B: 1", "C: 1"), SMALL)


class PartTests(HeadCase):
    """Heads that have not come to their end."""

    def test_every_beginning_of_a_good_head_is_good(self) -> None:
        whole, good = head("X: 1", "Y: 2"), False
        for end in range(1, len(whole)):
            good = self.heads.check_part(whole[:end], good)
            self.assertEqual(good, end >= whole.index(b"\r\n") + 2)

    def test_what_cannot_become_good(self) -> None:
        for code, part in [
            (400, b"GET / HTTP/1.1\n"),
            (400, b"GET /\r "),
            (400, b"GET / HTTP/1.1\r\nX: a\rb"),
            (400, b"GET / HTTP/1.1\r\nX: a\nb"),
            (400, b"nonsense\r\n"),
            (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n"),
            (414, b"GET /" + b"x" * 64),
            (414, b"GET /" + b"x" * 64 + b" HTTP/1.1\r\n"),
            (431, b"GET / HTTP/1.1\r\n" + b"X" * 128),
        ]:
            refused = self.assertRaises(
                ProtocolError, HeadReader(SMALL).check_part, part, False
            )
            self.assertEqual(refused.code, code, part)


class KeptTests(HeadCase):
    """What is learnt of blocks that come again."""

    def test_a_block_that_comes_again_is_judged_no_more(self) -> None:
        first, second, third = (self.fields("X: 1") for _ in range(3))
        self.assertIsNot(first, second)
        self.assertIs(second, third)
        other = self.heads.read(head("X: 1", start="POST /other HTTP/1.1"))
        self.assertEqual(other[:2], (b"POST", b"/other"))
        self.assertIs(other[2], second)

    def test_the_version_belongs_to_the_block(self) -> None:
        for _ in range(3):
            self.assertTrue(self.fields("X: 1").persistent)
            self.assertFalse(self.fields("X: 1", start="GET / HTTP/1.0").persistent)

    def test_bad_blocks_are_bad_each_time(self) -> None:
        for _ in range(3):
            self.refused(400, head("Content-Length: 1", "Content-Length: 2"))

    def test_long_blocks_are_not_kept(self) -> None:
        first, second, third = (
            self.fields("X: " + "x" * MAX_KEPT_BLOCK_BYTES) for _ in range(3)
        )
        self.assertIsNot(second, third)
        self.assertEqual(first.values, third.values)

    def test_what_is_kept_is_bounded(self) -> None:
        for number in range(2 * KEPT_BLOCKS + 1):
            for _ in range(2):
                self.fields(f"X: {number}")
        self.assertLessEqual(len(self.heads._kept), KEPT_BLOCKS)
        for number in range(9 * KEPT_BLOCKS):
            self.fields(f"Y: {number}")
        self.assertEqual(len(self.heads._met), SEEN_BLOCKS)
